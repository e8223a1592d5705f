// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The scheduler tracer: the gap-free state of each tracked thread, and who has the CPU while one of
 * them waits there.
 *
 * Where it runs: a thread's state changes under its run queue lock, so each tracer_thread has one
 * writer at a time. On every context switch of the box this costs a few loads and one atomic add
 * unless a tracked thread leaves, comes or waits there.
 *
 * When a thread sleeps: it left the CPU not by preemption and its state is not "running". Otherwise
 * it still wants the CPU and waits; no wake-up will tell. A wake-up of a thread that runs or waits
 * already (it wakes itself, or had not yet left) changes nothing.
 */
#include "host-agent/kernel_types.h"

#include "abi/host_trace.h"
#include "host-agent/tracer_shared.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before loading. */
const volatile bool counts_mode = false;
const volatile bool cgroup_v1 = false;
const volatile bool use_queue = false;	      /* instead of the ring */
const volatile uint64_t wake_bytes = 1 << 20; /* wake hostd when this much waits in the ring */
/* For tests: so many of 256 switches are not seen, as some kernels hide them. */
const volatile uint32_t hides = 0;
/* What there is room for: numbers of CPUs, of chains and of threads, less one (powers of two), and where in `room` threads begin. */
const volatile uint32_t last_cpu = TRACER_MAX_CPUS - 1;
const volatile uint32_t last_place = TRACER_PLACES - 1;
const volatile uint32_t last_slot = TRACER_MAX_THREADS - 1;
const volatile uint32_t threads_at = TRACER_MAX_CPUS * sizeof(struct tracer_cpu);
const volatile uint32_t bunches_at = TRACER_MAX_CPUS * sizeof(struct tracer_cpu) +
				     TRACER_MAX_THREADS * sizeof(struct tracer_thread);
const volatile uint32_t bunch_bytes = TRACER_BUNCH;

/* Set by hostd while running. */
uint32_t active = TRACER_IDLE;
uint32_t blame_round = 0;    /* even or odd: into which map the culprits go */
uint32_t watch_throttle = 0; /* some tracked thread stands under a quota */
uint32_t layers = 0;	     /* of a group so many slots were ever taken: they are given in order */

uint16_t places[TRACER_PLACES] = {}; /* by tid: slot + 1 of the first tracked one such, 0: none */
uint64_t named[TRACER_NAMED_SLOTS] = {};
uint32_t blame_cells = 0;   /* made in both maps so far, about */
uint32_t round_began = 0;   /* and when this round began, by hostd */
uint32_t kvm_described = 0; /* vcpus.bpf.h: the offsets are known, says the walk over tasks */
/* CPUs, threads, then the CPUs' bunches. The last variable: hostd makes memory for as many as the box has and as this kernel
 * takes. */
uint64_t room[TRACER_MAX_CPUS * sizeof(struct tracer_cpu) / 8 +
	      TRACER_MAX_THREADS * sizeof(struct tracer_thread) / 8 + TRACER_BUNCHES / 8] = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

/* Instead of the ring where that must not be used: before 6.12 its lock sleeps on PREEMPT_RT, and these
 * programs run under run queue locks. The queue's lock never does; reading it costs a system call
 * each. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1 << 16);
	__uint(value_size, TRACER_RECORD_MAX);
} queue SEC(".maps");

/* Two, so that one is read and emptied while the other takes what comes: see `blame_round`. */
struct blame_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TRACER_BLAME_CELLS);
	__type(key, struct blame_key);
	__type(value, struct blame_cell);
} blame_even SEC(".maps"), blame_odd SEC(".maps");

static __always_inline struct tracer_cpu *cpu_at(uint32_t cpu)
{
	return (struct tracer_cpu *)room + (cpu & last_cpu);
}

static __always_inline struct tracer_thread *thread_at(uint32_t slot)
{
	return (struct tracer_thread *)((char *)room + threads_at) + (slot & last_slot);
}

#include "host-agent/tracer_emit.bpf.h"
#include "host-agent/tracer_blame.bpf.h"

#define NOT_TRACKED 0xffffffffu

/* Not a hash map: asking one took as long as all the rest of a wake-up, where a CPU comes from its sleep with cold caches. */
__noinline int find_among(uint32_t place, uint32_t tid)
{
	for (uint32_t i = 0; i < TRACER_ALIKE && place; i++) {
		struct tracer_thread *t = thread_at(place - 1);

		if (t->tid == tid)
			return t->state == THREAD_EXITED ? NOT_TRACKED : t->slot;
		place = t->next;
	}
	return NOT_TRACKED;
}

/* The slot of a tracked thread. Slots, not pointers: the verifier refuses what compilers make of
 * "neither pointer is set". */
static __always_inline uint32_t find(uint32_t tid)
{
	uint32_t place = tid ? places[tid & last_place] : 0;

	return place ? find_among(place, tid) : NOT_TRACKED;
}

#include "host-agent/tracer_state.bpf.h"

static __always_inline void set_occupant(
	struct tracer_cpu *c, uint32_t tid, struct task_struct *task)
{
	c->occupant = tid;
	c->occupant_task = (uint64_t)task;
}

/* What the switch means to those who stay: they go on waiting behind `next_tid`. */
static __always_inline void switch_seen_by_waiters(struct tracer_cpu *c, uint32_t cpu,
	uint32_t next_tid, struct task_struct *next, uint64_t now)
{
	if (watch_throttle || !next_tid)
		check_waiters(cpu, now);
	if (counts_mode)
		return;
	name_argument(next_tid, next);
	emit_occupy(cpu, next_tid, now);
}

/* Whether the only one who waits here is the one that gets the CPU now, and has no base: its wait, all of it behind `prev`, is
 * blamed as it ends, and nobody needs the ledger (`joined` stays set, for one look more). So most wake-ups cost neither a base nor a look through the waiters. */
static __always_inline bool waits_alone(struct tracer_cpu *c, uint32_t cpu, uint32_t in)
{
	return in != NOT_TRACKED && *(volatile uint64_t *)&c->waiters == 1 &&
	       waits_on(thread_at(in), cpu) && !thread_at(in)->based;
}

/* A switch that concerns a tracked thread. Counts mode: the CPU is `prev`'s until the end. */
static __always_inline void switched(struct tracer_cpu *c, uint32_t cpu, bool preempt,
	struct task_struct *prev, struct task_struct *next, uint32_t out, uint32_t in)
{
	uint32_t prev_tid = prev->pid, next_tid = next->pid;
	uint64_t now = bpf_ktime_get_ns(), clock = 0;

	/* PREEMPT_RT may switch inside a softirq: such a one is not timed. */
	c->softirq_since = 0;
	if (out != NOT_TRACKED || in != NOT_TRACKED)
		clock = kt_rq_clock(prev);
	if (out != NOT_TRACKED)
		infer_arrival(thread_at(out), prev, cpu, clock, now);
	if (counts_mode) {
		set_occupant(c, prev_tid, prev);
		if (c->waiters && !waits_alone(c, cpu, in))
			/* Read back: the verifier takes a number there, no pointer. */
			charge_waiters(c, cpu, prev_tid, BLAME_TASK,
				*(volatile uint64_t *)&c->occupant_task, now);
	}
	if (out != NOT_TRACKED) {
		if (!counts_mode)
			name_argument(next_tid, next);
		left_cpu(thread_at(out), prev, preempt, cpu, next_tid, clock, now);
	}
	if (in != NOT_TRACKED) {
		if (!counts_mode)
			name_argument(prev_tid, prev);
		infer_queued(thread_at(in), next, cpu, prev_tid, clock, now);
		got_cpu(thread_at(in), next, cpu, prev_tid, clock, now);
	}
	if (counts_mode)
		set_occupant(c, next_tid, next);
	if (c->waiters)
		switch_seen_by_waiters(c, cpu, next_tid, next, now);
}

__noinline int is_hidden(void)
{
	return bpf_get_prandom_u32() % 256 < hides;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	uint32_t cpu = bpf_get_smp_processor_id(), out, in;
	struct tracer_cpu *c;

	if (cpu > last_cpu || (hides && is_hidden()))
		return 0;
	c = cpu_at(cpu);
	if (active != TRACER_ACTIVE) {
		if (active == TRACER_IDLE)
			set_occupant(c, next->pid, next);
		return 0;
	}
	if (c->occupant != (uint32_t)prev->pid && prev->pid && *(volatile uint64_t *)&c->waiters) {
		if (!counts_mode)
			name_argument(prev->pid, prev);
		infer_occupant(cpu, prev->pid, BPF_CORE_READ(prev, sched_info.last_arrival),
			kt_rq_clock(prev));
	}
	/* Events: a migration to this CPU adds to `waiters`, then reads `occupant`. With this barrier
	 * either it sees `next`, or the OCCUPY of switched() is made, with a later time. Counts: it joins,
	 * and reads nothing of this CPU. */
	if (!counts_mode) {
		set_occupant(c, next->pid, next);
		__sync_fetch_and_add(&c->fence, 1);
	}
	out = find(prev->pid);
	in = find(next->pid);
	if (out == NOT_TRACKED && in == NOT_TRACKED && !*(volatile uint64_t *)&c->waiters)
		set_occupant(c, next->pid, next);
	else
		switched(c, cpu, preempt, prev, next, out, in);
	return 0;
}

/* A new thread's first wake-up (sched_wakeup_new) is nobody's: who is tracked was there before. */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *p)
{
	struct tracer_thread *t;
	struct task_struct *waker;
	struct tracer_cpu *c;
	uint32_t cpu, slot;
	uint64_t now;

	if (active != TRACER_ACTIVE)
		return 0;
	slot = find(p->pid);
	t = thread_at(slot);
	if (slot == NOT_TRACKED || (t->state != THREAD_SLEEPING && t->state != THREAD_UNKNOWN))
		return 0;
	if (t->state == THREAD_UNKNOWN && BPF_CORE_READ(p, on_cpu))
		return 0;
	cpu = kt_task_cpu(p);
	if (cpu > last_cpu)
		return 0;
	c = cpu_at(cpu);
	waker = (struct task_struct *)bpf_get_current_task();
	if (!counts_mode)
		name_task((uint32_t)bpf_get_current_pid_tgid(), waker);
	now = bpf_ktime_get_ns();
	t->waits++;
	t->task = (uint64_t)p;
	uint16_t from = t->state == THREAD_UNKNOWN ? cpu : t->cpu;

	t->clock_since = kt_rq_clock(p);
	booked_sleep(t, p, t->clock_since);
	set_state(t, THREAD_WAITING, cpu, now);
	c->joined = 1;
	emit_state(slot, 0, from, (uint32_t)bpf_get_current_pid_tgid());
	if (c->waiters <= 1)
		emit_occupant(c, cpu, now);
	check_throttle(t->slot, cpu, now);
	return 0;
}

/* Before the move: kt_task_cpu() still is the old CPU. The old run queue's lock is held when the
 * thread waits; a sleeper's move means nothing. */
SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *p, int new_cpu)
{
	uint32_t cpu = (uint32_t)new_cpu, slot;
	struct tracer_thread *t;
	uint64_t now, delay;
	uint16_t from;

	if (active != TRACER_ACTIVE)
		return 0;
	slot = find(p->pid);
	t = thread_at(slot);
	if (slot == NOT_TRACKED || t->state != THREAD_WAITING || cpu > last_cpu)
		return 0;
	if (!BPF_CORE_READ(p, on_rq)) /* it fell asleep and no event told */
		return 0;
	from = t->cpu;
	now = bpf_ktime_get_ns();
	t->migrations++;
	/* What was waited here is booked; from here on the new run queue's clock counts, in last_queued. */
	delay = kt_run_delay(p);
	t->clock_wait_ns += delay - t->run_delay - t->booked_ahead_ns;
	t->clock_since = 0;
	t->booked_ahead_ns = 0;
	t->run_delay = delay;
	set_state(t, THREAD_WAITING, cpu, now);
	cpu_at(cpu)->joined = 1;
	emit_state(slot, TRACE_STATE_MIGRATED, from, (uint32_t)bpf_get_current_pid_tgid());
	emit_occupant(cpu_at(cpu), cpu, now);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *p, const char *comm)
{
	uint32_t tid = p->pid;

	if (active == TRACER_ACTIVE && is_named(tid, p))
		emit_task(tid, address_of(p), TRACE_TASK_EXEC, address_of(comm));
	return 0;
}

#include "host-agent/tracer_irq.bpf.h"
#include "host-agent/vcpus.bpf.h"
#include "host-agent/tracer_iter.bpf.h"
