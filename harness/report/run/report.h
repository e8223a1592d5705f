/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An analysis for people and machines. Text and JSON here; report.html in html.h; exports in
 * export.h. All are pure functions of analyses.
 */
#ifndef SS_REPORT_RUN_REPORT_H
#define SS_REPORT_RUN_REPORT_H

#include "analysis/analysis.h"

/* The summary (at most 100 columns). color: ANSI. */
void report_text(const struct analysis *a, FILE *out, bool color);
/* One late wake-up (n counts from 0) in full: parts, culprits, timeline. -ENOENT when there are
 * fewer. */
int report_late_text(const struct analysis *a, size_t n, FILE *out, struct err *e);

/* The JSON document of run, analyze and show, indented, with a final newline. Caller frees. `results` (may be
 * NULL) replaces the sets' own expectation results: give what analysis_judge() made. One entry of
 * "variants" per analysis. */
char *report_json_set(const struct analysis *const *set, size_t n,
	const struct expect_result *results, size_t n_results);
char *report_json(const struct analysis *a);

/* DIR/analysis.json: report_json() by rename. */
int report_json_save(const struct analysis *a, const char *dir, struct err *e);

#endif
