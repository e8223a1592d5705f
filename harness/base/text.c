// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

/* Characters that act on their surroundings instead of being seen, in order. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{0x00, 0x1f},	  /* C0, with newline and tab */
	{0x7f, 0x9f},	  /* DEL, C1 */
	{0x61c, 0x61c},	  /* Arabic letter mark */
	{0x200e, 0x200f}, /* left-to-right, right-to-left mark */
	{0x2028, 0x202e}, /* line, paragraph separator; embeddings and overrides */
	{0x2066, 0x2069}, /* isolates */
};

size_t text_char(const char *text, bool *clean)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = utf8_length(p);
	uint32_t c = n < 2 ? p[0] : p[0] & (0xff >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	*clean = n > 0;
	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			*clean = false;
	return n ? n : 1;
}

/* At most `max` characters of `text`; how many there were. */
static size_t add_clean(struct strbuf *out, const char *text, size_t max, const char *kept)
{
	size_t chars = 0;

	for (; text && chars < max && *text; chars++) {
		bool clean;
		size_t n = text_char(text, &clean);

		if (clean || strchr(kept, *text))
			strbuf_addn(out, text, n);
		else
			strbuf_addn(out, TEXT_REPLACEMENT, strlen(TEXT_REPLACEMENT));
		text += n;
	}
	return chars;
}

static char *cleaned(const char *text, const char *kept)
{
	struct strbuf b = {0};

	strbuf_addn(&b, "", 0);
	add_clean(&b, text, SIZE_MAX, kept);
	return b.text;
}

char *text_cleaned(const char *text)
{
	return cleaned(text, "");
}

char *text_cleaned_lines(const char *text)
{
	return cleaned(text, "\n\t");
}

const char text_styles[STYLE_PLAIN + 1][8] = {
	"\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[0m"};

static bool is_style(const char *s)
{
	uintptr_t at = (uintptr_t)s, first = (uintptr_t)text_styles;

	return at >= first && at < first + sizeof(text_styles);
}

/* One conversion of a format, and the arguments that are left. */
struct conversion {
	va_list ap;
	void (*escape)(struct strbuf *out, const char *text); /* NULL: cleaned only */
	char spec[32]; /* "%-5" ... "d", for what printf() does; * replaced by its value */
	size_t n;
	bool left;
	int width, precision; /* -1: none */
};

static void spec_add(struct conversion *c, char ch)
{
	if (c->n + 1 < sizeof(c->spec))
		c->spec[c->n++] = ch;
	c->spec[c->n] = '\0';
}

/* "*" or digits at *fmt, after flags or a dot. */
static int number_at(struct conversion *c, const char **fmt)
{
	char *end;
	long v;

	if (**fmt == '*') {
		(*fmt)++;
		return va_arg(c->ap, int);
	}
	v = strtol(*fmt, &end, 10);
	*fmt = end;
	return v > INT_MAX ? INT_MAX : (int)v;
}

static void spec_add_number(struct conversion *c, int v)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", v);
	for (char *d = digits; *d; d++)
		spec_add(c, *d);
}

/* From behind the % up to and without the type letter and its length modifiers. */
static void parse_spec(struct conversion *c, const char **fmt)
{
	c->n = 0;
	c->left = false;
	c->width = c->precision = -1;
	spec_add(c, '%');
	for (; **fmt && strchr("-+ #0'", **fmt); (*fmt)++) {
		c->left |= **fmt == '-';
		spec_add(c, **fmt);
	}
	if (**fmt == '*' || (**fmt >= '1' && **fmt <= '9')) {
		c->width = number_at(c, fmt);
		if (c->width < 0) { /* as printf() has it */
			c->left = true;
			spec_add(c, '-');
			c->width = -c->width;
		}
		spec_add_number(c, c->width);
	}
	if (**fmt == '.') {
		(*fmt)++;
		c->precision = number_at(c, fmt);
		if (c->precision < 0)
			return;
		spec_add(c, '.');
		spec_add_number(c, c->precision);
	}
}

static void add_string(struct strbuf *out, struct conversion *c)
{
	const char *s = va_arg(c->ap, const char *);
	auto_struct(strbuf) b = {0};

	if (c->escape) {
		auto_free char *part =
			s && c->precision >= 0 ? strndup(s, (size_t)c->precision) : NULL;

		c->escape(out, part ? part : s);
		return;
	}
	if (is_style(s)) {
		strbuf_addn(out, s, strlen(s));
		return;
	}
	size_t max = c->precision < 0 ? SIZE_MAX : (size_t)c->precision, chars;
	int pad;

	/* With a precision the text may lack its NUL, as for printf(): no character is looked at that is
	 * not asked for. */
	chars = add_clean(&b, s ? s : "(null)", max, "");
	pad = c->width > 0 && (size_t)c->width > chars ? c->width - (int)chars : 0;
	strbuf_add(out, "%*s%s%*s", c->left ? 0 : pad, "", b.text ? b.text : "", c->left ? pad : 0,
		"");
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_number(struct strbuf *out, struct conversion *c, const char *length, char type)
{
	bool wide = *length && *length != 'h';

	for (; *length; length++)
		spec_add(c, *length);
	spec_add(c, type);
	if (strchr("eEfFgGaA", type))
		strbuf_add(out, c->spec, va_arg(c->ap, double));
	else if (type == 'p')
		strbuf_add(out, c->spec, va_arg(c->ap, void *));
	else if (wide) /* l, ll, z, j, t: 64 bits on all we run on */
		strbuf_add(out, c->spec, va_arg(c->ap, long));
	else
		strbuf_add(out, c->spec, va_arg(c->ap, int));
}
#pragma GCC diagnostic pop

static void add_conversion(struct strbuf *out, struct conversion *c, const char **fmt)
{
	char length[4] = "";

	parse_spec(c, fmt);
	for (size_t i = 0; i < 2 && **fmt && strchr("hlzjt", **fmt); i++)
		length[i] = *(*fmt)++;
	if (**fmt == '%')
		strbuf_addn(out, "%", 1);
	else if (**fmt == 's' && !*length)
		add_string(out, c);
	else if (**fmt && strchr("diouxXeEfFgGaAp", **fmt))
		add_number(out, c, length, **fmt);
	else if (**fmt == 'c') {
		char one[2] = {(char)va_arg(c->ap, int), '\0'};

		if (c->escape)
			c->escape(out, one);
		else
			add_clean(out, one, 1, "");
	} else {
		fprintf(stderr, "stealscope: text_add() does not know this format\n");
		abort();
	}
	(*fmt)++;
}

void text_vadd(struct strbuf *out, const char *fmt, va_list ap)
{
	text_vadd_by(out, NULL, fmt, ap);
}

void text_vadd_by(struct strbuf *out, void (*escape)(struct strbuf *out, const char *text),
	const char *fmt, va_list ap)
{
	struct conversion c = {.escape = escape};

	va_copy(c.ap, ap);
	strbuf_addn(out, "", 0);
	while (*fmt) {
		size_t plain = strcspn(fmt, "%");

		strbuf_addn(out, fmt, plain);
		fmt += plain;
		if (*fmt) {
			fmt++;
			add_conversion(out, &c, &fmt);
		}
	}
	va_end(c.ap);
}

void text_add(struct strbuf *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vadd(out, fmt, ap);
	va_end(ap);
}

void text_print(FILE *out, const char *fmt, ...)
{
	auto_struct(strbuf) b = {0};
	va_list ap;

	va_start(ap, fmt);
	text_vadd(&b, fmt, ap);
	va_end(ap);
	fwrite(b.text, 1, b.len, out);
}
