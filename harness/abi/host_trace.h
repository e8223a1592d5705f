/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stealscope-hostd writes: host/trace.bin of a record. Compiled by the eBPF programs, hostd
 * and the harness. A file is one trace_file_header, then records back to back; every record starts
 * with struct trace_hdr and is hdr.len8 * 8 bytes long, so that a reader can step over types it
 * does not know. Times are CLOCK_MONOTONIC ns (bpf_ktime_get_ns). Records of one thread and of one
 * CPU are in order; across CPUs they may be out of order by some us. Append-only: a cut file is
 * read up to the cut; a record never crosses a clean TRACE_END.
 *
 * The state machine of each tracked thread is gap-free: a STATE record at every change. While at
 * least one tracked thread waits on a CPU, every change of who runs there is an OCCUPY record (one
 * with the current occupant when the wait begins). irq and softirq that ran inside such a time are
 * IRQ records written at their end; those shorter than TRACE_IRQ_MIN_NS stay in the occupant's
 * time. When the last waiter on a CPU begins to run, its STATE record alone says so (no OCCUPY).
 *
 * At one sched_switch the order is: STATE of who leaves, STATE of who comes, OCCUPY; all with the
 * same ts_ns. After a TRACE_LOST, a thread's state is unknown until its next STATE record.
 */
#ifndef SS_ABI_HOST_TRACE_H
#define SS_ABI_HOST_TRACE_H

#ifndef __VMLINUX_H__
#include <stdint.h>
#endif

#define TRACE_FILE_MAGIC 0x3130435254485353ULL /* "SSHTRC01" */
#define TRACE_VERSION	 1u
#define TRACE_COMM	 16

enum trace_mode {
	TRACE_MODE_COUNTERS = 0, /* no eBPF: counters only */
	TRACE_MODE_EVENTS = 1,	 /* the timeline */
	TRACE_MODE_COUNTS = 2,	 /* in-kernel aggregation victim x culprit */
};

enum trace_type {
	TRACE_STATE = 1,  /* struct trace_state: a tracked thread changed state */
	TRACE_OCCUPY = 2, /* struct trace_occupy: tid runs on cpu from ts on (tid 0: idle) */
	/* struct trace_irq: an irq or softirq ended on cpu (tid: whom it interrupted) */
	TRACE_IRQ = 3,
	TRACE_TASK = 4,	   /* struct trace_task: names a tid, before its first use or after exec */
	TRACE_COUNTER = 5, /* struct trace_counter */
	TRACE_LOST = 6, /* struct trace_counter: key = 0, value = records lost since the last one */
	TRACE_TRACK = 7, /* struct trace_track: hostd was told to track this thread */
	/* struct trace_blame: sums since `start`. Made until 2026-11; TRACE_BLAME_ADDED now */
	TRACE_BLAME = 8,
	TRACE_NOTE = 9, /* struct trace_note: a sentence (a source that is missing and why) */
	TRACE_END = 10, /* struct trace_counter: clean end; value = records written before it */
	/* struct trace_state: cpu bandwidth throttling of the thread's group was seen (state 1) or
	 * seen to be over (state 0). Looked at when a wait begins, at occupant changes and when it
	 * ends: not an exact instant */
	TRACE_THROTTLE = 11,
	/* struct trace_blame (counts mode): what came to this cell since its last record, modulo
	 * 2^64: less than nothing where an unfinished wait turned out to be for somebody else */
	TRACE_BLAME_ADDED = 12,
};

enum thread_state {
	THREAD_UNKNOWN = 0,
	THREAD_RUNNING = 1,
	THREAD_WAITING = 2, /* runnable, not running; cpu = the run queue it stands in */
	THREAD_SLEEPING = 3,
	THREAD_EXITED = 4,
};

struct trace_hdr {
	uint64_t ts_ns;
	uint32_t tid; /* the thread meant; 0 = none (or the idle task in OCCUPY) */
	uint16_t cpu;
	uint8_t type; /* enum trace_type */
	uint8_t len8; /* length of the whole record in units of 8 bytes */
};

#define TRACE_STATE_PREEMPTED 1u  /* WAITING began by preemption, not by a wake-up */
#define TRACE_STATE_MIGRATED  2u  /* same state, other run queue: hdr.cpu is the new one */
#define TRACE_STATE_INITIAL   4u  /* not an event: the state found when tracking began */
#define TRACE_STATE_STOPPED   8u  /* SLEEPING because of a stop signal (or a debugger) */
#define TRACE_STATE_INFERRED  16u /* no event was seen: see below */

struct trace_state {
	struct trace_hdr h;
	uint8_t state; /* enum thread_state: the state from ts on */
	uint8_t flags; /* TRACE_STATE_* */
	uint16_t prev_cpu;
	/* RUNNING: who ran before; WAITING by preemption/SLEEPING: who runs next (0 idle); at a
	 * wake-up or migration: the task in whose context it happened (the waker, or whom its
	 * interrupt hit) */
	uint32_t other_tid;
	uint64_t run_delay_ns; /* task->sched_info.run_delay as read at this event, see below */
};

/*
 * run_delay_ns, and how it joins with guest steal. The kernel adds a wait to run_delay when the
 * thread gets the CPU, just after the sched_switch event, and KVM adds the growth of run_delay to
 * the guest's steal at the vCPU load that follows. So it holds, at the event that begins the state:
 *
 *   RUNNING              without the wait that ends here: the value of the end of the last RUNNING,
 *                        plus what a migration inside the wait already booked
 *   end of RUNNING       (WAITING + PREEMPTED, SLEEPING, EXITED) all waits up to and including the
 *                        one that ended when this running interval began. It is to the ns what KVM
 *                        has put into guest steal in this interval: value(end) - value(its RUNNING)
 *                        is the wait before it as the kernel booked it, and steal read by the guest
 *                        in between is value(end) less a constant of the vCPU
 *   WAITING by wake-up   as at the SLEEPING before it; a kernel that books sleep as run_delay, the
 *                        delayed dequeue defect of 6.12 and later, shows as growth between the two
 *   WAITING + MIGRATED   with the part of this wait spent on the old run queue
 *   INITIAL              as found
 */

/*
 * How run_delay and the traced wait may differ. When a wake-up preempts, the kernel does not read
 * its run queue clock anew at the switch: it books the time from that wake-up to the switch as
 * waiting (some us a wait, more when the box itself is delayed), though the thread still had the
 * CPU; and while a waiting thread is on its way between two run queues (MIGRATED) it books nothing.
 * Times here are the true ones. CTR_TRACED_CLOCK_WAIT_NS sums the same waits on the kernel's clock
 * and, with CTR_TRACED_SLEEP_BOOKED_NS added, equals run_delay's growth to the ns: so a difference
 * between wait and run_delay is told from a defect of either.
 */

#define TRACE_IRQ_HARD	 1u /* hard irq: other = irq number */
#define TRACE_IRQ_SOFT	 2u /* softirq: other = vector */
#define TRACE_IRQ_MIN_NS 5000u

struct trace_occupy {
	struct trace_hdr h;
};

struct trace_irq {
	struct trace_hdr h; /* ts_ns: its end */
	uint32_t other;	    /* irq number or softirq vector */
	uint32_t flags;	    /* TRACE_IRQ_* */
	uint64_t ns;	    /* how long it took; hard irqs inside a softirq are part of both */
};

#define TRACE_TASK_KTHREAD 1u
#define TRACE_TASK_EXEC	   2u /* the name changed */

struct trace_task {
	struct trace_hdr h;
	uint32_t tgid;
	uint32_t flags;
	uint64_t cgroup_id; /* inode of the cpu (v1) or unified (v2) cgroup's folder; 0 unknown */
	char comm[TRACE_COMM]; /* any bytes: a process names itself */
};

/* Who a counter belongs to (scope) and what it is (key). hdr.tid or hdr.cpu names the owner. */
enum counter_scope {
	COUNTER_THREAD = 1, /* hdr.tid */
	COUNTER_CGROUP = 2, /* `owner` = cgroup number given in the `cgroup` command */
	/* hdr.tid = the QEMU process for whole-VM keys, a vCPU thread for TSC_OFFSET */
	COUNTER_KVM = 3,
	COUNTER_CPU = 4,  /* hdr.cpu: of the lab box itself */
	COUNTER_SELF = 5, /* hostd */
};

enum counter_key {
	CTR_RUN_NS = 1,	      /* THREAD: schedstat field 1 */
	CTR_RUN_DELAY_NS = 2, /* THREAD: schedstat field 2 */
	CTR_TIMESLICES = 3,   /* THREAD: schedstat field 3 */
	/* THREAD, at stop and dump: what the tracer itself summed since start, the unfinished
	 * interval included: run + wait + sleep = now - start of tracking. */
	CTR_TRACED_RUN_NS = 4,
	CTR_TRACED_WAIT_NS = 5,
	CTR_TRACED_SLEEP_NS = 6,
	CTR_TRACED_WAITS = 7,	   /* waits begun */
	CTR_TRACED_MIGRATIONS = 8, /* waits split by a move to another run queue */
	/* THREAD, with every sample, beside CTR_RUN_DELAY_NS: */
	/* waits ended since start, on the kernel's run queue clock: its growth is that of run_delay
	 * (one wait found at the start counts in full, as in run_delay) */
	CTR_TRACED_CLOCK_WAIT_NS = 14,
	/* sleep that the kernel booked as run_delay (the delayed dequeue defect of 6.12 and later),
	 * as seen at wake-ups */
	CTR_TRACED_SLEEP_BOOKED_NS = 15,
	/* events that did not fit the state held: what was hidden between them is inferred,
	 * TRACE_STATE_INFERRED */
	CTR_TRACED_CONFLICTS = 9,
	CTR_CGROUP_USAGE_NS = 10,
	CTR_CGROUP_NR_PERIODS = 11,
	CTR_CGROUP_NR_THROTTLED = 12,
	CTR_CGROUP_THROTTLED_NS = 13,
	CTR_KVM_EXITS = 20,
	CTR_KVM_HALT_EXITS = 21,
	CTR_KVM_HALT_POLL_SUCCESS_NS = 22,
	CTR_KVM_HALT_POLL_FAIL_NS = 23,
	CTR_KVM_HALT_WAIT_NS = 24,
	CTR_KVM_TSC_OFFSET = 25, /* two's complement; as the VM comes, and at the end */
	/* CPU: the lab box's own steal (it may be a VM); exact where the kernel's own counter is
	 * readable, else in 10 ms steps (a NOTE) */
	CTR_BOX_STEAL_NS = 30,
	CTR_BOX_IRQ_NS = 31,
	CTR_BOX_SOFTIRQ_NS = 32,
	CTR_BOX_IDLE_NS = 33,
	CTR_BOX_BUSY_NS = 34,	/* user + nice + system */
	CTR_SELF_CPU_NS = 40,	/* SELF: CPU time of hostd */
	CTR_SELF_SWITCHES = 41, /* SELF: context switches of hostd */
	CTR_SELF_BPF_NS = 42,	/* SELF: time in its eBPF programs, only with --measure-bpf */
};

struct trace_counter {
	struct trace_hdr h;
	uint16_t scope; /* enum counter_scope */
	uint16_t key;	/* enum counter_key */
	uint32_t owner;
	uint64_t value;
};

struct trace_track {
	struct trace_hdr h;
	uint32_t id; /* the number the harness gave: guest index << 8 | vcpu for vCPU threads */
	uint32_t tgid;
	char name[32]; /* "victim/vcpu0" */
};

enum blame_kind {
	BLAME_TASK = 0,	     /* culprit_tid ran */
	BLAME_IRQ = 1,	     /* culprit_tid = irq number */
	BLAME_SOFTIRQ = 2,   /* culprit_tid = vector */
	BLAME_THROTTLED = 3, /* the victim's own group was out of quota, whoever ran meanwhile */
	BLAME_IDLE = 4,	     /* the CPU idled and no quota was to blame: wasted */
	BLAME_OTHERS = 5,    /* more culprits than the table has room for: all the rest */
};

/* One cell of victim x culprit (counts mode). hdr.tid = victim. */
struct trace_blame {
	struct trace_hdr h;
	uint32_t culprit_tid;
	uint32_t kind; /* enum blame_kind */
	uint64_t ns;
	uint64_t times;
};

struct trace_note {
	struct trace_hdr h;
	char text[200]; /* NUL-padded */
};

struct trace_file_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* records start here */
	uint32_t mode;	      /* enum trace_mode: what it really did */
	uint32_t nr_cpus;
	uint64_t start_host_ns;
	uint64_t start_unix_ns;
	char kernel[64]; /* uname -r */
	uint8_t pad[24];
};

_Static_assert(sizeof(struct trace_hdr) == 16, "trace_hdr");
_Static_assert(sizeof(struct trace_state) == 32, "trace_state");
_Static_assert(sizeof(struct trace_occupy) == 16, "trace_occupy");
_Static_assert(sizeof(struct trace_irq) == 32, "trace_irq");
_Static_assert(sizeof(struct trace_task) == 48, "trace_task");
_Static_assert(sizeof(struct trace_counter) == 32, "trace_counter");
_Static_assert(sizeof(struct trace_track) == 56, "trace_track");
_Static_assert(sizeof(struct trace_blame) == 40, "trace_blame");
_Static_assert(sizeof(struct trace_note) == 216, "trace_note");
_Static_assert(sizeof(struct trace_file_header) == 128, "trace_file_header");

#endif
