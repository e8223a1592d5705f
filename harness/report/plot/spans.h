/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was on in a part of the measured window: shaded and named in plots over time. */
#ifndef SS_REPORT_PLOT_SPANS_H
#define SS_REPORT_PLOT_SPANS_H

#include "analysis/analysis.h"

#define SPAN_TEXT  80
#define SPANS_MOST 60 /* more would be a pattern, not a name each */

struct time_span {
	char name[SPAN_TEXT];
	const char *class; /* as culprit_slot_class() */
	double from_s, to_s;
};

/* Windows of noises, stalls that were played, stretches in which a quota held a guest; by their begin.
 * What was on all the time is not among them: time_spans_rest() names it. */
size_t time_spans(const struct analysis *a, struct time_span **out);
/* "On all the time: noise hog." NULL when nothing was. */
char *time_spans_rest(const struct analysis *a);

#endif
