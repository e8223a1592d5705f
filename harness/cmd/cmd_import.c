// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope import: recordings of the agent as a record. */

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "cmd/present.h"
#include "record/recording.h"

struct args {
	struct strv files;
};

static void check(void *args, struct argp_state *state)
{
	if (((const struct args *)args)->files.n > IMPORT_MAX)
		argp_error(state, "at most %d recordings side by side", IMPORT_MAX);
}

static const struct cmd_line line = {
	.more = "FILE is what `stealscope-agent record` wrote, on this machine or any other; a cut one is read up to the cut. It may also be stalls or a rate series (docs/stalls.md), an osnoise trace as JSON ({\"0\": [[start_ns, duration_ns], ...]}), or CSV with a time and a steal column (`sadf -d`, node_exporter). Each FILE becomes a guest of one record, named after the file; the record's report shows them side by side, as if begun at one time. No root needed.\n\n"
		"  stealscope-agent record --for 10h --out vultr.recording   (there)\n"
		"  stealscope import vultr.recording aws.recording           (here)\n"
		"  stealscope report RUN1 RUN2       (of records imported one by one)\n"
		"  stealscope export --format stalls -o tuesday.stalls last  (to play it to a VM)",
	.operand = TO_LIST(files),
	.none = "which recording? `stealscope-agent record` makes them",
	.check = check,
};

int cmd_import(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	auto_ptr(analysis_free) struct analysis *a = NULL;
	auto_free char *record = NULL;
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c, &line, &args, &common, argc, argv);
	if (recording_import((const char *const *)args.files.items, args.files.n, common.results,
		    &record, &e) ||
		execute_analysis(&common.study, record, &a, &e))
		return cmd_fail(&e);
	status = present_one(&common, a);
	cmd_say(&common, "report: %s/report.html", record);
	return status;
}
