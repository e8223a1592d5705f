/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The variants of a sweep against one of them, point by point: the verdicts beside each other, then the
 * curves. */
#ifndef SS_REPORT_COMPARE_POINTS_H
#define SS_REPORT_COMPARE_POINTS_H

#include "report/compare/report.h"
#include "report/compare/sweep_report.h"

/* For each variant and metric a line per point: verdict, medians, shift with its interval, corrected p. */
void points_text(const struct compare_set *s, struct strbuf *out);

/* The same as a page, each metric below its curve; `sweeps`: n of them, the curves. */
void points_page(const struct compare_set *s, const struct sweep *sweeps, size_t n,
	const char *what, struct strbuf *out);
int points_page_save(const struct compare_set *s, const struct sweep *sweeps, size_t n,
	const char *what, const char *path, struct err *e);

#endif
