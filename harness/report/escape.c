// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/escape.h"

#include <math.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Length of the well-formed UTF-8 sequence at p (no overlong forms, no surrogates), 0 when
 * malformed. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* One character at *p into `out` by way of `special`; moves *p on. */
static void put(struct strbuf *out, const char **p, const char *(*special)(char c))
{
	size_t n = utf8_length((const unsigned char *)*p);
	const char *replaced = n == 1 ? special(**p) : NULL;

	if (replaced)
		strbuf_addn(out, replaced, strlen(replaced));
	else if (n == 0 || (n == 1 && ((unsigned char)**p < 0x20 || **p == 0x7f)))
		strbuf_addn(out, REPLACEMENT, 3);
	else
		strbuf_addn(out, *p, n);
	*p += n ? n : 1;
}

static const char *special_xml(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return "\n";
	case '\t':
		return "\t";
	default:
		return NULL;
	}
}

static const char *special_json(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '<':
		return "\\u003c";
	case '>':
		return "\\u003e";
	case '&':
		return "\\u0026";
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void escape_xml(struct strbuf *out, const char *text)
{
	while (text && *text)
		put(out, &text, special_xml);
}

void escape_json(struct strbuf *out, const char *text)
{
	if (!text) {
		strbuf_add(out, "null");
		return;
	}
	strbuf_addn(out, "\"", 1);
	while (*text)
		put(out, &text, special_json);
	strbuf_addn(out, "\"", 1);
}

void escape_csv(struct strbuf *out, const char *text)
{
	bool formula = *text && strchr("=+-@\t\r", *text);

	if (!formula && !strpbrk(text, ",\"\r\n")) {
		strbuf_addn(out, text, strlen(text));
		return;
	}
	strbuf_add(out, formula ? "\"'" : "\"");
	for (; *text; text++) {
		if (*text == '"')
			strbuf_addn(out, text, 1);
		strbuf_addn(out, text, 1);
	}
	strbuf_add(out, "\"");
}

void escape_number(struct strbuf *out, double v, int digits)
{
	if (isfinite(v))
		strbuf_add(out, "%.*g", digits, v);
	else
		strbuf_addn(out, "null", 4);
}
