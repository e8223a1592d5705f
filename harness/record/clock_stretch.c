/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stretch of clock bounds: two hulls around one origin. */
#include "record/priv.h"

bool stretch_empty(const struct stretch *s)
{
	return !s->lower.n && !s->upper.n;
}

void stretch_release(struct stretch *s)
{
	hull_release(&s->lower);
	hull_release(&s->upper);
	*s = (struct stretch){0};
}

double stretch_x(const struct clock_map *c, const struct stretch *s, uint64_t tsc)
{
	return (double)(int64_t)(tsc - s->tsc0) * c->ns_per_tick;
}

void stretch_add(
	const struct clock_map *c, struct stretch *s, uint64_t tsc, uint64_t ns, bool upper)
{
	double x;

	if (stretch_empty(s)) {
		s->tsc0 = tsc;
		s->ns0 = ns;
		s->upper.upper_bounds = true;
	}
	x = stretch_x(c, s, tsc);
	if ((upper ? s->upper.n : s->lower.n) < HULL_MAX)
		hull_add(upper ? &s->upper : &s->lower, x, (double)(int64_t)(ns - s->ns0) - x);
	s->tsc_end = tsc;
}

void stretch_merge(const struct clock_map *c, struct stretch *into, const struct stretch *from)
{
	double dx, dr;

	if (stretch_empty(into)) {
		into->tsc0 = from->tsc0;
		into->ns0 = from->ns0;
		into->upper.upper_bounds = true;
	}
	dx = stretch_x(c, into, from->tsc0);
	dr = (double)(int64_t)(from->ns0 - into->ns0) - dx;
	for (size_t i = 0; i < from->lower.n; i++)
		hull_add(&into->lower, from->lower.p[i].x + dx, from->lower.p[i].r + dr);
	for (size_t i = 0; i < from->upper.n; i++)
		hull_add(&into->upper, from->upper.p[i].x + dx, from->upper.p[i].r + dr);
	into->tsc_end = from->tsc_end;
}

void stretch_copy(const struct clock_map *c, struct stretch *into, const struct stretch *from)
{
	*into = (struct stretch){.epoch = from->epoch};
	stretch_merge(c, into, from);
}
