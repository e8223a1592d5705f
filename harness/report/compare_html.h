/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as one self-contained page: verdicts, shifts, paired plots. No script is needed to
 * read it, and it asks nothing of any network. */
#ifndef SS_REPORT_COMPARE_HTML_H
#define SS_REPORT_COMPARE_HTML_H

#include "analysis/analysis.h"
#include "analysis/compare.h"

/* The analyses of the boots of both arms, for lateness and blame; none = these parts say so. */
struct compare_page {
	const struct compare_result *result;
	const struct analysis *const *a, *const *b;
	size_t na, nb;
};

void compare_html(const struct compare_page *p, struct strbuf *out);
/* To a file, by rename. */
int compare_html_save(const struct compare_page *p, const char *path, struct err *e);

#endif
