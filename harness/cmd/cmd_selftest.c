// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope selftest: what this box is and whether results of it can be trusted, in one file. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "cmd/library.h"
#include "report/run/selftest.h"

/* Each has a known result: the books balance; a quota is told from a neighbour; a sleeper's steal. */
static const char *const scenarios[] = {"canary", "quota-throttle", "idle-guest-noisy-host"};

struct args {
	const char *out;
};

static const struct cmd_option options[] = {
	{"out", 0, "FILE", "Where the file goes (default: stealscope-selftest.json)", TO_TEXT(out)},
	{0},
};

static const struct cmd_line line = {
	.more = "A minute or two: the rows of doctor, then canary, quota-throttle and idle-guest-noisy-host, judged by their own checks and expectations. The file names neither the box nor its user, no place in its file tree and no address: it can be sent to others. Its records are not kept. Exit status 3 when the box is unsound, 4 when it can run none of it. --json prints the file's contents.",
	.options = options,
};

struct trials {
	struct selftest_trial *items;
	size_t n;
};

static struct selftest_trial *add(struct trials *t, const char *scenario, const char *config)
{
	ARRAY_GROW(t->items, t->n);
	t->items[t->n] = (struct selftest_trial){
		.scenario = xstrdup(scenario), .configuration = xstrdup(config)};
	return &t->items[t->n++];
}

static void run_one(struct executor *x, const char *name, struct trials *all)
{
	auto_struct(prepared) p = {0};
	auto_free char *file = library_file(name);
	struct strv none = {0};
	int status = prepare_scenario(x->study, file, &none, true, &p);

	if (status != EXIT_DONE) {
		struct selftest_trial *t = add(all, name, "");

		t->why = xstrdup(p.problem ? p.problem : "it could not be planned");
		t->host = status == EXIT_HOST;
		return;
	}
	for (size_t i = 0; i < p.plans.n && !cmd_interrupted; i++) {
		struct execution what = {
			.prepared = &p, .unit = {.config = i}, .place = i + 1, .places = p.plans.n};
		struct selftest_trial *t = add(all, name, p.plans.plans[i].variant);
		auto_free char *record = NULL;
		struct err e = ERR_INIT;

		if (execute(x, &what, &record, &t->analysis, &e)) {
			t->why = xstrdup(e.msg);
			t->host = e.exit == EXIT_HOST;
		}
	}
}

static void print_text(const struct selftest *s, const char *out)
{
	for (size_t i = 0; i < s->n_trials; i++) {
		const struct selftest_trial *t = &s->trials[i];

		text_print(stdout, "%-24s %-10s %s%s%s\n", t->scenario, t->configuration,
			t->analysis ? "done"
			: t->host   ? "cannot run here"
				    : "failed",
			t->why ? ": " : "", t->why ? t->why : "");
		for (size_t k = 0; t->analysis && k < t->analysis->n_checks; k++)
			if (t->analysis->checks[k].verdict != VERDICT_PASS)
				text_print(stdout, "  check %s: %s: %s\n",
					verdict_name(t->analysis->checks[k].verdict),
					t->analysis->checks[k].name, t->analysis->checks[k].note);
		for (size_t k = 0; t->analysis && k < t->analysis->n_expects; k++)
			if (t->analysis->expects[k].verdict != VERDICT_PASS)
				text_print(stdout, "  expect %s: %s: %s\n",
					verdict_name(t->analysis->expects[k].verdict),
					t->analysis->expects[k].expect->text,
					t->analysis->expects[k].why);
	}
	text_print(stdout, "%s; in %s\n", selftest_verdict(s), out);
}

static int judge(const struct selftest *s)
{
	bool ran = false, failed = false;

	for (size_t i = 0; i < s->n_trials; i++) {
		ran |= s->trials[i].analysis != NULL;
		failed |= !s->trials[i].analysis && !s->trials[i].host;
	}
	if (failed)
		return EXIT_FAILED;
	if (!ran)
		return EXIT_HOST;
	return strcmp(selftest_verdict(s), "unsound") ? EXIT_DONE : EXIT_EXPECT;
}

/* The file, and what is printed. */
static int tell(const struct cmd_common *c, const struct selftest *s, const char *out)
{
	auto_free char *json = selftest_json(s);
	struct err e = ERR_INIT;

	if (write_file(out, json, strlen(json), &e))
		return cmd_fail(&e);
	if (c->json)
		fputs(json, stdout);
	else if (!c->quiet)
		print_text(s, out);
	return judge(s);
}

int cmd_selftest(const struct command *c, int argc, char **argv)
{
	struct args args = {.out = "stealscope-selftest.json"};
	char records[] = "/tmp/stealscope-selftest.XXXXXX", host[256] = "";
	const struct passwd *user = getpwuid(getuid());
	const char *hidden[] = {host, user && user->pw_uid ? user->pw_name : ""};
	struct selftest s = {.version = SS_VERSION, .hidden = hidden, .n_hidden = 2};
	struct cmd_common common;
	auto_struct(executor) x = {0};
	auto_struct(tried) t = {0};
	struct trials all = {0};
	struct err e = ERR_INIT;
	uint64_t begin = now_ns();
	int status;

	cmd_parse(c, &line, &args, &common, argc, argv);
	cmd_catch_signals();
	gethostname(host, sizeof(host) - 1);
	if (!mkdtemp(records) || cmd_executor(&x, &common.study, true, &e)) {
		if (!e.code)
			err_sys(&e, "cannot make a folder for the records");
		return cmd_fail(&e);
	}
	common.study.results = records;
	doctor_rows(&common, &t);
	for (size_t i = 0; i < ARRAY_SIZE(scenarios) && !cmd_interrupted; i++)
		run_one(&x, scenarios[i], &all);
	s.facts = t.rows;
	s.n_facts = t.n;
	s.trials = all.items;
	s.n_trials = all.n;
	s.seconds = (double)(now_ns() - begin) / 1e9;
	status = cmd_interrupted ? EXIT_INTERRUPTED : tell(&common, &s, args.out);
	for (size_t i = 0; i < all.n; i++) {
		analysis_free(all.items[i].analysis);
		free(all.items[i].scenario);
		free(all.items[i].configuration);
		free(all.items[i].why);
	}
	free(all.items);
	remove_tree(records, NULL);
	return status;
}
