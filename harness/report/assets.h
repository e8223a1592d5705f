/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of report/assets/, linked into the program by build.mk. */
#ifndef SS_REPORT_ASSETS_H
#define SS_REPORT_ASSETS_H

#include <stddef.h>

struct asset {
	const char *text, *end; /* not NUL-terminated */
};

extern const struct asset asset_report_html; /* the page, with {{names}} where parts go */
extern const struct asset asset_compare_html;
extern const struct asset asset_plain_html;
extern const struct asset asset_report_css;
extern const struct asset asset_report_js;
extern const struct asset asset_svg_css;	/* of plots, inside a page or alone */
extern const struct asset asset_published_json; /* tables of published figures; published.h */

static inline size_t asset_size(const struct asset *a)
{
	return (size_t)(a->end - a->text);
}

#endif
