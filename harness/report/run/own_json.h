/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A record's own metrics (<measure>) in its JSON. */
#ifndef SS_REPORT_RUN_OWN_JSON_H
#define SS_REPORT_RUN_OWN_JSON_H

#include <jansson.h>

#include "analysis/analysis.h"

/* Add them to a guest's "metrics" and "not_provided". */
void own_json_guest(json_t *guest, const struct analysis *a, const struct analysis_guest *g);
/* What was run, where, and what came of it. */
json_t *own_json_measures(const struct analysis *a);

#endif
