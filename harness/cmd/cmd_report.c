// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope report: record -> one self-contained HTML page. */

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "report/html.h"
#include "report/svg.h"

struct report_args {
	const char *run, *svg;
};

enum { OPT_SVG = 0x100 };

static const struct argp_option options[] = {
	{"svg", OPT_SVG, "DIR", 0, "Also write every plot into DIR as an SVG file of its own", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_args *a = state->input;

	switch (key) {
	case OPT_SVG:
		a->svg = arg;
		return 0;
	default:
		return cmd_one_record(key, arg, state, &a->run);
	}
}

int cmd_report(const struct command *c, int argc, char **argv)
{
	struct report_args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;
	struct analysis *a = NULL;
	auto_free char *dir = NULL;
	int status = EXIT_DONE;

	cmd_parse(c, "RUN as in `stealscope analyze`. The page needs no network and no other file.",
		options, parse, &args, &common, argc, argv);
	dir = cmd_find_record(&common, args.run, &e);
	if (!dir || analysis_make(dir, &a, &e) || html_report_save(a, dir, &e) ||
		(args.svg && svg_save_all(a, args.svg, &e) < 0))
		status = cmd_fail(&e);
	else
		cmd_say(&common, "%s/report.html", dir);
	analysis_free(a);
	return status;
}
