// SPDX-License-Identifier: GPL-3.0-or-later
/* The style sheet of plots that are files of their own. */
#include "report/plot/svg.h"

#include <string.h>

#include "report/assets.h"

#define PAPER_FONTS "\"DejaVu Sans\", Helvetica, Arial, sans-serif"

/* The value of variable --NAME in the first rule of the sheet. */
static const char *variable(const char *rule, const char *name, size_t len, size_t *value_len)
{
	auto_free char *key = xasprintf("%.*s:", (int)len, name);
	const char *at = strstr(rule, key);

	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " ");
	*value_len = strcspn(at, ";}");
	return at;
}

/* The end of a block that begins at or after `at`: behind its closing brace. */
static const char *behind_block(const char *at)
{
	int depth = 0;

	for (; *at; at++) {
		depth += *at == '{';
		if (*at == '}' && !--depth)
			return at + 1;
	}
	return at;
}

static void add_resolved(struct strbuf *out, const char *rules, const char *root)
{
	const char *at = rules, *var;
	size_t len, value_len;

	while ((var = strstr(at, "var("))) {
		const char *value;

		strbuf_addn(out, at, (size_t)(var - at));
		var += strlen("var(");
		len = strcspn(var, ")");
		value = variable(root, var, len, &value_len);
		if (value)
			strbuf_addn(out, value, value_len);
		at = var + len + (var[len] == ')');
	}
	strbuf_add(out, "%s", at);
}

void svg_paper_css(struct strbuf *out)
{
	auto_free char *sheet =
		xasprintf("%.*s", (int)asset_size(&asset_svg_css), asset_svg_css.text);
	const char *root = strstr(sheet, ":root"), *dark = strstr(sheet, "@media");
	char *rules = (char *)behind_block(dark ? dark : root), *font = strstr(rules, "system-ui");
	size_t fonts = font ? strcspn(font, ";") : 0;

	if (!font) {
		add_resolved(out, rules, root);
		return;
	}
	strbuf_addn(out, rules, (size_t)(font - rules));
	strbuf_add(out, PAPER_FONTS);
	add_resolved(out, font + fonts, root);
}
