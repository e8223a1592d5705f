// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope show: the summary of a record, or the anatomy of one of its late wake-ups. */
#include <errno.h>

#include "analysis/analysis.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/present.h"
#include "report/run/report.h"

struct args {
	const char *run;
	unsigned late; /* 1-based; 0 = not asked */
	bool plan;
};

static const struct cmd_option options[] = {
	{"late", 0, "N", "The N-th worst late wake-up (1 = the worst) with its anatomy",
		TO_COUNT(late, ANALYSIS_WORST)},
	{"plan", 0, NULL, "Who was to run where", TO_FLAG(plan)},
	{0},
};

static const struct cmd_line line = {
	.more = "RUN as in `stealscope analyze`. Nothing is written.",
	.options = options,
	ONE_RECORD(run),
};

int cmd_show(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;
	auto_ptr(analysis_free) struct analysis *a = NULL;
	auto_free char *dir = NULL;
	int status = EXIT_DONE;

	cmd_parse(c, &line, &args, &common, argc, argv);
	if (common.json && (args.late || args.plan)) {
		err_set_exit(&e, EXIT_USAGE, EINVAL,
			"show --json is the whole record; --late and --plan are text");
		return cmd_fail(&e);
	}
	dir = cmd_find_record(&common, args.run, &e);
	if (!dir || analysis_make(dir, &a, &e)) {
		status = cmd_fail(&e);
	} else if (args.plan) {
		auto_free char *plan = text_cleaned_lines(a->info.plan_text);

		fputs(plan, stdout);
	} else if (args.late) {
		if (report_late_text(a, args.late - 1, stdout, &e))
			status = cmd_fail(&e);
	} else {
		status = present_one(&common, a);
		if (status == EXIT_EXPECT)
			status = EXIT_DONE; /* showing succeeded, whatever it shows */
	}
	return status;
}
