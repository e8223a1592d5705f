/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What people are shown of a comparison or a sweep: metrics that draw the curve of another one (guest
 * steal, run_delay and traced wait; a sleep and its lateness) are folded into a sentence, so are those
 * that are 0 in every boot or that nothing provides; the metric that answers stands first, those of
 * the instrument itself last. JSON, CSV and LaTeX have all of them.
 */
#ifndef SS_REPORT_COMPARE_ALIKE_H
#define SS_REPORT_COMPARE_ALIKE_H

#include "report/compare/report.h"
#include "report/compare/sweep_report.h"

struct alike {
	struct compare_set set; /* with the rows that are left; n = 0 when made of sweeps alone */
	struct sweep *sweeps;	/* the same metrics; their lines are borrowed */
	size_t n;		/* metrics that are left */
	size_t own;		/* ... and those before the instrument's own, which come last */
	struct strbuf notes;	/* a line for each sentence about the others */
	struct compare_result *results;
};

/* Of a set, of the n sweeps of a scenario, or (points) of both with the same metrics in the same order. */
void alike_make(
	const struct compare_set *set, const struct sweep *sweeps, size_t n, struct alike *out);
void alike_release(struct alike *a);

#endif
