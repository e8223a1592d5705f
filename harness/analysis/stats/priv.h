/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a comparison. Not for others: include analysis/stats/compare.h. */
#ifndef SS_ANALYSIS_STATS_PRIV_H
#define SS_ANALYSIS_STATS_PRIV_H

#include "analysis/stats/compare.h"

/* One metric, block by block. */
struct compare_within {
	double *d; /* of each complete block: mean of b - mean of a */
	size_t n;
	double *used_a, *used_b; /* the boots' values in these blocks */
	size_t n_a, n_b;
	size_t left_a, left_b; /* values of boots in no complete block */
};

/* compare_blocks.c. A block is complete when both arms have equally many boots in it, and each of
 * these has a value. Caller releases. */
void compare_within_make(const struct compare_metric *m, const struct compare_blocks *blocks,
	struct compare_within *out);
void compare_within_release(struct compare_within *w);

#endif
