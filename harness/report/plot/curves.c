// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines over time and distributions as SVG. */
#include "report/plot/svg.h"

#include <math.h>

#include "report/plot/figures.h"

#define LEFT	   62
#define RIGHT	   16
#define BOTTOM	   44
#define HEIGHT	   320
#define MAX_LEGEND 32
#define LEGEND_ROW 18

/* Frame of a plot: the legend above, then the data area. Returns y of the top of the data area. */
static double begin_plot(
	struct svg *s, double width, const char *title, const char *const *names, size_t n)
{
	unsigned rows = svg_legend_rows(names, n, width - 10);
	double head = s->standalone ? 24 : 4;

	svg_begin(s, width, HEIGHT + head + rows * LEGEND_ROW, title);
	if (s->standalone)
		svg_text(s, "start", 2, 16, "%s", title);
	svg_legend(s, names, n, 2, head + 12, width - 10);
	return head + rows * LEGEND_ROW + 30;
}

/* Time axis in the unit that reads best. */
static const char *time_unit(double seconds, double *scale)
{
	*scale = seconds <= 300 ? 1 : seconds <= 3 * 3600 ? 1.0 / 60 : 1.0 / 3600;
	return seconds <= 300	     ? "time since measuring began (s)"
	       : seconds <= 3 * 3600 ? "time since measuring began (min)"
				     : "time since measuring began (h)";
}

/* A step for each bin: what is known of it holds from its begin to its end. */
static void plot_one_series(struct svg *s, const struct svg_line_data *l, size_t index,
	const struct axis *x, const struct axis *y, double x_scale)
{
	size_t n = l->series->n;
	auto_free double *px = xcalloc(2 * n, sizeof(*px)), *py = xcalloc(2 * n, sizeof(*py));
	double bin = (double)l->series->bin_ns / 1e9 * x_scale;
	char class[16];

	for (size_t i = 0; i < n; i++) {
		double v = l->series->v[i] * l->scale;

		px[2 * i] = axis_at(x, (double)i * bin);
		px[2 * i + 1] = axis_at(x, (double)(i + 1) * bin);
		py[2 * i] = py[2 * i + 1] = isnan(v) ? NAN : axis_at(y, v);
	}
	snprintf(class, sizeof(class), "c%zu", index % 8);
	svg_path(s, class, px, py, 2 * n);
}

void svg_plot_series(struct strbuf *out, double width, bool standalone, const char *title,
	const char *y_label, const struct svg_line_data *lines, size_t n)
{
	struct svg s = {.out = out, .standalone = standalone};
	const char *names[MAX_LEGEND] = {NULL};
	double top, x_scale, seconds = 1, largest = 0;
	struct axis x, y;

	n = MIN(n, MAX_LEGEND);
	for (size_t i = 0; i < n; i++) {
		const struct series *v = lines[i].series;

		names[i] = lines[i].name;
		seconds = fmax(seconds, (double)v->n * (double)v->bin_ns / 1e9);
		for (size_t k = 0; k < v->n; k++)
			if (isfinite(v->v[k]))
				largest = fmax(largest, v->v[k] * lines[i].scale);
	}
	top = begin_plot(&s, width, title, names, n);
	x = (struct axis){0, 1, LEFT, width - RIGHT, false, time_unit(seconds, &x_scale)};
	x.hi = seconds * x_scale;
	y = (struct axis){0, largest, s.h - BOTTOM, top, false, y_label};
	axis_round(&y);
	svg_axes(&s, &x, &y);
	for (size_t i = 0; i < n; i++)
		plot_one_series(&s, &lines[i], i, &x, &y, x_scale);
	svg_end(&s);
}

/* ---- distribution */

#define LATENESS_FLOOR_NS 1000.0 /* the x axis begins here: what is sooner is drawn on it */

/* The survival function as a staircase: after each bucket, the share of samples above it. */
static void plot_one_dist(struct svg *s, const struct hist *h, size_t index, const struct axis *x,
	const struct axis *y)
{
	auto_free double *px = xcalloc(2 * h->n + 4, sizeof(*px));
	auto_free double *py = xcalloc(2 * h->n + 4, sizeof(*py));
	uint64_t above = h->total;
	size_t n = 0;
	char class[16];

	px[n] = axis_at(x, x->lo);
	py[n++] = axis_at(y, 1);
	for (size_t i = 0; i < h->n && above; i++) {
		double edge, before;

		if (!h->count[i])
			continue;
		edge = fmin((double)(hist_bucket_low(i) + hist_bucket_width(i)), (double)h->max);
		before = (double)above / (double)h->total;
		above -= MIN(above, h->count[i]);
		edge = axis_at(x, fmax(edge / 1e6, x->lo));
		/* A point per pixel is enough; the last one always. */
		if (n > 1 && above && edge - px[n - 1] < 0.7)
			continue;
		px[n] = edge;
		py[n++] = axis_at(y, before);
		px[n] = edge;
		py[n++] = above ? axis_at(y, (double)above / (double)h->total) : y->from;
	}
	snprintf(class, sizeof(class), "c%zu", index % 8);
	svg_path(s, class, px, py, n);
}

void svg_plot_distribution(struct strbuf *out, double width, bool standalone, const char *title,
	const char *x_label, const struct svg_dist_data *dists, size_t n)
{
	struct svg s = {.out = out, .standalone = standalone};
	const char *names[MAX_LEGEND] = {NULL};
	double top, least = 1e300, most = 0, rarest = 0.1;
	struct axis x, y;

	n = MIN(n, MAX_LEGEND);
	for (size_t i = 0; i < n; i++) {
		const struct hist *h = dists[i].hist;

		names[i] = dists[i].name;
		if (!h->total)
			continue;
		least = fmin(least, fmax((double)hist_quantile(h, 0.01), LATENESS_FLOOR_NS));
		most = fmax(most, (double)h->max);
		rarest = fmin(rarest, 1 / (double)h->total);
	}
	top = begin_plot(&s, width, title, names, n);
	x = (struct axis){
		least / 1e6, fmax(most, least * 10) / 1e6, LEFT, width - RIGHT, true, x_label};
	y = (struct axis){rarest, 1, s.h - BOTTOM, top, true, "share of wake-ups later than x"};
	axis_round(&x);
	axis_round(&y);
	svg_axes(&s, &x, &y);
	for (size_t i = 0; i < n; i++)
		if (dists[i].hist->total)
			plot_one_dist(&s, dists[i].hist, i, &x, &y);
	svg_end(&s);
}

bool svg_distribution_of(
	const struct analysis *a, double width, bool standalone, struct strbuf *out)
{
	auto_free size_t *order = figure_guest_order(a);
	auto_free struct svg_dist_data *d = xcalloc(a->n_guests, sizeof(*d));
	size_t n = 0;

	for (size_t i = 0; i < a->n_guests && n < FIGURE_MAX_LINES; i++) {
		const struct analysis_guest *g = &a->guests[order[i]];

		if (g->late.total)
			d[n++] = (struct svg_dist_data){g->name, &g->late};
	}
	if (n)
		svg_plot_distribution(out, width, standalone, "Lateness of timer wake-ups",
			"lateness (ms)", d, n);
	return n > 0;
}
