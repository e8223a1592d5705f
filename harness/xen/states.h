/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run states of Xen's vCPUs as the words of a record (abi/host_trace.h), where a vCPU takes the place
 * of a thread. Pure.
 *
 *   running             RUNNING on the physical CPU that said so
 *   runnable            WAITING: on the CPU it was taken from, or, woken, on the one it ran on last
 *   blocked             SLEEPING
 *   offline             a domain with a cap: WAITING and THROTTLE, parked until its credit is back;
 *                       another: SLEEPING and STOPPED, it is paused
 *
 * Who had the CPU meanwhile (OCCUPY): another domain's vCPU, dom0's, none (idle), or Xen itself, from
 * one vCPU's leaving to the next one's coming. run_delay, at the end of RUNNING, is the time in
 * "runnable" until then, what Xen's guests see as steal: of a vCPU that was taken off its CPU and got it back as Xen itself books it, to the
 * ns; of one that woke as the trace tells it, which begins and ends when a change is written, some time after Xen read its
 * clock (a microsecond; 25 where all is emulated).
 */
#ifndef SS_XEN_STATES_H
#define SS_XEN_STATES_H

#include <stdbool.h>

#include "abi/host_trace.h"
#include "xen/xentrace.h"

#define XEN_TRACKED_MAX 1024u

/* A vCPU's number in the place of a thread's; 0 is the idle CPU. Of domains with more than 64 vCPUs,
 * those from the 64th on share one. Domain numbers end at 32752. */
static inline uint32_t xen_tid(unsigned domain, unsigned vcpu)
{
	return domain == XEN_DOMAIN_IDLE ? 0 : (domain + 1) * 64 + (vcpu < 64 ? vcpu : 63);
}
#define XEN_TID_SELF ((1u << 22) - 1) /* Xen itself */

/* From TSC to host ns by a line through two readings of both clocks. */
struct xen_clock {
	uint64_t tsc, ns;   /* the first */
	uint64_t tsc2, ns2; /* a later one */
};
/* 0 where the two readings do not make a line. */
uint64_t xen_clock_ns(const struct xen_clock *c, uint64_t tsc);

struct xen_states;
void xen_states_clock(struct xen_states *s, const struct xen_clock *clock);
/* `record` gets each record, in order of time; it is valid during the call only. */
struct xen_states *xen_states_make(const struct xen_clock *clock,
	void (*record)(void *arg, const struct trace_hdr *h), void *arg);
void xen_states_free(struct xen_states *s); /* NULL is fine */

/* Follow this vCPU. `capped`: its domain has a cap. False when XEN_TRACKED_MAX are followed. */
bool xen_states_track(struct xen_states *s, unsigned domain, unsigned vcpu, bool capped);
void xen_states_untrack(struct xen_states *s, unsigned domain);
void xen_states_cap(struct xen_states *s, unsigned domain, bool capped);

/* For struct xentrace_sink, `arg` being the xen_states. */
void xen_states_event(void *arg, const struct xen_event *v);
void xen_states_lost(void *arg, const struct xen_event *at, uint32_t n);

/* Changes that did not follow from the state held (INFERRED in their record). */
uint64_t xen_states_conflicts(const struct xen_states *s);

#endif
