// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/sweep_places.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct sweep_place *sweep_place(const struct sweep_places *p, const char *label)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->items[i].label, label))
			return &p->items[i];
	return NULL;
}

static void add_place(struct sweep_places *p, const char *label)
{
	char *end;
	double v = strtod(label, &end);

	if (sweep_place(p, label))
		return;
	p->numeric &= end != label && !*end && isfinite(v);
	ARRAY_GROW(p->items, p->n);
	p->items[p->n++] = (struct sweep_place){label, v};
}

static int by_place(const void *x, const void *y)
{
	double a = ((const struct sweep_place *)x)->at, b = ((const struct sweep_place *)y)->at;

	return a < b ? -1 : a > b;
}

struct sweep_places sweep_places(const struct sweep *s)
{
	struct sweep_places p = {.numeric = true, .lo = INFINITY, .hi = -INFINITY};

	for (size_t l = 0; l < s->n; l++)
		for (size_t i = 0; i < s->lines[l].n; i++)
			add_place(&p, s->lines[l].points[i].label);
	if (p.numeric && p.n)
		qsort(p.items, p.n, sizeof(*p.items), by_place);
	for (size_t i = 0; i < p.n; i++) {
		if (!p.numeric)
			p.items[i].at = (double)i + 1;
		p.lo = fmin(p.lo, p.items[i].at);
		p.hi = fmax(p.hi, p.items[i].at);
	}
	if (!p.n)
		p.lo = p.hi = 0;
	return p;
}

double sweep_largest(const struct sweep *s)
{
	double most = 0;

	for (size_t l = 0; l < s->n; l++)
		for (size_t i = 0; i < s->lines[l].n; i++)
			for (size_t k = 0; k < s->lines[l].points[i].n; k++)
				if (isfinite(s->lines[l].points[i].v[k]))
					most = fmax(most, s->lines[l].points[i].v[k]);
	return most;
}
