/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe `steal`: the counter itself, once a period. */
#include "guest-agent/probe/probe.h"

static void steal_start(struct agent_vcpu *v, struct probe_run *run)
{
	run->period = agent_ns_to_ticks(v, run->p[0]);
	if (run->period == 0)
		run->period = 1;
	run->deadline = platform_tsc() + run->period;
}

static void steal_tick(struct agent_vcpu *v, struct probe_run *run, const struct stamp *at)
{
	agent_emit(v, REC_STEAL, PROBE_STEAL, at, (uint64_t[4]){0});
	run->deadline += run->period;
	if (run->deadline <= at->tsc)
		run->deadline +=
			(at->tsc - run->deadline) / run->period * run->period + run->period;
}

const struct probe_ops probe_steal = {
	.id = PROBE_STEAL,
	.start = steal_start,
	.tick = steal_tick,
};
