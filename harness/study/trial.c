// SPDX-License-Identifier: GPL-3.0-or-later
/* The blocks of a trial, one run after the other. */
#include "study/trial.h"
#include "base/replace.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "record/folder.h"

/* ---- figures */

static void add_figure(struct trial_figure **list, size_t *n, const char *name, unsigned vcpus,
	const char *unit, enum metric_better better, unsigned rounds)
{
	ARRAY_GROW(*list, *n);
	(*list)[(*n)++] = (struct trial_figure){.name = xstrdup(name),
		.vcpus = vcpus,
		.unit = xstrdup(unit),
		.better = better,
		.before = xcalloc(rounds + 1, sizeof(double)),
		.after = xcalloc(rounds + 1, sizeof(double))};
}

static void begin_figures(struct trial *t, const struct trial_args *a, const struct plan *plan)
{
	const struct metric_info *wait = &metric_table[METRIC_WAIT_RATE];

	add_figure(&t->figures, &t->n_figures, wait->name, plan->guests[0].vcpus, wait->unit,
		BETTER_LOWER, a->rounds);
	if (a->measure)
		add_figure(&t->figures, &t->n_figures, "measure", 1, "units",
			a->higher ? BETTER_HIGHER : BETTER_LOWER, a->rounds);
	for (size_t i = 0; i < a->neighbours->n; i++)
		add_figure(&t->neighbours, &t->n_neighbours, a->neighbours->items[i],
			plan->guests[i + 1].vcpus, wait->unit, BETTER_LOWER, a->rounds);
}

static double value_of(const struct analysis *a, size_t guest, const char *metric)
{
	const struct metric_value *v =
		guest < a->n_guests ? analysis_value(a, guest, metric) : NULL;

	return v && v->have ? v->value : NAN;
}

static struct trial_blame *blame_of(struct trial *t, const char *culprit)
{
	for (size_t i = 0; i < t->n_blame; i++)
		if (!strcmp(t->blame[i].culprit, culprit))
			return &t->blame[i];
	ARRAY_GROW(t->blame, t->n_blame);
	t->blame[t->n_blame] = (struct trial_blame){.culprit = xstrdup(culprit)};
	return &t->blame[t->n_blame++];
}

/* Who had most of the subject's waiting (caller frees); everybody's share is added to the sums of this arm. */
static char *take_blame(struct trial *t, const struct analysis *a, bool changed)
{
	double window = (double)(a->window_end_ns - a->window_start_ns) * t->figures[0].vcpus;
	const struct blame_row *most = NULL;

	for (size_t i = 0; i < a->n_blame; i++) {
		const struct blame_row *r = &a->blame[i];
		auto_free char *who = r->guest ? NULL : trial_culprit(t, r->culprit);
		struct trial_blame *b = who ? blame_of(t, who) : NULL;

		if (!b)
			continue;
		*(changed ? &b->after : &b->before) += 1000 * (double)r->ns / window;
		if (r->kind != CULPRIT_HARNESS)
			most = !most || r->ns > most->ns ? r : most;
	}
	return most ? trial_culprit(t, most->culprit) : xstrdup("");
}

static int by_blame(const void *va, const void *vb)
{
	const struct trial_blame *a = va, *b = vb;
	double x = fmax(a->before, a->after), y = fmax(b->before, b->after);

	return x != y ? (x < y) - (x > y) : strcmp(a->culprit, b->culprit);
}

/* From sums over the runs to means. */
static void settle_blame(struct trial *t)
{
	size_t changed = 0;

	for (size_t i = 0; i < t->n_runs; i++)
		changed += t->runs[i].changed;
	for (size_t i = 0; i < t->n_blame; i++) {
		t->blame[i].after /= (double)MAX(changed, (size_t)1);
		t->blame[i].before /= (double)MAX(t->n_runs - changed, (size_t)1);
	}
	if (t->n_blame)
		qsort(t->blame, t->n_blame, sizeof(*t->blame), by_blame);
}

static void take(struct trial *t, const struct analysis *a, const struct order_unit *u,
	uint64_t begin_ns, const char *record)
{
	const char *slash = strrchr(record, '/');
	struct trial_run *r;

	for (size_t i = 0; i < t->n_figures; i++) {
		struct trial_figure *f = &t->figures[i];

		(u->config ? f->after : f->before)[u->repeat] =
			i ? value_of(a, 0, f->name) : trial_wait(a, 0, f->vcpus);
	}
	for (size_t i = 0; i < t->n_neighbours; i++) {
		struct trial_figure *f = &t->neighbours[i];

		(u->config ? f->after : f->before)[u->repeat] = trial_wait(a, i + 1, f->vcpus);
	}
	ARRAY_GROW(t->runs, t->n_runs);
	r = &t->runs[t->n_runs++];
	*r = (struct trial_run){.block = u->block,
		.changed = u->config > 0,
		.record = xstrdup(slash ? slash + 1 : record),
		.start_s = (double)(a->window_start_ns - begin_ns) / 1e9,
		.wait = trial_wait(a, 0, t->figures[0].vcpus),
		.culprit = take_blame(t, a, u->config > 0)};
}

/* ---- files */

static char *folder_of(const struct trial *t, const struct study *s)
{
	return xasprintf("%s/trial-%s", s->results, t->id);
}

int trial_save(const struct trial *t, const struct study *s, struct err *e)
{
	auto_free char *dir = folder_of(t, s);
	auto_free char *json = trial_json(t);
	auto_free char *data = xasprintf("%s/trial.json", dir);
	auto_free char *html = xasprintf("%s/report.html", dir);
	struct strbuf page = {0};
	int rc = replace_file(data, json, e);

	trial_page(t, &page);
	if (!rc)
		rc = replace_file(html, page.text, e);
	strbuf_release(&page);
	return rc;
}

static int write_scenario(const struct trial *t, const struct trial_args *a, const struct study *s,
	char **path, struct err *e)
{
	auto_free char *dir = folder_of(t, s);
	auto_free char *text = trial_scenario(t, a);
	int rc = make_dirs(dir, e);

	*path = xasprintf("%s/trial.xml", dir);
	return rc ? rc : replace_file(*path, text, e);
}

/* ---- running */

static double cpu_seconds(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec +
			children.ru_stime.tv_sec) +
	       (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec + children.ru_utime.tv_usec +
			children.ru_stime.tv_usec) /
		       1e6;
}

/* One run. 1: the trial ends, its owner changed something. */
static int one_run(struct trial *t, const struct trial_args *a, struct executor *x,
	const struct execution *what, uint64_t begin_ns, struct err *e)
{
	auto_free char *record = NULL, *touched = NULL;
	struct analysis *made = NULL;
	int rc = execute(x, what, &record, &made, e);

	if (!rc)
		take(t, made, &what->unit, begin_ns, record);
	analysis_free(made);
	if (rc)
		return rc;
	touched = a->touched ? a->touched(a->ctx) : NULL;
	if (!touched)
		return 0;
	trial_end_with(t, TRIAL_TOUCHED, touched);
	return 1;
}

static int run_blocks(struct trial *t, const struct trial_args *a, struct executor *x,
	const struct prepared *p, uint64_t begin_ns, struct err *e)
{
	struct order_size size = {p->plans.n, a->rounds};
	size_t n;
	auto_free struct order_unit *order = order_make(&size, 1, now_ns(), &n);
	int rc = 0;

	trial_end_with(t, TRIAL_ALL_ROUNDS, "all rounds were run");
	for (size_t i = 0; i < n && !rc; i++) {
		struct execution what = {
			.prepared = p, .unit = order[i], .place = i + 1, .places = n};
		bool whole = i + 1 == n || order[i + 1].repeat != order[i].repeat;

		rc = one_run(t, a, x, &what, begin_ns, e);
		if (rc || !whole)
			continue;
		t->rounds++;
		rc = trial_look(t, false, e);
	}
	return rc;
}

int trial_run(struct trial *t, const struct trial_args *a, struct executor *x, struct err *e)
{
	const struct study *s = x->study;
	uint64_t begin = now_ns();
	double cpu = cpu_seconds();
	auto_free char *path = NULL;
	struct prepared prepared = {0};
	struct err late = ERR_INIT;
	int rc;

	t->worst = -1;
	t->alpha = NAN;
	t->rounds_asked = a->rounds;
	t->each_s = (double)a->each_ns / 1e9;
	t->verdict = xstrdup("not proven");
	t->ended = xstrdup("");
	rc = write_scenario(t, a, s, &path, e);
	if (!rc && prepare_scenario(s, path, &(struct strv){0}, true, &prepared) != EXIT_DONE)
		rc = err_set(e, EINVAL, "%s",
			prepared.problem ? prepared.problem : "the trial cannot be planned");
	if (!rc) {
		begin_figures(t, a, &prepared.plans.plans[0]);
		rc = run_blocks(t, a, x, &prepared, begin, e);
	}
	settle_blame(t);
	if (rc < 0)
		trial_end_with(t, TRIAL_FAILED, e->msg);
	if ((rc < 0 || t->end == TRIAL_TOUCHED) && t->n_figures)
		trial_look(t, true, &late);
	t->wall_s = (double)(now_ns() - begin) / 1e9;
	t->cpu_s = cpu_seconds() - cpu;
	if (path && trial_save(t, s, &late) && rc >= 0) {
		*e = late;
		rc = -e->code;
	}
	prepared_release(&prepared);
	return MIN(rc, 0);
}
