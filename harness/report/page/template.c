// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/page/template.h"

#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/replace.h"
#include "report/markup.h"

void asset_add(struct strbuf *out, const struct asset *x)
{
	strbuf_addn(out, x->text, asset_size(x));
}

static void part_css(const void *page, struct strbuf *out)
{
	(void)page;
	asset_add(out, &asset_report_css);
}

static void part_svg_css(const void *page, struct strbuf *out)
{
	(void)page;
	asset_add(out, &asset_svg_css);
}

static void part_made_by(const void *page, struct strbuf *out)
{
	(void)page;
	html_raw(out, "Made by stealscope " SS_VERSION ".");
}

static const struct template_part common[] = {
	{"css", part_css}, {"svg_css", part_svg_css}, {"made_by", part_made_by}};

static bool emit_one(const struct template_part *parts, size_t n, const void *page,
	const char *name, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(parts[i].name) == len && !strncmp(parts[i].name, name, len)) {
			parts[i].emit(page, out);
			return true;
		}
	return false;
}

static void emit(const struct template_part *parts, size_t n, const void *page, const char *name,
	size_t len, struct strbuf *out)
{
	if (!emit_one(parts, n, page, name, len, out) &&
		!emit_one(common, ARRAY_SIZE(common), NULL, name, len, out))
		strbuf_add(out, "{{%.*s}}", (int)len, name);
}

void template_fill(const struct asset *text, const struct template_part *parts, size_t n,
	const void *page, struct strbuf *out)
{
	const char *p = text->text, *end = text->end;

	while (p < end) {
		const char *open = memmem(p, (size_t)(end - p), "{{", 2);
		const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;

		if (!close) {
			strbuf_addn(out, p, (size_t)(end - p));
			return;
		}
		strbuf_addn(out, p, (size_t)(open - p));
		emit(parts, n, page, open + 2, (size_t)(close - open) - 2, out);
		p = close + 2;
	}
}

struct plain {
	const char *title;
	const struct strbuf *body;
};

static void part_title(const void *page, struct strbuf *out)
{
	html_add(out, "%s", ((const struct plain *)page)->title);
}

static void part_body(const void *page, struct strbuf *out)
{
	const struct strbuf *body = ((const struct plain *)page)->body;

	strbuf_addn(out, body->text ? body->text : "", body->len);
}

void plain_page(const char *title, const struct strbuf *body, struct strbuf *out)
{
	static const struct template_part parts[] = {{"title", part_title}, {"body", part_body}};
	const struct plain page = {title, body};

	template_fill(&asset_plain_html, parts, ARRAY_SIZE(parts), &page, out);
}

int template_save(const struct strbuf *page, const char *path, struct err *e)
{
	return replace_file(path, page->text ? page->text : "", e);
}
