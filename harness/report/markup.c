// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/markup.h"

#include "base/text.h"
#include "report/escape.h"

void html_add(struct strbuf *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vadd_by(out, escape_xml, fmt, ap);
	va_end(ap);
}
