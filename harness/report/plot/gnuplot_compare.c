// SPDX-License-Identifier: GPL-3.0-or-later
/* Figures of a comparison for gnuplot. */
#include <math.h>

#include "base/quantity.h"
#include "report/plot/gnuplot.h"

#define FOREST_MOST 400.0 /* % at which the axis ends at the latest; the data has all of it */

/* An arm's boots in order, each with the share of them at or below it. */
static void add_boots(struct gnuplot *g, const struct svg_arm *arm, double factor)
{
	auto_free double *v = xcalloc(arm->n, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < arm->n; i++)
		if (isfinite(arm->v[i]))
			v[n++] = arm->v[i] * factor;
	stats_sort(v, n);
	strbuf_add(
		&g->data, "# value share_at_or_below; the first row is where the curve begins\n");
	for (size_t i = 0; i <= n; i++) {
		gnuplot_number(&g->data, n ? v[i ? i - 1 : 0] : NAN);
		gnuplot_number(&g->data, n ? (double)i / (double)n : NAN);
		strbuf_add(&g->data, "\n");
	}
	strbuf_add(&g->data, "\n\n");
}

void gnuplot_arms(struct gnuplot *g, const char *metric, const char *unit,
	const struct svg_arm *arms, size_t n)
{
	auto_free char *label = NULL;
	double most = 0, factor;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < arms[i].n; k++)
			if (isfinite(arms[i].v[k]))
				most = fmax(most, fabs(arms[i].v[k]));
	unit = quantity_unit(most, unit, &factor);
	label = xasprintf("%s%s%s%s", metric, *unit ? " (" : "", unit, *unit ? ")" : "");
	gnuplot_begin(g, metric, label, "share of boots at or below x");
	strbuf_add(&g->script,
		"# The dots above the curves are the boots.\nset offsets graph 0.04, graph 0.04\nset yrange [0:%.2f]\nset ytics 0, 0.2, 1\n",
		1.06 + 0.07 * (double)n);
	for (size_t i = 0; i < n; i++) {
		char variable[32];

		add_boots(g, &arms[i], factor);
		snprintf(variable, sizeof(variable), "line%zu", i);
		gnuplot_text(g, variable, arms[i].name);
	}
	for (size_t i = 0; i < n; i++) {
		auto_struct(strbuf) colour = {0};

		gnuplot_line_colour(&colour, i);
		strbuf_add(&g->script,
			"%s'%s.dat' index %zu using 1:2 with steps lw 1.5 lc rgb %s title line%zu, \\\n"
			"\t'' index %zu every ::1 using 1:(%.2f) with points pt 7 ps 0.5 lc rgb %s notitle",
			i ? ", \\\n\t" : "plot ", g->name, i, colour.text, i, i,
			1.06 + 0.07 * (double)i, colour.text);
	}
	strbuf_add(&g->script, "\n");
}

/* In % of the first arm's median. */
static double percent(const struct compare_row *r, double v)
{
	return 100 * v / fabs(r->median_a);
}

bool gnuplot_forest(struct gnuplot *g, const struct compare_result *r)
{
	auto_free char *title = xasprintf("%s against %s", r->input->name_b, r->input->name_a);
	auto_struct(strbuf) names = {0};
	double most = 1;
	size_t n = 0;

	strbuf_add(&g->data, "# shift_%% from_%% to_%% row differs\n");
	gnuplot_begin(g, title, "shift (% of the first arm's median)", "");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct compare_row *row = &r->rows[i];
		double lo = percent(row, row->shift.ci.lo), hi = percent(row, row->shift.ci.hi);
		char variable[32];

		if (!compare_row_has_shift(row))
			continue;
		gnuplot_number(&g->data, percent(row, row->shift.estimate));
		gnuplot_number(&g->data, lo);
		gnuplot_number(&g->data, hi);
		strbuf_add(&g->data, "%zu %d ", n, row->verdict != COMPARE_SAME);
		gnuplot_remark(g, row->metric->name);
		snprintf(variable, sizeof(variable), "metric%zu", n);
		gnuplot_tic(g, variable, row->metric->name);
		strbuf_add(&names, "%smetric%zu %zu", n ? ", " : "", n, n);
		most = fmax(most, fmin(fmax(fabs(lo), fabs(hi)) * 1.05, FOREST_MOST));
		n++;
	}
	strbuf_add(&g->script,
		"set xrange [-%.3g:%.3g]\nset yrange [%zu.5:-0.5]\nset ytics (%s)\n"
		"set arrow from 0, graph 0 to 0, graph 1 nohead dt 2\nset key off\n",
		most, most, n ? n - 1 : 0, names.text ? names.text : "");
	for (int differs = 0; differs <= 1; differs++) {
		strbuf_add(&g->script,
			"%s'%s.dat' using ($5 == %d ? $1 : NaN):4:2:3 with xerrorbars pt 7 ps 0.5 lw 2 lc rgb ",
			differs ? ", \\\n\t" : "plot ", g->name, differs);
		gnuplot_colour(&g->script, differs ? "c1" : "dim");
	}
	strbuf_add(&g->script, "\n");
	return n > 0;
}
