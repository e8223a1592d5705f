/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as one self-contained page: verdicts, shifts, plots of all arms. No script is needed
 * to read it, and it asks nothing of any network. */
#ifndef SS_REPORT_COMPARE_HTML_H
#define SS_REPORT_COMPARE_HTML_H

#include "analysis/analysis.h"
#include "report/compare/report.h"
#include "report/plot/svg.h"

/* The analyses of the boots of one arm, for lateness and blame; none = these parts say so. */
struct compare_boots {
	const char *name;
	const struct analysis *const *set;
	size_t n;
};

struct compare_page {
	const struct compare_set *set;
	const struct compare_boots *arms; /* arm a, then arm b of each result */
	size_t n_arms;			  /* set->n + 1 */
};

void compare_html(const struct compare_page *p, struct strbuf *out);
/* To a file, by rename. */
int compare_html_save(const struct compare_page *p, const char *path, struct err *e);
/* Its plots as files; the folder is made. Returns how many, or -errno. */
int compare_save_figures(const struct compare_page *p, const struct svg_files *to, struct err *e);

#endif
