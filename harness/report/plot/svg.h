/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every plot of a report as SVG: drawn here, without a library, for the page (report.html inlines
 * the ones that need no interaction) and for `report --svg DIR`. Colours are CSS classes
 * (assets/svg.css: Okabe and Ito's palette, light and dark), so one drawing serves the page, a
 * paper and a dark screen. Widths are CSS pixels: text keeps its size, a narrow screen gets a
 * drawing of its own.
 */
#ifndef SS_REPORT_PLOT_SVG_H
#define SS_REPORT_PLOT_SVG_H

#include "analysis/analysis.h"
#include "report/plot/spans.h"

#define SVG_PAPER  800	/* files of their own, for papers and talks */
#define SVG_WIDE   1040 /* in a page 1280 wide, and in print */
#define SVG_NARROW 350	/* in a page on a phone */

#define SVG_CHAR_W  6.7 /* mean width of a character of the 12 px font */
#define SVG_COLOURS 8	/* classes c0 to c7; more lines begin anew */

/* ---- drawing */

struct svg {
	struct strbuf *out;
	double w, h;
	bool standalone; /* a file of its own: carries its style sheet */
	bool time;	 /* x is time: report.js draws its ticks anew when a part is looked at */
};

void svg_begin(struct svg *s, double w, double h, const char *title);
void svg_end(struct svg *s);
void svg_line(struct svg *s, const char *class, double x1, double y1, double x2, double y2);
/* tip: text shown by a pointer that rests on it; NULL = none. */
void svg_rect(
	struct svg *s, const char *class, double x, double y, double w, double h, const char *tip);
/* class as in svg.css: "start", "middle", "end" for its anchor, more after a space. */
void svg_text(struct svg *s, const char *class, double x, double y, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* One line through the points; a NaN in y lifts the pen. */
void svg_path(struct svg *s, const char *class, const double *x, const double *y, size_t n);

/* An axis: data range, pixel range, linear or logarithmic. */
struct axis {
	double lo, hi;	 /* of the data; lo > 0 when log */
	double from, to; /* pixels of lo and hi */
	bool log;
	const char *label; /* with its unit: "lateness (ms)" */
};
double axis_at(const struct axis *a, double value); /* clipped to the range */
/* Widen lo..hi to round numbers (decades when log). */
void axis_round(struct axis *a);
/* Axes with ticks, grid, numbers and labels. */
void svg_axes(struct svg *s, const struct axis *x, const struct axis *y);
/* Of the measured window, in the unit that reads best: *scale from seconds to it. */
struct axis svg_time_axis(double seconds, double from, double to, double *scale);
/* What follows is drawn in columns of the analysis from left to right, 0 to `tall` from the top down. */
void svg_cells_begin(struct svg *s, const struct axis *x, const struct axis *y,
	const struct analysis *a, double tall);
void svg_cells_end(struct svg *s);
/* An x axis alone, without a grid. */
void svg_x_axis(struct svg *s, const struct axis *x, double y);
/* Names with their colours (classes c0, c1, ...), wrapped into `w` from (x, y). Returns the y
 * below. */
double svg_legend(struct svg *s, const char *const *names, size_t n, double x, double y, double w);
/* How many rows of legend svg_legend() will need. */
unsigned svg_legend_rows(const char *const *names, size_t n, double w);

/* Names beside squares of their fills (a class each), wrapped into `w`; s = NULL draws nothing. Returns
 * the y below. */
struct svg_key {
	const char *class, *name;
};
double svg_key(struct svg *s, const struct svg_key *keys, size_t n, double x, double y, double w);

/* ---- plots; each appends one <svg> element to `out` */

/* Lines over time; v in the unit of the label times 1 / scale. */
struct svg_line_data {
	const char *name;
	const struct series *series;
	double scale;
	const struct series *mean; /* over longer bins, drawn broad below it; NULL = none */
};
struct svg_series_plot {
	const char *title, *y_label;
	const struct svg_line_data *lines;
	size_t n;
	bool log;		       /* the y axis */
	const struct time_span *spans; /* shaded, named at the top */
	size_t n_spans;
};
void svg_plot_series(
	struct strbuf *out, double width, bool standalone, const struct svg_series_plot *p);

/* Share of values above x (1 - ECDF), both axes logarithmic: tails that a histogram hides. ns. */
struct svg_dist_data {
	const char *name;
	const struct hist *hist;
};
void svg_plot_distribution(struct strbuf *out, double width, bool standalone, const char *title,
	const char *x_label, const struct svg_dist_data *dists, size_t n);

/* Timer lateness of every guest that has it (at most 16). false when none has: nothing is added. */
bool svg_distribution_of(
	const struct analysis *a, double width, bool standalone, struct strbuf *out);

/* How many wake-ups of one guest were how late when. false when none was: nothing is added. */
bool svg_plot_heat(
	struct strbuf *out, double width, bool standalone, const struct analysis *a, size_t guest);

/* Who had the CPU while others waited: a row for each culprit, a column for each guest that waited (or
 * each vCPU), ms/s. false when nobody waited. */
bool svg_plot_who(
	struct strbuf *out, double width, bool standalone, const struct analysis *a, bool vcpus);
/* The same over time, of one guest, as bands on each other. */
bool svg_plot_taken(
	struct strbuf *out, double width, bool standalone, const struct analysis *a, size_t guest);

/* What the vCPU's thread did around one late wake-up, and who ran meanwhile. */
void svg_plot_late(struct strbuf *out, double width, bool standalone, const struct analysis *a,
	const struct late *l);

/* Who may run on which CPU. */
void svg_plot_placement(
	struct strbuf *out, double width, bool standalone, const struct analysis *a);

/* Where plots go as files: DIR/[PREFIX-]NAME.svg, and .pdf beside each. The folder is made. */
struct svg_files {
	const char *dir;
	const char *prefix; /* the record's name, so that two records share a folder; NULL = none */
	bool pdf;	    /* by rsvg-convert: ENOENT where it is not installed */
	bool gnuplot;	    /* NAME.dat and NAME.gp instead (gnuplot.h) */
};

/* The style sheet of a file of its own: svg.css without variables and media queries, which librsvg,
 * Inkscape and LaTeX do not know: light colours, fonts that they find. */
void svg_paper_css(struct strbuf *out);

/* One plot as a file: 1, 0 when there is nothing to draw, or -errno. */
int svg_save(bool (*draw)(const void *what, double width, bool standalone, struct strbuf *out),
	const void *what, const struct svg_files *to, const char *name, struct err *e);

/* All plots of an analysis. Returns how many, or -errno. */
int svg_save_all(const struct analysis *a, const struct svg_files *to, struct err *e);

#endif
