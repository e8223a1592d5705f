/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probe `lock`: the vCPUs of a guest share one spin lock. When the host takes the CPU from the vCPU
 * that holds it, all the others burn their time waiting: lock-holder preemption.
 * Test-and-test-and-set, unfair: a fair (ticket) lock would add the preemption of waiters, another
 * effect.
 */
#include "guest-agent/probe/probe.h"
#include "guest-agent/probe/spin.h"

#define LOCK_CHUNK 1024 /* as JOB_CHUNK */

static struct {
	volatile uint32_t held;
} lock_word __attribute__((aligned(64)));

static void lock_start(struct agent_vcpu *v, struct probe_run *run)
{
	run->threshold = agent_ns_to_ticks(v, run->p[2]);
}

/* False when a command came while waiting. */
static bool lock_take(struct agent_vcpu *v)
{
	for (;;) {
		if (!lock_word.held &&
			__atomic_exchange_n(&lock_word.held, 1, __ATOMIC_ACQUIRE) == 0)
			return true;
		if (!agent_running(v))
			return false;
		if (platform_tsc() >= v->next_steal)
			agent_housekeeping(v, platform_tsc());
		platform_relax();
	}
}

/* Spin `n` rounds; false when a command came. */
static bool lock_spin(struct agent_vcpu *v, uint64_t n)
{
	while (n != 0 && agent_running(v)) {
		uint64_t part = n < LOCK_CHUNK ? n : LOCK_CHUNK;

		spin_iterations(part);
		n -= part;
	}
	return n == 0;
}

static void lock_work(struct agent_vcpu *v, struct probe_run *run)
{
	while (agent_running(v)) {
		uint64_t start = platform_tsc(), got;
		bool whole;

		if (!lock_take(v))
			return;
		got = platform_tsc();
		whole = lock_spin(v, run->p[0]);
		__atomic_store_n(&lock_word.held, 0, __ATOMIC_RELEASE);
		if (got - start > run->threshold)
			agent_emit_busy(v, REC_LOCK, start, run->done, got);
		if (!whole)
			return;
		run->done++;
		if (got >= v->next_steal)
			agent_housekeeping(v, got);
		lock_spin(v, run->p[1]);
	}
}

const struct probe_ops probe_lock = {
	.id = PROBE_LOCK,
	.start = lock_start,
	.work = lock_work,
};
