/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every metric is one row of metrics.def: name, unit, what it needs, how vCPU values become the
 * guest's value, which way is better, what it means. The scenario language, reports, expectations,
 * comparisons and docs/metrics.md all read this table. "ms/s" is per vCPU. To add a metric: a row,
 * and the lines of analysis/ that give METRIC_... its value.
 */
#ifndef SS_TERMS_METRICS_H
#define SS_TERMS_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "terms/words.h"

enum metric_id {
#define METRIC(id, ...) METRIC_##id,
#include "terms/metrics.def"
	METRIC_COUNT,
};

/* What a run must have so that a guest of it can have the metric. */
enum metric_need {
	NEED_COUNTERS, /* the host's counters: always there */
	NEED_STEAL,    /* a guest of a hypervisor with any probe */
	NEED_PROBE,    /* metric_info.probe */
	NEED_TRACE,    /* events or counts */
	NEED_EVENTS,   /* the timeline */
};

/* How the guest's value comes from its vCPUs'. */
enum metric_fold {
	FOLD_MEAN, /* mean of the vCPUs that have it */
	FOLD_SUM,
	FOLD_MAX,
	FOLD_POOL,  /* from all vCPUs' samples together (percentiles) */
	FOLD_GUEST, /* made for the guest, not from its vCPUs' */
};

enum metric_better { BETTER_LOWER = -1, BETTER_NEITHER = 0, BETTER_HIGHER = 1 };

struct metric_info {
	const char *name, *unit;
	enum metric_need need;
	enum probe_id probe;   /* NEED_PROBE; with NEED_EVENTS: needed as well, 0 = none */
	enum memory_mode mode; /* PROBE_MEMORY */
	bool window_10s;       /* needs 10 s of measuring */
	bool guest_only;       /* no vCPU has it */
	bool instrument;       /* of stealscope itself, not of what it measures */
	bool parts;	       /* "NAME:PART" in an expectation is a part of it */
	enum metric_fold fold;
	enum metric_better better;
	const char *from; /* probe or source without which it is "not provided" */
	const char *doc;  /* one or two sentences: definition and formula */
};
extern const struct metric_info metric_table[METRIC_COUNT];

/* The one way from a name to a metric; METRIC_COUNT when there is none. With `part`, "blame.share:NAME"
 * is blame.share, and *part is NAME (in `name`) or NULL; without it such a name is no metric. */
enum metric_id metric_find(const char *name, const char **part);

/* docs/metrics.md. */
void metrics_print_markdown(FILE *out);

/* One metric of one vCPU or guest. Without a source: have = false and `why` says what is missing;
 * it is never shown as 0. `why` is static or owned by the analysis. */
struct metric_value {
	bool have;
	double value;
	const char *why;
	double below; /* > 0, have = false: the value is less than this, and no more is known */
	const char *source; /* what stood in for the usual source ("run_delay"); NULL = none did */
};

#endif
