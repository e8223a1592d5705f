/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sweep: how one metric follows a swept value. One point per value; its boots give the median and
 * the interval of the median (analysis/stats.h; 6 boots or more, else the range of the boots is
 * shown and said to be no interval). Plain data in; text, JSON and SVG out.
 */
#ifndef SS_REPORT_SWEEP_REPORT_H
#define SS_REPORT_SWEEP_REPORT_H

#include "analysis/stats.h"
#include "base/util.h"

struct sweep_point {
	const char *label; /* "4", "float": as swept */
	const double *v;   /* one value per boot; NAN = not provided, left out */
	size_t n;
};

struct sweep {
	const char *key; /* what is swept: "guests.count" */
	const char *metric, *unit;
	const struct sweep_point *points;
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

void sweep_report_text(const struct sweep *s, struct strbuf *out);
/* {"key","metric","unit","points":[{"label","n","median","interval":[lo,hi],"enough","values":[...]}]}
 */
void sweep_report_json(const struct sweep *s, struct strbuf *out);
/* The curve with its band. Labels that are all numbers stand at their values, others side by side.
 */
void svg_plot_sweep(struct strbuf *out, double width, bool standalone, const struct sweep *s);

#endif
