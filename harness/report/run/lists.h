/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lists that `list` and `doctor` print, as JSON with a final newline. Callers free. */
#ifndef SS_REPORT_RUN_LISTS_H
#define SS_REPORT_RUN_LISTS_H

#include <stddef.h>

#include "record/index.h"

/* [{"run", "status", ...}] */
char *runs_json(const struct index_row *rows, size_t n);

/* A row of `doctor` as plain data, so that report needs not know host/. */
struct fact_row {
	const char *key, *doc, *value, *verdict, *note;
};
/* {"facts": [{"key", "what", "value", "verdict", "note"}]} */
char *facts_json(const struct fact_row *rows, size_t n);

#endif
