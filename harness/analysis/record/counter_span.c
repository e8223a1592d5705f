/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growth of a counter between its first and last reading. */
#include <math.h>

#include "analysis/priv.h"

void counter_span_add(struct counter_span *c, const struct analysis *a, uint64_t ns, uint64_t value)
{
	if (ns < a->window_start_ns || ns > a->window_end_ns)
		return;
	if (!c->have) {
		c->have = true;
		c->first = value;
		c->first_ns = ns;
	}
	c->last = value;
	c->last_ns = ns;
}

double counter_span_rate(const struct counter_span *c, double scale)
{
	if (!c->have || c->last_ns <= c->first_ns || c->last < c->first)
		return NAN;
	return (double)(c->last - c->first) / (double)(c->last_ns - c->first_ns) * 1e9 * scale;
}
