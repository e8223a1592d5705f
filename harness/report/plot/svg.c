// SPDX-License-Identifier: GPL-3.0-or-later
/* SVG elements, axes and legends. */
#include "report/plot/svg.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "report/escape.h"

#define TICK_EVERY 60 /* pixels between numbers on the x axis, at least */
#define LEGEND_H   18
#define KEY_MOST   ((size_t)36) /* characters of a name */

void svg_begin(struct svg *s, double w, double h, const char *title)
{
	s->w = w;
	s->h = h;
	strbuf_add(s->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\"><title>",
		w, h, w, h);
	escape_xml(s->out, title);
	strbuf_add(s->out, "</title>");
	if (s->standalone) {
		strbuf_add(s->out, "<style>");
		svg_paper_css(s->out);
		strbuf_add(s->out, "</style>");
		svg_rect(s, "paper", 0, 0, w, h, NULL);
	}
}

void svg_end(struct svg *s)
{
	strbuf_add(s->out, "</svg>\n");
}

void svg_line(struct svg *s, const char *class, double x1, double y1, double x2, double y2)
{
	strbuf_add(
		s->out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>", class, x1, y1, x2, y2);
}

void svg_rect(
	struct svg *s, const char *class, double x, double y, double w, double h, const char *tip)
{
	strbuf_add(s->out,
		"<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"", class, x,
		y, w, h);
	if (!tip) {
		strbuf_add(s->out, "/>");
		return;
	}
	strbuf_add(s->out, "><title>");
	escape_xml(s->out, tip);
	strbuf_add(s->out, "</title></rect>");
}

void svg_text(struct svg *s, const char *class, double x, double y, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strbuf_add(s->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	escape_xml(s->out, text);
	strbuf_add(s->out, "</text>");
}

void svg_path(struct svg *s, const char *class, const double *x, const double *y, size_t n)
{
	bool down = false;

	strbuf_add(s->out, "<path class=\"line %s\" d=\"", class);
	for (size_t i = 0; i < n; i++) {
		if (isnan(y[i])) {
			down = false;
			continue;
		}
		/* A point between two gaps is drawn as a dot: a line of no length, round caps. */
		strbuf_add(s->out, down ? "L%.1f %.1f" : "M%.1f %.1fh0", x[i], y[i]);
		down = true;
	}
	strbuf_add(s->out, "\"/>");
}

double axis_at(const struct axis *a, double value)
{
	double lo = a->log ? log10(a->lo) : a->lo, hi = a->log ? log10(a->hi) : a->hi;
	double v = a->log ? log10(fmax(value, a->lo)) : value;

	v = fmin(fmax(v, lo), hi);
	return hi > lo ? a->from + (v - lo) / (hi - lo) * (a->to - a->from) : a->from;
}

/* A step of 1, 2, 2.5 or 5 times a power of ten that cuts `range` into at most `pieces`. */
static double nice_step(double range, double pieces)
{
	double raw = range / fmax(pieces, 1), decade = pow(10, floor(log10(raw)));
	double m = raw / decade;

	return decade * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 2.5 ? 2.5 : m <= 5 ? 5 : 10);
}

void axis_round(struct axis *a)
{
	double step;

	if (a->log) {
		a->lo = pow(10, floor(log10(a->lo) + 1e-9));
		a->hi = pow(10, ceil(log10(a->hi) - 1e-9));
		if (a->hi <= a->lo)
			a->hi = a->lo * 10;
		return;
	}
	if (!(a->hi > a->lo))
		a->hi = a->lo + 1;
	step = nice_step(a->hi - a->lo, 5);
	a->lo = floor(a->lo / step) * step;
	a->hi = ceil(a->hi / step) * step;
}

static void tick(struct svg *s, const struct axis *a, const struct axis *other, bool is_x, double v)
{
	double at = axis_at(a, v);
	char number[32];
	bool time = is_x && s->time;

	snprintf(
		number, sizeof(number), fabs(v) >= 1e5 ? "%.0e" : "%.10g", fabs(v) < 1e-12 ? 0 : v);
	if (is_x) {
		svg_line(s, time ? "grid tx" : "grid", at, other->from, at, other->to);
		svg_text(s, time ? "middle tx" : "middle", at, other->from + 16, "%s", number);
	} else {
		svg_line(s, "grid", other->from, at, other->to, at);
		svg_text(s, "end", other->from - 6, at + 4, "%s", number);
	}
}

static void ticks(struct svg *s, const struct axis *a, const struct axis *other, bool is_x)
{
	double room = fabs(a->to - a->from) / (is_x ? TICK_EVERY : 36);

	if (!(a->hi > a->lo))
		return;
	if (a->log) {
		double decades = log10(a->hi / a->lo);
		double every = fmax(1, ceil(decades / fmax(room, 1)));

		for (double k = 0; k <= decades + 1e-9; k += every)
			tick(s, a, other, is_x, a->lo * pow(10, k));
		return;
	}
	double step = nice_step(a->hi - a->lo, room);
	for (double v = ceil(a->lo / step) * step; v <= a->hi + step * 1e-9; v += step)
		tick(s, a, other, is_x, v);
}

void svg_axes(struct svg *s, const struct axis *x, const struct axis *y)
{
	ticks(s, x, y, true);
	ticks(s, y, x, false);
	svg_line(s, "axis", x->from, y->from, x->to, y->from);
	svg_line(s, "axis", x->from, y->from, x->from, y->to);
	svg_text(s, "middle label", (x->from + x->to) / 2, y->from + 34, "%s", x->label);
	/* The y label stands above its axis, level, where it can be read. */
	svg_text(s, "start label", 2, y->to - 10, "%s", y->label);
}

struct axis svg_time_axis(double seconds, double from, double to, double *scale)
{
	*scale = seconds <= 300 ? 1 : seconds <= 3 * 3600 ? 1.0 / 60 : 1.0 / 3600;
	return (struct axis){.lo = 0,
		.hi = seconds * *scale,
		.from = from,
		.to = to,
		.label = seconds <= 300	       ? "time since measuring began (s)"
			 : seconds <= 3 * 3600 ? "time since measuring began (min)"
					       : "time since measuring began (h)"};
}

void svg_cells_begin(struct svg *s, const struct axis *x, const struct axis *y,
	const struct analysis *a, double tall)
{
	strbuf_add(s->out,
		"<svg class=\"cells\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" viewBox=\"0 0 %.6g %g\" preserveAspectRatio=\"none\" data-column=\"%.9g\" data-seconds=\"%.9g\">",
		x->from, y->to, x->to - x->from, y->from - y->to,
		a->window_s * 1e9 / (double)a->columns.width_ns, tall,
		(double)a->columns.width_ns / 1e9, a->window_s);
}

void svg_cells_end(struct svg *s)
{
	strbuf_add(s->out, "</svg>");
}

void svg_x_axis(struct svg *s, const struct axis *x, double y)
{
	const struct axis flat = {.from = y, .to = y + 4};

	ticks(s, x, &flat, true);
	svg_line(s, "axis", x->from, y, x->to, y);
	svg_text(s, "middle label", (x->from + x->to) / 2, y + 34, "%s", x->label);
}

static double legend_width(const char *name)
{
	return 26 + SVG_CHAR_W * (double)strlen(name);
}

unsigned svg_legend_rows(const char *const *names, size_t n, double w)
{
	double x = 0;
	unsigned rows = n > 0;

	for (size_t i = 0; i < n; i++) {
		if (x > 0 && x + legend_width(names[i]) > w) {
			rows++;
			x = 0;
		}
		x += legend_width(names[i]) + 8;
	}
	return rows;
}

double svg_legend(struct svg *s, const char *const *names, size_t n, double x, double y, double w)
{
	double left = x;

	for (size_t i = 0; i < n; i++) {
		char class[32];

		if (x > left && x - left + legend_width(names[i]) > w) {
			x = left;
			y += LEGEND_H;
		}
		snprintf(class, sizeof(class), "line c%zu", i % SVG_COLOURS);
		svg_line(s, class, x, y - 4, x + 18, y - 4);
		svg_text(s, "start", x + 23, y, "%s", names[i]);
		x += legend_width(names[i]) + 8;
	}
	return y + LEGEND_H;
}

double svg_key(struct svg *s, const struct svg_key *keys, size_t n, double x, double y, double w)
{
	double left = x;

	for (size_t i = 0; i < n; i++) {
		double wide = 20 + 7 * (double)MIN(strlen(keys[i].name), KEY_MOST);

		if (x > left && x - left + wide > w) {
			x = left;
			y += LEGEND_H;
		}
		if (s) {
			svg_rect(s, keys[i].class, x, y - 10, 12, 12, NULL);
			svg_text(s, "start", x + 17, y, "%.*s", (int)KEY_MOST, keys[i].name);
		}
		x += wide + 12;
	}
	return n ? y + LEGEND_H : y;
}
