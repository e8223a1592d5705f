// SPDX-License-Identifier: GPL-3.0-or-later
/* Scheduling policy and timer slack of the thread that waits for a timer. */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

/* sched_setattr(2); the C library of Debian 12 has no header for it, and the kernel's clashes with
 * the library's <sched.h>. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

/* Of SCHED_DEADLINE: what a wake-up may use in each period, as a part of it. */
#define DEADLINE_RUNTIME_PART 5

bool policy_same(const struct policy *a, const struct policy *b)
{
	return a->kind == b->kind && a->priority == b->priority && a->slack_ns == b->slack_ns &&
	       a->period_ns == b->period_ns;
}

bool policy_apply(const struct policy *p, const cpu_mask *cpus, const cpu_mask *all)
{
	struct attributes attr = {.size = sizeof(attr)};
	bool deadline = p->kind == SHM_POLICY_DEADLINE;

	switch (p->kind) {
	case SHM_POLICY_FIFO:
		attr.policy = SCHED_FIFO;
		break;
	case SHM_POLICY_RR:
		attr.policy = SCHED_RR;
		break;
	case SHM_POLICY_DEADLINE:
		attr.policy = SCHED_DEADLINE;
		attr.runtime = p->period_ns / DEADLINE_RUNTIME_PART;
		attr.deadline = attr.period = p->period_ns;
		break;
	default:
		attr.policy = SCHED_OTHER;
	}
	if (p->kind == SHM_POLICY_FIFO || p->kind == SHM_POLICY_RR)
		attr.priority = p->priority ? p->priority : 1;
	/* The kernel admits SCHED_DEADLINE only to threads that may run on every CPU. */
	if (deadline && !thread_bind(all))
		return false;
	if (syscall(SYS_sched_setattr, 0, &attr, 0))
		return false;
	if (!deadline && !thread_bind(cpus))
		return false;
	return prctl(PR_SET_TIMERSLACK, p->slack_ns, 0, 0, 0) == 0; /* 0: back to the default */
}
