// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope run: carry out every configuration of a scenario, then explain. */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/library.h"
#include "cmd/present.h"

struct args {
	const char *file;
	struct strv sets;
	uint64_t boot_timeout_ns; /* 0 = by the kind of guest */
	bool no_agent;
	unsigned repeats; /* 0 = as the scenario says */
};

static const struct cmd_option options[] = {
	OPTION_SET(sets),
	OPTION_REPEATS(repeats, "Run every configuration N times, interleaved"),
	OPTIONS_EXECUTE(boot_timeout_ns, no_agent),
	{0},
};

static const struct cmd_line line = {
	.more = "Nothing is started before the file is right and this box can run it. Ctrl-C ends the run and cleans up; what was measured so far stays as a marked record. Exit status 3 when an expectation of the scenario fell short.",
	.options = options,
	ONE_SCENARIO(file),
};

struct done {
	struct analysis **analyses;
	size_t n;
};

static int run_all(struct executor *x, const struct prepared *prepared, const struct args *args,
	struct done *done)
{
	const struct plan *first = &prepared->plans.plans[0];
	struct order_size size = {
		prepared->plans.n, args->repeats ? args->repeats : first->repeats};
	struct err e = ERR_INIT;
	size_t n;
	auto_free struct order_unit *order = order_make(&size, 1, first->seed, &n);

	for (size_t i = 0; i < n; i++) {
		struct execution what = {
			.prepared = prepared, .unit = order[i], .place = i + 1, .places = n};
		auto_free char *record = NULL;

		ARRAY_GROW(done->analyses, done->n);
		if (execute(x, &what, &record, &done->analyses[done->n], &e)) {
			if (record)
				study_say(x->study, "what there was is in %s", record);
			return cmd_fail(&e);
		}
		done->n++;
	}
	return EXIT_DONE;
}

int cmd_run(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	auto_struct(prepared) prepared = {0};
	auto_free char *file = NULL;
	auto_struct(executor) x = {0};
	struct done done = {0};
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c, &line, &args, &common, argc, argv);
	cmd_catch_signals();
	file = library_file(args.file);
	status = prepare_scenario(&common.study, file, &args.sets, true, &prepared);
	if (status == EXIT_DONE && cmd_executor(&x, &common.study, !args.no_agent, &e))
		status = cmd_fail(&e);
	if (status == EXIT_DONE) {
		x.boot_timeout_ns = args.boot_timeout_ns;
		status = run_all(&x, &prepared, &args, &done);
	}
	if (done.n) {
		int shown =
			present_set(&common, (const struct analysis *const *)done.analyses, done.n);

		status = status == EXIT_DONE ? shown : status;
		for (size_t i = 0; i < done.n; i++) {
			cmd_say(&common, "report: %s/report.html", done.analyses[i]->dir);
			analysis_free(done.analyses[i]);
		}
	}
	free(done.analyses);
	strv_release(&args.sets);
	return status;
}
