/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Wilcoxon's signed ranks: what differences, one per block, say about two arms that were run side
 * by side. Whatever a block adds to both of its arms is gone from their difference. As R's
 * wilcox.test(b, a, paired = TRUE); GSL has none of it. Inputs are never changed.
 *
 * All return -EINVAL for no differences, more than STATS_MAX_SAMPLE, or one that is not finite.
 */
#ifndef SS_ANALYSIS_STATS_SIGNED_RANK_H
#define SS_ANALYSIS_STATS_SIGNED_RANK_H

#include "analysis/stats/stats.h"

/*
 * Are the differences symmetric about 0? Differences of 0 are left out (Wilcoxon's rule), equal
 * sizes share the mean of their ranks. Below STATS_EXACT_BELOW differences p is exact: all 2^n
 * signs of the ranks at hand are equally likely, tied ranks too (Streitberg and Roehmel 1986; R
 * takes the normal approximation as soon as there is a tie or a 0). From there on it is the normal
 * approximation with tie and continuity correction, as R. Nothing but zeros: p = 1.
 */
struct signed_rank {
	double v; /* sum of the ranks of the positive differences: R's V */
	double p; /* two-sided */
	bool exact;
};
int signed_rank_test(const double *d, size_t n, struct signed_rank *out, struct err *e);

/* The least p that n differences can give, 2^(1 - n): all have one sign. */
double signed_rank_least_p(size_t n);

/*
 * Hodges and Lehmann's estimate, the median of the Walsh averages (d[i] + d[j]) / 2, i <= j, and
 * Tukey's interval: the k-th smallest and k-th largest of them, k from the distribution of V
 * (Hollander and Wolfe, Nonparametric Statistical Methods, 3.2 and 3.3; exact below
 * STATS_EXACT_BELOW, as R's conf.int without ties). Zeros count here. Covers at least `confidence`
 * when the differences are symmetric about the shift, with ties too.
 */
int signed_rank_shift(
	const double *d, size_t n, double confidence, struct shift *out, struct err *e);

/* Percentile bootstrap interval of the same estimate, the differences drawn anew; as
 * stats_shift_bootstrap(). */
int signed_rank_bootstrap(const double *d, size_t n, double confidence, unsigned resamples,
	uint64_t seed, struct interval *out, struct err *e);

/* Cliff's delta within pairs: (differences above 0 - below 0) / all, in [-1, 1] (Cliff 1993,
 * Dominance statistics). */
double signed_rank_delta(const double *d, size_t n);

#endif
