/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sweep: how one metric follows a swept value. One point per value; its boots give the median and
 * the interval of the median (analysis/stats/stats.h; 6 boots or more, else the range of the boots
 * is shown and said to be no interval). A line per variant, and per value of what else is swept.
 * The intervals are those of each point alone. Plain data in; text, JSON, CSV and SVG out.
 */
#ifndef SS_REPORT_COMPARE_SWEEP_REPORT_H
#define SS_REPORT_COMPARE_SWEEP_REPORT_H

#include "analysis/stats/stats.h"
#include "base/util.h"
#include "report/plot/svg.h"

struct sweep_point {
	const char *label; /* "4", "float": as swept */
	const double *v;   /* one value per boot; NAN = not provided, left out */
	size_t n;
};

struct sweep_line {
	const char *name; /* "" for the only one */
	const struct sweep_point *points;
	size_t n;
};

struct sweep {
	const char *key; /* what is swept: "guests.count" */
	const char *metric, *unit;
	const struct sweep_line *lines;
	size_t n;
};

/* One point worked out. */
struct sweep_value {
	size_t n;	    /* boots with a value */
	double median;	    /* NAN without */
	struct interval ci; /* of the median; the range of the boots where `enough` is false */
	bool enough;
};
struct sweep_value sweep_value(const struct sweep_point *p);
/* Whether any boot has a value. */
bool sweep_has_values(const struct sweep *s);

/* Sweeps of one key; those without values are named in one line of the text, and left out of the
 * rest. */
void sweep_report_text(const struct sweep *s, size_t n, struct strbuf *out);
/* {"key","sweeps":[{"metric","unit","lines":[{"name","points":[{"label","n","median",
 * "interval":[lo,hi],"enough","values":[...]}]}]}]} */
void sweep_report_json(const struct sweep *s, size_t n, struct strbuf *out);
/* One line per metric, line and point. */
void sweep_report_csv(const struct sweep *s, size_t n, struct strbuf *out);
/* The curve with its band. Labels that are all numbers stand at their values, others side by
 * side. */
void svg_plot_sweep(struct strbuf *out, double width, bool standalone, const struct sweep *s);
/* The same for gnuplot, of a struct sweep. */
struct gnuplot;
bool sweep_gnuplot(struct gnuplot *g, const void *sweep);
/* Every curve as files of its metric's name; the folder is made. */
int sweep_save_figures(const struct sweep *s, size_t n, const struct svg_files *to, struct err *e);
/* All of them as one self-contained page, by rename; `what` names the set of runs. */
int sweep_page_save(
	const struct sweep *s, size_t n, const char *what, const char *path, struct err *e);
void sweep_page(const struct sweep *s, size_t n, const char *what, struct strbuf *out);

#endif
