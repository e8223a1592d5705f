/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison (analysis/stats/compare.h) as text, JSON and CSV. Each fills `out`; nothing is
 * printed here. */
#ifndef SS_REPORT_COMPARE_REPORT_H
#define SS_REPORT_COMPARE_REPORT_H

#include "analysis/stats/compare.h"

/* In which group of verdicts a row is shown: 0 the first, which answers, and differences, 1 none, 2
 * cannot be said; COMPARE_RANKS: no arm has it, named by compare_missing() only ("not provided by either: ..." and
 * a newline, or nothing). */
#define COMPARE_RANKS 3
int compare_rank(const struct compare_result *of, size_t row);
void compare_missing(const struct compare_result *r, struct strbuf *out);

/* The sentence of row i, where one is due: what many rows lack is said once. NULL or the caller's. */
char *compare_line(const struct compare_result *r, size_t i);

/* By which methods the rows were compared, and why not within blocks, as lines for people. */
void compare_methods(const struct compare_result *r, struct strbuf *out);

/* One comparison, or several with one baseline: then every result's arm a is the same. */
struct compare_set {
	const struct compare_result *results;
	size_t n;
	bool baseline; /* told as a set, also when n is 1 */
	/* Guests without an agent, "vm, db": their steal is the run_delay. NULL or "" = none. */
	const char *outside;
};

/* Verdicts first (one sentence per metric, differences before the rest), then a table of figures;
 * comparison by comparison. */
void compare_report_text(const struct compare_set *s, struct strbuf *out);

/* Lines that a page shows as paragraphs, for a terminal. */
void compare_lines(const struct strbuf *lines, struct strbuf *out);

/* The sentence for people about set->outside; "" when there is none. Caller frees. */
char *compare_outside(const struct compare_set *s);

/* {"a","b","point","confidence","tests","blocks_wanted","warning","seen_from_outside","metrics":[{"name","unit","better","verdict","words",
 * "method","blocks","left_out":[a,b],"n_a","n_b","median_a","median_b","shift","ci":[lo,hi],"bootstrap":[lo,hi],
 * "u","v","p","p_holm","exact","cliffs_delta","effect","bound","values_a":[...],"values_b":[...]}]}.
 * What does not exist is null. With a baseline
 * {"baseline","confidence","tests","seen_from_outside","comparisons":[...]} of these. */
void compare_report_json(const struct compare_set *s, struct strbuf *out);

/* One line per comparison and metric; every figure is in the unit of its line. An empty field: does
 * not exist. */
void compare_report_csv(const struct compare_set *s, struct strbuf *out);

#endif
