/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probe `timer`: wake at absolute deadlines t0 + k * period that are never re-based, and say how
 * late. When several deadlines have passed at one wake-up, the record is about the last of them and
 * counts the others as missed: each of those woke late, at this record's TSC (no coordinated
 * omission).
 */
#include "guest-agent/probe/probe.h"

static void timer_start(struct agent_vcpu *v, struct probe_run *run)
{
	run->period = agent_ns_to_ticks(v, run->p[0]);
	if (run->period == 0)
		run->period = 1;
	run->armed_tsc = platform_tsc();
	run->deadline = run->armed_tsc + run->period;
}

static void timer_tick(struct agent_vcpu *v, struct probe_run *run, const struct stamp *at)
{
	uint64_t late = at->tsc - run->deadline;
	uint64_t missed = late >= run->period ? late / run->period : 0;
	uint64_t last = run->deadline + missed * run->period;

	agent_emit(v, REC_TIMER, PROBE_TIMER, at,
		(uint64_t[4]){last, run->armed_tsc, missed, v->busy.ops == 0});
	run->armed_tsc = platform_tsc();
	run->deadline = last + run->period;
}

const struct probe_ops probe_timer = {
	.id = PROBE_TIMER,
	.start = timer_start,
	.tick = timer_tick,
};
