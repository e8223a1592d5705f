/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Series of an arm: the mean over its boots. */
#ifndef SS_REPORT_COMPARE_SERIES_H
#define SS_REPORT_COMPARE_SERIES_H

#include "analysis/analysis.h"

/* Bin by bin, the mean over all boots and all vCPUs of guests that are no noise; 1 s bins when all
 * boots are under 60 s. n = 0 when no boot has it. The caller frees v. */
struct series arm_series(const struct analysis *const *set, size_t n, enum series_id id);

/* The series of all arms as one plot, wide and narrow; false (nothing added) when none has two
 * bins. */
bool html_arm_series(struct strbuf *out, const char *const *names, const struct series *arms,
	size_t n, const char *title, const char *y_label, double scale);

#endif
