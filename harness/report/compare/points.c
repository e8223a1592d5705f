// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/points.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "base/wrap.h"
#include "report/compare/alike.h"
#include "report/compare/headline.h"
#include "report/compare/words.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/page/template.h"

static const char *point_name(const struct compare_result *r)
{
	return r->input->point ? r->input->point : "all points together";
}

/* The results [from, to) are of one variant. */
static size_t end_of_variant(const struct compare_set *s, size_t from)
{
	size_t to = from + 1;

	while (to < s->n && !strcmp(s->results[to].input->name_b, s->results[from].input->name_b))
		to++;
	return to;
}

static bool any_value(const struct compare_set *s, size_t from, size_t to, size_t metric)
{
	for (size_t i = from; i < to; i++)
		if (s->results[i].rows[metric].na || s->results[i].rows[metric].nb)
			return true;
	return false;
}

/* "-3.1 ms [-3.4, -2.7]"; what a "same" excludes. Caller frees. */
static char *shift_text(const struct compare_row *r)
{
	char bound[48];

	if (isnan(r->p))
		return xstrdup("");
	if (r->verdict == COMPARE_SAME)
		return xasprintf("less than %s",
			quantity_text(r->bound, r->metric->unit, false, bound, sizeof(bound)));
	return compare_shift_text(r->shift.estimate, r->shift.ci, r->metric->unit);
}

static void line_text(const struct compare_result *r, size_t metric, struct strbuf *out)
{
	const struct compare_row *row = &r->rows[metric];
	auto_free char *shift = shift_text(row);
	char a[48] = "-", b[48] = "-", p[24] = "-";

	if (row->na)
		quantity_text(row->median_a, row->metric->unit, false, a, sizeof(a));
	if (row->nb)
		quantity_text(row->median_b, row->metric->unit, false, b, sizeof(b));
	if (!isnan(row->p_holm))
		snprintf(p, sizeof(p), "%.2g", row->p_holm);
	text_add(out, "  %-24.60s %-8s %11s %11s  %-32s %8s %4zu %4zu\n", point_name(r),
		compare_words[row->verdict].of_b, a, b, shift, p, row->na, row->nb);
}

static void set_text(const struct compare_set *s, const struct strbuf *notes, struct strbuf *out)
{
	const struct compare_result *first = &s->results[0];
	auto_struct(strbuf) headline = {0};

	headline_of_set(s, &headline);
	compare_lines(&headline, out);
	text_add(out, "held against %s point by point; p corrected for all %zu tests together\n",
		first->input->name_a, first->tests);
	for (size_t from = 0, to; from < s->n; from = to) {
		to = end_of_variant(s, from);
		text_add(out, "\n%s against %s\n", s->results[from].input->name_b,
			s->results[from].input->name_a);
		if (s->results[from].warning)
			text_add(out, "warning: %s\n", s->results[from].warning);
		for (size_t m = 0; m < s->results[from].n_rows; m++) {
			if (!any_value(s, from, to, m))
				continue;
			text_add(out, "%-26s %-8s %11s %11s  %-32s %8s %4s %4s\n",
				s->results[from].rows[m].metric->name, "", "median(a)", "median(b)",
				"shift [95 %]", "p(Holm)", "n(a)", "n(b)");
			for (size_t i = from; i < to; i++)
				line_text(&s->results[i], m, out);
		}
	}
	text_add(out, "\n");
	compare_lines(notes, out);
	compare_methods(first, out);
}

void points_text(const struct compare_set *s, struct strbuf *out)
{
	auto_struct(alike) shown = {0};

	alike_make(s, NULL, 0, &shown);
	set_text(&shown.set, &shown.notes, out);
}

/* ---- page */

static bool draw_sweep(const void *s, double width, bool standalone, struct strbuf *out)
{
	svg_plot_sweep(out, width, standalone, s);
	return true;
}

static void line_html(
	const struct compare_result *r, size_t metric, bool several, struct strbuf *out)
{
	const struct compare_row *row = &r->rows[metric];
	const char *value = strchr(point_name(r), '=');
	auto_free char *shift = shift_text(row);
	char a[48] = "-", b[48] = "-";

	if (row->na)
		quantity_text(row->median_a, row->metric->unit, false, a, sizeof(a));
	if (row->nb)
		quantity_text(row->median_b, row->metric->unit, false, b, sizeof(b));
	html_add(out, "<tr><th scope=\"row\">%s</th>", value ? value + 1 : point_name(r));
	if (several)
		html_add(out, "<td>%s</td>", r->input->name_b);
	html_add(out,
		"<td><span class=\"badge %s\">%s</span></td><td class=\"wrap\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>",
		compare_words[row->verdict].class, compare_words[row->verdict].of_b, shift, a, b);
	if (isnan(row->p_holm))
		html_raw(out, "<td class=\"n\">-</td>");
	else
		html_add(out, "<td class=\"n\">%.2g</td>", row->p_holm);
	html_add(out, "<td class=\"n\">%zu, %zu</td></tr>\n", row->na, row->nb);
}

static void metric_html(
	const struct compare_set *s, size_t m, const struct sweep *sweep, struct strbuf *out)
{
	const char *base = s->results[0].input->name_a;
	bool several = end_of_variant(s, 0) < s->n;

	html_add(out, "<section><h2>%s</h2>\n", sweep->metric);
	html_plot(out, draw_sweep, sweep);
	html_wide(out, sweep->metric);
	html_add(out, "<table><tr><th>%s</th>", sweep->key);
	if (several)
		html_raw(out, "<th>variant</th>");
	html_add(out, "<th>against %s</th>", base);
	html_add(out,
		"<th>shift, 95 %%</th><th class=\"n\">median of %s</th><th class=\"n\">of %s</th><th class=\"n\">p(Holm)</th><th class=\"n\">boots</th></tr>\n",
		base, several ? "the variant" : s->results[0].input->name_b);
	for (size_t i = 0; i < s->n; i++)
		line_html(&s->results[i], m, several, out);
	html_raw(out, "</table></div>\n</section>\n");
}

/* The verdicts in words, the curve of the metric they are of; then the others. */
static void add_metrics(
	const struct compare_set *s, const struct sweep *sweeps, size_t n, struct strbuf *out)
{
	auto_struct(alike) shown = {0};
	auto_struct(strbuf) words = {0};

	alike_make(s, sweeps, n, &shown);
	headline_of_set(&shown.set, &words);
	html_lines(out, "verdict", &words);
	for (size_t m = 0; m < shown.n; m++) {
		if (m == MAX(shown.own, (size_t)1))
			html_instrument(out);
		metric_html(&shown.set, m, &shown.sweeps[m], out);
	}
	html_lines(out, "note", &shown.notes);
}

void points_page(const struct compare_set *s, const struct sweep *sweeps, size_t n,
	const char *what, struct strbuf *out)
{
	const char *base = s->results[0].input->name_a;
	auto_free char *title = xasprintf("%s against %s \xc2\xb7 stealscope", what, base);
	auto_struct(strbuf) body = {0};

	html_add(&body,
		"<header>\n<h1>%s: variants against %s, point by point</h1>\n<p class=\"sub\">p corrected for all %zu tests together \xc2\xb7 a dot is a boot, the line their median, the band its 95 %% interval</p>\n</header>\n<main id=\"main\">\n",
		what, base, s->results[0].tests);
	if (s->results[0].warning)
		html_add(&body, "<p class=\"alert\" role=\"note\">%s</p>\n", s->results[0].warning);
	add_metrics(s, sweeps, n, &body);
	html_raw(&body, "</main>\n");
	plain_page(title, &body, out);
}

int points_page_save(const struct compare_set *s, const struct sweep *sweeps, size_t n,
	const char *what, const char *path, struct err *e)
{
	auto_struct(strbuf) page = {0};

	points_page(s, sweeps, n, what, &page);
	return template_save(&page, path, e);
}
