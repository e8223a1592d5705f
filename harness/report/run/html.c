// SPDX-License-Identifier: GPL-3.0-or-later
/* The page put together; see html.h. */
#include "report/run/html.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/plot/figures.h"
#include "report/page/parts.h"
#include "report/page/template.h"
#include "report/run/bands.h"

#define LIBRARY_MAX ((size_t)4 << 20)

/* What the parts are made from. */
struct page {
	const struct analysis *a;
	char *js, *css; /* dygraphs */
};

static void part_title(const void *page, struct strbuf *out)
{
	const struct run_info *r = &((const struct page *)page)->a->info;

	html_add(out, "%s \xc2\xb7 %s \xc2\xb7 stealscope", r->scenario, r->variant);
}

static void part_bin_mean(const void *page, struct strbuf *out)
{
	double bin = figure_bin_s(((const struct page *)page)->a);

	html_add(out, bin < 10 ? "means of %.0f s, of 10 s broad below them" : "means of %.0f s",
		bin);
}

static void part_bin_window(const void *page, struct strbuf *out)
{
	html_add(out, "%.0f s", figure_bin_s(((const struct page *)page)->a));
}

static void part_dygraphs_js(const void *page, struct strbuf *out)
{
	html_join(out, ((const struct page *)page)->js);
}

static void part_dygraphs_css(const void *page, struct strbuf *out)
{
	html_join(out, ((const struct page *)page)->css);
}

static void part_js(const void *page, struct strbuf *out)
{
	(void)page;
	asset_add(out, &asset_report_js);
}

/* A part that is a function of the analysis. */
#define ANALYSIS_PART(name)                                                                        \
	static void part_##name(const void *page, struct strbuf *out)                              \
	{                                                                                          \
		html_##name(((const struct page *)page)->a, out);                                  \
	}

ANALYSIS_PART(header)
ANALYSIS_PART(alerts)
ANALYSIS_PART(metrics)
ANALYSIS_PART(expectations)
ANALYSIS_PART(series_note)
ANALYSIS_PART(distribution)
ANALYSIS_PART(heat)
ANALYSIS_PART(blame)
ANALYSIS_PART(played)
ANALYSIS_PART(elapsed)
ANALYSIS_PART(witnesses)
ANALYSIS_PART(late)
ANALYSIS_PART(placement)
ANALYSIS_PART(checks)
ANALYSIS_PART(losses)
ANALYSIS_PART(warnings)
ANALYSIS_PART(host)
ANALYSIS_PART(footer)
ANALYSIS_PART(data)

static void part_summary(const void *page, struct strbuf *out)
{
	html_summary(((const struct page *)page)->a, out);
	html_bands(((const struct page *)page)->a, out);
}

static const struct template_part parts[] = {
	{"title", part_title},
	{"js", part_js},
	{"dygraphs_js", part_dygraphs_js},
	{"dygraphs_css", part_dygraphs_css},
	{"header", part_header},
	{"alerts", part_alerts},
	{"summary", part_summary},
	{"metrics", part_metrics},
	{"expectations", part_expectations},
	{"bin_mean", part_bin_mean},
	{"bin_window", part_bin_window},
	{"series_note", part_series_note},
	{"distribution", part_distribution},
	{"heat", part_heat},
	{"blame", part_blame},
	{"played", part_played},
	{"elapsed", part_elapsed},
	{"witnesses", part_witnesses},
	{"late", part_late},
	{"placement", part_placement},
	{"checks", part_checks},
	{"losses", part_losses},
	{"warnings", part_warnings},
	{"host", part_host},
	{"footer", part_footer},
	{"data", part_data},
};

/* A file of dygraphs, without the reference to its source map: a browser's tools would fetch it. */
static char *read_library(const char *dir, const char *name, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	char *text = read_file(path, LIBRARY_MAX, NULL, e), *map;

	if (!text) {
		err_set_exit(e, EXIT_HOST, ENOENT,
			"%s cannot be read; reports need the package libjs-dygraphs (apt-get install libjs-dygraphs)",
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

int html_report(const struct analysis *a, const char *dygraphs, struct strbuf *out, struct err *e)
{
	auto_free char *js = NULL, *css = NULL;
	const char *dir = dygraphs ? dygraphs : HTML_DYGRAPHS;

	js = read_library(dir, "dygraph.min.js", e);
	if (js)
		css = read_library(dir, "dygraph.min.css", e);
	if (!css)
		return e && e->code ? -e->code : -EIO;
	template_fill(
		&asset_report_html, parts, ARRAY_SIZE(parts), &(struct page){a, js, css}, out);
	return 0;
}

int html_report_save(const struct analysis *a, const char *path, struct err *e)
{
	auto_struct(strbuf) page = {0};
	int rc = html_report(a, NULL, &page, e);

	return rc ? rc : template_save(&page, path, e);
}
