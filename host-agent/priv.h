/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tracer from within: tracer_load.c loads it, tracer.c runs it, tracer_dump.c reads its sums. */
#ifndef SS_HOST_AGENT_PRIV_H
#define SS_HOST_AGENT_PRIV_H

#include "base/util.h"
#include "host-agent/merge.h"
#include "host-agent/tracer.h"
#include "host-agent/tracer_shared.h"
#include "tracer.skel.h"

/* Cells to be added up. Signed: what was told already is taken off. */
struct blame_row {
	struct blame_key key;
	int64_t ns, times;
};

struct blame_rows {
	struct blame_row *rows;
	size_t n;
};

/* What a thread held itself when it was looked at last. */
struct blame_held {
	struct tracer_culprit culprits[TRACER_LEDGER];
	uint64_t others_ns, others_times;
};

struct tracer {
	struct tracer_bpf *skel;
	struct ring_buffer *ring;
	struct sink *sink;   /* where the ring's callback puts names, during tracer_drain() */
	struct merge *merge; /* ... and the other records */
	int stats_fd;
	unsigned n_cpus;      /* possible ones */
	uint64_t *ends;	      /* by CPU: scratch of tracer_drain() */
	uint32_t max_threads; /* as many as this kernel has room for; at most TRACER_MAX_THREADS */
	unsigned n_slots;     /* ever taken: the first so many */
	unsigned n_free;      /* of them, given back */
	uint64_t lost_seen;
	struct blame_rows kept;	 /* of threads that are not traced any more, not told yet */
	struct blame_rows told;	 /* told by the last dump of waits that were under way */
	struct blame_held *held; /* by slot: what that dump saw of what threads hold themselves */
	unsigned n_held;
	bool running;
	uint64_t stopped;    /* when; 0: not */
	struct err no_vcpus; /* why the walk over open files (vcpus.h) was left out */
};

/* vcpus.c, before the programs are loaded: what libbpf does not find of KVM, when that is a module. */
void vcpus_describe(struct tracer_bpf *skel);

/* The traced thread of that number; NULL: none. */
struct tracer_thread *tracer_thread_of(struct tracer *t, pid_t tid);
/* Load and attach the programs: the skeleton, and how much there is room for. */
int tracer_load(struct tracer *t, bool counts, bool queue, struct err *e);

/* The thread's place is given away: what it collected is told by the next dump. */
void tracer_keep_blame(struct tracer *t, const struct tracer_thread *th);

/* The first of t->n_cpus and of t->max_threads: memory that the programs write. */
struct tracer_cpu *tracer_cpus(struct tracer *t);
struct tracer_thread *tracer_threads(struct tracer *t);

#endif
