/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stalls that were played, in the reports of one record. */
#ifndef SS_REPORT_RUN_PLAYED_H
#define SS_REPORT_RUN_PLAYED_H

#include <jansson.h>

#include "analysis/analysis.h"

json_t *played_json(const struct analysis *a);
/* A line for each, as a person reads it; "" for i beyond the last. Caller frees. */
char *played_line(const struct analysis *a, size_t i);
/* How much too late it began, us, of all that were played; early ones count as below 0. */
double played_lag_us(const struct played_stalls *p, double q);

#endif
