/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the points of a sweep stand on the x axis, by label: at their own numbers when all are numbers, else
 * at 1, 2, 3, ... in the order in which they are first met. */
#ifndef SS_REPORT_COMPARE_SWEEP_PLACES_H
#define SS_REPORT_COMPARE_SWEEP_PLACES_H

#include "report/compare/sweep_report.h"

struct sweep_places {
	struct sweep_place {
		const char *label;
		double at;
	} * items;
	size_t n;
	bool numeric;
	double lo, hi;
};

/* The caller frees `items`. */
struct sweep_places sweep_places(const struct sweep *s);
const struct sweep_place *sweep_place(const struct sweep_places *p, const char *label);

/* The largest value of all boots, 0 at least. */
double sweep_largest(const struct sweep *s);

#endif
