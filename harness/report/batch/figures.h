/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the guests of a batch felt: a line per configuration, the medians over its boots. */
#ifndef SS_REPORT_BATCH_FIGURES_H
#define SS_REPORT_BATCH_FIGURES_H

#include "report/batch/report.h"

/* Fills run->felt: of each metric the mean over the guests that are no noise; NaN: none has it. */
void batch_felt(struct batch_run *run, const struct analysis *a);

struct batch_figure {
	size_t scenario;
	const char *config; /* the runs' */
	size_t boots;
	double felt[BATCH_FELT]; /* medians of the boots that have a value, else NaN */
};
/* One per scenario and configuration with a run that is done, in batch_order(); free()
 * it. */
struct batch_figure *batch_figures(const struct batch_report *r, size_t *n);

/* Nothing where no run is done. The columns are the metrics that some configuration has. */
void batch_figures_text(const struct batch_report *r, struct strbuf *out);
/* With a plot of the boots for each scenario and metric. */
void batch_figures_html(const struct batch_report *r, struct strbuf *out);

#endif
