// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope report: a record as a self-contained HTML page, or several side by side on one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "report/run/html.h"
#include "report/run/side_by_side.h"
#include "report/plot/svg.h"

#define SIDE_BY_SIDE_FILE "side-by-side.html"

struct report_args {
	const char *runs[SIDE_BY_SIDE_MAX];
	size_t n;
	const char *svg, *output;
	bool pdf;
};

enum { OPT_SVG = 0x100, OPT_PDF };

static const struct argp_option options[] = {
	{"svg", OPT_SVG, "DIR", 0,
		"Also write every plot into DIR as an SVG file of its own, its name beginning with the record's",
		0},
	{"pdf", OPT_PDF, NULL, 0,
		"With --svg: as PDF too (needs rsvg-convert, package librsvg2-bin)", 0},
	{"output", 'o', "FILE", 0,
		"Of several RUNs: where to (default: " SIDE_BY_SIDE_FILE
		" in the folder of the records)",
		0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_args *a = state->input;

	switch (key) {
	case OPT_SVG:
		a->svg = arg;
		return 0;
	case OPT_PDF:
		a->pdf = true;
		return 0;
	case 'o':
		a->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (a->n == SIDE_BY_SIDE_MAX)
			argp_error(state, "at most %d records side by side", SIDE_BY_SIDE_MAX);
		a->runs[a->n++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->pdf && !a->svg)
			argp_error(state, "--pdf makes PDF files beside those of --svg=DIR");
		if (a->n == 1 && a->output)
			argp_error(state,
				"the report of one record stands in its folder; --output is for several");
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(
			state, "which record? `stealscope list` shows them; `last` is the newest");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int report_one(const struct cmd_common *c, const struct report_args *args, struct err *e)
{
	auto_free char *dir = cmd_find_record(c, args->runs[0], e);
	struct svg_files files = {args->svg, dir ? strrchr(dir, '/') + 1 : NULL, args->pdf};
	struct analysis *a = NULL;
	int rc = dir ? analysis_make(dir, &a, e) : -EINVAL;

	if (!rc)
		rc = html_report_save(a, dir, e);
	if (!rc && args->svg)
		rc = MIN(svg_save_all(a, &files, e), 0);
	if (!rc)
		cmd_say(c, "%s/report.html", dir);
	analysis_free(a);
	return rc;
}

static int report_several(const struct cmd_common *c, const struct report_args *args, struct err *e)
{
	auto_free char *path = args->output ? xstrdup(args->output)
					    : xasprintf("%s/" SIDE_BY_SIDE_FILE, c->results);
	struct analysis *runs[SIDE_BY_SIDE_MAX] = {NULL};
	struct svg_files files = {args->svg, NULL, args->pdf};
	struct side_by_side set = {.n = args->n};
	int rc = 0;

	for (size_t i = 0; i < args->n && !rc; i++) {
		auto_free char *dir = cmd_find_record(c, args->runs[i], e);

		rc = dir ? analysis_make(dir, &runs[i], e) : -EINVAL;
		set.runs[i] = runs[i];
	}
	if (!rc)
		rc = side_by_side_check(&set, e);
	if (!rc)
		rc = side_by_side_save(&set, path, e);
	if (!rc && args->svg)
		rc = side_by_side_svg(&set, &files, e);
	if (!rc)
		cmd_say(c, "%s", path);
	for (size_t i = 0; i < args->n; i++)
		analysis_free(runs[i]);
	return rc;
}

int cmd_report(const struct command *c, int argc, char **argv)
{
	struct report_args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;

	cmd_parse(c,
		"RUN as in `stealscope analyze`. The page needs no network and no other file.\n\n"
		"One RUN: its whole report, as report.html in its folder. Several: steal and the elapsed sleep of all of them on common axes, each from its own beginning, and their figures in one table; recordings of machines, for example:\n\n"
		"  stealscope import vultr.recording aws.recording   (both in one record)\n"
		"  stealscope report RUN1 RUN2                       (imported one by one)",
		options, parse, &args, &common, argc, argv);
	if ((args.n == 1 ? report_one : report_several)(&common, &args, &e))
		return cmd_fail(&e);
	return EXIT_DONE;
}
