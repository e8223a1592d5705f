// SPDX-License-Identifier: GPL-3.0-or-later
/* The rows that fit, in order; and blame's one line. */
#include "analysis/advice/advice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void advice_present_release(struct advice_present *p)
{
	free(p->pins);
	free(p->io);
	*p = (struct advice_present){0};
}

static void release(struct advice *a)
{
	for (size_t i = 0; i < a->n_changes; i++) {
		free(a->changes[i].key);
		free(a->changes[i].had);
		free(a->changes[i].want);
	}
	free(a->changes);
	free(a->because);
	free(a->pays);
}

void advice_free(struct advice *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		release(&a[i]);
	free(a);
}

double advice_gain(const struct advice *a)
{
	return a->wait - a->then;
}

/* A change before what is only said; of changes the larger gain, one that is not computed last. */
static int by_gain(const void *va, const void *vb)
{
	const struct advice *a = va, *b = vb;
	bool said_a = a->row->flags & ADVICE_SAID, said_b = b->row->flags & ADVICE_SAID;
	double x = advice_gain(a), y = advice_gain(b);

	if (said_a != said_b)
		return said_a ? 1 : -1;
	x = isnan(x) ? -INFINITY : x;
	y = isnan(y) ? -INFINITY : y;
	if (x != y)
		return x < y ? 1 : -1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static bool try_row(const struct advice_in *in, const struct advice_row *row, struct advice *a)
{
	*a = (struct advice){.row = row, .wait = NAN, .then = NAN};
	if (row->make(in, a))
		return true;
	release(a);
	return false;
}

/* Two rows that come to the same change are one: the first. */
static bool is_double(const struct advice *list, size_t n, const struct advice *a)
{
	for (size_t i = 0; i < n; i++) {
		const struct advice *b = &list[i];
		bool same = a->n_changes && a->n_changes == b->n_changes;

		for (size_t k = 0; same && k < a->n_changes; k++)
			same = !strcmp(a->changes[k].key, b->changes[k].key) &&
			       !strcmp(a->changes[k].want, b->changes[k].want);
		if (same)
			return true;
	}
	return false;
}

struct advice *advice_make(const struct advice_in *in, size_t *n)
{
	struct advice *list = xcalloc(n_advice_rows, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < n_advice_rows; i++) {
		struct advice *a = &list[*n];

		if (!try_row(in, &advice_rows[i], a))
			continue;
		if (is_double(list, *n, a))
			release(a);
		else
			(*n)++;
	}
	qsort(list, *n, sizeof(*list), by_gain);
	return list;
}

const struct advice *advice_best(const struct advice *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].n_changes && !(a[i].row->flags & (ADVICE_POLICY | ADVICE_SAID)) &&
			advice_gain(&a[i]) >= LIVE_ADVICE_FROM)
			return &a[i];
	return NULL;
}

const struct advice_row *advice_row(const char *name)
{
	for (size_t i = 0; i < n_advice_rows; i++)
		if (!strcmp(advice_rows[i].name, name))
			return &advice_rows[i];
	return NULL;
}

char *advice_line(const struct live_view *v, const struct live_vcpu *x)
{
	const struct advice_in in = {.view = v, .x = x};

	if (x->gone || x->vcpu == -1 || x->wait < LIVE_ADVICE_FROM)
		return NULL;
	for (size_t i = 0; i < n_advice_rows; i++) {
		struct advice a;
		char *because;

		if (!(advice_rows[i].flags & ADVICE_LINE) || !try_row(&in, &advice_rows[i], &a))
			continue;
		because = a.because;
		a.because = NULL;
		release(&a);
		return because;
	}
	return NULL;
}
