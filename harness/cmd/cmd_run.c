// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope run: carry out every configuration of a scenario, then explain. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "cmd/present.h"
#include "cmd/scenario.h"
#include "run/run.h"

struct run_args {
	const char *file;
	struct strv sets;
	uint64_t boot_timeout_ns;
	bool no_agent;
	unsigned repeats; /* 0 = as the scenario says */
};

enum { OPT_BOOT_TIMEOUT = 0x100, OPT_NO_AGENT };

static const struct argp_option options[] = {
	OPTION_SET,
	{"repeats", 'n', "N", 0, "Run every configuration N times, interleaved", 0},
	{"boot-timeout", OPT_BOOT_TIMEOUT, "SECONDS", 0,
		"Give up on a guest that is not up by then (default 60)", 0},
	{"no-agent", OPT_NO_AGENT, NULL, 0, "Without the host agent: no trace, no blame", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_args *a = state->input;
	unsigned long v;
	char *end;

	switch (key) {
	case OPT_SET:
		strv_add(&a->sets, "%s", arg);
		return 0;
	case 'n':
		v = strtoul(arg, &end, 10);
		if (*end || end == arg || v < 1 || v > 10000)
			argp_error(
				state, "--repeats wants a number from 1 to 10000, not '%s'", arg);
		a->repeats = (unsigned)v;
		return 0;
	case OPT_BOOT_TIMEOUT:
		v = strtoul(arg, &end, 10);
		if (end == arg || (strcmp(end, "") && strcmp(end, "s")) || v < 1 || v > 3600)
			argp_error(state, "--boot-timeout wants seconds from 1 to 3600, not '%s'",
				arg);
		a->boot_timeout_ns = v * NS_PER_S;
		return 0;
	case OPT_NO_AGENT:
		a->no_agent = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, "one scenario at a time");
		a->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which scenario file? For example scenarios/first-light.xml");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

struct progress {
	const struct cmd_common *common;
	const char *variant;
	size_t k, n; /* this run of so many */
	const char *last;
};

static void show_progress(void *ctx, const char *what, double fraction)
{
	struct progress *p = ctx;
	char bar[32] = "";

	if (fraction >= 0)
		snprintf(bar, sizeof(bar), " %3.0f %%", 100 * fraction);
	cmd_progress(p->common, "[%zu/%zu] %s: %s%s", p->k, p->n, p->variant, what, bar);
	if (!p->last || strcmp(p->last, what))
		cmd_verbose(p->common, "%s", what);
	p->last = what;
}

/* A small seeded generator (splitmix64, public domain by its author) is enough to shuffle an order;
 * the statistics use GSL's. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct job {
	size_t plan;
	unsigned repeat;
};

/* Blocks: every configuration once per block, shuffled within it, so that drift of the box hits all
 * configurations alike. */
static struct job *make_order(const struct plan_list *plans, unsigned repeats, size_t *n)
{
	uint64_t state = plans->plans[0].seed;
	struct job *order = xcalloc(plans->n * repeats, sizeof(*order));

	*n = 0;
	for (unsigned r = 0; r < repeats; r++) {
		size_t first = *n;

		for (size_t i = 0; i < plans->n; i++)
			if (r < repeats)
				order[(*n)++] = (struct job){i, r};
		for (size_t left = plans->n; left > 1; left--) {
			size_t j = first + next_random(&state) % left;
			struct job t = order[first + left - 1];

			order[first + left - 1] = order[j];
			order[j] = t;
		}
	}
	return order;
}

static struct run_expect *make_expects(const struct exp_config *c, size_t *n)
{
	struct run_expect *x = xcalloc(c->n_expects, sizeof(*x));

	*n = c->n_expects;
	for (size_t i = 0; i < c->n_expects; i++) {
		const struct exp_expect *e = &c->expects[i];

		x[i] = (struct run_expect){e->text, c->name, e->guest, e->metric,
			(char *)expect_relation_sign(e->relation), e->value, e->tolerance,
			e->of_metric, e->of_config, e->of_guest};
	}
	return x;
}

struct batch {
	const struct cmd_common *common;
	const struct run_args *args;
	const struct prepared *prepared;
	char *metal, *hostd;
	char experiment[17];
	struct analysis **done;
	size_t n_done;
};

static int run_one(struct batch *b, const struct job *j, struct progress *p, struct err *e)
{
	const struct plan *plan = &b->prepared->plans.plans[j->plan];
	const struct exp_config *config = &b->prepared->experiment.configs[j->plan];
	auto_free char *drawn = plan_text(plan, &b->prepared->topology);
	size_t n_expects;
	auto_free struct run_expect *expects = make_expects(config, &n_expects);
	struct run_options o = {
		.results = b->common->results,
		.connect = b->common->connect,
		.scenario_path = b->args->file,
		.metal_elf = b->metal,
		.hostd = b->args->no_agent ? NULL : b->hostd,
		.experiment = b->experiment,
		.plan_text = drawn,
		.repeat = j->repeat,
		.expects = expects,
		.n_expects = n_expects,
		.boot_timeout_ns = b->args->boot_timeout_ns,
		.interrupted = &cmd_interrupted,
		.progress = show_progress,
		.progress_ctx = p,
	};
	struct run_result r;
	struct analysis *a = NULL;
	int rc;

	p->variant = plan->variant;
	rc = run_plan(plan, &o, &r, e);
	cmd_progress(b->common, "%s", "");
	if (rc) {
		if (r.record)
			cmd_say(b->common, "what there was is in %s", r.record);
	} else {
		rc = analysis_make(r.record, &a, e);
		if (!rc)
			rc = present_save(a, r.record, e);
		if (!rc) {
			ARRAY_GROW(b->done, b->n_done);
			b->done[b->n_done++] = a;
			a = NULL;
		}
	}
	analysis_free(a);
	run_result_release(&r);
	return rc;
}

static int run_all(struct batch *b, unsigned repeats)
{
	struct err e = ERR_INIT;
	size_t n;
	auto_free struct job *order = make_order(&b->prepared->plans, repeats, &n);
	struct progress p = {.common = b->common, .n = n};

	for (size_t i = 0; i < n; i++) {
		p.k = i + 1;
		p.last = NULL;
		if (run_one(b, &order[i], &p, &e))
			return cmd_fail(&e);
	}
	return EXIT_DONE;
}

int cmd_run(const struct command *c, int argc, char **argv)
{
	struct run_args args = {.boot_timeout_ns = 60 * NS_PER_S};
	struct cmd_common common;
	struct prepared prepared;
	struct batch b = {.common = &common, .args = &args, .prepared = &prepared};
	struct err e = ERR_INIT;
	uint64_t id = 0;
	int status;

	cmd_parse(c,
		"Nothing is started before the file is right and this box can run it. Ctrl-C ends "
		"the run and\n"
		"cleans up; what was measured so far stays as a marked record. Exit status 3 when "
		"an\n"
		"expectation of the scenario fell short.",
		options, parse, &args, &common, argc, argv);
	status = prepare_scenario(&common, args.file, &args.sets, true, &prepared);
	if (status == EXIT_DONE) {
		b.metal = cmd_find_part("metal.elf", &e);
		b.hostd = b.metal ? cmd_find_part("stealscope-hostd", &e) : NULL;
		if (!b.hostd)
			status = cmd_fail(&e);
	}
	if (status == EXIT_DONE) {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			id = now_ns();
		snprintf(b.experiment, sizeof(b.experiment), "%016llx", (unsigned long long)id);
		cmd_catch_signals();
		status = run_all(&b, args.repeats ? args.repeats : prepared.plans.plans[0].repeats);
	}
	if (b.n_done) {
		int shown = present_set(&common, (const struct analysis *const *)b.done, b.n_done);

		status = status == EXIT_DONE ? shown : status;
		for (size_t i = 0; i < b.n_done; i++) {
			cmd_say(&common, "report: %s/report.html", b.done[i]->dir);
			analysis_free(b.done[i]);
		}
	}
	free(b.done);
	free(b.metal);
	free(b.hostd);
	strv_release(&args.sets);
	prepared_release(&prepared);
	return status;
}
