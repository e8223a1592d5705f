// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/wrap.h"

#include <string.h>

#include "base/text.h"

void wrap_add(struct strbuf *out, const char *text, int at, int indent)
{
	auto_free char *clean = text_cleaned(text);
	int space = 0;

	for (text = clean, text += strspn(text, " "); *text; text += strspn(text, " ")) {
		int word = (int)strcspn(text, " ");

		if (space && at + space + word > WRAP_COLUMNS) {
			strbuf_add(out, "\n%*s", indent, "");
			at = indent;
			space = 0;
		}
		strbuf_add(out, "%*s%.*s", space, "", word, text);
		at += space + word;
		space = 1;
		text += word;
	}
	strbuf_add(out, "\n");
}

void wrap_print(FILE *out, const char *text, int at, int indent)
{
	auto_struct(strbuf) lines = {0};

	wrap_add(&lines, text, at, indent);
	fputs(lines.text, out);
}
