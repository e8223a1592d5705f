/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plots of a comparison as SVG; see svg.h for the conventions. */
#ifndef SS_REPORT_PLOT_COMPARE_H
#define SS_REPORT_PLOT_COMPARE_H

#include "analysis/stats/compare.h"
#include "report/plot/svg.h"

/* One metric of several arms: a dot per boot, and their distribution functions. */
struct svg_arm {
	const char *name;
	const double *v; /* NaN: left out */
	size_t n;
};
void svg_plot_arms(struct strbuf *out, double width, bool standalone, const char *metric,
	const char *unit, const struct svg_arm *arms, size_t n);

/* A row for each arm: its name, a dot per boot, the median. false when none has a value. */
bool svg_plot_strips(struct strbuf *out, double width, bool standalone, const char *metric,
	const char *unit, const struct svg_arm *arms, size_t n);

/* Whether its shift stands in the plot of all: it is known, and there is something to take a part of. */
bool compare_row_has_shift(const struct compare_row *r);
/* Every metric's shift and interval in % of arm a's median. false when no row has one. */
bool svg_plot_forest(
	struct strbuf *out, double width, bool standalone, const struct compare_result *r);

#endif
