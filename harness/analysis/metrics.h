/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every metric is one row of metric_table[]: name, unit, what gives it, how vCPU values become the
 * guest's value, and which way is better. Reports, expectations, comparisons and docs/metrics.md
 * all read this table. "ms/s" is per vCPU.
 */
#ifndef SS_ANALYSIS_METRICS_H
#define SS_ANALYSIS_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum metric_id {
	METRIC_STEAL_RATE,
	METRIC_STEAL_RATE_10S, /* value = the largest 10 s window; the series stands beside it */
	METRIC_RUN_DELAY_RATE,
	METRIC_WAIT_RATE,
	METRIC_RUN_RATE,
	METRIC_SLEEP_RATE,
	METRIC_TIMER_LATE_P50,
	METRIC_TIMER_LATE_P99,
	METRIC_TIMER_LATE_P999,
	METRIC_TIMER_LATE_MAX,
	METRIC_TIMER_LATE_MAX_10S, /* value = the median of the 10 s maxima */
	METRIC_TIMER_GUEST_P99,
	METRIC_TIMER_GUEST_MAX,
	METRIC_SLEEP_ELAPSED_P50,
	METRIC_SLEEP_ELAPSED_P99,
	METRIC_SLEEP_ELAPSED_P999,
	METRIC_SLEEP_ELAPSED_MAX,
	METRIC_GAP_RATE,
	METRIC_GAP_LEN_P50,
	METRIC_GAP_LEN_P99,
	METRIC_GAP_LEN_MAX,
	METRIC_JOB_TIME,
	METRIC_JOB_RATE,
	METRIC_LOCK_RATE,
	METRIC_LOCK_STALL_P50,
	METRIC_LOCK_STALL_P99,
	METRIC_LOCK_STALL_MAX,
	METRIC_MEMORY_LATENCY,
	METRIC_MEMORY_BANDWIDTH,
	METRIC_BLAME_SHARE, /* of the top culprit; "blame.share:NAME" in an expectation names one */
	METRIC_LATE_EXPLAINED,
	METRIC_WASTED_RATE,
	METRIC_THROTTLE_RATE,
	METRIC_MIGRATIONS_RATE,
	METRIC_EXITS_RATE,
	METRIC_CLOCK_ERROR,
	METRIC_HARNESS_CPU, /* guest value only: the same for every guest of a record */
	METRIC_COUNT,
};

/* How the guest's value comes from its vCPUs'. */
enum metric_fold {
	FOLD_MEAN, /* mean of the vCPUs that have it */
	FOLD_SUM,
	FOLD_MAX,
	FOLD_POOL,  /* from all vCPUs' samples together (percentiles) */
	FOLD_GUEST, /* exists per guest only */
};

enum metric_better { BETTER_LOWER = -1, BETTER_NEITHER = 0, BETTER_HIGHER = 1 };

struct metric_info {
	const char *name;
	const char *unit;
	bool per_vcpu;
	enum metric_fold fold;
	enum metric_better better;
	const char *needs; /* probe or source without which it is "not provided" */
	const char *doc;   /* one or two sentences: definition and formula */
};
extern const struct metric_info metric_table[METRIC_COUNT];

/* METRIC_COUNT when there is none. */
enum metric_id metric_find(const char *name);
/* docs/metrics.md. */
void metrics_print_markdown(FILE *out);

/* One metric of one vCPU or guest. Without a source: have = false and `why` says what is missing;
 * it is never shown as 0. `why` is static or owned by the analysis. */
struct metric_value {
	bool have;
	double value;
	const char *why;
	double below; /* > 0, have = false: the value is less than this, and no more is known */
};

#endif
