/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison (analysis/compare.h) as text, JSON and CSV. Each fills `out`; nothing is printed
 * here. */
#ifndef SS_REPORT_COMPARE_REPORT_H
#define SS_REPORT_COMPARE_REPORT_H

#include "analysis/compare.h"

/* In which group of verdicts a row is shown: 0 differences, 1 none, 2 cannot be said;
 * COMPARE_RANKS: no arm has it, named by compare_missing() only ("not provided by either: ..." and
 * a newline, or nothing). */
#define COMPARE_RANKS 3
int compare_rank(const struct compare_row *r);
void compare_missing(const struct compare_result *r, struct strbuf *out);

/* Verdicts first (one sentence per metric, differences before the rest), then a table of figures.
 */
void compare_report_text(const struct compare_result *r, struct strbuf *out);

/* {"a","b","confidence","warning","metrics":[{"name","unit","better","verdict","words","n_a","n_b",
 * "median_a","median_b","shift","ci":[lo,hi],"bootstrap":[lo,hi],"u","p","p_holm","exact","cliffs_delta",
 * "effect","bound","values_a":[...],"values_b":[...]}]}. What does not exist is null. */
void compare_report_json(const struct compare_result *r, struct strbuf *out);

/* One line per metric; every figure is in the unit of its line. An empty field: does not exist. */
void compare_report_csv(const struct compare_result *r, struct strbuf *out);

#endif
