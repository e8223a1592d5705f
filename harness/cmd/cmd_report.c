// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope report: a record as a self-contained HTML page, or several side by side on one. */
#include <errno.h>
#include <string.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "report/run/html.h"
#include "report/run/side_by_side.h"
#include "report/plot/gnuplot.h"

#define SIDE_BY_SIDE_FILE "side-by-side.html"

struct args {
	struct strv runs;
	const char *svg, *output;
	struct figures_wanted figures;
	bool pdf;
};

static const struct cmd_option options[] = {
	{"svg", 0, "DIR",
		"Also write every plot into DIR as an SVG file of its own, its name beginning with the record's",
		TO_TEXT(svg)},
	OPTION_PDF(pdf),
	OPTIONS_FIGURES(figures),
	{"output", 'o', "FILE",
		"Where to (default: report.html in the record's folder; of several RUNs " SIDE_BY_SIDE_FILE
		" in the folder of the records)",
		TO_TEXT(output)},
	{0},
};

static void check(void *args, struct argp_state *state)
{
	const struct args *a = args;

	if (a->runs.n > SIDE_BY_SIDE_MAX)
		argp_error(state, "at most %d records side by side", SIDE_BY_SIDE_MAX);
	figures_check(&a->figures, state);
	if (a->figures.dir && a->runs.n > 1)
		argp_error(state, "--figures are of one record");
	if (a->pdf && !a->svg)
		argp_error(state, PDF_ALONE);
}

static const struct cmd_line line = {
	.more = "RUN as in `stealscope analyze`. The page needs no network and no other file.\n\n"
		"One RUN: its whole report, as report.html in its folder. Several: steal and the elapsed sleep of all of them on common axes, each from its own beginning, and their figures in one table; recordings of machines, for example:\n\n"
		"  stealscope import vultr.recording aws.recording   (both in one record)\n"
		"  stealscope report RUN1 RUN2                       (imported one by one)",
	.options = options,
	.operand = TO_LIST(runs),
	.none = WHICH_RECORD,
	.check = check,
};

static int report_one(const struct cmd_common *c, const struct args *args, struct err *e)
{
	auto_free char *dir = cmd_find_record(c, args->runs.items[0], e);
	const char *prefix = dir ? strrchr(dir, '/') + 1 : NULL;
	const struct svg_files files = {args->svg, prefix, args->pdf, false};
	const struct svg_files figures = figures_files(&args->figures, prefix);
	auto_free char *path =
		args->output ? xstrdup(args->output) : xasprintf("%s/report.html", dir ? dir : "");
	auto_ptr(analysis_free) struct analysis *a = NULL;
	int rc = dir ? analysis_make(dir, &a, e) : -EINVAL;

	if (!rc)
		rc = html_report_save(a, path, e);
	if (rc == -EACCES && !args->output)
		rc = err_set(e, EACCES,
			"%s cannot be written by this user; -o FILE writes it elsewhere", path);
	if (!rc && args->svg)
		rc = MIN(svg_save_all(a, &files, e), 0);
	if (!rc && figures.dir)
		rc = MIN((figures.gnuplot ? gnuplot_save_all : svg_save_all)(a, &figures, e), 0);
	if (!rc)
		cmd_say(c, "%s", path);
	return rc;
}

static int report_several(const struct cmd_common *c, const struct args *args, struct err *e)
{
	auto_free char *path = args->output ? xstrdup(args->output)
					    : xasprintf("%s/" SIDE_BY_SIDE_FILE, c->results);
	struct analysis *runs[SIDE_BY_SIDE_MAX] = {NULL};
	struct svg_files files = {args->svg, NULL, args->pdf, false};
	struct side_by_side set = {.n = args->runs.n};
	int rc = 0;

	for (size_t i = 0; i < args->runs.n && !rc; i++) {
		auto_free char *dir = cmd_find_record(c, args->runs.items[i], e);

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
	for (size_t i = 0; i < args->runs.n; i++)
		analysis_free(runs[i]);
	return rc;
}

int cmd_report(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c, &line, &args, &common, argc, argv);
	rc = (args.runs.n == 1 ? report_one : report_several)(&common, &args, &e);
	strv_release(&args.runs);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
