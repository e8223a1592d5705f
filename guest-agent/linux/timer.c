// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Probe `timer` in Linux: as probe/timer.c, and in addition relative sleeps (as the blog of docs/sources.md measured:
 * a sleep of one period from each wake-up on), and how much of each sleep the woken thread spent in
 * the run queue of this kernel.
 */
#include "guest-agent/linux/linux.h"

static void start(struct agent_vcpu *v, struct probe_run *run)
{
	run->period = agent_ns_to_ticks(v, run->p[0]);
	if (run->period == 0)
		run->period = 1;
	vcpu_of(v)->delay_ns = UINT64_MAX; /* not known yet */
	run->armed_tsc = platform_tsc();
	run->deadline = run->armed_tsc + run->period;
}

static void tick(struct agent_vcpu *v, struct probe_run *run, const struct stamp *at)
{
	struct vcpu *c = vcpu_of(v);
	bool relative = run->p[1] & SHM_TIMER_RELATIVE, halted = v->busy.ops == 0;
	int fd = c->delay_fd[halted ? 0 : 1];
	uint64_t late = at->tsc - run->deadline, missed = 0, last, delay = delay_read(fd), wait = 0;

	if (!relative && late >= run->period)
		missed = late / run->period;
	last = run->deadline + missed * run->period;
	if (fd >= 0 && c->delay_ns != UINT64_MAX)
		wait = (delay > c->delay_ns ? delay - c->delay_ns : 0) + 1;
	agent_emit(v, REC_TIMER, PROBE_TIMER, at,
		(uint64_t[4]){last, run->armed_tsc, missed,
			(halted ? SHM_TIMER_HALTED : 0) | wait << SHM_TIMER_WAIT_SHIFT});
	c->delay_ns = delay;
	run->armed_tsc = platform_tsc();
	run->deadline = relative ? run->armed_tsc + run->period : last + run->period;
}

const struct probe_ops linux_timer = {
	.id = PROBE_TIMER,
	.start = start,
	.tick = tick,
};
