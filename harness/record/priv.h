/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insides of the clock map, from the ground up: clock_hull.c, clock_stretch.c, clock_map.c (using
 * the lines), clock_fit.c (making them), clock.c (gathering bounds). */
#ifndef SS_RECORD_PRIV_H
#define SS_RECORD_PRIV_H

#include "record/clock.h"
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
/* What more would say is a hostile guest's, and would cost memory and time without end. */
#define JUMPS_MAX     1000u
#define STRETCHES_MAX 60000u /* of STRETCH_NS: 40 days */
#define MULT_SHIFT    48
#define HULL_MAX      4096

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
	bool mad; /* too many jumps or stretches: what follows is no clock and is left out */
	struct pair *pairs;
	size_t n_pairs, cap_pairs;
	struct segment *segments;
	size_t n_segments;
	struct clock_quality q;
};

bool stretch_empty(const struct stretch *s);
void stretch_release(struct stretch *s);
/* Nominal ns from the stretch's origin to `tsc`. */
double stretch_x(const struct clock_map *c, const struct stretch *s, uint64_t tsc);
/* Add a bound; `tsc` is not before the last one's. */
void stretch_add(
	const struct clock_map *c, struct stretch *s, uint64_t tsc, uint64_t ns, bool upper);
/* Append the bounds of `from`, which lie after those of `into`. */
void stretch_merge(const struct clock_map *c, struct stretch *into, const struct stretch *from);
/* `into` need not be initialised. */
void stretch_copy(const struct clock_map *c, struct stretch *into, const struct stretch *from);
/* Segments from the stretches and pairs gathered. */
void clock_fit(struct clock_map *c);

#endif
