/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of every tracked thread and who had its CPU while it waited, from trace records in time
 * order. Totals are clipped at the window's ends; the last TIMELINE_PIECES stretches of each thread
 * are kept for the anatomy of late wake-ups. Memory does not grow with the length of the trace.
 */
#ifndef SS_ANALYSIS_TRACE_TIMELINE_H
#define SS_ANALYSIS_TRACE_TIMELINE_H

#include "abi/host_trace.h"
#include "analysis/trace/culprit.h"
#include "analysis/trace/taken.h"
#include "analysis/stats/series.h"

#define TIMELINE_PIECES 4096u /* a power of two */

/* A stretch of one state on one CPU with one occupant. */
struct piece {
	uint64_t start, end;
	uint32_t culprit; /* WAITING: who ran on `cpu` */
	uint16_t cpu;
	uint8_t state; /* enum thread_state */
	bool throttled;
};

struct blame_sum {
	uint64_t ns, times;
};

struct thread {
	uint32_t tid;
	size_t guest;
	unsigned vcpu;
	/* Now. */
	uint8_t state;
	uint16_t cpu;
	bool throttled;
	bool stopped;	      /* SLEEPING because of a stop signal */
	uint64_t state_since; /* of this state */
	uint64_t piece_since; /* everything before it is accounted */
	uint64_t wait_so_far; /* of the WAITING in progress, on earlier run queues */
	struct thread *next_waiter;
	/* Of the window. */
	struct vcpu_states sums;
	struct blame_sum *blame; /* by culprit, n_blame of them */
	uint32_t n_blame, last_blamed;
	struct series_acc *wait_series, *wait_fine; /* may be NULL */
	struct taken_acc *taken;		    /* its guest's; may be NULL */
	/* run_delay read at the ends of RUNNING stretches; see abi/host_trace.h. */
	bool have_delay;
	uint64_t delay_first, delay_first_ns; /* first end of a RUNNING in the window */
	uint64_t delay_last, delay_last_ns;
	uint64_t waits_done; /* WAITING ended by RUNNING since delay_first was read */
	uint64_t n_waits, n_waits_to_last;
	uint64_t waits_to_last; /* of these, what delay_last contains */
	struct series_acc *delay_series, *delay_fine;
	/* History, oldest overwritten. piece i is pieces[i % TIMELINE_PIECES]. */
	struct piece *pieces;
	uint64_t n_pieces;
};

struct timeline;

struct timeline_sink {
	/* Called before `t` leaves its state: t->state since t->state_since, ending at `now`.
	 * run_delay_ns as in the record that ends it (~0 unknown). */
	void (*leaving)(void *arg, struct thread *t, uint64_t now, uint64_t run_delay_ns);
	void *arg;
};

struct timeline *timeline_make(uint64_t window_start, uint64_t window_end, struct culprits *names,
	struct timeline_sink sink);
void timeline_free(struct timeline *tl);
/* The thread is owned by the timeline. */
struct thread *timeline_add(struct timeline *tl, uint32_t tid, size_t guest, unsigned vcpu);
struct thread *timeline_find(const struct timeline *tl, uint32_t tid); /* NULL: not tracked */

/* A STATE, OCCUPY, IRQ, THROTTLE or LOST record, in time order but for what the tracer learns late; others are ignored. */
void timeline_record(struct timeline *tl, const struct trace_hdr *h);
/* Close all stretches at `end` (not beyond the last record's time or the window's end). */
void timeline_finish(struct timeline *tl, uint64_t end);

/* Records whose time lay before one already seen, and which could not be put into their place: what the tracer inferred can,
 * and who had a CPU at that time. */
uint64_t timeline_disorder(const struct timeline *tl);

/* The piece at or after `from` of a thread's history, NULL beyond the newest; `*index` for the next
 * call (timeline_piece_next). The stretch in progress is not among them. */
const struct piece *timeline_piece_at(const struct thread *t, uint64_t from, uint64_t *index);
const struct piece *timeline_piece_next(const struct thread *t, uint64_t *index);

#endif
