/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plots of a comparison: on its page (html_plot()), and as files (svg_save(), gnuplot_save()). Each is
 * false where there is nothing to draw. */
#ifndef SS_REPORT_COMPARE_PLOTS_H
#define SS_REPORT_COMPARE_PLOTS_H

#include "report/compare/html.h"
#include "report/page/parts.h"

/* What the functions below take. */
struct compare_plot {
	const struct compare_page *page;
	size_t i; /* which of them */
};

/* All shifts of result i. */
bool compare_draw_forest(const void *plot, double width, bool standalone, struct strbuf *out);
/* The boots of all arms, metric i. */
bool compare_draw_arms(const void *plot, double width, bool standalone, struct strbuf *out);
/* Timer lateness, all wake-ups of all boots of each arm. */
bool compare_draw_lateness(const void *plot, double width, bool standalone, struct strbuf *out);

/* Bin by bin, the mean over all boots and all vCPUs of guests that are no noise; 1 s bins when all
 * boots are short (ANALYSIS_FINE_S). */
#define COMPARE_SERIES_PLOTS 2
extern const struct compare_series_plot {
	enum series_id id;
	const char *file, *title, *label;
	double scale;
} compare_series_plots[COMPARE_SERIES_PLOTS];
bool compare_draw_series(const void *plot, double width, bool standalone, struct strbuf *out);

#endif
