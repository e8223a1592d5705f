/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hand-made trace events for tests of the timeline. */
#ifndef SS_TESTS_TRACE_EVENTS_H
#define SS_TESTS_TRACE_EVENTS_H

#include <string.h>

#include "analysis/trace/timeline.h"

#define VCPU 100u /* tid of the tracked thread of guest 0 */
#define HOG  200u
#define CPUS 4

static inline void ev_state(struct timeline *tl, uint64_t ts, uint32_t tid, uint16_t cpu,
	uint8_t state, uint8_t flags, uint32_t other, uint64_t delay)
{
	struct trace_state s = {.h = {ts, tid, cpu, TRACE_STATE, sizeof(s) / 8},
		.state = state,
		.flags = flags,
		.other_tid = other,
		.run_delay_ns = delay};

	timeline_record(tl, &s.h);
}

static inline void ev_occupy(struct timeline *tl, uint64_t ts, uint16_t cpu, uint32_t tid)
{
	struct trace_occupy o = {.h = {ts, tid, cpu, TRACE_OCCUPY, sizeof(o) / 8}};

	timeline_record(tl, &o.h);
}

static inline void ev_irq(struct timeline *tl, uint64_t ts, uint16_t cpu, uint32_t number,
	uint32_t flags, uint64_t ns)
{
	struct trace_irq r = {.h = {ts, 0, cpu, TRACE_IRQ, sizeof(r) / 8},
		.other = number,
		.flags = flags,
		.ns = ns};

	timeline_record(tl, &r.h);
}

static inline void ev_throttle(
	struct timeline *tl, uint64_t ts, uint32_t tid, uint16_t cpu, uint8_t on)
{
	struct trace_state s = {.h = {ts, tid, cpu, TRACE_THROTTLE, sizeof(s) / 8}, .state = on};

	timeline_record(tl, &s.h);
}

static inline void ev_task(struct culprits *c, uint32_t tid, uint32_t tgid, uint64_t cgroup,
	uint32_t flags, const char *comm)
{
	struct trace_task t = {.h = {1, tid, 0, TRACE_TASK, sizeof(t) / 8},
		.tgid = tgid,
		.flags = flags,
		.cgroup_id = cgroup};

	memcpy(t.comm, comm, MIN(strlen(comm), sizeof(t.comm)));
	culprits_task(c, &t);
}

#endif
