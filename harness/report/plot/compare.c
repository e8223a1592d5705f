// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/plot/compare.h"
#include "base/quantity.h"

#include <math.h>
#include <stdlib.h>

#define LEFT	    62
#define RIGHT	    20
#define DOT_ROW	    20
#define ECDF_H	    150
#define BOTTOM	    44
#define FOREST_ROW  24
#define FOREST_MOST 400.0 /* % at which an interval is cut, with an arrowhead */

struct values {
	double *v; /* ascending, without NaN */
	size_t n;
};

static struct values arm_values(const double *v, size_t n)
{
	struct values s = {xcalloc(n, sizeof(*s.v)), 0};

	for (size_t i = 0; i < n; i++)
		if (isfinite(v[i]))
			s.v[s.n++] = v[i];
	stats_sort(s.v, s.n);
	return s;
}

static void draw_dots(struct svg *s, const struct values *v, size_t arm, const struct axis *x,
	double y, double scale)
{
	for (size_t i = 0; i < v->n; i++)
		strbuf_add(s->out, "<path class=\"c%zu dot\" d=\"M%.1f %.1fh0\"/>", arm,
			axis_at(x, v->v[i] * scale), y);
	if (v->n) {
		double at = axis_at(x, stats_quantile_sorted(v->v, v->n, 0.5) * scale);

		svg_line(s, "span", at, y - 8, at, y + 8);
	}
}

static void draw_ecdf(struct svg *s, const struct values *v, size_t arm, const struct axis *x,
	const struct axis *y, double scale)
{
	size_t n = 2 * v->n + 2;
	auto_free double *px = xcalloc(n, sizeof(*px)), *py = xcalloc(n, sizeof(*py));
	char class[16];

	px[0] = x->from;
	py[0] = axis_at(y, 0);
	for (size_t i = 0; i < v->n; i++) {
		px[2 * i + 1] = px[2 * i + 2] = axis_at(x, v->v[i] * scale);
		py[2 * i + 1] = py[2 * i];
		py[2 * i + 2] = axis_at(y, (double)(i + 1) / (double)v->n);
	}
	px[n - 1] = x->to;
	py[n - 1] = axis_at(y, 1);
	snprintf(class, sizeof(class), "c%zu", arm);
	svg_path(s, class, px, py, n);
}

/* The range of all arms, a little wider; never empty. */
static void value_range(const struct values *v, size_t n, double *lo, double *hi)
{
	double pad;

	*lo = INFINITY;
	*hi = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		*lo = fmin(*lo, v[i].n ? v[i].v[0] : INFINITY);
		*hi = fmax(*hi, v[i].n ? v[i].v[v[i].n - 1] : -INFINITY);
	}
	pad = *hi > *lo ? (*hi - *lo) * 0.04 : *hi != 0 ? fabs(*hi) * 0.1 : 1;
	*lo -= pad;
	*hi += pad;
}

void svg_plot_arms(struct strbuf *out, double width, bool standalone, const char *metric,
	const char *unit, const struct svg_arm *arms, size_t n)
{
	struct svg s = {.out = out, .standalone = standalone};
	auto_free struct values *v = xcalloc(n, sizeof(*v));
	auto_free const char **names = xcalloc(n, sizeof(*names));
	auto_free char *label = NULL;
	double head, top, lo, hi, factor;
	struct axis x, y;

	for (size_t i = 0; i < n; i++) {
		v[i] = arm_values(arms[i].v, arms[i].n);
		names[i] = arms[i].name;
	}
	head = (standalone ? 24 : 4) + 18 * svg_legend_rows(names, n, width - 10);
	value_range(v, n, &lo, &hi);
	unit = quantity_unit(fmax(fabs(lo), fabs(hi)), unit, &factor);
	label = xasprintf("%s%s%s%s", metric, *unit ? " (" : "", unit, *unit ? ")" : "");
	top = head + (double)n * DOT_ROW + 28;
	svg_begin(&s, width, top + ECDF_H + BOTTOM, metric);
	if (standalone)
		svg_text(&s, "start", 2, 16, "%s", metric);
	svg_legend(&s, names, n, 2, (standalone ? 24 : 4) + 12, width - 10);
	x = (struct axis){lo * factor, hi * factor, LEFT, width - RIGHT, false, label};
	y = (struct axis){0, 1, top + ECDF_H, top, false, "share of boots at or below x"};
	svg_axes(&s, &x, &y);
	for (size_t i = 0; i < n; i++) {
		draw_dots(
			&s, &v[i], i % SVG_COLOURS, &x, head + DOT_ROW * ((double)i + 0.5), factor);
		draw_ecdf(&s, &v[i], i % SVG_COLOURS, &x, &y, factor);
		free(v[i].v);
	}
	svg_end(&s);
}

/* The name stands left of the dots, or above them where there is no room. */
static void draw_strip(struct svg *s, const struct values *v, const char *name,
	const struct axis *x, double y, double height, double scale)
{
	bool above = height > DOT_ROW;
	double dots = above ? y + 24 : y + 10;

	if (above)
		svg_text(s, "start", 2, y + 12, "%s", name);
	else
		svg_text(s, "end", x->from - 10, y + 14, "%.*s", (int)((x->from - 10) / SVG_CHAR_W),
			name);
	svg_line(s, "grid", x->from, dots, x->to, dots);
	draw_dots(s, v, 0, x, dots, scale);
}

bool svg_plot_strips(struct strbuf *out, double width, bool standalone, const char *metric,
	const char *unit, const struct svg_arm *arms, size_t n)
{
	struct svg s = {.out = out, .standalone = standalone};
	auto_free struct values *v = xcalloc(n + 1, sizeof(*v));
	auto_free char *label = NULL;
	double lo, hi, factor, head = standalone ? 28 : 4, row = width < 500 ? 36 : DOT_ROW;
	size_t have = 0;
	struct axis x;

	for (size_t i = 0; i < n; i++) {
		v[i] = arm_values(arms[i].v, arms[i].n);
		have += v[i].n;
	}
	value_range(v, n, &lo, &hi);
	if (have) {
		unit = quantity_unit(fmax(fabs(lo), fabs(hi)), unit, &factor);
		label = xasprintf("%s%s%s%s", metric, *unit ? " (" : "", unit, *unit ? ")" : "");
		svg_begin(&s, width, head + (double)n * row + BOTTOM, metric);
		if (standalone)
			svg_text(&s, "start", 2, 16, "%s", metric);
		/* From 0, so that what differs little looks so. */
		x = (struct axis){fmin(lo, 0) * factor, hi * factor, width < 500 ? 12 : 260,
			width - RIGHT, false, label};
		axis_round(&x);
		for (size_t i = 0; i < n; i++)
			draw_strip(
				&s, &v[i], arms[i].name, &x, head + (double)i * row, row, factor);
		svg_x_axis(&s, &x, head + (double)n * row + 2);
		svg_end(&s);
	}
	for (size_t i = 0; i < n; i++)
		free(v[i].v);
	return have > 0;
}

/* ---- all metrics at once */

bool compare_row_has_shift(const struct compare_row *r)
{
	return isfinite(r->shift.estimate) && isfinite(r->shift.ci.lo) &&
	       isfinite(r->shift.ci.hi) && r->median_a != 0;
}

static double percent(const struct compare_row *r, double v)
{
	return fmin(fmax(100 * v / fabs(r->median_a), -FOREST_MOST), FOREST_MOST);
}

static bool beyond(const struct compare_row *r, double v)
{
	return fabs(100 * v / r->median_a) > FOREST_MOST;
}

/* An arrowhead where an interval goes on beyond the plot. */
static void cut_mark(
	struct svg *s, const struct compare_row *r, double v, const struct axis *x, double y)
{
	double tip = axis_at(x, percent(r, v)), back = v < 0 ? 7 : -7;

	if (beyond(r, v))
		strbuf_add(s->out, "<path class=\"span\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1f\"/>",
			tip + back, y - 5, tip, y, tip + back, y + 5);
}

static void forest_row(
	struct svg *s, const struct compare_row *r, const struct axis *x, double y, double name_w)
{
	double at = axis_at(x, percent(r, r->shift.estimate));
	double from = axis_at(x, percent(r, r->shift.ci.lo));
	double to = axis_at(x, percent(r, r->shift.ci.hi));

	/* An interval that lies beyond the plot as a whole has a stub below its arrowhead. */
	if (beyond(r, r->shift.ci.lo) && r->shift.ci.lo > 0)
		from -= 24;
	if (beyond(r, r->shift.ci.hi) && r->shift.ci.hi < 0)
		to += 24;
	svg_text(s, "end", name_w - 8, y + 4, "%s", r->metric->name);
	svg_line(s, r->verdict == COMPARE_SAME ? "ci" : "ci differs", from, y, to, y);
	if (!beyond(r, r->shift.estimate))
		svg_line(s, "span", at, y - 6, at, y + 6);
	cut_mark(s, r, r->shift.ci.lo, x, y);
	cut_mark(s, r, r->shift.ci.hi, x, y);
}

bool svg_plot_forest(
	struct strbuf *out, double width, bool standalone, const struct compare_result *r)
{
	struct svg s = {.out = out, .standalone = standalone};
	double name_w = width < 500 ? 140 : 180, most = 1, head = standalone ? 34 : 10, y;
	size_t n = 0;
	struct axis x;

	for (size_t i = 0; i < r->n_rows; i++) {
		if (!compare_row_has_shift(&r->rows[i]))
			continue;
		n++;
		most = fmax(most, fmax(fabs(percent(&r->rows[i], r->rows[i].shift.ci.lo)),
					  fabs(percent(&r->rows[i], r->rows[i].shift.ci.hi))));
	}
	if (!n)
		return false;
	svg_begin(&s, width, head + (double)n * FOREST_ROW + 50, "Shifts of all metrics");
	if (standalone)
		svg_text(&s, "start", 2, 16, "%s against %s", r->input->name_b, r->input->name_a);
	x = (struct axis){
		-most, most, name_w, width - RIGHT, false, "shift (% of the first arm's median)"};
	axis_round(&x);
	svg_line(&s, "zero", axis_at(&x, 0), head - 4, axis_at(&x, 0),
		head + (double)n * FOREST_ROW);
	y = head + FOREST_ROW / 2.0;
	for (size_t i = 0; i < r->n_rows; i++)
		if (compare_row_has_shift(&r->rows[i])) {
			forest_row(&s, &r->rows[i], &x, y, name_w);
			y += FOREST_ROW;
		}
	svg_x_axis(&s, &x, head + (double)n * FOREST_ROW + 4);
	svg_end(&s);
	return true;
}
