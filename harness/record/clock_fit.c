/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines through what clock.c gathered. One slope is fitted to each epoch (stretches between changes
 * of offset), then a line to each stretch with a slope close to its epoch's: long baselines give
 * the rate, short ones follow the slew of the host's clock.
 */
#include "record/priv.h"

#include <math.h>

#include "base/util.h"

/* A hostile guest's bounds lie anywhere: a double beyond the range of 64 bits is its end. */
static int64_t whole(double v)
{
	return !(v > -9e18) ? INT64_MIN : v < 9e18 ? (int64_t)v : INT64_MAX;
}

static void add_segment(struct clock_map *c, uint64_t from, uint64_t tsc0, uint64_t ns0,
	double ns_per_tick, double error_ns)
{
	ARRAY_GROW(c->segments, c->n_segments);
	c->segments[c->n_segments++] = (struct segment){.tsc_from = from,
		.tsc0 = tsc0,
		.ns0 = ns0,
		.mult = (__int128)llround(ns_per_tick * (double)(UINT64_C(1) << MULT_SHIFT)),
		.error_ns = error_ns};
	if (isnan(c->q.error_ns) || error_ns > c->q.error_ns)
		c->q.error_ns = error_ns;
}

/* The slopes an epoch's bounds allow, all taken together; a point where the host clock was
 * slewed. */
struct slopes {
	double best, min, max;
};

static struct slopes epoch_slopes(const struct clock_map *c, unsigned epoch)
{
	struct slopes s = {0, -SLOPE_MAX, SLOPE_MAX};
	auto_struct(stretch) all = {0};
	struct line l;

	for (size_t i = 0; i < c->n_stretches; i++)
		if (c->stretches[i].epoch == epoch)
			stretch_merge(c, &all, &c->stretches[i]);
	if (all.lower.n && all.upper.n) {
		l = hull_fit(&all.lower, &all.upper, -SLOPE_MAX, SLOPE_MAX);
		hull_slopes(&all.lower, &all.upper, &l, &s.min, &s.max);
		s.best = l.b;
	}
	return s;
}

/* A short last stretch has a poor slope and few bounds: join it to the one before. */
static void merge_tails(struct clock_map *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_stretches; i++) {
		struct stretch *s = &c->stretches[i], *prev = n ? &c->stretches[n - 1] : NULL;
		bool bounded = s->lower.n && s->upper.n;

		if (prev && prev->epoch == s->epoch &&
			(!bounded || !prev->lower.n || !prev->upper.n ||
				stretch_x(c, s, s->tsc_end) < STRETCH_NS / 4)) {
			stretch_merge(c, prev, s);
			stretch_release(s);
		} else {
			struct stretch moved = *s;

			if (n != i)
				*s = (struct stretch){0};
			c->stretches[n++] = moved;
		}
	}
	c->n_stretches = n;
}

static void fit_stretch(struct clock_map *c, const struct stretch *s, struct slopes slopes)
{
	double near = SLOPE_NEAR, end = stretch_x(c, s, s->tsc_end), error = 0;
	struct line l = hull_fit(&s->lower, &s->upper, slopes.min - near, slopes.max + near);

	while (l.margin < 0 && near < SLOPE_MAX) {
		near *= 4;
		l = hull_fit(&s->lower, &s->upper, slopes.min - near, slopes.max + near);
	}
	if (!isfinite(l.margin))
		return;
	for (int i = 0; i <= 2; i++)
		error = fmax(error, hull_error_at(&s->lower, &s->upper, &l, slopes.min - near,
					    slopes.max + near, end * i / 2));
	add_segment(c, s->tsc0, s->tsc0, s->ns0 + (uint64_t)whole(l.a), (1 + l.b) * c->ns_per_tick,
		error + 1);
}

static void fit_bounds(struct clock_map *c)
{
	unsigned epoch = UINT32_MAX;
	struct slopes slopes = {0};
	double weighted = 0, weight = 0;

	merge_tails(c);
	for (size_t i = 0; i < c->n_stretches; i++) {
		const struct stretch *s = &c->stretches[i];

		if (s->epoch != epoch) {
			epoch = s->epoch;
			slopes = epoch_slopes(c, epoch);
		}
		fit_stretch(c, s, slopes);
		weighted += slopes.best * stretch_x(c, s, s->tsc_end);
		weight += stretch_x(c, s, s->tsc_end);
	}
	if (weight > 0)
		c->q.hz = c->hz / (1 + weighted / weight);
	if (c->n_segments)
		c->q.source = CLOCK_SOURCE_BOUNDS;
}

/* How far the bounds lie beyond the map, at worst. */
static double bounds_excess(const struct clock_map *c)
{
	double worst = 0;

	for (size_t i = 0; i < c->n_stretches; i++) {
		const struct stretch *s = &c->stretches[i];

		for (int side = 0; side < 2; side++) {
			const struct hull *h = side ? &s->upper : &s->lower;

			for (size_t k = 0; k < h->n; k++) {
				uint64_t tsc = s->tsc0 +
					       (uint64_t)whole(h->p[k].x / c->ns_per_tick),
					 error;
				double host =
					(double)(int64_t)(clock_to_host(c, tsc, &error) - s->ns0);
				double bound = h->p[k].x + h->p[k].r;

				worst = fmax(worst,
					(side ? host - bound : bound - host) - (double)error);
			}
		}
	}
	return worst;
}

/* The exact map: straight lines through the pairs, a new one where the offset changed. */
static void fit_pairs(struct clock_map *c)
{
	unsigned changes = 0;
	double slope = c->ns_per_tick;

	for (size_t i = 0; i < c->n_pairs; i++) {
		const struct pair *p = &c->pairs[i], *next = i + 1 < c->n_pairs ? p + 1 : NULL;
		double error = (double)p->error;

		if (next && next->offset == p->offset) {
			double s = (double)(next->ns - p->ns) / (double)(next->tsc - p->tsc);

			if (fabs(s / c->ns_per_tick - 1) < SLOPE_MAX)
				slope = s;
			error = fmax(error, (double)next->error);
		}
		if (i && p->offset != p[-1].offset)
			changes++;
		add_segment(c, p->tsc, p->tsc, p->ns, slope, error + 1);
	}
	c->q.offset_changes = MAX(c->q.offset_changes, changes);
	c->q.source = CLOCK_SOURCE_OFFSET;
}

void clock_fit(struct clock_map *c)
{
	if (c->n_pairs) {
		fit_pairs(c);
		c->q.cross_check_ns = bounds_excess(c);
		/* An offset that causality contradicts by this much is not this vCPU's (or its TSC
		 * is scaled): do not believe it. The figure stays as a warning. */
		if (c->q.cross_check_ns > 1e6 && c->n_stretches) {
			c->n_segments = 0;
			c->q.error_ns = NAN;
			c->q.source = CLOCK_SOURCE_NONE;
		}
	}
	if (!c->n_segments)
		fit_bounds(c);
	if (!c->n_segments && c->n_stretches) /* one side only: a guess through a bound */
		add_segment(c, 0, c->stretches[0].tsc0, c->stretches[0].ns0, c->ns_per_tick, 0);
}
