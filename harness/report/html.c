// SPDX-License-Identifier: GPL-3.0-or-later
/* The page put together; see html.h. */
#include "report/html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/assets.h"
#include "report/figures.h"
#include "report/html_parts.h"

#define LIBRARY_MAX ((size_t)4 << 20)

static void add_asset(struct strbuf *out, const struct asset *x)
{
	strbuf_addn(out, x->text, asset_size(x));
}

static void part_title(const struct analysis *a, struct strbuf *out)
{
	html_text(out, "%s \xc2\xb7 %s \xc2\xb7 stealscope", a->info.scenario, a->info.variant);
}

static void part_css(const struct analysis *a, struct strbuf *out)
{
	(void)a;
	add_asset(out, &asset_report_css);
}

static void part_svg_css(const struct analysis *a, struct strbuf *out)
{
	(void)a;
	add_asset(out, &asset_svg_css);
}

static void part_js(const struct analysis *a, struct strbuf *out)
{
	(void)a;
	add_asset(out, &asset_report_js);
}

static void part_bin_mean(const struct analysis *a, struct strbuf *out)
{
	strbuf_add(out, "means of %.0f s", figure_bin_s(a));
}

static void part_bin_window(const struct analysis *a, struct strbuf *out)
{
	strbuf_add(out, "%.0f s", figure_bin_s(a));
}

static const struct part {
	const char *name;
	void (*emit)(const struct analysis *a, struct strbuf *out);
} parts[] = {
	{"title", part_title},
	{"css", part_css},
	{"svg_css", part_svg_css},
	{"js", part_js},
	{"header", html_header},
	{"alerts", html_alerts},
	{"summary", html_summary},
	{"expectations", html_expectations},
	{"bin_mean", part_bin_mean},
	{"bin_window", part_bin_window},
	{"series_note", html_series_note},
	{"distribution", html_distribution},
	{"blame", html_blame},
	{"late", html_late},
	{"placement", html_placement},
	{"checks", html_checks},
	{"losses", html_losses},
	{"warnings", html_warnings},
	{"host", html_host},
	{"footer", html_footer},
	{"data", html_data},
};

/* A file of dygraphs, without the reference to its source map: a browser's tools would fetch it. */
static char *read_library(const char *dir, const char *name, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	char *text = read_file(path, LIBRARY_MAX, NULL, e), *map;

	if (!text) {
		err_set_exit(e, EXIT_HOST, ENOENT,
			"%s cannot be read; reports need the package libjs-dygraphs (apt-get "
			"install "
			"libjs-dygraphs)",
			path);
		return NULL;
	}
	map = strstr(text, "//# sourceMappingURL");
	if (!map)
		map = strstr(text, "/*# sourceMappingURL");
	if (map)
		*map = '\0';
	if (strcasestr(text, "</script") || strcasestr(text, "</style")) {
		err_set(e, EINVAL, "%s cannot stand inside a page: it holds an end tag", path);
		free(text);
		return NULL;
	}
	return text;
}

struct library {
	char *js, *css;
};

static void emit(const struct analysis *a, const struct library *lib, const char *name, size_t len,
	struct strbuf *out)
{
	if (len == strlen("dygraphs_js") && !strncmp(name, "dygraphs_js", len)) {
		strbuf_addn(out, lib->js, strlen(lib->js));
		return;
	}
	if (len == strlen("dygraphs_css") && !strncmp(name, "dygraphs_css", len)) {
		strbuf_addn(out, lib->css, strlen(lib->css));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strlen(parts[i].name) == len && !strncmp(parts[i].name, name, len)) {
			parts[i].emit(a, out);
			return;
		}
	strbuf_add(out, "{{%.*s}}", (int)len, name); /* no such part: test_html looks for these */
}

static void fill(const struct analysis *a, const struct library *lib, struct strbuf *out)
{
	const char *p = asset_report_html.text, *end = asset_report_html.end;

	while (p < end) {
		const char *open = memmem(p, (size_t)(end - p), "{{", 2);
		const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;

		if (!close) {
			strbuf_addn(out, p, (size_t)(end - p));
			return;
		}
		strbuf_addn(out, p, (size_t)(open - p));
		emit(a, lib, open + 2, (size_t)(close - open) - 2, out);
		p = close + 2;
	}
}

int html_report(const struct analysis *a, const char *dygraphs, struct strbuf *out, struct err *e)
{
	auto_free char *js = NULL, *css = NULL;
	const char *dir = dygraphs ? dygraphs : HTML_DYGRAPHS;

	js = read_library(dir, "dygraph.min.js", e);
	if (js)
		css = read_library(dir, "dygraph.min.css", e);
	if (!css)
		return e && e->code ? -e->code : -EIO;
	fill(a, &(struct library){js, css}, out);
	return 0;
}

int html_report_save(const struct analysis *a, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/report.html", dir);
	auto_free char *tmp = xasprintf("%s/.report.html.%d", dir, (int)getpid());
	struct strbuf page = {0};
	int rc = html_report(a, NULL, &page, e);

	if (!rc)
		rc = write_file(tmp, page.text, page.len, e);
	if (!rc && rename(tmp, path))
		rc = err_sys(e, "cannot rename %s to %s", tmp, path);
	if (rc)
		unlink(tmp);
	strbuf_release(&page);
	return rc;
}
