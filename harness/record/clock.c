/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The clock map: gathering bounds. They go into stretches of at most STRETCH_NS; a stretch ends
 * early where the next second's bounds no longer fit any line with it (a changed offset, or a
 * slewed host clock). clock_fit.c makes a line of each.
 */
#include "record/priv.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"

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

static void close_group(struct clock_map *c)
{
	if (stretch_empty(&c->group))
		return;
	c->group.epoch = c->epoch;
	ARRAY_GROW(c->stretches, c->n_stretches);
	c->stretches[c->n_stretches++] = c->group;
	c->group = (struct stretch){0};
	c->mad |= c->n_stretches >= STRETCHES_MAX;
}

static void note_jump(struct clock_map *c)
{
	close_group(c);
	c->q.offset_changes++;
	c->epoch++;
	c->mad |= c->q.offset_changes >= JUMPS_MAX;
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
	if (stretch_x(c, &c->group, c->group.tsc_end) >= STRETCH_NS)
		close_group(c);
}

/* Whether tsc may be used: hulls need it not to run backwards. */
static bool advance(struct clock_map *c, uint64_t tsc)
{
	if (c->mad)
		return false;
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
	if (!stretch_empty(&c->mini) && stretch_x(c, &c->mini, tsc) >= MINI_NS)
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

void clock_finish(struct clock_map *c)
{
	close_mini(c);
	close_group(c);
	clock_fit(c);
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
