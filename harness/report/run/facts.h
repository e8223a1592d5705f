/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of `doctor` as JSON. Plain data in, so that report needs not know host/. */
#ifndef SS_REPORT_RUN_FACTS_H
#define SS_REPORT_RUN_FACTS_H

#include <stddef.h>

struct fact_row {
	const char *key, *doc, *value, *verdict, *note;
};

/* {"facts":[{"key","what","value","verdict","note"}]}. Caller frees. */
char *facts_json(const struct fact_row *rows, size_t n);

#endif
