/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTML. Markup stands in formats and constants only; whatever comes in by %s is text, and escaped.
 * `make layers` refuses other ways into a page (strbuf_add(), escape_xml()) in the rooms that make them.
 */
#ifndef SS_REPORT_MARKUP_H
#define SS_REPORT_MARKUP_H

#include <string.h>

#include "base/util.h"

/* printf(): the format is markup, each %s (and %c) text of an element or of a quoted attribute. A width
 * does not count for text, a precision counts bytes; NULL adds nothing. */
void html_add(struct strbuf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Markup as it is: a string constant. */
#define html_raw(out, constant) strbuf_addn(out, "" constant, sizeof(constant) - 1)

/* A piece of a page that was made by these, or a plot, or a library. */
static inline void html_join(struct strbuf *out, const char *markup)
{
	if (markup)
		strbuf_addn(out, markup, strlen(markup));
}

#endif
