/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages from assets: each {{name}} of a page is filled by the part of that name. */
#ifndef SS_REPORT_PAGE_TEMPLATE_H
#define SS_REPORT_PAGE_TEMPLATE_H

#include "base/util.h"
#include "report/assets.h"

struct template_part {
	const char *name;
	void (*emit)(const void *page, struct strbuf *out); /* what `page` is, its maker knows */
};

/* {{css}}, {{svg_css}} and {{made_by}} are the same on every page; another {{name}} without a part
 * stays as it is. */
void template_fill(const struct asset *text, const struct template_part *parts, size_t n,
	const void *page, struct strbuf *out);
void asset_add(struct strbuf *out, const struct asset *x);
/* A page without script or data: `body` is HTML, the title text. */
void plain_page(const char *title, const struct strbuf *body, struct strbuf *out);
/* Write to a file beside `path`, then rename: a reader never sees half a page. */
int template_save(const struct strbuf *page, const char *path, struct err *e);

#endif
