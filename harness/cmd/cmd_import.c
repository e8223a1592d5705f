// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope import: recordings of the agent as a record. */
#include <errno.h>
#include <stdlib.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "cmd/execute.h"
#include "cmd/present.h"
#include "record/recording.h"

struct import_args {
	const char *files[IMPORT_MAX];
	size_t n;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct import_args *a = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (a->n == IMPORT_MAX)
			argp_error(state, "at most %d recordings side by side", IMPORT_MAX);
		a->files[a->n++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which recording? `stealscope-agent record` makes them");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_import(const struct command *c, int argc, char **argv)
{
	struct import_args args = {0};
	struct cmd_common common;
	struct analysis *a = NULL;
	auto_free char *record = NULL;
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c,
		"FILE is what `stealscope-agent record` wrote, on this machine or any other; a cut one is read up to the cut. Each FILE becomes a guest of one record, named after the file; the record's report shows them side by side, as if begun at one time. No root needed.\n\n"
		"  stealscope-agent record --for 10h --out vultr.recording   (there)\n"
		"  stealscope import vultr.recording aws.recording           (here)\n"
		"  stealscope report RUN1 RUN2       (of records imported one by one)",
		NULL, parse, &args, &common, argc, argv);
	if (recording_import(args.files, args.n, common.results, &record, &e) ||
		execute_analysis(&common.study, record, &a, &e))
		return cmd_fail(&e);
	status = present_one(&common, a);
	cmd_say(&common, "report: %s/report.html", record);
	analysis_free(a);
	return status;
}
