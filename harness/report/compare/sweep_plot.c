// SPDX-License-Identifier: GPL-3.0-or-later
/* The curve of a sweep as SVG. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "report/compare/sweep_places.h"
#include "report/plot/svg.h"

#define LEFT   62
#define RIGHT  30
#define HEIGHT 300
#define BOTTOM 44

static void draw_band(struct svg *s, size_t colour, const double *px, const double *lo,
	const double *hi, size_t n)
{
	strbuf_add(s->out, "<path class=\"band b%zu\" d=\"", colour);
	for (size_t i = 0; i < n; i++)
		strbuf_add(s->out, "%s%.1f %.1f", i ? "L" : "M", px[i], hi[i]);
	for (size_t i = n; i-- > 0;)
		strbuf_add(s->out, "L%.1f %.1f", px[i], lo[i]);
	strbuf_add(s->out, "z\"/>");
}

static void draw_boots(struct svg *g, size_t colour, const struct sweep_point *p, double x,
	const struct axis *y, double factor)
{
	for (size_t k = 0; k < p->n; k++)
		if (isfinite(p->v[k]))
			strbuf_add(g->out, "<path class=\"c%zu dot small\" d=\"M%.1f %.1fh0\"/>",
				colour, x, axis_at(y, p->v[k] * factor));
}

/* Words have no between: a bar each instead of a curve. */
static void draw_bar(struct svg *g, double x, double lo, double mid, double hi)
{
	svg_line(g, "span", x, lo, x, hi);
	svg_line(g, "span", x - 5, mid, x + 5, mid);
}

static void draw_line(struct svg *g, size_t index, size_t n_lines, const struct sweep_line *line,
	const struct sweep_places *places, const struct axis *x, const struct axis *y,
	double factor)
{
	auto_free double *px = xcalloc(line->n, sizeof(*px)), *mid = xcalloc(line->n, sizeof(*mid));
	auto_free double *lo = xcalloc(line->n, sizeof(*lo)), *hi = xcalloc(line->n, sizeof(*hi));
	/* Lines of words stand beside each other. */
	double aside = places->numeric ? 0 : ((double)index - ((double)n_lines - 1) / 2) * 24;
	size_t n = 0, colour = index % SVG_COLOURS;
	char class[16];

	for (size_t i = 0; i < line->n; i++) {
		struct sweep_value v = sweep_value(&line->points[i]);
		double at = axis_at(x, sweep_place(places, line->points[i].label)->at) + aside;

		draw_boots(g, colour, &line->points[i], at, y, factor);
		if (!v.n)
			continue;
		px[n] = at;
		mid[n] = axis_at(y, v.median * factor);
		lo[n] = axis_at(y, v.ci.lo * factor);
		hi[n++] = axis_at(y, v.ci.hi * factor);
	}
	for (size_t i = 0; i < n && !places->numeric; i++)
		draw_bar(g, px[i] + 10, lo[i], mid[i], hi[i]);
	if (!places->numeric)
		return;
	draw_band(g, colour, px, lo, hi, n);
	snprintf(class, sizeof(class), "c%zu", colour);
	svg_path(g, class, px, mid, n);
}

/* The x axis has its ticks where the points are, as far as there is room for their labels. */
static void draw_axes(struct svg *g, const struct sweep_places *places, const struct axis *x,
	const struct axis *y)
{
	struct axis blank = *x;
	double room = (x->to - x->from) / (double)MAX(places->n, (size_t)1), last = -INFINITY;

	blank.hi = blank.lo; /* no ticks of its own */
	svg_axes(g, &blank, y);
	for (size_t i = 0; i < places->n; i++) {
		double at = axis_at(x, places->items[i].at);
		int fits = (int)((places->numeric ? 80 : room) / SVG_CHAR_W) - 1;
		double half = fmin((double)strlen(places->items[i].label), fits) * SVG_CHAR_W / 2;

		svg_line(g, "grid", at, y->from, at, y->to);
		if (at - half < last + 6)
			continue;
		svg_text(g, "middle", at, y->from + 16, "%.*s", MAX(fits, 1),
			places->items[i].label);
		last = at + half;
	}
}

void svg_plot_sweep(struct strbuf *out, double width, bool standalone, const struct sweep *s)
{
	struct svg g = {.out = out, .standalone = standalone};
	auto_free char *title = xasprintf("%s by %s", s->metric, s->key);
	auto_free const char **names = xcalloc(s->n, sizeof(*names));
	auto_free char *label = NULL;
	struct sweep_places places = sweep_places(s);
	double factor, head = standalone ? 24 : 4, pad;
	const char *unit = quantity_unit(sweep_largest(s), s->unit, &factor);
	size_t shown = s->n > 1 ? s->n : 0; /* in the legend */
	struct axis x, y;

	for (size_t i = 0; i < s->n; i++)
		names[i] = s->lines[i].name;
	label = xasprintf("%s%s%s%s", s->metric, *unit ? " (" : "", unit, *unit ? ")" : "");
	svg_begin(&g, width, HEIGHT + head + 18 * svg_legend_rows(names, shown, width - 10), title);
	if (standalone)
		svg_text(&g, "start", 2, 16, "%s", title);
	svg_legend(&g, names, shown, 2, head + 12, width - 10);
	head += 18 * svg_legend_rows(names, shown, width - 10);
	pad = !places.numeric ? 0.5 : places.n > 1 ? (places.hi - places.lo) * 0.05 : 1;
	x = (struct axis){places.lo - pad, places.hi + pad, LEFT, width - RIGHT, false, s->key};
	y = (struct axis){
		0, sweep_largest(s) * factor, HEIGHT + head - BOTTOM, head + 30, false, label};
	axis_round(&y);
	draw_axes(&g, &places, &x, &y);
	for (size_t i = 0; i < s->n; i++)
		draw_line(&g, i, s->n, &s->lines[i], &places, &x, &y, factor);
	svg_end(&g);
	free(places.items);
}
