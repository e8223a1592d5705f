/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two arms or more (variants, runs or sets of runs), several metrics, one value per boot: what
 * differs, by how much, and how sure that is. Plain data in, plain data out.
 *
 * An experiment is run in blocks: each of its configurations once, side by side on one host. What a
 * box does slowly, and what hosts have not in common, is the same for all boots of a block, so the
 * arms are compared within them: one difference per complete block, whose Hodges-Lehmann shift,
 * Tukey interval and signed-rank p count (signed_rank.h). Boots in no complete block are left out,
 * and counted. Several boots of an arm in a block become their mean first: they share what the
 * block did, also to the difference between the arms, so they are no blocks of their own (Addelman
 * 1969, The generalized randomized block design); and with equally many boots on both sides the
 * difference is symmetric about 0 when the arms do not differ, however skewed the values are.
 *
 * Within blocks is chosen by design, never by a result: n complete blocks of a metric cannot give a
 * p below 2^(1 - n) (Tarone 1990 on what that means for many tests). So it takes as many, and
 * COMPARE_MIN_BOOTS at least, as let the next possible p, twice that, when the smallest difference
 * has the other sign, stay below 1 - confidence after multiplying by the number of tests: 7 for one
 * test, 11 for up to 25, one more when they double. With fewer, a metric is compared as two
 * independent samples: Hodges and Lehmann's shift of all pairs (stats_shift) and Mann-Whitney.
 * Those must come from one host and one kernel (`mismatch`); blocks need not, and as nothing else
 * compares such arms, one block less will do.
 *
 * A difference is claimed only when the shift's interval leaves out 0 *and* p, corrected for the
 * number of metrics by Holm, is below 1 - confidence. So among all metrics of an A/A comparison the
 * chance of any false claim is at most 5 %.
 *
 * The interval of a verdict is the order-statistic interval of either: it promises 95 % and covers
 * it at any number of boots. The percentile bootstrap, printed beside it, is narrower and falls
 * short of its promise with few boots.
 *
 * What can be found: with 12 boots an arm of normally distributed values, a two-sided test at 5 %
 * of independent samples finds a shift of one standard deviation in 65 % of cases (the t-test; 61 %
 * for the rank test), and no test whatever finds it in 90 %: one that was told the direction and
 * the true spread, the most powerful there is (Neyman and Pearson), gets Phi(sqrt(12 / 2) - 1.645)
 * = 79 %. It takes 1.5 standard deviations or 24 boots. Blocks change what is possible: when half
 * of the variance lies between them, 12 find it in 85 % (the most powerful test of the differences:
 * Phi(sqrt(12) - 1.645) = 97 %), when two thirds do in 96 %; when none does, in 56 %. Where the
 * spread comes from a heavy tail, as of late wake-ups, independent samples of 12 boots find one
 * standard deviation in over 90 %; blocks do so where a block shares the tail, and find less (82 %)
 * where it strikes single boots. tests/unit/test_compare.c and test_compare_power.c measure these,
 * test_compare_boots.c the same on stored boots, `make bench-aa-boots` on boots of this box
 * (docs/batches.md has the table).
 */
#ifndef SS_ANALYSIS_STATS_COMPARE_H
#define SS_ANALYSIS_STATS_COMPARE_H

#include "terms/metrics.h"
#include "analysis/stats/stats.h"
#include "base/util.h"

#define COMPARE_MIN_BOOTS                                                                          \
	6 /* boots an arm, or blocks; below, no claim: no 95 % interval of a median exists below 6 \
	   */

/* Which block each boot was run in: of the i-th value of every metric, from 1; 0 = none. Boots of
 * one block ran side by side on one host. */
struct compare_blocks {
	const size_t *a, *b;
	size_t n;
};

struct compare_metric {
	const char *name; /* "timer.late.p99" */
	const char *unit; /* "us" */
	enum metric_better better;
	const double *a, *b; /* one value per boot; a NAN (not provided) is left out */
	size_t na, nb;
};

/* Nothing in it is taken over: all pointers must outlive the result. */
struct compare_input {
	const char *name_a, *name_b; /* b is held against a: shift = b - a */
	const char *point; /* of a sweep, at which they are compared: "lab.overcommit=4"; or NULL */
	const char *mismatch; /* what makes the arms incomparable ("hosts x and y"), or NULL */
	bool force;	      /* compare nevertheless; the sentence becomes a warning */
	const struct compare_blocks *blocks; /* NULL = compare independent samples */
	const struct compare_metric *metrics;
	size_t n_metrics;
	double confidence;  /* 0 = 0.95 */
	unsigned resamples; /* of the bootstrap; 0 = 2000 */
	uint64_t seed;
};

enum compare_verdict {
	COMPARE_NO_DATA, /* an arm has no value at all */
	COMPARE_TOO_FEW, /* an arm has fewer than COMPARE_MIN_BOOTS */
	COMPARE_SAME,	 /* no difference larger than `bound` */
	COMPARE_A_BETTER,
	COMPARE_B_BETTER,
	COMPARE_DIFFERENT, /* differs, and neither direction is "better" for this metric */
};

enum compare_method { COMPARE_MANN_WHITNEY, COMPARE_SIGNED_RANK };

struct compare_row {
	const struct compare_metric *metric;
	enum compare_verdict verdict;
	enum compare_method method;
	size_t blocks;		   /* complete ones; used when the method is COMPARE_SIGNED_RANK */
	size_t na, nb;		   /* values used */
	size_t left_a, left_b;	   /* values in no complete block, where blocks are used */
	double median_a, median_b; /* NAN without data */
	struct shift shift;	   /* b - a; NAN where there are too few */
	struct interval bootstrap; /* of the same shift */
	double u, v;		   /* Mann-Whitney's, signed-rank's; NAN for the other */
	double p, p_holm;	   /* by the method; corrected for all rows that have a p */
	bool exact;
	double delta; /* Cliff's; within blocks that of the blocks' differences */
	const char *delta_word;
	double bound; /* COMPARE_SAME: the largest difference the interval allows */
};

struct compare_result {
	const struct compare_input *input;
	double confidence;
	struct compare_row *rows; /* as input->metrics */
	size_t n_rows;
	size_t tests;	      /* that p_holm is corrected for */
	size_t blocks_wanted; /* complete ones that it takes to compare within blocks */
	char *warning;	      /* of a forced comparison, or NULL */
};

/* -EXDEV when input->mismatch says so, force is off, and no metric can be compared within blocks;
 * -EINVAL for values that are infinite or more than STATS_MAX_SAMPLE of them. */
int compare_arms(const struct compare_input *in, struct compare_result *out, struct err *e);
/* `n` comparisons, of several arms with one baseline: corrected for all tests of all of them, so
 * that the chance of any false claim among them is at most 5 %. out[i] is of in[i]; on failure none
 * is made. */
int compare_each(
	const struct compare_input *in, size_t n, struct compare_result *out, struct err *e);
void compare_result_release(struct compare_result *r);

/* Whether the shift's interval leaves out 0. */
bool compare_is_apart(const struct compare_row *r);

#endif
