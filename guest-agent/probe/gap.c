/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probe `gap`: a loop that does nothing but read the TSC; a jump over the threshold is time in
 * which this vCPU did not run. Our own interrupt handler's time is not a gap: the loop's last
 * reading is checked when an interrupt comes in, and the measure starts afresh when it is over.
 *
 * The handler may come between any two instructions of the loop, and often comes just after rdtsc
 * where KVM emulates. So loop and handler each write variables of their own, the loop takes what it
 * read as void when irq_seq moved since the pass before, and it writes records with interrupts out.
 */
#include "guest-agent/probe/probe.h"

static void gap_start(struct agent_vcpu *v, struct probe_run *run)
{
	run->threshold = agent_ns_to_ticks(v, run->p[0]);
	run->last_tsc = run->exit_tsc = platform_tsc();
	run->least_irq = run->least_write = UINT64_MAX / 2;
}

/*
 * From where to measure on after work of our own that began at `start`. The same work takes about
 * the same time, so what goes beyond twice the shortest seen was taken from us, and measuring goes
 * on from where the shortest would have ended. A gap within own work is so short of the truth by at
 * most that much.
 */
static uint64_t gap_own_end(uint64_t start, uint64_t *least)
{
	uint64_t now = platform_tsc(), took = now - start;

	if (took < *least)
		*least = took;
	return took <= 2 * *least ? now : start + *least;
}

/* Interrupts are out. */
static void gap_emit(
	struct agent_vcpu *v, struct probe_run *run, const struct stamp *at, uint64_t from)
{
	agent_emit(v, REC_GAP, PROBE_GAP, at,
		(uint64_t[4]){from, run->longest, run->done - run->since, 0});
	run->longest = 0;
	run->since = run->done;
}

static void gap_work(struct agent_vcpu *v, struct probe_run *run)
{
	const volatile uint32_t *irq_seq = &run->irq_seq;
	volatile uint64_t *last_shared = &run->last_tsc;
	uint32_t seq = *irq_seq;
	uint64_t last = *last_shared, threshold = run->threshold;

	while (agent_running(v)) {
		struct stamp now = agent_stamp(v);
		uint64_t step = now.tsc - last;

		*last_shared = now.tsc;
		if (*irq_seq != seq) {
			seq = *irq_seq;
			last = *(volatile uint64_t *)&run->exit_tsc;
			continue;
		}
		last = now.tsc;
		run->done++;
		if (step > threshold) {
			platform_irq_off(v);
			if (*irq_seq == seq) {
				gap_emit(v, run, &now, now.tsc - step);
				*last_shared = last = gap_own_end(now.tsc, &run->least_write);
			}
			platform_irq_on(v);
		} else if (step > run->longest) {
			run->longest = step;
		}
		if (now.tsc >= v->next_steal) {
			agent_housekeeping(v, now.tsc);
			*last_shared = last = gap_own_end(now.tsc, &run->least_write);
		}
	}
}

static void gap_irq_enter(struct agent_vcpu *v, struct probe_run *run, const struct stamp *at)
{
	uint64_t last = run->last_tsc;

	run->entry_tsc = at->tsc;
	/* The loop may have written a reading that it took before our last exit. */
	if ((int64_t)(run->exit_tsc - last) > 0)
		last = run->exit_tsc;
	/* Signed: where the "interrupt" is a thread, the loop may be ahead of it. */
	if ((int64_t)(at->tsc - last) > (int64_t)run->threshold)
		gap_emit(v, run, at, last);
}

static void gap_irq_exit(struct agent_vcpu *v, struct probe_run *run)
{
	(void)v;
	run->irq_seq++;
	run->exit_tsc = gap_own_end(run->entry_tsc, &run->least_irq);
}

const struct probe_ops probe_gap = {
	.id = PROBE_GAP,
	.start = gap_start,
	.work = gap_work,
	.irq_enter = gap_irq_enter,
	.irq_exit = gap_irq_exit,
};
