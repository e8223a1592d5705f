/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filling the per-bin series of an analysis while records stream by. */
#ifndef SS_ANALYSIS_STATS_SERIES_H
#define SS_ANALYSIS_STATS_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_MAX_BINS 100000u /* 11 days of 10 s: beyond it a window is not believed */

/* One series under construction over [start_ns, end_ns). */
struct series_acc {
	uint64_t start_ns, end_ns, bin_ns;
	size_t n;
	double *amount;	 /* sums (ns) or maxima */
	double *covered; /* ns of each bin that spans covered; maxima: samples */
	bool any;
};

void series_begin(struct series_acc *s, uint64_t start_ns, uint64_t end_ns, uint64_t bin_ns);
void series_free(struct series_acc *s);
/* `amount` accrued evenly from t0 to t1: split over the bins, clipped at the window. */
void series_span(struct series_acc *s, uint64_t t0, uint64_t t1, double amount);
/* Keep the largest value seen in the bin of t. */
void series_max(struct series_acc *s, uint64_t t, double value);
/* Finished values, malloc'ed, n of them: amount per covered time * 1000 (ns -> ms/s); NaN in bins
 * covered less than a tenth. NULL when nothing was ever added. */
double *series_rates(const struct series_acc *s);
double *series_maxima(const struct series_acc *s);
/* Largest rate of bins at least half covered. false when there is none. */
bool series_largest_rate(const struct series_acc *s, double *out);

#endif
