// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/words.h"

#include <errno.h>
#include <string.h>

int words_split(const char *text, struct strv *out, struct err *e)
{
	auto_free char *word = xmalloc(strlen(text) + 1);

	for (unsigned n = 0;; n++) {
		size_t len = 0;
		char quote = 0;

		text += strspn(text, " \t");
		if (!*text)
			return 0;
		if (n == WORDS_MAX)
			return err_set(e, E2BIG, "a command of more than %d words", WORDS_MAX);
		for (; *text && (quote || (*text != ' ' && *text != '\t')); text++) {
			if (quote ? *text == quote : (*text == '\'' || *text == '"'))
				quote = quote ? 0 : *text;
			else
				word[len++] = *text;
		}
		if (quote)
			return err_set(e, EINVAL, "a %c in the command has no end", quote);
		strv_add(out, "%.*s", (int)len, word);
	}
}
