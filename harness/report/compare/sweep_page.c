// SPDX-License-Identifier: GPL-3.0-or-later
/* The curves of a sweep as a page. */

#include "base/quantity.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/plot/gnuplot.h"
#include "report/compare/alike.h"
#include "report/compare/headline.h"
#include "report/page/template.h"

static void add_point(const struct sweep *s, const struct sweep_line *line,
	const struct sweep_point *p, struct strbuf *out)
{
	struct sweep_value v = sweep_value(p);
	char median[80], from[80], to[80];

	html_raw(out, "<tr>");
	if (s->n > 1)
		html_add(out, "<td>%s</td>", line->name);
	html_add(out, "<th scope=\"row\">%s</th><td class=\"n\">%zu</td>", p->label, v.n);
	if (v.n)
		html_add(out, "<td class=\"n\">%s</td><td>%s to %s%s</td></tr>\n",
			quantity_text(v.median, s->unit, false, median, sizeof(median)),
			quantity_text(v.ci.lo, s->unit, false, from, sizeof(from)),
			quantity_text(v.ci.hi, s->unit, false, to, sizeof(to)),
			v.enough ? "" : ", range");
	else
		html_raw(out, "<td colspan=\"2\" class=\"missing\">not provided</td></tr>\n");
}

static void add_table(const struct sweep *s, struct strbuf *out)
{
	html_wide(out, s->metric);
	html_raw(out, "<table><tr>");
	if (s->n > 1)
		html_raw(out, "<th>line</th>");
	html_add(out,
		"<th>%s</th><th class=\"n\">boots</th><th class=\"n\">median</th><th>95 %% interval</th></tr>\n",
		s->key);
	for (size_t l = 0; l < s->n; l++)
		for (size_t i = 0; i < s->lines[l].n; i++)
			add_point(s, &s->lines[l], &s->lines[l].points[i], out);
	html_raw(out, "</table></div>\n");
}

static bool draw_sweep(const void *s, double width, bool standalone, struct strbuf *out)
{
	svg_plot_sweep(out, width, standalone, s);
	return true;
}

static void add_sweep(const struct sweep *s, struct strbuf *out)
{
	html_add(out, "<section><h2>%s</h2>\n", s->metric);
	html_plot(out, draw_sweep, s);
	add_table(s, out);
	html_raw(out, "</section>\n");
}

/* How the first goes, in words; then each. */
static void add_sweeps(const struct sweep *s, size_t n, struct strbuf *out)
{
	auto_struct(alike) shown = {0};
	auto_struct(strbuf) words = {0};

	alike_make(NULL, s, n, &shown);
	if (shown.n)
		headline_of_sweep(&shown.sweeps[0], &words);
	html_lines(out, "verdict", &words);
	for (size_t i = 0; i < shown.n; i++) {
		if (i == MAX(shown.own, (size_t)1))
			html_instrument(out);
		add_sweep(&shown.sweeps[i], out);
	}
	html_lines(out, "note", &shown.notes);
}

void sweep_page(const struct sweep *s, size_t n, const char *what, struct strbuf *out)
{
	auto_free char *title = xasprintf("%s by %s \xc2\xb7 stealscope", what, n ? s->key : "");
	auto_struct(strbuf) body = {0};

	html_add(&body,
		"<header>\n<h1>%s by %s</h1>\n<p class=\"sub\">A dot is a boot, the line their median, the band its 95 %% interval, point by point; below 6 boots it is their range.</p>\n</header>\n"
		"<main id=\"main\">\n",
		what, n ? s->key : "");
	add_sweeps(s, n, &body);
	html_raw(&body, "</main>\n");
	plain_page(title, &body, out);
}

int sweep_page_save(
	const struct sweep *s, size_t n, const char *what, const char *path, struct err *e)
{
	auto_struct(strbuf) page = {0};

	sweep_page(s, n, what, &page);
	return template_save(&page, path, e);
}

int sweep_save_figures(const struct sweep *s, size_t n, const struct svg_files *to, struct err *e)
{
	auto_struct(alike) shown = {0};
	int rc = make_dirs(to->dir, e);

	alike_make(NULL, s, n, &shown);
	for (size_t i = 0; i < shown.n && !rc; i++)
		rc = MIN(to->gnuplot ? gnuplot_save(sweep_gnuplot, &shown.sweeps[i], to,
					       shown.sweeps[i].metric, e)
				     : svg_save(draw_sweep, &shown.sweeps[i], to,
					       shown.sweeps[i].metric, e),
			0);
	return rc;
}
