/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Statistics that a reviewer accepts, over plain arrays of double. The unit of repetition is the
 * boot: one value per boot, some tens of them. No state, no allocation left behind; inputs are
 * never changed unless a function says so. The arithmetic is GSL's where GSL has it.
 *
 * "a" and "b" are two independent samples (paired ones: signed_rank.h); a shift is always b - a:
 * how much larger b is.
 */
#ifndef SS_ANALYSIS_STATS_STATS_H
#define SS_ANALYSIS_STATS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STATS_MAX_SAMPLE                                                                           \
	2000 /* largest sample of the two-sample functions (n * m pairs are formed) */
#define STATS_EXACT_BELOW                                                                          \
	50 /* exact Mann-Whitney distribution where both samples are smaller, as R */

struct interval {
	double lo, hi;
};

/* -EINVAL, naming sample `which`, for no values, more than STATS_MAX_SAMPLE, or one that is not
 * finite; for too few resamples. */
int stats_check(const char *which, const double *v, size_t n, struct err *e);
int stats_check_resamples(unsigned resamples, struct err *e);

/* Sort ascending, in place. NaN must not occur. */
void stats_sort(double *v, size_t n);
/* Sample standard deviation (n - 1). NAN when n < 2. */
double stats_sd(const double *v, size_t n);

/* Quantile, Hyndman and Fan's type 7 (R's and NumPy's default), of an ascending array; p in [0, 1].
 * NAN when n is 0. */
double stats_quantile_sorted(const double *sorted, size_t n, double p);
/* The same of an array in any order (works on a copy). */
double stats_quantile(const double *v, size_t n, double p);
double stats_median(const double *v, size_t n);

/* Interval of the median from order statistics (the sign test's): covers the true median of any
 * continuous distribution with at least `confidence`. [-inf, inf] when n is too small: 95 %
 * takes 6. */
struct interval stats_median_interval(const double *v, size_t n, double confidence);

/* Mann-Whitney's rank sum test, two-sided, as R's wilcox.test(b, a): the exact null distribution
 * when there are no ties and both samples have fewer than STATS_EXACT_BELOW values, else the normal
 * approximation with tie and continuity correction. All values tied: p = 1. */
struct mann_whitney {
	double u;   /* pairs with b > a, ties counting one half: R's W of wilcox.test(b, a) */
	double p;   /* two-sided */
	bool exact; /* which of the two ways */
};
/* -EINVAL for an empty sample, one over STATS_MAX_SAMPLE, or a value that is not finite. */
int stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb,
	struct mann_whitney *out, struct err *e);

/*
 * Hodges and Lehmann's shift (the median of all b[j] - a[i]) and its distribution-free interval:
 * the k-th smallest and k-th largest pairwise difference, k from the Mann-Whitney distribution
 * (Hollander and Wolfe, Nonparametric Statistical Methods, 4.3; exact below STATS_EXACT_BELOW, as
 * R's conf.int). Its coverage is at least `confidence` for any continuous distribution, with ties
 * too.
 */
struct shift {
	double estimate;
	struct interval ci; /* [-inf, inf] when the samples are too small for this confidence */
	/* the exact coverage of ci (no ties); NAN where the approximation is used */
	double achieved;
};
int stats_shift(const double *a, size_t na, const double *b, size_t nb, double confidence,
	struct shift *out, struct err *e);

/*
 * Percentile bootstrap interval of the Hodges-Lehmann shift: both samples are drawn anew
 * `resamples` times with gsl_rng_mt19937 seeded with `seed` (the same seed gives the same
 * interval). It covers less than it promises with few boots (tests/unit/test_compare.c measures
 * it), so verdicts use stats_shift()'s interval and this one is printed beside it.
 */
int stats_shift_bootstrap(const double *a, size_t na, const double *b, size_t nb, double confidence,
	unsigned resamples, uint64_t seed, struct interval *out, struct err *e);

/* Cliff's delta: (pairs with b > a - pairs with b < a) / all pairs, in [-1, 1]. NAN when one is
 * empty. */
double stats_cliffs_delta(const double *a, size_t na, const double *b, size_t nb);
/* "negligible" below 0.147, "small" below 0.33, "medium" below 0.474, else "large" (Romano et al.
 * 2006). */
const char *stats_cliffs_word(double delta);

/* Holm's step-down correction of n p-values for all of them being looked at; NAN stays NAN and does
 * not count. `out` may be `p`. As R's p.adjust(p, "holm"). */
void stats_holm(const double *p, size_t n, double *out);

#endif
