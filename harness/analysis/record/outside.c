/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guests without an agent, seen from outside only. KVM adds the growth of a vCPU thread's run_delay
 * to the guest's steal, so that integer stands in for the counter nobody read; it says so
 * (source). What only an agent can know is not provided.
 */
#include <math.h>
#include <string.h>

#include "analysis/priv.h"

#define NO_AGENT "not provided: no agent in this guest, it was seen from outside"

/* These come from an agent's records, and from nothing else. */
static const enum metric_id felt_inside[] = {METRIC_TIMER_LATE_P50, METRIC_TIMER_LATE_P99,
	METRIC_TIMER_LATE_P999, METRIC_TIMER_LATE_MAX, METRIC_TIMER_LATE_MAX_10S,
	METRIC_TIMER_GUEST_P99, METRIC_TIMER_GUEST_MAX, METRIC_SLEEP_ELAPSED_P50,
	METRIC_SLEEP_ELAPSED_P99, METRIC_SLEEP_ELAPSED_P999, METRIC_SLEEP_ELAPSED_MAX,
	METRIC_GAP_RATE, METRIC_GAP_LEN_P50, METRIC_GAP_LEN_P99, METRIC_GAP_LEN_MAX,
	METRIC_JOB_TIME, METRIC_JOB_RATE, METRIC_LOCK_RATE, METRIC_LOCK_STALL_P50,
	METRIC_LOCK_STALL_P99, METRIC_LOCK_STALL_MAX, METRIC_MEMORY_LATENCY,
	METRIC_MEMORY_BANDWIDTH, METRIC_LATE_EXPLAINED, METRIC_CLOCK_ERROR};

bool seen_from_outside(const struct run_guest *g)
{
	return g->guest_file && !*g->guest_file && word_is(&words_guest_kind, g->kind, GUEST_DISK);
}

static void stand_in(struct metric_value *m, enum metric_id id, double value, const char *why)
{
	m[id] = isfinite(value)
			? (struct metric_value){.have = true, .value = value, .source = "run_delay"}
			: (struct metric_value){.value = NAN, .why = why};
}

void outside_fold(struct build *b, struct vcpu_build *v)
{
	struct metric_value *m = v->out->metrics;
	const struct metric_value *delay = &m[METRIC_RUN_DELAY_RATE];
	bool whole = b->a->window_end_ns - b->a->window_start_ns >= BIN_NS;
	double largest = NAN;

	if (!seen_from_outside(&b->a->info.guests[v->guest]))
		return;
	stand_in(m, METRIC_STEAL_RATE, delay->have ? delay->value : NAN, delay->why);
	if (!whole || !series_largest_rate(&v->acc[SERIES_RUN_DELAY], &largest))
		largest = NAN;
	stand_in(m, METRIC_STEAL_RATE_10S, largest,
		whole ? delay->why : "the window is shorter than 10 s");
	for (size_t i = 0; i < ARRAY_SIZE(felt_inside); i++)
		if (!m[felt_inside[i]].have)
			m[felt_inside[i]].why = NO_AGENT;
}
