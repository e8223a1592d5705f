/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The finished clock map: times through its lines, and bounds held against it. */
#include "record/priv.h"

#include "base/util.h"

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
		return clock_ticks_to_ns(c, tsc);
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
