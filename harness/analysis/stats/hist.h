/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A log-linear histogram of ns (or any uint64) in bounded memory: 256 sub-buckets an octave, so a
 * quantile read from it is within 1/512 (0.2 %) of the sample it stands for; values below 512 are
 * exact. Smallest, largest, sum and count are exact. Zero-initialised is empty.
 */
#ifndef SS_ANALYSIS_STATS_HIST_H
#define SS_ANALYSIS_STATS_HIST_H

#include <stddef.h>
#include <stdint.h>

#define HIST_RELATIVE_ERROR (1.0 / 512)

struct hist {
	uint64_t *count; /* by bucket; n of them, grown as needed (at most 14592) */
	size_t n;
	uint64_t total;
	uint64_t min, max; /* meaningless while total is 0 */
	double sum;
};

void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *into, const struct hist *from);
/* Quantile 0..1 by nearest rank (the smallest value with at least q * total at or below it).
 * 0 when empty. hist_quantile(h, 1) is the exact maximum. */
uint64_t hist_quantile(const struct hist *h, double q);
/* Bounds of bucket i: values low <= v < low + width. For plots: walk i below h->n. */
uint64_t hist_bucket_low(size_t i);
uint64_t hist_bucket_width(size_t i);
void hist_release(struct hist *h);

#endif
