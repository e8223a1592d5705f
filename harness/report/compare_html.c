// SPDX-License-Identifier: GPL-3.0-or-later
/* The page of a comparison; see compare_html.h. */
#include "report/compare_html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/assets.h"
#include "report/compare_report.h"
#include "report/compare_series.h"
#include "report/escape.h"
#include "report/html_parts.h"
#include "report/svg_compare.h"
#include "report/template.h"

#define BLAME_ROWS 10

static const struct compare_input *input_of(const void *page)
{
	return ((const struct compare_page *)page)->result->input;
}

static void part_title(const void *p, struct strbuf *out)
{
	html_text(out, "%s and %s \xc2\xb7 stealscope", input_of(p)->name_a, input_of(p)->name_b);
}

static void part_css(const void *p, struct strbuf *out)
{
	(void)p;
	asset_add(out, &asset_report_css);
}

static void part_svg_css(const void *p, struct strbuf *out)
{
	(void)p;
	asset_add(out, &asset_svg_css);
}

static void part_header(const void *page, struct strbuf *out)
{
	const struct compare_page *p = page;

	strbuf_add(out, "<h1>");
	html_text(out, "%s and %s", input_of(p)->name_a, input_of(p)->name_b);
	strbuf_add(out, "</h1>\n<p class=\"sub\">shift = ");
	html_text(out, "%s - %s \xc2\xb7 %.0f %% intervals \xc2\xb7 a value is a boot",
		input_of(p)->name_b, input_of(p)->name_a, 100 * p->result->confidence);
	strbuf_add(out, "</p>\n");
	if (p->result->warning) {
		strbuf_add(out, "<p class=\"alert\" role=\"note\">");
		escape_xml(out, p->result->warning);
		strbuf_add(out, "</p>\n");
	}
}

static const struct {
	const char *class, *word;
} badges[] = {
	[COMPARE_NO_DATA] = {"unknown", "no data"},
	[COMPARE_TOO_FEW] = {"unknown", "too few"},
	[COMPARE_SAME] = {"unknown", "no difference"},
	[COMPARE_A_BETTER] = {"fail", "differs"},
	[COMPARE_B_BETTER] = {"pass", "differs"},
	[COMPARE_DIFFERENT] = {"pass", "differs"},
};

static void part_verdicts(const void *page, struct strbuf *out)
{
	const struct compare_result *r = ((const struct compare_page *)page)->result;
	struct strbuf missing = {0};

	strbuf_add(out, "<div class=\"wide\"><table>\n");
	for (int rank = 0; rank < COMPARE_RANKS; rank++)
		for (size_t i = 0; i < r->n_rows; i++) {
			const struct compare_row *row = &r->rows[i];

			if (compare_rank(row) != rank)
				continue;
			strbuf_add(out,
				"<tr><td><span class=\"badge %s\">%s</span></td><td "
				"class=\"wrap\">",
				badges[row->verdict].class, badges[row->verdict].word);
			escape_xml(out, row->words);
			strbuf_add(out, "</td></tr>\n");
		}
	strbuf_add(out, "</table></div>\n");
	compare_missing(r, &missing);
	if (missing.len) {
		strbuf_add(out, "<p class=\"note\">");
		escape_xml(out, missing.text);
		strbuf_add(out, "</p>\n");
	}
	strbuf_release(&missing);
}

static void cell(struct strbuf *out, double v, const char *unit, bool sign)
{
	char buf[80];

	strbuf_add(out, "<td class=\"n\">");
	escape_xml(out, isnan(v) ? "-" : compare_format(v, unit, sign, buf, sizeof(buf)));
	strbuf_add(out, "</td>");
}

static void interval_cell(struct strbuf *out, struct interval v, const char *unit)
{
	char lo[80], hi[80];

	strbuf_add(out, "<td class=\"n\">");
	if (isnan(v.lo))
		strbuf_add(out, "-");
	else
		html_text(out, "%s \xe2\x80\xa6 %s",
			compare_format(v.lo, unit, true, lo, sizeof(lo)),
			compare_format(v.hi, unit, true, hi, sizeof(hi)));
	strbuf_add(out, "</td>");
}

static void part_table(const void *page, struct strbuf *out)
{
	const struct compare_result *r = ((const struct compare_page *)page)->result;

	strbuf_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" "
			"aria-label=\"Figures\"><table><tr>"
			"<th>metric</th><th class=\"n\">boots</th><th class=\"n\">median ");
	escape_xml(out, r->input->name_a);
	strbuf_add(out, "</th><th class=\"n\">median ");
	escape_xml(out, r->input->name_b);
	strbuf_add(out, "</th><th class=\"n\">shift</th><th class=\"n\">interval</th><th "
			"class=\"n\">p (Holm)</th><th>effect</th><th class=\"n\">p</th><th "
			"class=\"n\">bootstrap interval</th></tr>\n");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct compare_row *row = &r->rows[i];
		const char *unit = row->metric->unit;

		if (!row->na && !row->nb)
			continue;
		strbuf_add(out, "<tr><th scope=\"row\">");
		escape_xml(out, row->metric->name);
		strbuf_add(out, "</th><td class=\"n\">%zu, %zu</td>", row->na, row->nb);
		cell(out, row->median_a, unit, false);
		cell(out, row->median_b, unit, false);
		cell(out, row->shift.estimate, unit, true);
		interval_cell(out, row->shift.ci, unit);
		cell(out, row->p_holm, "", false);
		if (isnan(row->delta))
			strbuf_add(out, "<td>-</td>");
		else
			strbuf_add(out, "<td class=\"nowrap\">%+.2f %s</td>", row->delta,
				row->delta_word);
		cell(out, row->p, "", false);
		interval_cell(out, row->bootstrap, unit);
		strbuf_add(out, "</tr>\n");
	}
	strbuf_add(out, "</table></div>\n");
}

static void part_forest(const void *page, struct strbuf *out)
{
	const struct compare_result *r = ((const struct compare_page *)page)->result;
	struct strbuf wide = {0};

	if (!svg_plot_forest(&wide, SVG_WIDE, false, r)) {
		html_missing(out, "no metric has enough boots for an interval");
		return;
	}
	strbuf_add(out, "<div class=\"full\">");
	strbuf_addn(out, wide.text, wide.len);
	strbuf_add(out, "</div><div class=\"narrow\">");
	svg_plot_forest(out, SVG_NARROW, false, r);
	strbuf_add(out, "</div>\n");
	strbuf_release(&wide);
}

static void part_plots(const void *page, struct strbuf *out)
{
	const struct compare_result *r = ((const struct compare_page *)page)->result;

	for (size_t i = 0; i < r->n_rows; i++) {
		if (!r->rows[i].na || !r->rows[i].nb)
			continue;
		strbuf_add(out, "<h3>");
		escape_xml(out, r->rows[i].metric->name);
		strbuf_add(out, "</h3>\n<p class=\"note\">");
		escape_xml(out, r->rows[i].words);
		strbuf_add(out, "</p>\n<div class=\"full\">");
		svg_plot_arms(out, SVG_WIDE, false, r, &r->rows[i]);
		strbuf_add(out, "</div><div class=\"narrow\">");
		svg_plot_arms(out, SVG_NARROW, false, r, &r->rows[i]);
		strbuf_add(out, "</div>\n");
	}
}

/* Lateness of all guests that are no noise, in all boots of an arm. */
static struct hist pooled_lateness(const struct analysis *const *set, size_t n)
{
	struct hist h = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t g = 0; g < set[i]->n_guests; g++)
			if (!set[i]->guests[g].is_noise)
				hist_merge(&h, &set[i]->guests[g].late);
	return h;
}

static void part_lateness(const void *page, struct strbuf *out)
{
	const struct compare_page *p = page;
	struct hist a = pooled_lateness(p->a, p->na), b = pooled_lateness(p->b, p->nb);
	const struct svg_dist_data d[] = {{input_of(p)->name_a, &a}, {input_of(p)->name_b, &b}};
	const char *title = "Lateness of timer wake-ups", *label = "lateness (ms)";

	if (a.total && b.total) {
		strbuf_add(out, "<div class=\"full\">");
		svg_plot_distribution(out, SVG_WIDE, false, title, label, d, 2);
		strbuf_add(out, "</div><div class=\"narrow\">");
		svg_plot_distribution(out, SVG_NARROW, false, title, label, d, 2);
		strbuf_add(out, "</div>\n");
	} else {
		html_missing(out, "the boots of both arms are not at hand, or ran no timer probe");
	}
	hist_release(&a);
	hist_release(&b);
}

static void part_timeline(const void *page, struct strbuf *out)
{
	static const struct {
		enum series_id id;
		const char *title, *label;
		double scale;
	} plots[] = {{SERIES_STEAL, "Steal, mean of all boots", "steal (ms/s per vCPU)", 1},
		{SERIES_TIMER_LATE, "Worst wake-up of each stretch, mean of all boots",
			"lateness (ms)", 1e-3}};
	const struct compare_page *p = page;
	const char *const names[] = {input_of(p)->name_a, input_of(p)->name_b};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(plots); i++) {
		struct series arms[] = {
			arm_series(p->a, p->na, plots[i].id), arm_series(p->b, p->nb, plots[i].id)};

		any |= html_arm_series(
			out, names, arms, plots[i].title, plots[i].label, plots[i].scale);
		free(arms[0].v);
		free(arms[1].v);
	}
	if (!any)
		html_missing(out, "the boots of both arms are not at hand");
}

/* ---- blame of an arm: culprits summed over boots, by name */

struct culprit_sum {
	const char *name;
	double ns[2];
};

static void add_blame(struct culprit_sum **sums, size_t *n, const struct analysis *a, int arm)
{
	for (size_t i = 0; i < a->n_blame; i++) {
		size_t k = 0;

		if (a->guests[a->blame[i].guest].is_noise)
			continue;
		while (k < *n && strcmp((*sums)[k].name, a->blame[i].culprit))
			k++;
		if (k == *n) {
			ARRAY_GROW(*sums, *n);
			(*sums)[(*n)++].name = a->blame[i].culprit;
		}
		(*sums)[k].ns[arm] += (double)a->blame[i].ns;
	}
}

static int by_share(const void *x, const void *y)
{
	const struct culprit_sum *a = x, *b = y;
	double va = fmax(a->ns[0], a->ns[1]), vb = fmax(b->ns[0], b->ns[1]);

	return va < vb ? 1 : va > vb ? -1 : strcmp(a->name, b->name);
}

static double window_seconds(const struct analysis *const *set, size_t n)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += set[i]->window_s;
	return s;
}

static void part_blame(const void *page, struct strbuf *out)
{
	const struct compare_page *p = page;
	auto_free struct culprit_sum *sums = NULL;
	double seconds[2] = {window_seconds(p->a, p->na), window_seconds(p->b, p->nb)};
	size_t n = 0;

	for (size_t i = 0; i < p->na; i++)
		add_blame(&sums, &n, p->a[i], 0);
	for (size_t i = 0; i < p->nb; i++)
		add_blame(&sums, &n, p->b[i], 1);
	if (!n) {
		html_missing(out, "the boots of both arms are not at hand, or have no host trace");
		return;
	}
	qsort(sums, n, sizeof(*sums), by_share);
	strbuf_add(out, "<p>Waiting of all vCPUs together that each culprit caused, per second of "
			"measuring.</p>"
			"<div class=\"wide\"><table><tr><th>culprit</th><th class=\"n\">");
	escape_xml(out, input_of(p)->name_a);
	strbuf_add(out, "</th><th class=\"n\">");
	escape_xml(out, input_of(p)->name_b);
	strbuf_add(out, "</th></tr>\n");
	for (size_t i = 0; i < MIN(n, (size_t)BLAME_ROWS); i++) {
		strbuf_add(out, "<tr><td class=\"wrap\">");
		escape_xml(out, sums[i].name);
		strbuf_add(out, "</td>");
		for (int arm = 0; arm < 2; arm++)
			cell(out, seconds[arm] > 0 ? sums[i].ns[arm] / 1e6 / seconds[arm] : NAN,
				"ms/s", false);
		strbuf_add(out, "</tr>\n");
	}
	strbuf_add(out, "</table></div>\n");
}

static void part_footer(const void *p, struct strbuf *out)
{
	(void)p;
	html_text(out, "Made by stealscope %s.", SS_VERSION);
}

static const struct template_part parts[] = {
	{"title", part_title},
	{"css", part_css},
	{"svg_css", part_svg_css},
	{"header", part_header},
	{"verdicts", part_verdicts},
	{"forest", part_forest},
	{"table", part_table},
	{"plots", part_plots},
	{"lateness", part_lateness},
	{"timeline", part_timeline},
	{"blame", part_blame},
	{"footer", part_footer},
};

void compare_html(const struct compare_page *p, struct strbuf *out)
{
	template_fill(&asset_compare_html, parts, ARRAY_SIZE(parts), p, out);
}

int compare_html_save(const struct compare_page *p, const char *path, struct err *e)
{
	struct strbuf page = {0};
	int rc;

	compare_html(p, &page);
	rc = template_save(&page, path, e);
	strbuf_release(&page);
	return rc;
}
