/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The clock map. Bounds are gathered into stretches of at most STRETCH_NS; a stretch ends early
 * where the next second's bounds no longer fit any line with it (a changed offset, or a slewed host
 * clock). clock_finish() fits one slope to each epoch (stretches between changes of offset), then a
 * line to each stretch with a slope close to its epoch's: long baselines give the rate, short ones
 * follow the slew.
 */
#include "record/clock.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"
#include "record/clock_hull.h"

#define STRETCH_NS 60e9 /* nominal length of a stretch */
#define MINI_NS	   1e9	/* bounds are tested against the stretch in steps of this */
#define SLOPE_MAX  2e-3 /* the nominal frequency is believed within 0.2 % */
#define SLOPE_NEAR                                                                                 \
	5e-6 /* a stretch's slope is within this of its epoch's, unless bounds demand more */
#define JUMP_NS 50e3 /* a misfit beyond it is a changed offset, below it a slewed clock */
#define OVERTAKE_NS                                                                                \
	10e6	      /* a TSC this little behind the newest is not counted as running backwards */
#define BACK_MAX    8 /* so many records in a row behind the newest TSC: believe the new time */
#define PAIR_GAP_NS 500000000u
#define MULT_SHIFT  48
#define HULL_MAX    4096

struct stretch {
	uint64_t tsc0, ns0; /* origin of its x and r */
	uint64_t tsc_end;
	struct hull lower, upper;
	unsigned epoch;
};

struct segment {
	uint64_t tsc_from;
	uint64_t tsc0, ns0;
	__int128 mult; /* ns per tick << MULT_SHIFT */
	double error_ns;
};

struct pair {
	uint64_t tsc, ns, error, offset;
};

struct clock_map {
	double hz, ns_per_tick;
	struct stretch *stretches;
	size_t n_stretches;
	struct stretch group, mini; /* being filled; empty while both hulls are */
	struct line fit;	    /* of group, last found */
	uint64_t last_tsc;
	unsigned back_run, epoch;
	struct pair *pairs;
	size_t n_pairs, cap_pairs;
	struct segment *segments;
	size_t n_segments;
	struct clock_quality q;
};

struct clock_map *clock_begin(double tsc_hz)
{
	struct clock_map *c = xcalloc(1, sizeof(*c));

	/* Outside this range the number is nonsense, and products below would overflow. */
	if (!(tsc_hz >= 1e6 && tsc_hz <= 1e11))
		tsc_hz = 1e9;
	c->hz = tsc_hz;
	c->ns_per_tick = 1e9 / tsc_hz;
	c->q.error_ns = NAN;
	c->q.hz = tsc_hz;
	return c;
}

static bool stretch_empty(const struct stretch *s)
{
	return !s->lower.n && !s->upper.n;
}

static void stretch_release(struct stretch *s)
{
	hull_release(&s->lower);
	hull_release(&s->upper);
	*s = (struct stretch){0};
}

static double x_of(const struct clock_map *c, const struct stretch *s, uint64_t tsc)
{
	return (double)(int64_t)(tsc - s->tsc0) * c->ns_per_tick;
}

static void stretch_add(
	const struct clock_map *c, struct stretch *s, uint64_t tsc, uint64_t ns, bool upper)
{
	double x;

	if (stretch_empty(s)) {
		s->tsc0 = tsc;
		s->ns0 = ns;
		s->upper.upper_bounds = true;
	}
	x = x_of(c, s, tsc);
	if ((upper ? s->upper.n : s->lower.n) < HULL_MAX)
		hull_add(upper ? &s->upper : &s->lower, x, (double)(int64_t)(ns - s->ns0) - x);
	s->tsc_end = tsc;
}

/* Append the bounds of `from`, which lie after those of `into`. */
static void stretch_merge(
	const struct clock_map *c, struct stretch *into, const struct stretch *from)
{
	double dx, dr;

	if (stretch_empty(into)) {
		into->tsc0 = from->tsc0;
		into->ns0 = from->ns0;
		into->upper.upper_bounds = true;
	}
	dx = x_of(c, into, from->tsc0);
	dr = (double)(int64_t)(from->ns0 - into->ns0) - dx;
	for (size_t i = 0; i < from->lower.n; i++)
		hull_add(&into->lower, from->lower.p[i].x + dx, from->lower.p[i].r + dr);
	for (size_t i = 0; i < from->upper.n; i++)
		hull_add(&into->upper, from->upper.p[i].x + dx, from->upper.p[i].r + dr);
	into->tsc_end = from->tsc_end;
}

static void stretch_copy(
	const struct clock_map *c, struct stretch *into, const struct stretch *from)
{
	*into = (struct stretch){.epoch = from->epoch};
	stretch_merge(c, into, from);
}

static void close_group(struct clock_map *c)
{
	if (stretch_empty(&c->group))
		return;
	c->group.epoch = c->epoch;
	ARRAY_GROW(c->stretches, c->n_stretches);
	c->stretches[c->n_stretches++] = c->group;
	c->group = (struct stretch){0};
}

static void note_jump(struct clock_map *c)
{
	close_group(c);
	c->q.offset_changes++;
	c->epoch++;
}

/* Take the finished second into the stretch, or begin a new stretch with it. A second that fits no
 * line by itself holds the jump: it is left out. */
static void close_mini(struct clock_map *c)
{
	struct stretch trial;

	if (stretch_empty(&c->mini))
		return;
	if (hull_gap(&c->mini.lower, &c->mini.upper, c->fit.b, NULL, NULL) < 0 &&
		hull_fit(&c->mini.lower, &c->mini.upper, -SLOPE_MAX, SLOPE_MAX).margin <
			-JUMP_NS / 2) {
		note_jump(c);
		stretch_release(&c->mini);
		return;
	}
	stretch_copy(c, &trial, &c->group);
	stretch_merge(c, &trial, &c->mini);
	if (hull_gap(&trial.lower, &trial.upper, c->fit.b, NULL, NULL) < 0)
		c->fit = hull_fit(&trial.lower, &trial.upper, -SLOPE_MAX, SLOPE_MAX);
	else
		c->fit.margin = 0;
	if (c->fit.margin < 0 && !stretch_empty(&c->group)) {
		if (c->fit.margin < -JUMP_NS / 2)
			note_jump(c);
		else
			close_group(c);
		stretch_release(&trial);
		stretch_copy(c, &trial, &c->mini);
	}
	stretch_release(&c->group);
	c->group = trial;
	stretch_release(&c->mini);
	if (x_of(c, &c->group, c->group.tsc_end) >= STRETCH_NS)
		close_group(c);
}

/* Whether tsc may be used: hulls need it not to run backwards. */
static bool advance(struct clock_map *c, uint64_t tsc)
{
	if (tsc < c->last_tsc) {
		/* An interrupt's record may overtake one whose time was taken before: no harm. */
		if ((double)(c->last_tsc - tsc) * c->ns_per_tick < OVERTAKE_NS)
			return false;
		c->q.backwards++;
		if (++c->back_run < BACK_MAX)
			return false;
		close_mini(c);
		note_jump(c);
	}
	c->back_run = 0;
	c->last_tsc = tsc;
	if (!stretch_empty(&c->mini) && x_of(c, &c->mini, tsc) >= MINI_NS)
		close_mini(c);
	return true;
}

void clock_lower(struct clock_map *c, uint64_t tsc, uint64_t host_ns)
{
	if (!host_ns || !advance(c, tsc))
		return;
	c->q.bounds++;
	stretch_add(c, &c->mini, tsc, host_ns, false);
}

void clock_upper(struct clock_map *c, uint64_t tsc, uint64_t host_ns)
{
	if (!host_ns || !advance(c, tsc))
		return;
	c->q.bounds++;
	stretch_add(c, &c->mini, tsc, host_ns, true);
}

void clock_pair(struct clock_map *c, uint64_t guest_tsc, uint64_t host_ns, uint64_t error_ns,
	uint64_t offset)
{
	struct pair *last = c->n_pairs ? &c->pairs[c->n_pairs - 1] : NULL;

	if (last && last->offset == offset && host_ns < last->ns + PAIR_GAP_NS)
		return;
	if (last && (host_ns <= last->ns || (last->offset == offset && guest_tsc <= last->tsc)))
		return;
	if (c->n_pairs == c->cap_pairs) {
		c->cap_pairs = c->cap_pairs ? c->cap_pairs * 2 : 64;
		c->pairs = xrealloc(c->pairs, c->cap_pairs * sizeof(*c->pairs));
	}
	c->pairs[c->n_pairs++] = (struct pair){guest_tsc, host_ns, error_ns, offset};
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

/* The slopes an epoch's bounds allow, all taken together; a point where the host clock was slewed.
 */
struct slopes {
	double best, min, max;
};

static struct slopes epoch_slopes(const struct clock_map *c, unsigned epoch)
{
	struct slopes s = {0, -SLOPE_MAX, SLOPE_MAX};
	struct stretch all = {0};
	struct line l;

	for (size_t i = 0; i < c->n_stretches; i++)
		if (c->stretches[i].epoch == epoch)
			stretch_merge(c, &all, &c->stretches[i]);
	if (all.lower.n && all.upper.n) {
		l = hull_fit(&all.lower, &all.upper, -SLOPE_MAX, SLOPE_MAX);
		hull_slopes(&all.lower, &all.upper, &l, &s.min, &s.max);
		s.best = l.b;
	}
	stretch_release(&all);
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
				x_of(c, s, s->tsc_end) < STRETCH_NS / 4)) {
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
	double near = SLOPE_NEAR, end = x_of(c, s, s->tsc_end), error = 0;
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
	add_segment(c, s->tsc0, s->tsc0, s->ns0 + (uint64_t)(int64_t)llround(l.a),
		(1 + l.b) * c->ns_per_tick, error + 1);
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
		weighted += slopes.best * x_of(c, s, s->tsc_end);
		weight += x_of(c, s, s->tsc_end);
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
					       (uint64_t)(int64_t)(h->p[k].x / c->ns_per_tick),
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

void clock_finish(struct clock_map *c)
{
	close_mini(c);
	close_group(c);
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
	if (c->q.source == CLOCK_SOURCE_NONE)
		c->q.error_ns = NAN;
	for (size_t i = 0; i < c->n_stretches; i++)
		stretch_release(&c->stretches[i]);
	c->n_stretches = 0;
	free(c->pairs);
	c->pairs = NULL;
	c->n_pairs = c->cap_pairs = 0;
}

void clock_free(struct clock_map *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_stretches; i++)
		stretch_release(&c->stretches[i]);
	stretch_release(&c->group);
	stretch_release(&c->mini);
	free(c->stretches);
	free(c->pairs);
	free(c->segments);
	free(c);
}

static const struct segment *segment_at(const struct clock_map *c, uint64_t tsc)
{
	size_t low = 0, high = c->n_segments;

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (c->segments[mid].tsc_from <= tsc)
			low = mid;
		else
			high = mid;
	}
	return &c->segments[low];
}

uint64_t clock_to_host(const struct clock_map *c, uint64_t tsc, uint64_t *error_ns)
{
	const struct segment *s;
	__int128 ns;

	if (error_ns)
		*error_ns = 0;
	if (!c->n_segments)
		return (uint64_t)((double)tsc * c->ns_per_tick);
	s = segment_at(c, tsc);
	ns = (__int128)s->ns0 + (((__int128)(int64_t)(tsc - s->tsc0) * s->mult) >> MULT_SHIFT);
	if (error_ns)
		*error_ns = (uint64_t)s->error_ns;
	return ns < 0 ? 0 : ns > INT64_MAX ? INT64_MAX : (uint64_t)ns;
}

uint64_t clock_ticks_to_ns(const struct clock_map *c, uint64_t ticks)
{
	double ns = (double)ticks / c->q.hz * 1e9;

	return ns < 9e18 ? (uint64_t)ns : INT64_MAX;
}

const struct clock_quality *clock_get_quality(const struct clock_map *c)
{
	return &c->q;
}

void clock_verify_lower(struct clock_map *c, uint64_t tsc, uint64_t host_ns)
{
	uint64_t error, host = clock_to_host(c, tsc, &error);

	if (c->q.source != CLOCK_SOURCE_NONE && host_ns && host + error < host_ns)
		c->q.violations++;
}

void clock_verify_upper(struct clock_map *c, uint64_t tsc, uint64_t host_ns)
{
	uint64_t error, host = clock_to_host(c, tsc, &error);

	if (c->q.source != CLOCK_SOURCE_NONE && host_ns && host > host_ns + error)
		c->q.violations++;
}
