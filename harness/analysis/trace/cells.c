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
	if (c->n == c->room) {
		/* At once what it will keep: a watch of days has its memory from the beginning. */
		c->room = MAX(2 * c->room, (size_t)CELLS_KEPT);
		c->items = xrealloc(c->items, c->room * sizeof(*c->items));
	}
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
		return (int64_t)x->now > (int64_t)y->now ? -1 : 1;
	return x->culprit < y->culprit ? -1 : 1;
}

static int by_late(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	return x->lately != y->lately ? (x->lately > y->lately ? -1 : 1) : by_size(a, b);
}

static void drop_small(struct cells *c)
{
	const size_t largest = CELLS_KEPT - CELLS_LATE;

	find(c, CULPRIT_ID_OTHERS);
	qsort(c->items, c->n, sizeof(*c->items), by_size);
	qsort(c->items + largest, c->n - largest, sizeof(*c->items), by_late);
	for (size_t i = CELLS_KEPT; i < c->n; i++) {
		c->items[0].now += c->items[i].now;
		c->items[0].before += c->items[i].before;
	}
	c->n = c->room = CELLS_KEPT;
	c->items = xrealloc(c->items, CELLS_KEPT * sizeof(*c->items));
}

void cells_told(struct cells *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct cell *x = &c->items[i];
		int64_t came = (int64_t)(x->now - x->before);

		x->lately = x->lately / 2 + (came > 0 ? (uint64_t)came : 0);
		if (came > 0)
			x->before = x->now;
	}
	if (c->n > CELLS_KEPT)
		drop_small(c);
}

void cells_release(struct cells *c)
{
	free(c->items);
	*c = (struct cells){0};
}
