/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Steal counters, read again and again. Reported in public: one that loses 832,000,000 ticks a
 * second for many seconds (Linux 4.4), one of 335 that is 312 after a Xen migration, one that begins
 * anew, one that wraps after a KVM migration, and kernels that then count all of the time as stolen
 * until the counter has caught up.
 */
#include <inttypes.h>
#include <math.h>

#include "analysis/priv.h"

#define COARSE_SLACK_NS (50 * NS_PER_MS) /* between reading the clock and reading /proc/stat */
#define START_SLACK_NS	NS_PER_S	 /* of the second reading: see longest() */

/*
 * The longest that can have been taken between the last reading and this one. In steps: a CPU that
 * sleeps accounts when it wakes, so what is seen now may be as old as the last growth. By the ns: KVM
 * may write what it took at a later entry than the first, and the guest may have been off its CPU
 * between reading the counter and reading its clock; so what is seen now may be as old as the
 * reading before the last growth.
 */
static uint64_t longest(const struct time_counter *c, uint64_t ns)
{
	uint64_t span;

	if (c->step_ns) {
		span = ns - c->changed_ns;
		return span + span / 10 + 2 * c->step_ns + COARSE_SLACK_NS;
	}
	return c->before_ns ? ns - c->before_ns + NS_PER_MS : ns - c->prev_ns + START_SLACK_NS;
}

static bool is_sound(struct time_counter *c, uint64_t ns, uint64_t value)
{
	uint64_t grown = value - c->prev, span = ns - c->prev_ns;

	if (grown > INT64_MAX) {
		c->backwards++;
		c->suspect = true;
		return false;
	}
	if (grown > longest(c, ns)) {
		c->jumps++;
		c->suspect = true;
		return false;
	}
	c->suspect = c->suspect && grown >= span - span / 50;
	return !c->suspect;
}

static uint64_t inside(const struct analysis *a, uint64_t from, uint64_t to)
{
	from = MAX(from, a->window_start_ns);
	to = MIN(to, a->window_end_ns);
	return to > from ? to - from : 0;
}

bool time_counter_add(struct time_counter *c, const struct analysis *a, uint64_t ns, uint64_t value,
	uint64_t *from_ns, uint64_t *grown)
{
	bool sound = false;

	if (c->chain && ns <= c->prev_ns)
		return false;
	if (c->chain) {
		sound = is_sound(c, ns, value);
		*from_ns = c->prev_ns;
		*grown = value - c->prev;
		if (!sound)
			c->odd_ns += inside(a, c->prev_ns, ns);
		else if (c->prev_ns + c->slack_ns >= a->window_start_ns &&
			 ns <= a->window_end_ns + c->slack_ns) {
			c->grown_ns += *grown;
			c->covered_ns += ns - c->prev_ns;
		}
	}
	if (!c->chain || value != c->prev)
		c->changed_ns = ns;
	if (!c->chain || !sound)
		c->before_ns = 0;
	else if (value != c->prev || !c->before_ns)
		c->before_ns = c->prev_ns;
	c->prev = value;
	c->prev_ns = ns;
	c->chain = true;
	return sound;
}

void time_counter_break(struct time_counter *c)
{
	c->chain = c->suspect = false;
	c->before_ns = 0;
}

double time_counter_rate(const struct time_counter *c)
{
	return c->covered_ns ? (double)c->grown_ns / (double)c->covered_ns * 1e3 : NAN;
}

void time_counter_warn(const struct time_counter *c, const char *who, struct strv *warnings)
{
	if (c->odd_ns)
		strv_add(warnings,
			"%s: its steal counter ran backwards %" PRIu64 " times and jumped %" PRIu64
			" times (migration, or a kernel's defect): not provided for %.2f s of the window",
			who, c->backwards, c->jumps, (double)c->odd_ns / 1e9);
}
