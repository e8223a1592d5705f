// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope analyze: record -> analysis.json and report.html, from the folder alone. */
#include <string.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "cmd/present.h"
#include "study/results.h"

struct analyze_args {
	const char *run;
	bool no_save;
};

enum { OPT_NO_SAVE = 0x100 };

static const struct argp_option options[] = {
	{"no-save", OPT_NO_SAVE, NULL, 0, "Print only; write nothing into the record", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct analyze_args *a = state->input;

	switch (key) {
	case OPT_NO_SAVE:
		a->no_save = true;
		return 0;
	default:
		return cmd_one_record(key, arg, state, &a->run);
	}
}

int cmd_analyze(const struct command *c, int argc, char **argv)
{
	struct analyze_args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;
	struct analysis *a = NULL;
	auto_free char *dir = NULL;
	int status;

	cmd_parse(c,
		"RUN is a record's folder, its name in --results, the unique beginning of one, or `last`. The result is the same byte for byte wherever and whenever it is made; no root is needed. Exit status 3 when an expectation that this record can decide fell short.",
		options, parse, &args, &common, argc, argv);
	dir = cmd_find_record(&common, args.run, &e);
	if (!dir || analysis_make(dir, &a, &e) ||
		(!args.no_save && results_save(&common.study, a, &e)))
		status = cmd_fail(&e);
	else
		status = present_one(&common, a);
	analysis_free(a);
	return status;
}
