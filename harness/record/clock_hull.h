/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The geometry under the clock map: points that a line must lie above (lower bounds) or below
 * (upper bounds), kept as convex hulls, and the line with the widest margin between them.
 *
 * x is nominal ns since an origin, r the bound minus x: a perfect clock of nominal rate has r
 * constant.
 */
#ifndef SS_RECORD_CLOCK_HULL_H
#define SS_RECORD_CLOCK_HULL_H

#include <stdbool.h>
#include <stddef.h>

struct hull_point {
	double x, r;
};

struct hull {
	struct hull_point *p;
	size_t n, cap;
	bool upper_bounds; /* of upper bounds the lower hull is kept, and the other way round */
};

/* x must not be smaller than the last point's. */
void hull_add(struct hull *h, double x, double r);
void hull_release(struct hull *h);

struct line {
	double a, b;   /* r = a + b x */
	double margin; /* half the free height at slope b: negative when no line fits */
};

/* Least free height between the hulls at slope b, and the range of a. Infinite where a side is
 * empty. */
double hull_gap(const struct hull *lower, const struct hull *upper, double b, double *a_low,
	double *a_high);
/* The line of slope b_min..b_max with the widest margin. */
struct line hull_fit(
	const struct hull *lower, const struct hull *upper, double b_min, double b_max);
/* The slopes within b_min..b_max that leave a gap; just l->b when none does. */
void hull_slopes(const struct hull *lower, const struct hull *upper, const struct line *l,
	double *b_min, double *b_max);
/* Farthest any feasible line with a slope in the range is from `l` at x; INFINITY when
 * unbounded. */
double hull_error_at(const struct hull *lower, const struct hull *upper, const struct line *l,
	double b_min, double b_max, double x);

#endif
