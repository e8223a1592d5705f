// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/alike.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "report/compare/headline.h"

#define SAME_SHARE 0.02 /* of the largest value, in every boot: a line's width is 0.7 % of a plot */
/* Witnesses of one wait differ by what they begin and end apart: in a window of half a second some %. */
#define WITNESS_SHARE 0.08
#define WITNESS_MS    1.0 /* ms/s: where there is little to wait for */
#define PERIOD_US     100.0

enum is { IS_OWN, IS_TWIN, IS_SLEEP, IS_ZERO, IS_MISSING };

/* One metric in all boots, in one order. */
struct values {
	const char *name, *unit;
	double *v;
	size_t n;
	enum is is;
	size_t of;	    /* IS_TWIN: of which; IS_SLEEP: of which lateness */
	double least, most; /* by which it differs from that one */
};

static void add_values(struct values *v, const double *more, size_t n)
{
	v->v = xrealloc(v->v, (v->n + n + 1) * sizeof(*v->v));
	if (n)
		memcpy(v->v + v->n, more, n * sizeof(*more));
	v->n += n;
}

static struct values values_of(
	const struct compare_set *set, const struct sweep *sweeps, size_t metric)
{
	struct values v = {0};

	if (sweeps) {
		const struct sweep *s = &sweeps[metric];

		v.name = s->metric;
		v.unit = s->unit;
		for (size_t l = 0; l < s->n; l++)
			for (size_t i = 0; i < s->lines[l].n; i++)
				add_values(&v, s->lines[l].points[i].v, s->lines[l].points[i].n);
		return v;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct compare_metric *m = set->results[i].rows[metric].metric;

		v.name = m->name;
		v.unit = m->unit;
		add_values(&v, m->a, m->na);
		add_values(&v, m->b, m->nb);
	}
	return v;
}

static double largest(const struct values *v)
{
	double most = NAN;

	for (size_t i = 0; i < v->n; i++)
		if (isfinite(v->v[i]))
			most = fmax(most, fabs(v->v[i]));
	return most;
}

/* False unless both have the same boots. */
static bool spread(const struct values *x, const struct values *y, double *least, double *most)
{
	bool any = false;

	if (x->n != y->n || strcmp(x->unit, y->unit) != 0)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		double by = y->v[i] - x->v[i];

		if (isfinite(x->v[i]) != isfinite(y->v[i]))
			return false;
		if (!isfinite(by))
			continue;
		*least = any ? fmin(*least, by) : by;
		*most = any ? fmax(*most, by) : by;
		any = true;
	}
	return any;
}

static bool is_witness(const char *name)
{
	return !strcmp(name, "steal.rate") || !strcmp(name, "run_delay.rate") ||
	       !strcmp(name, "wait.rate");
}

static bool is_sleep_of(const char *late, const char *sleep)
{
	static const char a[] = "timer.late.", b[] = "sleep.elapsed.";

	return !strncmp(late, a, sizeof(a) - 1) && !strncmp(sleep, b, sizeof(b) - 1) &&
	       !strcmp(late + sizeof(a) - 1, sleep + sizeof(b) - 1);
}

/* A twin whose verdict is another one is shown. */
static bool same_verdicts(const struct compare_set *set, size_t x, size_t y)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (set->results[i].rows[x].verdict != set->results[i].rows[y].verdict)
			return false;
	return true;
}

static void look_for_twin(struct values *v, size_t i, const struct compare_set *set)
{
	for (size_t k = 0; k < i && v[i].is == IS_OWN; k++) {
		double least = 0, most = 0, room = SAME_SHARE * largest(&v[k]);

		if (v[k].is != IS_OWN || !spread(&v[k], &v[i], &least, &most) ||
			!same_verdicts(set, k, i))
			continue;
		if (is_witness(v[k].name) && is_witness(v[i].name))
			room = fmax(WITNESS_SHARE * largest(&v[k]), WITNESS_MS);
		if (fmax(fabs(least), fabs(most)) <= room)
			v[i].is = IS_TWIN;
		else if (is_sleep_of(v[k].name, v[i].name) && most - least <= fmax(room, PERIOD_US))
			v[i].is = IS_SLEEP;
		v[i].of = k;
		v[i].least = least;
		v[i].most = most;
	}
}

/* ---- the sentences */

static void say_twins(const struct values *v, size_t n, size_t of, struct strbuf *out)
{
	const char *separator = "";
	double most = 0;
	size_t count = 0;
	char by[32];

	for (size_t i = 0; i < n; i++)
		if (v[i].is == IS_TWIN && v[i].of == of) {
			text_add(out, "%s%s", separator, v[i].name);
			separator = ", ";
			most = fmax(most, fmax(fabs(v[i].least), fabs(v[i].most)));
			count++;
		}
	if (count)
		text_add(out, " %s the curve of %s: within %s in every boot\n",
			count > 1 ? "draw" : "draws", v[of].name,
			quantity_text(most, v[of].unit, false, by, sizeof(by)));
}

static void say_sleeps(const struct values *v, size_t n, struct strbuf *out)
{
	double least = INFINITY, most = -INFINITY;
	size_t count = 0;
	char period[32], by[32];

	for (size_t i = 0; i < n; i++)
		if (v[i].is == IS_SLEEP) {
			text_add(out, "%s%s", count++ ? ", " : "", v[i].name);
			least = fmin(least, v[i].least);
			most = fmax(most, v[i].most);
		}
	if (count)
		text_add(out,
			" %s timer.late of the same boot and a period of %s: within %s in every boot\n",
			count > 1 ? "are" : "is",
			quantity_text((least + most) / 2, "us", false, period, sizeof(period)),
			quantity_text(most - least, "us", false, by, sizeof(by)));
}

static void say_list(
	const struct values *v, size_t n, enum is is, const char *what, struct strbuf *out)
{
	const char *separator = what;

	for (size_t i = 0; i < n; i++)
		if (v[i].is == is) {
			text_add(out, "%s%s", separator, v[i].name);
			separator = ", ";
		}
	if (separator != what)
		text_add(out, "\n");
}

/* ---- what is left */

static bool is_instrument(const char *name)
{
	enum metric_id id = metric_find(name, NULL);

	return id < METRIC_COUNT && metric_table[id].instrument;
}

/* Metrics that are left, the answer's first, the instrument's last. Caller frees. */
static size_t *order(
	const struct compare_set *set, const struct values *v, size_t n, struct alike *out)
{
	size_t *list = xcalloc(n + 1, sizeof(*list));
	size_t first = n;

	for (size_t i = 0; i < n; i++)
		if (v[i].is == IS_OWN && !is_instrument(v[i].name) &&
			(first == n || headline_before(set, v[i].name, i, v[first].name, first)))
			first = i;
	if (first < n)
		list[out->n++] = first;
	for (int instrument = 0; instrument < 2; instrument++) {
		for (size_t i = 0; i < n; i++)
			if (v[i].is == IS_OWN && i != first &&
				is_instrument(v[i].name) == (instrument == 1))
				list[out->n++] = i;
		if (!instrument)
			out->own = out->n;
	}
	return list;
}

static void keep(const struct compare_set *set, const struct sweep *sweeps, const size_t *list,
	struct alike *out)
{
	out->sweeps = sweeps ? xcalloc(out->n + 1, sizeof(*out->sweeps)) : NULL;
	for (size_t i = 0; sweeps && i < out->n; i++)
		out->sweeps[i] = sweeps[list[i]];
	if (!set)
		return;
	out->set = *set;
	out->set.results = out->results = xcalloc(set->n + 1, sizeof(*out->results));
	for (size_t r = 0; r < set->n; r++) {
		out->results[r] = set->results[r];
		out->results[r].rows = xcalloc(out->n + 1, sizeof(*out->results[r].rows));
		out->results[r].n_rows = out->n;
		for (size_t i = 0; i < out->n; i++)
			out->results[r].rows[i] = set->results[r].rows[list[i]];
	}
}

void alike_make(
	const struct compare_set *set, const struct sweep *sweeps, size_t n, struct alike *out)
{
	size_t all = sweeps ? n : set->results[0].n_rows;
	auto_free struct values *v = xcalloc(all + 1, sizeof(*v));
	auto_free size_t *list = NULL;

	*out = (struct alike){0};
	for (size_t i = 0; i < all; i++) {
		v[i] = values_of(set, sweeps, i);
		v[i].is = isnan(largest(&v[i])) ? IS_MISSING
			  : largest(&v[i]) > 0	? IS_OWN
						: IS_ZERO;
		look_for_twin(v, i, set);
	}
	for (size_t i = 0; i < all; i++)
		if (v[i].is == IS_OWN)
			say_twins(v, all, i, &out->notes);
	say_sleeps(v, all, &out->notes);
	say_list(v, all, IS_ZERO, "0 in every boot: ", &out->notes);
	say_list(v, all, IS_MISSING,
		set && set->n == 1 ? "not provided by either: " : "not provided: ", &out->notes);
	list = order(set, v, all, out);
	keep(set, sweeps, list, out);
	for (size_t i = 0; i < all; i++)
		free(v[i].v);
}

void alike_release(struct alike *a)
{
	for (size_t r = 0; r < a->set.n; r++)
		free(a->results[r].rows);
	free(a->results);
	free(a->sweeps);
	strbuf_release(&a->notes);
	*a = (struct alike){0};
}
