/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where text leaves for a person: a terminal, CSV, JSON, markup. Names of VMs, processes and
 * records come from guests, other users and files, and may hold anything: an escape sequence that
 * moves the cursor, a newline that makes a row of its own, a mark that turns the reading direction.
 *
 * So what is printed goes through text_print() and text_add(), which clean every %s by default;
 * tests/unit/test_text.c finds a printf() that does not. What is meant to hold several lines is
 * made of such pieces and then written whole with fputs().
 *
 * Cleaned: control characters (C0 with newline and tab, DEL, C1), marks of reading direction
 * (U+061C, U+200E-F, U+202A-E, U+2066-9), line and paragraph separators (U+2028-9), and whatever is
 * not UTF-8. Each such character, or byte, becomes one U+FFFD; nothing is left out, no row is lost.
 */
#ifndef SS_BASE_TEXT_H
#define SS_BASE_TEXT_H

#include "base/util.h"

#define TEXT_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Colours and the like. A style is known by where it stands, not by what it holds: these very
 * strings, as arguments of %s, are the only ones that pass unchanged. */
enum text_style { STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW, STYLE_PLAIN };
extern const char text_styles[STYLE_PLAIN + 1][8];

/* Bytes of the character at `p` (not ""), at least 1; *clean says whether it may be shown. */
size_t text_char(const char *p, bool *clean);

/* `text` cleaned, "" of NULL. Caller frees. */
char *text_cleaned(const char *text);
/* As text_cleaned(), newlines and tabs kept: for JSON, which escapes them. */
char *text_cleaned_lines(const char *text);

/* printf() into a buffer, to a file. Each %s is cleaned; its width and precision count characters.
 * Not known: %n, %m, long double, wide characters, positions (they end the process). */
void text_add(struct strbuf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_vadd(struct strbuf *out, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* As text_vadd(), but by `escape` each %s and %c becomes what it is in some markup, cleaned; a width
 * does not count, a precision counts bytes. */
void text_vadd_by(struct strbuf *out, void (*escape)(struct strbuf *out, const char *text),
	const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));
void text_print(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
