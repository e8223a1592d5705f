/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Watch the vCPUs of this Xen box: runs `xentrace`, and hands on its events in the words of a record
 * (states.h) or as totals in the host agent's (counts.h). For dom0's root.
 */
#ifndef SS_XEN_WATCH_H
#define SS_XEN_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "abi/host_trace.h"
#include "base/util.h"

/* Whether this kernel is the dom0 of a Xen box. */
bool xen_is_dom0(void);

struct xen_watch;
/* Each record goes to `record`, in order of time, during xen_watch_take(). NULL: only totals are kept.
 * -errno with EXIT_HOST where xentrace is not there or Xen does not let it. */
int xen_watch_begin(void (*record)(void *arg, const struct trace_hdr *h), void *arg,
	struct xen_watch **out, struct err *e);
/* End xentrace, take the rest, and free. Xen's trace buffers are off then. NULL is fine. */
void xen_watch_end(struct xen_watch *w);
AUTO_PTR(xen_watch_end, struct xen_watch *)

/* Hold the two clocks together anew, over all the time since the beginning: before the first vCPU is followed. */
void xen_watch_calibrate(struct xen_watch *w);

/* Follow a vCPU; false: too many. `capped`: its domain has a cap, so "offline" is parked by it. */
bool xen_watch_track(struct xen_watch *w, unsigned domain, unsigned vcpu, bool capped);
void xen_watch_untrack(struct xen_watch *w, unsigned domain);

/* Take what xentrace wrote so far. The newest tenths of a second are not in it yet: their order is
 * not certain. */
int xen_watch_take(struct xen_watch *w, struct err *e);
/* Up to when the trace is known, host ns. */
uint64_t xen_watch_known_ns(const struct xen_watch *w);
/* The totals up to then, as counts.h has them. */
void xen_watch_dump(
	struct xen_watch *w, void (*record)(void *arg, const struct trace_hdr *h), void *arg);

pid_t xen_watch_pid(const struct xen_watch *w);	      /* xentrace's */
uint64_t xen_watch_events(const struct xen_watch *w); /* in order of time, so far */
uint64_t xen_watch_lost(const struct xen_watch *w);

#endif
