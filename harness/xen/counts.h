/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over the records of states.h, as the host agent's counts mode writes them (TRACE_COUNTER,
 * TRACE_BLAME): how long each vCPU ran, waited and slept, and who had its CPU while it waited. Pure. */
#ifndef SS_XEN_COUNTS_H
#define SS_XEN_COUNTS_H

#include "abi/host_trace.h"

#define XEN_CULPRITS_MAX 256u /* of one vCPU; the rest are BLAME_OTHERS together */

struct xen_counts;
/* What was before `begin_ns` is in no sum: the trace may have begun earlier than what is asked for. */
struct xen_counts *xen_counts_make(uint64_t begin_ns);
void xen_counts_free(struct xen_counts *c); /* NULL is fine */

/* A record of states.h, in order of time; `arg` is the xen_counts. */
void xen_counts_record(void *arg, const struct trace_hdr *h);

/*
 * Write the totals up to `now_ns`, up to which the trace is known: of each vCPU met TRACED_RUN, _WAIT, _SLEEP (what is unknown
 * of it is in none), TRACED_MIGRATIONS, RUN_DELAY (the wait without what its cap took: Xen's own
 * "runnable", which its guests see as steal) and its blame cells.
 */
void xen_counts_dump(struct xen_counts *c, uint64_t now_ns,
	void (*record)(void *arg, const struct trace_hdr *h), void *arg);

#endif
