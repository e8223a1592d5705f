// SPDX-License-Identifier: GPL-3.0-or-later
/* advise --prove: one candidate tried on the running domain. */
#include "cmd/advise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "study/trial.h"

/* The one that was named, or the best. NULL with `e`. */
static const struct advice *choose(
	const struct advised_vm *vm, const char *candidate, struct err *e)
{
	const struct advice *best = advice_best(vm->list, vm->n);
	struct strv names = {0};
	auto_free char *all = NULL;

	for (size_t i = 0; i < vm->n; i++) {
		const struct advice_row *row = vm->list[i].row;

		if (!vm->list[i].n_changes && !(row->flags & ADVICE_AGAINST_ITSELF))
			continue;
		if (candidate && !strcmp(row->name, candidate)) {
			strv_release(&names);
			return &vm->list[i];
		}
		strv_add(&names, "%s", row->name);
	}
	all = strv_join(&names, ", ");
	strv_release(&names);
	if (candidate)
		err_set_exit(e, EXIT_USAGE, ENOENT, "'%s' is no candidate for %s now; %s%s",
			candidate, vm->name, *all ? "there are: " : "there is none", all);
	return candidate ? NULL : best;
}

static void describe(
	struct trial *t, const struct advice_about *about, const struct advice *a, const char *id)
{
	struct strv tune = {0};

	t->id = xstrdup(id);
	t->domain = xstrdup(about->name);
	t->candidate = xstrdup(a->row->name);
	t->because = xstrdup(a->because);
	t->expected = advice_gain(a);
	for (size_t i = 0; i < a->n_changes; i++) {
		const struct advice_change *back = &a->changes[a->n_changes - 1 - i];
		auto_free char *line =
			advice_virsh(about, a->changes[i].key, a->changes[i].want, "--live");
		auto_free char *undo = advice_virsh(about, back->key, back->had, "--live");

		strv_add(&tune, "%s %s", a->changes[i].key, a->changes[i].want);
		if (line)
			strv_add(&t->virsh, "%s", line);
		if (undo)
			strv_add(&t->undo, "%s", undo);
	}
	t->tune = strv_join(&tune, "; ");
	strv_release(&tune);
}

static void tell(const struct cmd_common *c, const struct trial *t)
{
	struct strbuf out = {0};
	auto_free char *json = c->json ? trial_json(t) : NULL;

	if (json) {
		puts(json);
	} else {
		trial_text(t, &out);
		fputs(out.text, stdout);
		strbuf_release(&out);
	}
	cmd_say(c, "report: %s/trial-%s/report.html", c->results, t->id);
}

/* What was proven stays; what was not is refused. */
static int keep(const struct advise_prove *how, struct advise_guard *guard,
	const struct advice_about *about, const struct advice *a, struct trial *t,
	const struct study *s, struct err *e)
{
	struct strv config = {0};
	int rc;

	if (!t->recommended)
		return err_set_exit(e, EXIT_EXPECT, EPERM, "nothing is kept: %s", t->verdict);
	rc = advise_keep(guard, a, how->persistent ? &config : NULL, e);
	if (rc)
		return rc;
	t->kept = true;
	for (size_t i = config.n; i-- > 0;) {
		auto_free char *line =
			advice_virsh(about, a->changes[i].key, config.items[i], "--config");

		if (line)
			strv_add(&t->undo, "%s", line);
	}
	strv_release(&config);
	return trial_save(t, s, e);
}

static int prove(const struct cmd_common *c, const struct advise_prove *how,
	struct advise_guard *guard, const struct advised *all, const struct advice *a,
	struct err *e)
{
	const struct advice_about about = advise_about(all, &all->vms[0]);
	struct trial trial = {.worst = -1};
	struct strv neighbours = {0};
	struct executor x = {0};
	struct trial_args args = {.rounds = how->rounds,
		.each_ns = how->each_ns,
		.measure = how->measure,
		.higher = how->higher,
		.neighbours = &neighbours,
		.touched = advise_touched,
		.ctx = guard};
	struct err kept = ERR_INIT;
	int rc = cmd_executor(&x, &c->study, true, e);

	if (!rc) {
		describe(&trial, &about, a, x.experiment);
		advise_neighbours(guard, &all->running, &neighbours, &trial.unseen);
		cmd_say(c, "trying %s on %s (%s), %u rounds of 2 x %.3g s at most", trial.candidate,
			trial.domain, *trial.tune ? trial.tune : "as it is against itself",
			how->rounds, (double)how->each_ns / 1e9);
		rc = trial_run(&trial, &args, &x, e);
		if (!rc && how->keep)
			rc = keep(how, guard, &about, a, &trial, &c->study, &kept);
		tell(c, &trial);
		if (kept.code)
			*e = kept;
	}
	executor_release(&x);
	trial_release(&trial);
	strv_release(&neighbours);
	return rc;
}

int advise_prove(const struct cmd_common *c, const struct advise_prove *how,
	struct advise_guard *guard, const struct advised *all, struct err *e)
{
	const struct advised_vm *vm = &all->vms[0];
	const struct advice *a;

	if (vm->unknown)
		return err_set_exit(e, EXIT_HOST, ENOTSUP, "%s: %s", vm->name, vm->unknown);
	a = choose(vm, how->candidate, e);
	if (!a && e->code)
		return -e->code;
	if (a)
		return prove(c, how, guard, all, a, e);
	if (c->json)
		advise_print_json(all);
	cmd_say(c,
		"nothing to gain: no change of %s is expected to gain %d ms/s; nothing was tried",
		vm->name, LIVE_ADVICE_FROM);
	return how->keep ? err_set_exit(e, EXIT_EXPECT, EPERM, "nothing is kept") : 0;
}
