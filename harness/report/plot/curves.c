// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines over time and distributions as SVG. */
#include "report/plot/svg.h"

#include <math.h>
#include <string.h>

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

/* A step for each bin: what is known of it holds from its begin to its end. */
static void plot_steps(struct svg *s, const struct series *v, double scale, const char *class,
	const struct axis *x, const struct axis *y, double x_scale)
{
	auto_free double *px = xcalloc(2 * v->n, sizeof(*px)), *py = xcalloc(2 * v->n, sizeof(*py));
	double bin = (double)v->bin_ns / 1e9 * x_scale;

	for (size_t i = 0; i < v->n; i++) {
		double at = v->v[i] * scale;

		px[2 * i] = axis_at(x, (double)i * bin);
		px[2 * i + 1] = axis_at(x, (double)(i + 1) * bin);
		py[2 * i] = py[2 * i + 1] = isnan(at) ? NAN : axis_at(y, at);
	}
	svg_path(s, class, px, py, 2 * v->n);
}

static void plot_lines(struct svg *s, const struct svg_series_plot *p, const struct axis *x,
	const struct axis *y, double x_scale)
{
	char class[24];

	for (size_t i = 0; i < p->n; i++) {
		const struct svg_line_data *l = &p->lines[i];

		snprintf(class, sizeof(class), "mean c%zu", i % SVG_COLOURS);
		if (l->mean && l->mean->n)
			plot_steps(s, l->mean, l->scale, class, x, y, x_scale);
		snprintf(class, sizeof(class), "c%zu", i % SVG_COLOURS);
		plot_steps(s, l->series, l->scale, class, x, y, x_scale);
	}
}

static void plot_spans(struct svg *s, const struct svg_series_plot *p, const struct axis *x,
	const struct axis *y, double x_scale)
{
	strbuf_add(s->out, "<g class=\"shade\">");
	for (size_t i = 0; i < p->n_spans; i++) {
		const struct time_span *t = &p->spans[i];
		double from = axis_at(x, t->from_s * x_scale), to = axis_at(x, t->to_s * x_scale);

		svg_rect(s, t->class, from, y->to, fmax(to - from, 0.5), y->from - y->to, t->name);
	}
	strbuf_add(s->out, "</g>");
}

/* Over the lines. Names that would meet stand one below the other, in three rows at most. */
static void plot_span_names(struct svg *s, const struct svg_series_plot *p, const struct axis *x,
	const struct axis *y, double x_scale)
{
	double busy[3] = {0};

	for (size_t i = 0; i < p->n_spans; i++) {
		const struct time_span *t = &p->spans[i];
		double from = axis_at(x, t->from_s * x_scale);
		bool again = i && !strcmp(t->name, p->spans[i - 1].name);
		unsigned row = 0;

		while (row < ARRAY_SIZE(busy) && busy[row] > from)
			row++;
		if (again || row == ARRAY_SIZE(busy) ||
			from + SVG_CHAR_W * (double)strlen(t->name) > x->to)
			continue;
		svg_text(s, "start dim over", from + 3, y->to + 12 + 14 * row, "%s", t->name);
		busy[row] = from + 6 + SVG_CHAR_W * (double)strlen(t->name);
	}
}

/* Ends of the time axis (s) and of the values. */
static struct axis value_axis(const struct svg_series_plot *p, double *seconds)
{
	struct axis y = {0, 0, 0, 0, p->log, p->y_label};
	double least = INFINITY;

	*seconds = 1;
	for (size_t i = 0; i < p->n; i++) {
		const struct series *v = p->lines[i].series;

		*seconds = fmax(*seconds, (double)v->n * (double)v->bin_ns / 1e9);
		for (size_t k = 0; k < v->n; k++) {
			double at = v->v[k] * p->lines[i].scale;

			if (!isfinite(at))
				continue;
			y.hi = fmax(y.hi, at);
			least = at > 0 ? fmin(least, at) : least;
		}
	}
	y.log = p->log && isfinite(least);
	y.lo = y.log ? least : 0;
	axis_round(&y);
	return y;
}

void svg_plot_series(
	struct strbuf *out, double width, bool standalone, const struct svg_series_plot *p)
{
	struct svg s = {.out = out, .standalone = standalone};
	struct svg_series_plot plot = *p;
	const char *names[MAX_LEGEND] = {NULL};
	double x_scale, seconds;
	struct axis x, y;

	plot.n = MIN(p->n, MAX_LEGEND);
	for (size_t i = 0; i < plot.n; i++)
		names[i] = plot.lines[i].name;
	y = value_axis(&plot, &seconds);
	y.to = begin_plot(&s, width, plot.title, names, plot.n);
	y.from = s.h - BOTTOM;
	x = svg_time_axis(seconds, LEFT, width - RIGHT, &x_scale);
	plot_spans(&s, &plot, &x, &y, x_scale);
	svg_axes(&s, &x, &y);
	plot_lines(&s, &plot, &x, &y, x_scale);
	plot_span_names(&s, &plot, &x, &y, x_scale);
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
