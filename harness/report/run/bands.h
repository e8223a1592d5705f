/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ranges that others published of what a guest felt, beside what the guests of one record did: a
 * scenario asks for them by its attribute `published` (assets/published.json, tables with "bands").
 * For harness/report/run.
 */
#ifndef SS_REPORT_RUN_BANDS_H
#define SS_REPORT_RUN_BANDS_H

#include <jansson.h>

#include "analysis/analysis.h"

#define BANDS_MAX 4

/* Of the values of each 10 s of the window, over the vCPUs of the first guest that is no noise. */
struct band_felt {
	size_t n;			/* values; 0 = not provided */
	double low, median, high, most; /* 10th, 50th, 90th percentile, and the highest */
};

struct band {
	const char *what, *said, *unit;
	double low, high, peak; /* as published; NaN: not said */
	struct band_felt felt;
	const char *missing; /* why there are no values */
};

struct bands {
	const char *title, *source; /* NULL title: the scenario asks for none */
	struct band band[BANDS_MAX];
	size_t n;
	json_t *json; /* that the strings lie in */
};

void bands_make(const struct analysis *a, struct bands *out);
void bands_release(struct bands *b);

/* "steal, mean of each 10 s: published ...; here 21.3 to 38.8 ms/s ..." of one of them. Caller frees. */
char *band_line(const struct band *b);
/* NULL when the scenario asks for none. */
json_t *bands_json(const struct analysis *a);
/* A heading, a figure and its lines; nothing when the scenario asks for none. */
void html_bands(const struct analysis *a, struct strbuf *out);

#endif
