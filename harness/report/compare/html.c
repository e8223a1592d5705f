// SPDX-License-Identifier: GPL-3.0-or-later
/* The page of a comparison; see compare_html.h. */
#include "report/compare/html.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "report/assets.h"
#include "report/compare/alike.h"
#include "report/compare/headline.h"
#include "report/compare/parts.h"
#include "report/compare/plots.h"
#include "report/compare/words.h"
#include "report/markup.h"
#include "report/page/template.h"

/* The page's, and what its set leaves out. */
struct shown {
	struct compare_page page; /* first: the parts take it */
	struct alike alike;
};

static const struct compare_set *set_of(const void *page)
{
	return ((const struct compare_page *)page)->set;
}

static void add_names(const struct compare_set *s, struct strbuf *out)
{
	if (s->n == 1)
		html_add(
			out, "%s and %s", s->results[0].input->name_a, s->results[0].input->name_b);
	else
		html_add(out, "%zu held against %s", s->n, s->results[0].input->name_a);
}

static void part_title(const void *p, struct strbuf *out)
{
	add_names(set_of(p), out);
	html_raw(out, " \xc2\xb7 stealscope");
}

static void part_header(const void *page, struct strbuf *out)
{
	const struct compare_set *s = set_of(page);
	auto_free char *outside = compare_outside(s);

	html_raw(out, "<h1>");
	add_names(s, out);
	html_add(out,
		"</h1>\n<p class=\"sub\">shift = %s - %s \xc2\xb7 %.0f %% intervals \xc2\xb7 p corrected for all %zu tests \xc2\xb7 a value is a boot</p>\n",
		s->n == 1 ? s->results[0].input->name_b : "each", s->results[0].input->name_a,
		100 * s->results[0].confidence, s->results[0].tests);
	for (size_t i = 0; i < s->n; i++) {
		if (!s->results[i].warning)
			continue;
		html_raw(out, "<p class=\"alert\" role=\"note\">");
		if (s->n > 1)
			html_add(out, "%s: ", s->results[i].input->name_b);
		html_add(out, "%s</p>\n", s->results[i].warning);
	}
	if (*outside)
		html_add(out, "<p class=\"note\">%s</p>\n", outside);
}

/* "each against": above the part of one of several comparisons. */
static void add_heading(const struct compare_set *s, size_t i, struct strbuf *out)
{
	if (s->n < 2)
		return;
	html_add(out, "<h3>%s against %s</h3>\n", s->results[i].input->name_b,
		s->results[i].input->name_a);
}

/* One part for each comparison, under its heading. */
static void each_result(const void *page, struct strbuf *out,
	void (*part)(const struct compare_result *r, struct strbuf *out))
{
	const struct compare_set *s = set_of(page);

	for (size_t i = 0; i < s->n; i++) {
		add_heading(s, i, out);
		part(&s->results[i], out);
	}
}

static void add_verdicts(const struct compare_result *r, struct strbuf *out)
{
	auto_struct(strbuf) notes = {0};

	html_wide(out, "Verdicts");
	html_raw(out, "<table>\n");
	for (int rank = 0; rank < COMPARE_RANKS; rank++)
		for (size_t i = 0; i < r->n_rows; i++) {
			const struct compare_row *row = &r->rows[i];
			auto_free char *words = compare_line(r, i);

			if (!words || compare_rank(r, i) != rank)
				continue;
			html_add(out,
				"<tr><td><span class=\"badge %s\">%s</span></td><td class=\"wrap\">%s</td></tr>\n",
				compare_words[row->verdict].class,
				compare_words[row->verdict].badge, words);
		}
	html_raw(out, "</table></div>\n");
	compare_methods(r, &notes);
	compare_missing(r, &notes);
	html_lines(out, "note", &notes);
}

/* Both ends in one unit, which is said once. */
static void interval_cell(struct strbuf *out, struct interval v, const char *unit)
{
	double factor;
	const char *best = quantity_unit(fmax(fabs(v.lo), fabs(v.hi)), unit, &factor);
	char lo[80], hi[80];

	html_raw(out, "<td class=\"n\">");
	if (isnan(v.lo))
		html_raw(out, "-");
	else
		html_add(out, "%s \xe2\x80\xa6 %s%s%s",
			quantity_text(v.lo * factor, "", true, lo, sizeof(lo)),
			quantity_text(v.hi * factor, "", true, hi, sizeof(hi)), *best ? " " : "",
			best);
	html_raw(out, "</td>");
}

static void add_table(const struct compare_result *r, struct strbuf *out)
{
	html_wide(out, "Figures");
	html_add(out,
		"<table class=\"dense\"><tr><th>metric</th><th class=\"n\">blocks</th><th class=\"n\">boots</th><th class=\"n\">median %s</th><th class=\"n\">median %s</th><th class=\"n\">shift</th><th class=\"n\">interval</th><th class=\"n\">p (Holm)</th><th>effect</th><th class=\"n\">p</th><th class=\"n\">bootstrap interval</th></tr>\n",
		r->input->name_a, r->input->name_b);
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct compare_row *row = &r->rows[i];
		const char *unit = row->metric->unit;

		if (!row->na && !row->nb)
			continue;
		html_add(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">", row->metric->name);
		if (row->method == COMPARE_SIGNED_RANK)
			html_add(out, "%zu", row->blocks);
		else
			html_raw(out, "-");
		html_add(out, "</td><td class=\"n\">%zu, %zu</td>", row->na, row->nb);
		compare_cell(out, row->median_a, unit, false);
		compare_cell(out, row->median_b, unit, false);
		compare_cell(out, row->shift.estimate, unit, true);
		interval_cell(out, row->shift.ci, unit);
		compare_cell(out, row->p_holm, "", false);
		if (isnan(row->delta))
			html_raw(out, "<td>-</td>");
		else
			html_add(out, "<td class=\"nowrap\">%+.2f %s</td>", row->delta,
				row->delta_word);
		compare_cell(out, row->p, "", false);
		interval_cell(out, row->bootstrap, unit);
		html_raw(out, "</tr>\n");
	}
	html_raw(out, "</table></div>\n");
}

static void part_answer(const void *page, struct strbuf *out)
{
	const struct compare_plot plot = {page, 0};
	auto_struct(strbuf) words = {0};

	headline_of_set(set_of(page), &words);
	html_lines(out, "verdict", &words);
	if (words.len)
		html_plot(out, compare_draw_arms, &plot);
}

static void part_verdicts(const void *page, struct strbuf *out)
{
	each_result(page, out, add_verdicts);
	html_lines(out, "note", &((const struct shown *)page)->alike.notes);
}

static void part_forest(const void *page, struct strbuf *out)
{
	struct compare_plot plot = {page, 0};

	for (; plot.i < set_of(page)->n; plot.i++) {
		add_heading(set_of(page), plot.i, out);
		if (!html_plot(out, compare_draw_forest, &plot))
			html_missing(out, "no metric has enough boots for an interval");
	}
}

static void part_table(const void *page, struct strbuf *out)
{
	each_result(page, out, add_table);
}

static void add_words(const struct compare_set *s, size_t m, struct strbuf *out)
{
	html_add(out, "<h3>%s</h3>\n<p class=\"note\">", s->results[0].rows[m].metric->name);
	for (size_t i = 0; i < s->n; i++) {
		auto_free char *words = compare_say(&s->results[i], &s->results[i].rows[m]);

		if (i)
			html_raw(out, "<br>");
		if (s->n > 1)
			html_add(out, "%s: ", s->results[i].input->name_b);
		html_add(out, "%s", words);
	}
	html_raw(out, "</p>\n");
}

static void part_plots(const void *page, struct strbuf *out)
{
	struct compare_plot plot = {page, 1}; /* the first stands above */

	for (; plot.i < set_of(page)->results[0].n_rows; plot.i++) {
		size_t before = out->len;

		add_words(set_of(page), plot.i, out);
		if (!html_plot(out, compare_draw_arms, &plot))
			out->len = before;
	}
}

static const struct template_part parts[] = {
	{"title", part_title},
	{"header", part_header},
	{"answer", part_answer},
	{"verdicts", part_verdicts},
	{"forest", part_forest},
	{"table", part_table},
	{"plots", part_plots},
	{"lateness", compare_part_lateness},
	{"timeline", compare_part_timeline},
	{"blame", compare_part_blame},
};

void compare_html(const struct compare_page *p, struct strbuf *out)
{
	struct shown shown = {.page = *p};

	alike_make(p->set, NULL, 0, &shown.alike);
	shown.page.set = &shown.alike.set;
	template_fill(&asset_compare_html, parts, ARRAY_SIZE(parts), &shown, out);
	alike_release(&shown.alike);
}

int compare_html_save(const struct compare_page *p, const char *path, struct err *e)
{
	auto_struct(strbuf) page = {0};

	compare_html(p, &page);
	return template_save(&page, path, e);
}
