// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/escape.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

/* One character at *p into `out` by way of `special`; moves *p on. */
static void put(struct strbuf *out, const char **p, const char *(*special)(char c))
{
	bool clean;
	size_t n = text_char(*p, &clean);
	const char *replaced = n == 1 ? special(**p) : NULL;

	if (replaced)
		strbuf_addn(out, replaced, strlen(replaced));
	else if (!clean)
		strbuf_addn(out, TEXT_REPLACEMENT, strlen(TEXT_REPLACEMENT));
	else
		strbuf_addn(out, *p, n);
	*p += n;
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
	auto_free char *clean = text_cleaned(text);

	if (!formula && !strpbrk(clean, ",\"")) {
		strbuf_addn(out, clean, strlen(clean));
		return;
	}
	strbuf_add(out, formula ? "\"'" : "\"");
	for (const char *p = clean; *p; p++) {
		if (*p == '"')
			strbuf_addn(out, p, 1);
		strbuf_addn(out, p, 1);
	}
	strbuf_add(out, "\"");
}

static const char *special_latex(char c)
{
	switch (c) {
	case '&':
		return "\\&";
	case '%':
		return "\\%";
	case '$':
		return "\\$";
	case '#':
		return "\\#";
	case '_':
		return "\\_";
	case '{':
		return "\\{";
	case '}':
		return "\\}";
	case '~':
		return "\\textasciitilde{}";
	case '^':
		return "\\textasciicircum{}";
	case '\\':
		return "\\textbackslash{}";
	case '<':
		return "\\textless{}";
	case '>':
		return "\\textgreater{}";
	case '"':
		return "\\textquotedbl{}";
	case '\n':
	case '\t':
		return " ";
	default:
		return NULL;
	}
}

void escape_latex(struct strbuf *out, const char *text)
{
	while (text && *text)
		put(out, &text, special_latex);
}

void escape_number(struct strbuf *out, double v, int digits)
{
	if (isfinite(v))
		strbuf_add(out, "%.*g", digits, v);
	else
		strbuf_addn(out, "null", 4);
}

void escape_csv_number(struct strbuf *out, double v)
{
	if (isfinite(v))
		strbuf_add(out, ",%.12g", v);
	else
		strbuf_addn(out, ",", 1);
}
