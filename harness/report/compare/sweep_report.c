// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/sweep_report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "report/escape.h"
#include "json/json_text.h"
#include "report/compare/alike.h"
#include "report/compare/headline.h"

static double *kept_values(const struct sweep_point *p, size_t *n)
{
	double *v = xcalloc(p->n, sizeof(*v));

	*n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (isfinite(p->v[i]))
			v[(*n)++] = p->v[i];
	stats_sort(v, *n);
	return v;
}

struct sweep_value sweep_value(const struct sweep_point *p)
{
	struct sweep_value r = {.median = NAN, .ci = {NAN, NAN}};
	auto_free double *v = kept_values(p, &r.n);

	if (!r.n)
		return r;
	r.median = stats_quantile_sorted(v, r.n, 0.5);
	r.ci = stats_median_interval(v, r.n, 0.95);
	r.enough = isfinite(r.ci.lo);
	if (!r.enough)
		r.ci = (struct interval){v[0], v[r.n - 1]};
	return r;
}

bool sweep_has_values(const struct sweep *s)
{
	for (size_t l = 0; l < s->n; l++)
		for (size_t i = 0; i < s->lines[l].n; i++)
			if (sweep_value(&s->lines[l].points[i]).n)
				return true;
	return false;
}

/* Returns whether the interval is one. */
static bool point_text(const struct sweep *s, const struct sweep_line *line,
	const struct sweep_point *p, int name_width, struct strbuf *out)
{
	struct sweep_value v = sweep_value(p);
	char median[80], lo[80], hi[80];

	if (name_width)
		text_add(out, "%-*.*s ", name_width, name_width, line->name);
	if (!v.n) {
		text_add(out, "%-20.60s %5d %14s\n", p->label, 0, "not provided");
		return true;
	}
	quantity_text(v.median, s->unit, false, median, sizeof(median));
	quantity_text(v.ci.lo, s->unit, false, lo, sizeof(lo));
	quantity_text(v.ci.hi, s->unit, false, hi, sizeof(hi));
	text_add(out, "%-20.60s %5zu %14s %14s %14s%s\n", p->label, v.n, median, lo, hi,
		v.enough ? "" : " *");
	return v.enough;
}

static bool one_text(const struct sweep *s, struct strbuf *out)
{
	bool enough = true;
	int width = 0;

	for (size_t l = 0; l < s->n; l++)
		width = MAX(width, MIN((int)strlen(s->lines[l].name), 40));
	text_add(out, "%s by %s: median of the boots and its 95 %% interval\n", s->metric, s->key);
	if (width)
		text_add(out, "%-*s ", width, "");
	text_add(out, "%-20s %5s %14s %14s %14s\n", s->key, "boots", "median", "from", "to");
	for (size_t l = 0; l < s->n; l++)
		for (size_t i = 0; i < s->lines[l].n; i++)
			enough &= point_text(s, &s->lines[l], &s->lines[l].points[i], width, out);
	return enough;
}

void sweep_report_text(const struct sweep *s, size_t n, struct strbuf *out)
{
	auto_struct(alike) shown = {0};
	auto_struct(strbuf) headline = {0};
	bool enough = true;

	alike_make(NULL, s, n, &shown);
	if (shown.n)
		headline_of_sweep(&shown.sweeps[0], &headline);
	compare_lines(&headline, out);
	for (size_t i = 0; i < shown.n; i++) {
		text_add(out, "\n");
		enough &= one_text(&shown.sweeps[i], out);
	}
	text_add(out, "\n");
	if (!enough)
		text_add(out, "* fewer than 6 boots: the range of the boots, no interval\n");
	compare_lines(&shown.notes, out);
}

static json_t *line_json(const struct sweep_line *line)
{
	json_t *points = json_array();

	for (size_t i = 0; i < line->n; i++) {
		const struct sweep_point *p = &line->points[i];
		struct sweep_value v = sweep_value(p);

		json_array_append_new(points,
			JSON({"label", json_text(p->label)}, {"n", json_count(v.n)},
				{"median", json_number(v.median)},
				{"interval", json_numbers((const double[]){v.ci.lo, v.ci.hi}, 2)},
				{"enough", json_boolean(v.enough)},
				{"values", json_numbers(p->v, p->n)}));
	}
	return JSON({"name", json_text(line->name)}, {"points", points});
}

void sweep_report_json(const struct sweep *s, size_t n, struct strbuf *out)
{
	json_t *sweeps = json_array();
	auto_free char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		json_t *lines;

		if (!sweep_has_values(&s[i]))
			continue;
		lines = json_array();
		for (size_t l = 0; l < s[i].n; l++)
			json_array_append_new(lines, line_json(&s[i].lines[l]));
		json_array_append_new(
			sweeps, JSON({"metric", json_text(s[i].metric)},
					{"unit", json_text(s[i].unit)}, {"lines", lines}));
	}
	text = json_document(JSON({"key", json_text(n ? s[0].key : "")}, {"sweeps", sweeps}),
		JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	strbuf_add(out, "%s", text);
}

void sweep_report_csv(const struct sweep *s, size_t n, struct strbuf *out)
{
	text_add(out, "metric,unit,line,key,point,boots,median,lo,hi,enough\n");
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < s[i].n && sweep_has_values(&s[i]); l++)
			for (size_t k = 0; k < s[i].lines[l].n; k++) {
				const struct sweep_point *p = &s[i].lines[l].points[k];
				struct sweep_value v = sweep_value(p);

				text_add(out, "%s,%s,", s[i].metric, s[i].unit);
				escape_csv(out, s[i].lines[l].name);
				text_add(out, ",%s,", s[i].key);
				escape_csv(out, p->label);
				text_add(out, ",%zu", v.n);
				escape_csv_number(out, v.median);
				escape_csv_number(out, v.ci.lo);
				escape_csv_number(out, v.ci.hi);
				text_add(out, ",%s\n", v.enough ? "yes" : "no");
			}
}
