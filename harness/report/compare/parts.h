/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page of a comparison shows of the boots themselves; each appends HTML. `page` is a
 * struct compare_page. Not for others: include report/compare/html.h. */
#ifndef SS_REPORT_COMPARE_PARTS_H
#define SS_REPORT_COMPARE_PARTS_H

#include "base/util.h"

void compare_part_lateness(const void *page, struct strbuf *out);
void compare_part_timeline(const void *page, struct strbuf *out);
void compare_part_blame(const void *page, struct strbuf *out);

/* A table cell: "3.12 ms", "-" for what is not there. */
void compare_cell(struct strbuf *out, double v, const char *unit, bool sign);

#endif
