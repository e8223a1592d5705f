// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope show: the summary of a record, or the anatomy of one of its late wake-ups. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/present.h"
#include "report/run/report.h"

struct show_args {
	const char *run;
	long late; /* 1-based; 0 = not asked */
	bool plan;
};

enum { OPT_LATE = 0x100, OPT_PLAN };

static const struct argp_option options[] = {
	{"late", OPT_LATE, "N", 0, "The N-th worst late wake-up (1 = the worst) with its anatomy",
		0},
	{"plan", OPT_PLAN, NULL, 0, "Who was to run where", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct show_args *a = state->input;
	char *end;

	switch (key) {
	case OPT_LATE:
		a->late = strtol(arg, &end, 10);
		if (*end || end == arg || a->late < 1 || a->late > ANALYSIS_WORST)
			argp_error(state, "--late wants a number from 1 to %d, not '%s'",
				ANALYSIS_WORST, arg);
		return 0;
	case OPT_PLAN:
		a->plan = true;
		return 0;
	default:
		return cmd_one_record(key, arg, state, &a->run);
	}
}

int cmd_show(const struct command *c, int argc, char **argv)
{
	struct show_args args = {0};
	struct cmd_common common;
	struct err e = ERR_INIT;
	struct analysis *a = NULL;
	auto_free char *dir = NULL;
	int status = EXIT_DONE;

	cmd_parse(c, "RUN as in `stealscope analyze`. Nothing is written.", options, parse, &args,
		&common, argc, argv);
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
		if (report_late_text(a, (size_t)args.late - 1, stdout, &e))
			status = cmd_fail(&e);
	} else {
		status = present_one(&common, a);
		if (status == EXIT_EXPECT)
			status = EXIT_DONE; /* showing succeeded, whatever it shows */
	}
	analysis_free(a);
	return status;
}
