/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdict that was asked for, in words; which metric it is told of. */
#ifndef SS_REPORT_COMPARE_HEADLINE_H
#define SS_REPORT_COMPARE_HEADLINE_H

#include "report/compare/report.h"
#include "report/compare/sweep_report.h"

/* Whether metric i answers better than metric k: a difference for better or worse before none, a
 * figure of the user's own before lateness, steal and the rest. `set` may be NULL: a sweep. */
bool headline_before(
	const struct compare_set *set, const char *name_i, size_t i, const char *name_k, size_t k);

/* Of the first metric of a set that alike_make() has put in order, a line for each arm: "pinned is
 * better: ...; in 2 of 9 metrics better, in 1 worse", or point by point: "pinned against float,
 * timer.late.p99: better at lab.overcommit=1, 2; same at 4". */
void headline_of_set(const struct compare_set *s, struct strbuf *out);
/* How the first goes with what is swept: "steal.rate by lab.overcommit: 0.3 ms/s at 1, 667 ms/s at 3;
 * the largest step is from 1 to 2". A line for each line. */
void headline_of_sweep(const struct sweep *s, struct strbuf *out);

#endif
