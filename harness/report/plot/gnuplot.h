/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `--figures DIR --format gnuplot` of report and compare: for each figure NAME.dat (columns of numbers, '#' lines say
 * which) and NAME.gp (a short script), for a person to edit. `gnuplot NAME.gp` makes NAME.pdf;
 * `gnuplot -e "out='svg'" NAME.gp` and "out='tikz'" NAME.svg and NAME.tex.
 */
#ifndef SS_REPORT_PLOT_GNUPLOT_H
#define SS_REPORT_PLOT_GNUPLOT_H

#include "report/plot/compare.h"
#include "report/plot/svg.h"

/* All figures over time, distributions and maps of an analysis. Returns how many, or -errno. */
int gnuplot_save_all(const struct analysis *a, const struct svg_files *to, struct err *e);

/* A figure being drawn. */
struct gnuplot {
	struct strbuf data, script;
	const char *name; /* of its files: the script must name its data */
};

/* One figure as files: 1, 0 when `draw` found nothing to draw, or -errno. */
typedef bool (*gnuplot_draw)(struct gnuplot *g, const void *what);
int gnuplot_save(gnuplot_draw draw, const void *what, const struct svg_files *to, const char *name,
	struct err *e);

/* What svg_plot_series() and svg_plot_distribution() draw. */
void gnuplot_series(struct gnuplot *g, const struct svg_series_plot *p);
void gnuplot_distribution(struct gnuplot *g, const struct svg_dist_data *dists, size_t n);
/* gnuplot_compare.c: what svg_plot_arms() and svg_plot_forest() draw. */
void gnuplot_arms(struct gnuplot *g, const char *metric, const char *unit,
	const struct svg_arm *arms, size_t n);
bool gnuplot_forest(struct gnuplot *g, const struct compare_result *r);

/* ---- for those who draw */

/* The beginning of a script: terminal, output, title and what the axes show. */
void gnuplot_begin(struct gnuplot *g, const char *title, const char *x, const char *y);
/* A text as a variable of the script, under which it can be used and changed: set to what the terminal
 * takes as it is, TeX's too. */
void gnuplot_text(struct gnuplot *g, const char *variable, const char *text);
/* The same for a label of an axis. */
void gnuplot_tic(struct gnuplot *g, const char *variable, const char *text);
void gnuplot_number(struct strbuf *out, double v); /* and a blank; NaN where nothing is known */
/* The rest of a row of data, for whoever reads it. */
void gnuplot_remark(struct gnuplot *g, const char *text);
/* Of a class of svg.css: '#0072b2' on paper, in quotes. */
void gnuplot_colour(struct strbuf *out, const char *class);
/* Of line `i` of several. */
void gnuplot_line_colour(struct strbuf *out, size_t i);

/* gnuplot_maps.c. False: there is nothing to draw. */
bool gnuplot_heat(struct gnuplot *g, const struct analysis *a, size_t guest);
bool gnuplot_taken(struct gnuplot *g, const struct analysis *a, size_t guest);
bool gnuplot_who(struct gnuplot *g, const struct analysis *a, size_t unused);
bool gnuplot_late(struct gnuplot *g, const struct analysis *a, size_t i);

#endif
