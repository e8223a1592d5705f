/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plots of a comparison as SVG; see svg.h for the conventions. */
#ifndef SS_REPORT_SVG_COMPARE_H
#define SS_REPORT_SVG_COMPARE_H

#include "analysis/compare.h"
#include "report/svg.h"

/* Both arms of one metric: a dot per boot, and their distribution functions. */
void svg_plot_arms(struct strbuf *out, double width, bool standalone,
	const struct compare_result *r, const struct compare_row *row);

/* Every metric's shift and interval in % of arm a's median. false when no row has one. */
bool svg_plot_forest(
	struct strbuf *out, double width, bool standalone, const struct compare_result *r);

#endif
