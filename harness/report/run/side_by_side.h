/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several records on one page: steal and the elapsed sleep of each guest over time on common axes,
 * all from the instant their measuring began, with a table of their figures. For recordings of
 * machines; any records will do.
 */
#ifndef SS_REPORT_RUN_SIDE_BY_SIDE_H
#define SS_REPORT_RUN_SIDE_BY_SIDE_H

#include "analysis/analysis.h"
#include "report/plot/svg.h"

#define SIDE_BY_SIDE_MAX 16 /* records, and guests in all */

struct side_by_side {
	const struct analysis *runs[SIDE_BY_SIDE_MAX];
	size_t n;
};

/* -ENODATA, naming it, when a record has neither figure; -E2BIG when there are too many guests. */
int side_by_side_check(const struct side_by_side *s, struct err *e);
/* The page, no script and nothing else needed. */
void side_by_side_page(const struct side_by_side *s, struct strbuf *out);
int side_by_side_save(const struct side_by_side *s, const char *path, struct err *e);
/* The figures as DIR/steal.svg and DIR/elapsed.svg. */
int side_by_side_svg(const struct side_by_side *s, const struct svg_files *to, struct err *e);

#endif
