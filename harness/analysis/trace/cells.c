// SPDX-License-Identifier: GPL-3.0-or-later
#include "analysis/trace/cells.h"

#include <stdlib.h>

#include "analysis/trace/culprit.h"
#include "base/util.h"

static struct cell *find(struct cells *c, uint32_t culprit)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->items[i].culprit == culprit)
			return &c->items[i];
	ARRAY_GROW(c->items, c->n);
	c->items[c->n] = (struct cell){.culprit = culprit};
	return &c->items[c->n++];
}

void cells_add(struct cells *c, uint32_t culprit, uint64_t ns)
{
	find(c, culprit)->now += ns;
}

/* Others first, for they stay; then the largest. */
static int by_size(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	bool others = x->culprit == CULPRIT_ID_OTHERS;

	if (others != (y->culprit == CULPRIT_ID_OTHERS))
		return others ? -1 : 1;
	if (x->now != y->now)
		return x->now > y->now ? -1 : 1;
	return x->culprit < y->culprit ? -1 : 1;
}

void cells_told(struct cells *c)
{
	struct cell *others;

	for (size_t i = 0; i < c->n; i++)
		if ((int64_t)(c->items[i].now - c->items[i].before) > 0)
			c->items[i].before = c->items[i].now;
	if (c->n <= CELLS_KEPT)
		return;
	find(c, CULPRIT_ID_OTHERS);
	qsort(c->items, c->n, sizeof(*c->items), by_size);
	others = &c->items[0];
	for (size_t i = CELLS_KEPT; i < c->n; i++) {
		others->now += c->items[i].now;
		others->before += c->items[i].before;
	}
	c->n = CELLS_KEPT;
	c->items = xrealloc(c->items, CELLS_KEPT * sizeof(*c->items));
}

void cells_release(struct cells *c)
{
	free(c->items);
	*c = (struct cells){0};
}
