// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope analyze: record -> analysis.json and report.html, from the folder alone. */

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "cmd/present.h"
#include "study/results.h"

struct args {
	const char *run;
	bool no_save;
};

static const struct cmd_option options[] = {
	{"no-save", 0, NULL, "Print only; write nothing into the record", TO_FLAG(no_save)},
	{0},
};

static const struct cmd_line line = {
	.more = "RUN is a record's folder, its name in --results, the unique beginning of one, or `last`. The result is the same byte for byte wherever and whenever it is made; no root is needed. Exit status 3 when an expectation that this record can decide fell short.",
	.options = options,
	ONE_RECORD(run),
};

int cmd_analyze(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;
	auto_ptr(analysis_free) struct analysis *a = NULL;
	auto_free char *dir = NULL;

	cmd_parse(c, &line, &args, &common, argc, argv);
	dir = cmd_find_record(&common, args.run, &e);
	if (!dir || analysis_make(dir, &a, &e) ||
		(!args.no_save && results_save(&common.study, a, &e)))
		return cmd_fail(&e);
	return present_one(&common, a);
}
