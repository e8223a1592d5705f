/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tracer's eBPF programs and hostd share in memory (global variables of the programs). */
#ifndef SS_HOST_AGENT_TRACER_SHARED_H
#define SS_HOST_AGENT_TRACER_SHARED_H

#define TRACER_MAX_CPUS	   8192
#define TRACER_MAX_THREADS 4096 /* tracked ones; a power of two */
#define TRACER_GROUPS	   512	/* slots alike modulo this are a group */
#define TRACER_GROUP	   (TRACER_MAX_THREADS / TRACER_GROUPS)
#define TRACER_WAIT_BITS   4 /* of a group's count */
#define TRACER_WAIT_WORD   (64 / TRACER_WAIT_BITS)
#define TRACER_WAIT_WORDS  (TRACER_GROUPS / TRACER_WAIT_WORD)
#define TRACER_NAMED_SLOTS 32768 /* direct-mapped by tid; a collision only names a task again */
#define TRACER_TIDS	   (1u << 22)			 /* PID_MAX_LIMIT of 64-bit kernels */
#define TRACER_PLACES	   65536			 /* tids alike modulo this form a chain */
#define TRACER_ALIKE	   (TRACER_TIDS / TRACER_PLACES) /* ... of so many at most */
#define TRACER_BLAME_CELLS 32768 /* of a round: hostd begins a new one before they are used up */
#define TRACER_LEDGER	   32 /* those who had a CPU, or held up a thread, last; a power of two */
#define TRACER_RECORD_MAX  48 /* bytes of the longest record made in the kernel */
#define TRACER_BUNCH	   (256u << 10) /* bytes of a CPU's bunch of records; a power of two */
#define TRACER_BUNCHES	   (32u << 20)	/* of all together: they are smaller where CPUs are many */

/*
 * Counts mode: who had this CPU, and for how long, while someone waited there: sums that only grow. A
 * thread that waits keeps the sums of when it began; what it waited for is the difference when it
 * stops waiting. So a switch costs one addition, however many wait, as long as not many more than TRACER_LEDGER take
 * turns on this CPU: for one whose place is another's all who wait are blamed first. Written under the run queue
 * lock, or by interrupts of this CPU.
 */
struct tracer_ledger {
	uint64_t since;		    /* complete up to here, while someone with a base waits */
	uint64_t ns[TRACER_LEDGER]; /* the sums stand together, for a base is a copy of them */
	uint32_t times[TRACER_LEDGER];
	struct tracer_holder {
		uint32_t tid;
		uint32_t kind; /* enum blame_kind */
		uint64_t task; /* kernel address: a tid may be used again */
	} who[TRACER_LEDGER];
};

/* Whom a thread waited for: what one event writes stands together. */
struct tracer_culprit {
	uint32_t tid;
	uint32_t kind; /* enum blame_kind */
	uint64_t ns;
	uint32_t times; /* 0: nobody yet */
};

/*
 * One CPU. `occupant*` are written by sched_switch on this CPU alone. `waiting` (how many of each
 * group of slots wait here) and `waiters` change by atomic add, because a migration touches the
 * destination without its run queue lock. Counts of groups, not a bit for each slot: as many words to
 * look through as 512 threads would take, and who of a group waits here its threads say themselves.
 */
struct tracer_cpu {
	uint64_t waiting[TRACER_WAIT_WORDS];
	uint64_t waiters;
	uint64_t fence; /* target of an atomic add that orders `occupant` before `waiters` */
	uint64_t lost;	/* records that found no room */
	/* Its bunch of records, in bytes since the start, modulo its size: `read` is hostd's. */
	uint64_t written, read;
	uint32_t
		writing; /* a record is being written: who interrupts that leaves the bunch alone */
	uint32_t calls;	 /* records beyond half of it */
	uint64_t occupant_task;
	uint64_t irq_since, softirq_since;
	uint32_t occupant;
	uint32_t joined; /* counts mode: a thread may wait here whose base is not taken yet */
	struct tracer_ledger ledger;
};

/* One tracked thread. Written under the run queue lock its state is serialised by. */
struct tracer_thread {
	uint32_t tid;
	uint8_t state; /* enum thread_state */
	uint8_t throttled;
	uint16_t cpu;
	uint32_t slot;	 /* its own index */
	uint8_t arrived; /* `since` is the event at which it got the CPU */
	uint8_t based;	 /* `base_*` are valid */
	uint16_t next;	 /* slot + 1 of the next one with such a tid, 0: none */
	uint64_t since;	 /* of this state */
	uint64_t
		charged; /* counts mode: when the wait began + what of it has been blamed on someone */
	uint64_t task;	    /* kernel address */
	uint64_t run_delay; /* as of the last event */
	uint64_t run_ns, wait_ns, sleep_ns;
	uint64_t waits, migrations, conflicts;
	uint64_t clock_since;	  /* run queue clock when this wait began, 0: last_queued tells */
	uint64_t clock_wait_ns;	  /* the waits again, on the run queue clock */
	uint64_t sleep_booked_ns; /* sleep the kernel will add to run_delay */
	uint64_t booked_ahead_ns; /* ... of it, what it adds only when this wait ends */
	uint64_t to_book_ns;	/* `arrived`: what the kernel adds to run_delay after that event */
	uint64_t arrival_clock; /* ... and the run queue clock of it, 0 unknown */
	struct tracer_culprit culprits[TRACER_LEDGER]; /* others are pushed out to the map */
	uint64_t others_ns, others_times;	       /* what found the map full */
	uint64_t base_ns[TRACER_LEDGER];	       /* its CPU's ledger when it began to wait */
	uint32_t base_times[TRACER_LEDGER];
};

static inline uint64_t tracer_wait_one(uint32_t slot)
{
	return 1ull << (slot % TRACER_GROUPS % TRACER_WAIT_WORD * TRACER_WAIT_BITS);
}

static inline uint32_t tracer_wait_word(uint32_t slot)
{
	return slot % TRACER_GROUPS / TRACER_WAIT_WORD;
}

_Static_assert(TRACER_GROUP < 1 << TRACER_WAIT_BITS, "a group's count");

enum tracer_active {
	TRACER_IDLE = 0, /* only remember who occupies each CPU */
	TRACER_ACTIVE = 1,
	TRACER_STOPPED = 2, /* all stays as it was then, until it is read */
};

struct blame_key {
	uint32_t victim;
	uint32_t culprit;
	uint32_t kind; /* enum blame_kind */
};

struct blame_cell {
	uint64_t ns;
	uint64_t times;
};

#endif
