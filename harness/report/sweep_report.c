// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/sweep_report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"

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

void sweep_report_text(const struct sweep *s, struct strbuf *out)
{
	bool short_of_boots = false;

	strbuf_add(
		out, "%s by %s: median of the boots and its 95 %% interval\n", s->metric, s->key);
	strbuf_add(out, "%-20s %5s %14s %14s %14s\n", s->key, "boots", "median", "from", "to");
	for (size_t i = 0; i < s->n; i++) {
		struct sweep_value v = sweep_value(&s->points[i]);
		char median[80], lo[80], hi[80];

		if (!v.n) {
			strbuf_add(
				out, "%-20.60s %5d %14s\n", s->points[i].label, 0, "not provided");
			continue;
		}
		compare_format(v.median, s->unit, false, median, sizeof(median));
		compare_format(v.ci.lo, s->unit, false, lo, sizeof(lo));
		compare_format(v.ci.hi, s->unit, false, hi, sizeof(hi));
		strbuf_add(out, "%-20.60s %5zu %14s %14s %14s%s\n", s->points[i].label, v.n, median,
			lo, hi, v.enough ? "" : " *");
		short_of_boots |= !v.enough;
	}
	if (short_of_boots)
		strbuf_add(out, "* fewer than 6 boots: the range of the boots, no interval\n");
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

void sweep_report_json(const struct sweep *s, struct strbuf *out)
{
	json_t *points = json_array(), *root;
	char *text;

	for (size_t i = 0; i < s->n; i++) {
		struct sweep_value v = sweep_value(&s->points[i]);
		json_t *values = json_array();

		for (size_t k = 0; k < s->points[i].n; k++)
			json_array_append_new(values, number(s->points[i].v[k]));
		json_array_append_new(points,
			json_pack("{s:s,s:I,s:o,s:[o,o],s:b,s:o}", "label", s->points[i].label, "n",
				(json_int_t)v.n, "median", number(v.median), "interval",
				number(v.ci.lo), number(v.ci.hi), "enough", (int)v.enough, "values",
				values));
	}
	root = json_pack("{s:s,s:s,s:s,s:o}", "key", s->key, "metric", s->metric, "unit", s->unit,
		"points", points);
	text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	strbuf_add(out, "%s\n", text ? text : "null");
	free(text);
	json_decref(root);
}
