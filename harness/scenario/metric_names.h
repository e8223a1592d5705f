/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the scenario language must know of metrics: name, unit, and what a guest needs to give them.
 * What they mean is in analysis/metrics.c, which a unit test holds against this. */
#ifndef SS_SCENARIO_METRIC_NAMES_H
#define SS_SCENARIO_METRIC_NAMES_H

#include "scenario/near.h"
#include "scenario/value.h"

enum metric_need {
	NEED_STEAL,    /* a guest of a hypervisor with any probe */
	NEED_PROBE,    /* metric_name.probe */
	NEED_COUNTERS, /* the host's counters: always there */
	NEED_TRACE,    /* events or counts */
	NEED_EVENTS,   /* the timeline */
};

struct metric_name {
	const char *name, *unit;
	enum metric_need need;
	enum probe_word probe; /* NEED_PROBE; with NEED_EVENTS: needed as well, 0 = none */
	enum memory_mode mode; /* PROBE_WORD_MEMORY */
	bool window_10s;       /* needs 10 s of measuring */
};

extern const struct metric_name metric_names[];
extern const size_t n_metric_names;

/* "blame.share:NAME" is blame.share. NULL when unknown. */
const struct metric_name *metric_name_find(const char *name);
void metric_name_near(struct near *n);

#endif
