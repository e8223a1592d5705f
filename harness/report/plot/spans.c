// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/plot/spans.h"

#include <math.h>
#include <stdlib.h>

#include "report/plot/culprits.h"

#define HELD_LEAST 0.01 /* of a column's time: less is a moment of it */
#define WHOLE	   0.98 /* of the window */

struct list {
	struct time_span *v;
	size_t n;
	struct strv rest; /* on all the time */
	double window_s;
};

static void add(struct list *l, const char *name, const char *class, double from, double to)
{
	struct time_span *s;

	to = fmin(to, l->window_s);
	if (to - from >= WHOLE * l->window_s) {
		strv_add(&l->rest, "%s", name);
		return;
	}
	if (to <= from || l->n >= SPANS_MOST)
		return;
	ARRAY_GROW(l->v, l->n);
	s = &l->v[l->n++];
	*s = (struct time_span){.class = class, .from_s = from, .to_s = to};
	snprintf(s->name, sizeof(s->name), "%s", name);
}

static const char *class_of(const struct culprit_palette *p, const char *noise)
{
	auto_free char *name = xasprintf("noise %s", noise);

	return culprit_slot_class(culprit_slot(p, name, CULPRIT_NOISE));
}

static void add_noises(const struct analysis *a, const struct culprit_palette *p, struct list *l)
{
	for (size_t i = 0; i < a->info.n_noises; i++) {
		const struct run_noise *n = &a->info.noises[i];
		auto_free char *name = xasprintf("noise %s", n->name);

		if (!n->stop_ns || (n->victim && *n->victim))
			continue; /* not known; below, as it was played */
		add(l, name, class_of(p, n->name), (double)n->start_ns / 1e9,
			(double)n->stop_ns / 1e9);
	}
}

/* Neighbouring seconds in which something was planned. */
static void add_played(const struct analysis *a, const struct culprit_palette *p, struct list *l)
{
	for (size_t i = 0; i < a->n_played; i++) {
		const struct played_stalls *s = &a->played[i];
		auto_free char *name = xasprintf("stalls %s, CPU %u", s->noise, s->cpu);

		for (size_t from = 0, to; from < s->seconds; from = to + 1) {
			to = from;
			while (to < s->seconds && s->planned[to] > 0)
				to++;
			if (to > from)
				add(l, name, class_of(p, s->noise), (double)from, (double)to);
		}
	}
}

static void add_held(const struct analysis *a, const struct taken *t, struct list *l)
{
	const struct analysis_guest *g = &a->guests[t->guest];
	double column = (double)a->columns.width_ns / 1e9;
	double least = HELD_LEAST * (double)a->columns.width_ns * g->n_vcpus;
	auto_free char *name = xasprintf("%s held by its quota", g->name);

	for (unsigned from = 0, to; from < a->columns.n; from = to + 1) {
		to = from;
		while (to < a->columns.n && (double)t->ns[to] >= least)
			to++;
		if (to > from)
			add(l, name, culprit_slot_class(SLOT_QUOTA), from * column, to * column);
	}
}

static int by_begin(const void *a, const void *b)
{
	const struct time_span *x = a, *y = b;

	return x->from_s < y->from_s ? -1 : x->from_s > y->from_s;
}

static struct list list_of(const struct analysis *a)
{
	struct culprit_palette p = culprit_palette(a);
	struct list l = {.window_s = a->window_s};

	add_noises(a, &p, &l);
	add_played(a, &p, &l);
	for (size_t i = 0; i < a->n_taken; i++)
		if (a->taken[i].kind == CULPRIT_QUOTA && !a->guests[a->taken[i].guest].is_noise)
			add_held(a, &a->taken[i], &l);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_begin);
	return l;
}

size_t time_spans(const struct analysis *a, struct time_span **out)
{
	struct list l = list_of(a);

	strv_release(&l.rest);
	*out = l.v;
	return l.n;
}

char *time_spans_rest(const struct analysis *a)
{
	struct list l = list_of(a);
	auto_free char *names = strv_join(&l.rest, ", ");
	char *text = l.rest.n ? xasprintf("On all the time: %s.", names) : NULL;

	free(l.v);
	strv_release(&l.rest);
	return text;
}
