/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guests without an agent, seen from outside only. KVM adds the growth of a vCPU thread's run_delay
 * to the guest's steal, so that integer stands in for the counter nobody read; it says so
 * (source). What only an agent can know is not provided.
 */
#include <math.h>

#include "analysis/priv.h"

#define NO_STEAL "not provided: TCG has no steal counter"
#define NO_AGENT "not provided: no agent in this guest, it was seen from outside"

/* These come from an agent's records, and from nothing else. */
static bool felt_inside(enum metric_id id)
{
	const struct metric_info *info = &metric_table[id];

	return info->need == NEED_PROBE || info->probe || id == METRIC_CLOCK_ERROR;
}

bool seen_from_outside(const struct run_guest *g)
{
	return g->guest_file && !*g->guest_file &&
	       ((g->domain && *g->domain) || word_is(&words_guest_kind, g->kind, GUEST_DISK));
}

static void stand_in(struct metric_value *m, enum metric_id id, double value, const char *why)
{
	m[id] = isfinite(value)
			? (struct metric_value){.have = true, .value = value, .source = "run_delay"}
			: (struct metric_value){.value = NAN, .why = why};
}

static void stand_in_steal(
	const struct build *b, struct vcpu_build *v, const struct metric_value *delay)
{
	struct metric_value *m = v->out->metrics;
	bool whole = b->a->window_end_ns - b->a->window_start_ns >= BIN_NS;
	double largest = NAN;

	stand_in(m, METRIC_STEAL_RATE, delay->have ? delay->value : NAN, delay->why);
	if (!whole || !series_largest_rate(&v->acc[SERIES_RUN_DELAY], &largest))
		largest = NAN;
	stand_in(m, METRIC_STEAL_RATE_10S, largest,
		whole ? delay->why : "the window is shorter than 10 s");
}

void outside_fold(struct build *b, struct vcpu_build *v)
{
	struct metric_value *m = v->out->metrics;
	const struct metric_value *delay = &m[METRIC_RUN_DELAY_RATE];

	if (!seen_from_outside(&b->a->info.guests[v->guest]))
		return;
	/* Under emulation no hypervisor hands it to the guest. */
	if (word_is(&words_accel_found, b->a->guests[v->guest].accel, SHM_ACCEL_TCG)) {
		stand_in(m, METRIC_STEAL_RATE, NAN, NO_STEAL);
		stand_in(m, METRIC_STEAL_RATE_10S, NAN, NO_STEAL);
	} else {
		stand_in_steal(b, v, delay);
	}
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		if (felt_inside((enum metric_id)i) && !m[i].have)
			m[i].why = NO_AGENT;
}
