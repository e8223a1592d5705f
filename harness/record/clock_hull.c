/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convex hulls of clock bounds and the lines between them. */
#include "record/clock_hull.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"

#define STEPS 60 /* of a golden-section or bisection search: 1e-12 of the range */

/* Whether b lies on the useless side of the segment a-c. */
static bool redundant(
	const struct hull *h, struct hull_point a, struct hull_point b, struct hull_point c)
{
	double cross = (b.x - a.x) * (c.r - a.r) - (b.r - a.r) * (c.x - a.x);

	return h->upper_bounds ? cross <= 0 : cross >= 0;
}

void hull_add(struct hull *h, double x, double r)
{
	struct hull_point p = {x, r};

	if (h->n && h->p[h->n - 1].x == x) {
		if (h->upper_bounds ? r >= h->p[h->n - 1].r : r <= h->p[h->n - 1].r)
			return;
		h->n--;
	}
	while (h->n >= 2 && redundant(h, h->p[h->n - 2], h->p[h->n - 1], p))
		h->n--;
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 8;
		h->p = xrealloc(h->p, h->cap * sizeof(*h->p));
	}
	h->p[h->n++] = p;
}

void hull_release(struct hull *h)
{
	free(h->p);
	h->p = NULL;
	h->n = h->cap = 0;
}

double hull_gap(
	const struct hull *lower, const struct hull *upper, double b, double *a_low, double *a_high)
{
	double low = -INFINITY, high = INFINITY;

	for (size_t i = 0; i < lower->n; i++)
		low = fmax(low, lower->p[i].r - b * lower->p[i].x);
	for (size_t i = 0; i < upper->n; i++)
		high = fmin(high, upper->p[i].r - b * upper->p[i].x);
	if (a_low)
		*a_low = low;
	if (a_high)
		*a_high = high;
	return high - low;
}

struct line hull_fit(const struct hull *lower, const struct hull *upper, double b_min, double b_max)
{
	double low, high;
	struct line l;

	/* The gap is concave in b: ternary search finds its top. */
	for (int i = 0; i < STEPS; i++) {
		double b1 = b_min + (b_max - b_min) / 3, b2 = b_max - (b_max - b_min) / 3;

		if (hull_gap(lower, upper, b1, NULL, NULL) < hull_gap(lower, upper, b2, NULL, NULL))
			b_min = b1;
		else
			b_max = b2;
	}
	l.b = (b_min + b_max) / 2;
	l.margin = hull_gap(lower, upper, l.b, &low, &high) / 2;
	l.a = isfinite(l.margin) ? (low + high) / 2
	      : isfinite(low)	 ? low
	      : isfinite(high)	 ? high
				 : 0;
	return l;
}

/* The end, towards `end`, of the slopes around l->b that leave any gap. */
static double feasible_end(
	const struct hull *lower, const struct hull *upper, double inside, double end)
{
	if (hull_gap(lower, upper, end, NULL, NULL) >= 0)
		return end;
	for (int i = 0; i < STEPS; i++) {
		double mid = (inside + end) / 2;

		if (hull_gap(lower, upper, mid, NULL, NULL) >= 0)
			inside = mid;
		else
			end = mid;
	}
	return inside;
}

void hull_slopes(const struct hull *lower, const struct hull *upper, const struct line *l,
	double *b_min, double *b_max)
{
	if (l->margin < 0) {
		*b_min = *b_max = l->b;
		return;
	}
	*b_min = feasible_end(lower, upper, l->b, *b_min);
	*b_max = feasible_end(lower, upper, l->b, *b_max);
}

double hull_error_at(const struct hull *lower, const struct hull *upper, const struct line *l,
	double b_min, double b_max, double x)
{
	double here = l->a + l->b * x, worst = 0;

	if (!lower->n || !upper->n)
		return INFINITY;
	if (l->margin < 0)
		return -l->margin;
	hull_slopes(lower, upper, l, &b_min, &b_max);
	/* The highest point at x is concave in b, the lowest convex: search each. */
	for (int side = 0; side < 2; side++) {
		double from = b_min, to = b_max, low, high;

		for (int i = 0; i < STEPS; i++) {
			double b1 = from + (to - from) / 3, b2 = to - (to - from) / 3, v1, v2;

			hull_gap(lower, upper, b1, &low, &high);
			v1 = side ? high + b1 * x : -(low + b1 * x);
			hull_gap(lower, upper, b2, &low, &high);
			v2 = side ? high + b2 * x : -(low + b2 * x);
			if (v1 < v2)
				from = b1;
			else
				to = b2;
		}
		hull_gap(lower, upper, (from + to) / 2, &low, &high);
		worst = fmax(worst, side ? high + (from + to) / 2 * x - here
					 : here - low - (from + to) / 2 * x);
	}
	return worst;
}
