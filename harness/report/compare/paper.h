/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison (analysis/stats/compare.h) for a paper: its table in LaTeX, and the paragraph that says
 * how it was made. Each fills `out`; nothing is printed here. */
#ifndef SS_REPORT_COMPARE_PAPER_H
#define SS_REPORT_COMPARE_PAPER_H

#include "report/compare/report.h"

/* Results of one arm stand together: of its points, in a sweep. */
bool compare_is_new_arm(const struct compare_set *s, size_t i);
size_t compare_count_arms(const struct compare_set *s);

/* A table that booktabs sets: a line per comparison and metric, each figure with its unit, the
 * shift with its interval, n, the test and its corrected p. A metric with too few boots has "--"
 * for what does not exist. */
void compare_report_latex(const struct compare_set *s, struct strbuf *out);

/* Where the boots of a comparison come from; lists of what differs among them, for people. Strings
 * are borrowed. */
struct compare_origin {
	const char *scenarios, *experiments, *hosts, *kernels, *overrides, *guest;
	const char *since, *until; /* when the first and the last began, ISO 8601 */
	size_t boots;
	bool ordered; /* all of them by an experiment: in blocks, in random order */
};

/* Plain text, true of these boots and of what was done with them. */
void compare_report_methods(
	const struct compare_set *s, const struct compare_origin *from, struct strbuf *out);

#endif
