/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines and points of a sweep, found from what the runs of a scenario say of themselves. */
#ifndef SS_REPORT_COMPARE_SWEEP_LINES_H
#define SS_REPORT_COMPARE_SWEEP_LINES_H

#include "report/compare/sweep_report.h"

/* One run: its configuration ("pinned-overcommit-2") and what was swept for it
 * ("lab.overcommit=2", more joined by blanks; "" without a sweep). Strings are borrowed. */
struct sweep_run {
	const char *config, *point;
};

/* Which runs make which point of which line. */
struct sweep_lines {
	char *key; /* the first value swept; the others make lines */
	struct sweep_lines_line {
		char *name; /* "" when there is one line only */
		struct sweep_lines_point {
			char *label;
			size_t *runs, n; /* indices */
		} * points;		 /* numbers ascend; words by their text */
		size_t n;
	} * lines;
	size_t n;
};

/* -ENOENT when no run has a point: the scenario sweeps nothing. */
int sweep_lines_make(
	const struct sweep_run *runs, size_t n, struct sweep_lines *out, struct err *e);
void sweep_lines_release(struct sweep_lines *l);

/* The sweep of one metric; values[i] is of runs[i]. Its strings lie in `l`. */
struct sweep sweep_make(
	const struct sweep_lines *l, const char *metric, const char *unit, const double *values);
void sweep_release(struct sweep *s);

#endif
