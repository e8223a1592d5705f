/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/stats/heat.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"

struct columns columns_make(uint64_t start_ns, uint64_t end_ns)
{
	static const unsigned steps[] = {1, 2, 5};
	struct columns c = {.start_ns = start_ns, .width_ns = 1};
	uint64_t span = end_ns > start_ns ? end_ns - start_ns : 0;

	for (uint64_t decade = 1, k = 0; span > c.width_ns * COLUMNS_MAX; k++) {
		if (k && k % 3 == 0)
			decade *= 10;
		c.width_ns = steps[k % 3] * decade;
	}
	c.n = (unsigned)((span + c.width_ns - 1) / c.width_ns);
	return c;
}

int columns_at(const struct columns *c, uint64_t ns)
{
	uint64_t column = ns < c->start_ns ? c->n : (ns - c->start_ns) / c->width_ns;

	return column < c->n ? (int)column : -1;
}

uint64_t heat_row_low(unsigned row)
{
	static uint64_t edge[HEAT_ROWS];

	if (!edge[0])
		for (unsigned i = HEAT_ROWS; i-- > 0;)
			edge[i] = (uint64_t)ceil(
				HEAT_LEAST_NS * pow(10, (double)i / HEAT_A_DECADE) - 1e-6);
	return edge[MIN(row, HEAT_ROWS - 1)];
}

unsigned heat_row(uint64_t late_ns)
{
	unsigned low = 0, high = HEAT_ROWS;

	while (high - low > 1) {
		unsigned mid = (low + high) / 2;

		if (heat_row_low(mid) <= late_ns)
			low = mid;
		else
			high = mid;
	}
	return low;
}

void heat_add(struct heat *h, const struct columns *c, uint64_t at_ns, uint64_t late_ns)
{
	int column = columns_at(c, at_ns);
	uint32_t *cell;

	if (column < 0)
		return;
	if (!h->count)
		h->count = xcalloc((size_t)c->n * HEAT_ROWS, sizeof(*h->count));
	cell = &h->count[(size_t)column * HEAT_ROWS + heat_row(late_ns)];
	*cell += *cell < UINT32_MAX;
}

void heat_release(struct heat *h)
{
	free(h->count);
	*h = (struct heat){0};
}
