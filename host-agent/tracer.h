/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The eBPF side of hostd: loads and attaches tracer.bpf.c, tells it whom to trace, and moves its
 * records into the sink. Not thread-safe; one tracer per process. */
#ifndef SS_HOST_AGENT_TRACER_H
#define SS_HOST_AGENT_TRACER_H

#include <sys/types.h>

#include "base/err.h"
#include "host-agent/sink.h"

struct tracer;

/* Once, before anything of eBPF: libbpf prints nothing from here on; its last warning becomes part of an error. */
void tracer_hush(void);

/* Load and attach; nothing is recorded yet. -errno with the reason where eBPF is not to be had.
 * `queue`: as on PREEMPT_RT before 6.12, without the ring (chosen by itself there). */
int tracer_open(bool counts, bool queue, struct tracer **out, struct err *e);
void tracer_close(struct tracer *t); /* NULL is fine */

/* Trace a thread; before or after tracer_start(). -ENOSPC when all slots are taken. */
int tracer_track(struct tracer *t, pid_t tid, struct err *e);
/* -ENOENT when it is not tracked. */
int tracer_untrack(struct tracer *t, pid_t tid, struct err *e);
/* Some tracked thread stands under a CPU quota: look for throttling at every occupant change. */
void tracer_watch_throttle(struct tracer *t);

/* Begin recording; the states that threads have now are records, too. */
int tracer_start(struct tracer *t, struct err *e);
/* End recording; all that was recorded goes to the sink. */
void tracer_stop(struct tracer *t, struct sink *s);

/* Readable when much waits to be drained, or culprits take half of their room (counts mode). */
int tracer_poll_fd(const struct tracer *t);
/* False: it never becomes readable, for there is the queue; look by time. */
bool tracer_calls(const struct tracer *t);
/* Move what was recorded up to a moment ago, by time, and the count of lost records, to the sink. */
void tracer_drain(struct tracer *t, struct sink *s);
/* The tracer's own counters that are compared with run_delay, to be read beside it. */
struct tracer_seen {
	uint64_t clock_wait_ns;
	uint64_t sleep_booked_ns;
	uint64_t conflicts;
	uint8_t state;	       /* enum thread_state */
	uint64_t run_delay_ns; /* as read at its last event */
	uint64_t
		to_book_ns; /* the wait that this event ended: the kernel books it a moment later */
};
/* False when the thread is not traced. */
bool tracer_read(struct tracer *t, pid_t tid, struct tracer_seen *out);
/* Totals per thread since start (TRACE_COUNTER) and, in counts mode, what came to the cells of blame
 * since the last dump. */
void tracer_dump(struct tracer *t, struct sink *s);
/* Counts mode: culprits take half of their room; a dump gives it back. */
bool tracer_is_full(const struct tracer *t);

/* Account the time spent in eBPF programs from here on (costs a little itself). */
int tracer_measure(struct tracer *t, struct err *e);
uint64_t tracer_bpf_ns(const struct tracer *t); /* 0 without tracer_measure() */

#endif
