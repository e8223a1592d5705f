/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of the index (record/index.h) as one JSON array. */
#ifndef SS_REPORT_RUN_RUNS_JSON_H
#define SS_REPORT_RUN_RUNS_JSON_H

#include <stddef.h>

#include "record/index.h"

/* Indented, with a final newline. Caller frees. */
char *runs_json(const struct index_row *rows, size_t n);

#endif
