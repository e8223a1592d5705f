// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/template.h"

#include <string.h>
#include <unistd.h>

void asset_add(struct strbuf *out, const struct asset *x)
{
	strbuf_addn(out, x->text, asset_size(x));
}

static void emit(const struct template_part *parts, size_t n, const void *page, const char *name,
	size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(parts[i].name) == len && !strncmp(parts[i].name, name, len)) {
			parts[i].emit(page, out);
			return;
		}
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

int template_save(const struct strbuf *page, const char *path, struct err *e)
{
	auto_free char *tmp = xasprintf("%s.%d.part", path, (int)getpid());
	int rc = write_file(tmp, page->text ? page->text : "", page->len, e);

	if (!rc && rename(tmp, path))
		rc = err_sys(e, "cannot rename %s to %s", tmp, path);
	if (rc)
		unlink(tmp);
	return rc;
}
