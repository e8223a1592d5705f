// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/json_text.h"

#include "base/text.h"

json_t *json_text(const char *text)
{
	auto_free char *clean = text_cleaned_lines(text);

	return json_string(clean);
}

json_t *json_textf(const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return json_text(text);
}
