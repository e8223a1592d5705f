// SPDX-License-Identifier: GPL-3.0-or-later
/* The curve of a sweep as SVG. */
#include <math.h>
#include <stdlib.h>

#include "analysis/compare.h"
#include "report/sweep_report.h"
#include "report/svg.h"

#define LEFT   62
#define RIGHT  30
#define HEIGHT 300
#define BOTTOM 44

/* Places on the x axis: the labels' own numbers when all are numbers and ascend, else 1, 2, 3, ...
 */
static bool places(const struct sweep *s, double *x)
{
	bool numeric = true;

	for (size_t i = 0; i < s->n && numeric; i++) {
		char *end;

		x[i] = strtod(s->points[i].label, &end);
		numeric = end != s->points[i].label && !*end && isfinite(x[i]) &&
			  (i == 0 || x[i] > x[i - 1]);
	}
	for (size_t i = 0; i < s->n && !numeric; i++)
		x[i] = (double)i + 1;
	return numeric;
}

static double largest(const struct sweep *s)
{
	double most = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->points[i].n; k++)
			if (isfinite(s->points[i].v[k]))
				most = fmax(most, s->points[i].v[k]);
	return most;
}

static void draw_band(struct svg *s, const double *px, const double *lo, const double *hi, size_t n)
{
	strbuf_add(s->out, "<path class=\"band\" d=\"");
	for (size_t i = 0; i < n; i++)
		strbuf_add(s->out, "%s%.1f %.1f", i ? "L" : "M", px[i], hi[i]);
	for (size_t i = n; i-- > 0;)
		strbuf_add(s->out, "L%.1f %.1f", px[i], lo[i]);
	strbuf_add(s->out, "z\"/>");
}

/* curve: a line and its band through places that are numbers; else a bar each, for words have no
 * between. */
static void draw_points(struct svg *g, const struct sweep *s, const double *at,
	const struct axis *x, const struct axis *y, double factor, bool curve)
{
	auto_free double *px = xcalloc(s->n, sizeof(*px)), *mid = xcalloc(s->n, sizeof(*mid));
	auto_free double *lo = xcalloc(s->n, sizeof(*lo)), *hi = xcalloc(s->n, sizeof(*hi));
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct sweep_value v = sweep_value(&s->points[i]);

		for (size_t k = 0; k < s->points[i].n; k++)
			if (isfinite(s->points[i].v[k]))
				strbuf_add(g->out,
					"<path class=\"c0 dot small\" d=\"M%.1f %.1fh0\"/>",
					axis_at(x, at[i]), axis_at(y, s->points[i].v[k] * factor));
		if (!v.n)
			continue;
		px[n] = axis_at(x, at[i]);
		mid[n] = axis_at(y, v.median * factor);
		lo[n] = axis_at(y, v.ci.lo * factor);
		hi[n++] = axis_at(y, v.ci.hi * factor);
	}
	for (size_t i = 0; i < n && !curve; i++) {
		svg_line(g, "span", px[i] + 10, lo[i], px[i] + 10, hi[i]);
		svg_line(g, "span", px[i] + 5, mid[i], px[i] + 15, mid[i]);
	}
	if (curve) {
		draw_band(g, px, lo, hi, n);
		svg_path(g, "c0", px, mid, n);
	}
}

void svg_plot_sweep(struct strbuf *out, double width, bool standalone, const struct sweep *s)
{
	struct svg g = {.out = out, .standalone = standalone};
	auto_free char *title = xasprintf("%s by %s", s->metric, s->key);
	auto_free double *at = xcalloc(s->n + 1, sizeof(*at));
	auto_free char *label = NULL;
	double factor, head = standalone ? 24 : 4, pad;
	bool numeric = places(s, at);
	const char *unit = compare_unit(largest(s), s->unit, &factor);
	struct axis x, y;

	label = xasprintf("%s%s%s%s", s->metric, *unit ? " (" : "", unit, *unit ? ")" : "");
	svg_begin(&g, width, HEIGHT + head, title);
	if (standalone)
		svg_text(&g, "start", 2, 16, "%s", title);
	pad = !numeric ? 0.5 : s->n > 1 ? (at[s->n - 1] - at[0]) * 0.05 : 1;
	x = (struct axis){
		at[0] - pad, (s->n ? at[s->n - 1] : 0) + pad, LEFT, width - RIGHT, false, s->key};
	y = (struct axis){0, largest(s) * factor, HEIGHT + head - BOTTOM, head + 30, false, label};
	axis_round(&y);
	if (numeric) {
		svg_axes(&g, &x, &y);
	} else {
		struct axis blank = x;

		blank.hi = blank.lo; /* no numbers on x: the labels stand there */
		svg_axes(&g, &blank, &y);
		for (size_t i = 0; i < s->n; i++)
			svg_text(&g, "middle", axis_at(&x, at[i]), y.from + 16, "%.16s",
				s->points[i].label);
	}
	draw_points(&g, s, at, &x, &y, factor, numeric);
	svg_end(&g);
}
