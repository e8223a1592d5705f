// SPDX-License-Identifier: GPL-3.0-or-later
/* The curve of a sweep for gnuplot: of each line first its points, then its boots. */
#include <stdlib.h>

#include "base/quantity.h"
#include "report/compare/sweep_places.h"
#include "report/plot/gnuplot.h"

static void add_line(struct gnuplot *g, const struct sweep_line *line,
	const struct sweep_places *places, double factor)
{
	strbuf_add(&g->data, "# at median from to boots # as swept\n");
	for (size_t i = 0; i < line->n; i++) {
		struct sweep_value v = sweep_value(&line->points[i]);

		gnuplot_number(&g->data, sweep_place(places, line->points[i].label)->at);
		gnuplot_number(&g->data, v.median * factor);
		gnuplot_number(&g->data, v.n ? v.ci.lo * factor : v.median);
		gnuplot_number(&g->data, v.n ? v.ci.hi * factor : v.median);
		strbuf_add(&g->data, "%zu ", v.n);
		gnuplot_remark(g, line->points[i].label);
	}
	strbuf_add(&g->data, "\n\n# at value: a row for each boot\n");
	for (size_t i = 0; i < line->n; i++)
		for (size_t k = 0; k < line->points[i].n; k++) {
			gnuplot_number(&g->data, sweep_place(places, line->points[i].label)->at);
			gnuplot_number(&g->data, line->points[i].v[k] * factor);
			strbuf_add(&g->data, "\n");
		}
	strbuf_add(&g->data, "\n\n");
}

/* Words have no between: a bar each instead of a curve, those of several lines beside each other. */
static void plot_line(
	struct gnuplot *g, const struct sweep *s, size_t i, const struct sweep_places *places)
{
	double aside =
		places->numeric ? 0 : ((double)i - ((double)s->n - 1) / 2) * 0.6 / (double)s->n;
	auto_struct(strbuf) colour = {0};
	auto_free char *title = s->n > 1 ? xasprintf("title line%zu", i) : xstrdup("notitle");
	const char *name = g->name;
	size_t at = 2 * i;

	gnuplot_line_colour(&colour, i);
	strbuf_add(&g->script, "%s", i ? ", \\\n\t" : "plot ");
	if (places->numeric)
		strbuf_add(&g->script,
			"'%s.dat' index %zu using 1:3:4 with filledcurves fs transparent solid 0.15 noborder lc rgb %s notitle, \\\n"
			"\t'' index %zu using 1:2 with lines lw 1.5 lc rgb %s %s, \\\n\t",
			name, at, colour.text, at, colour.text, title);
	else
		strbuf_add(&g->script,
			"'%s.dat' index %zu using ($1+%.3g):2:3:4 with yerrorbars pt 2 lw 1.5 lc rgb %s %s, \\\n\t",
			name, at, aside + 0.05, colour.text, title);
	strbuf_add(&g->script,
		"'%s.dat' index %zu using ($1+%.3g):2 with points pt 7 ps 0.3 lc rgb %s notitle",
		name, at + 1, aside, colour.text);
}

bool sweep_gnuplot(struct gnuplot *g, const void *sweep)
{
	const struct sweep *s = sweep;
	struct sweep_places places = sweep_places(s);
	double factor, pad = places.numeric && places.n > 1 ? (places.hi - places.lo) * 0.05 : 0.5;
	const char *unit = quantity_unit(sweep_largest(s), s->unit, &factor);
	auto_free char *title = xasprintf("%s by %s", s->metric, s->key);
	auto_free char *label =
		xasprintf("%s%s%s%s", s->metric, *unit ? " (" : "", unit, *unit ? ")" : "");
	char variable[32];

	gnuplot_begin(g, title, s->key, label);
	strbuf_add(&g->script, "set xrange [%.6g:%.6g]\nset yrange [0:*]\n", places.lo - pad,
		places.hi + pad);
	for (size_t i = 0; i < places.n; i++) {
		snprintf(variable, sizeof(variable), "point%zu", i);
		gnuplot_tic(g, variable, places.items[i].label);
		strbuf_add(&g->script, "set xtics %s(point%zu %.6g)\n", i ? "add " : "", i,
			places.items[i].at);
	}
	for (size_t i = 0; i < s->n; i++) {
		snprintf(variable, sizeof(variable), "line%zu", i);
		gnuplot_text(g, variable, s->lines[i].name);
		add_line(g, &s->lines[i], &places, factor);
	}
	for (size_t i = 0; i < s->n; i++)
		plot_line(g, s, i, &places);
	strbuf_add(&g->script, "\n");
	free(places.items);
	return s->n > 0;
}
