// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope run: carry out every configuration of a scenario, then explain. */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/execute.h"
#include "cmd/present.h"

struct run_args {
	const char *file;
	struct strv sets;
	uint64_t boot_timeout_ns; /* 0 = by the kind of guest */
	bool no_agent;
	unsigned repeats; /* 0 = as the scenario says */
};

static const struct argp_option options[] = {
	OPTION_SET,
	{"repeats", 'n', "N", 0, "Run every configuration N times, interleaved", 0},
	OPTIONS_EXECUTE,
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_args *a = state->input;

	switch (key) {
	case OPT_SET:
		strv_add(&a->sets, "%s", arg);
		return 0;
	case 'n':
		a->repeats = (unsigned)parse_count("repeats", arg, 10000, "", state);
		return 0;
	case OPT_BOOT_TIMEOUT:
	case OPT_NO_AGENT:
		execute_option(key, arg, state, &a->boot_timeout_ns, &a->no_agent);
		return 0;
	default:
		return cmd_one_scenario(key, arg, state, &a->file);
	}
}

struct done {
	struct analysis **analyses;
	size_t n;
};

static int run_all(struct executor *x, const struct prepared *prepared, const struct run_args *args,
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
	struct run_args args = {0};
	struct cmd_common common;
	struct prepared prepared;
	auto_struct(executor) x = {0};
	struct done done = {0};
	struct err e = ERR_INIT;
	int status;

	cmd_parse(c,
		"Nothing is started before the file is right and this box can run it. Ctrl-C ends the run and cleans up; what was measured so far stays as a marked record. Exit status 3 when an expectation of the scenario fell short.",
		options, parse, &args, &common, argc, argv);
	cmd_catch_signals();
	status = prepare_scenario(&common.study, args.file, &args.sets, true, &prepared);
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
	prepared_release(&prepared);
	return status;
}
