/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of tracer.bpf.c: making records. They are built on the stack and copied into the bunch of this CPU, which hostd
 * reads in memory: a ring of one writer, without a call. Through the kernel's own ring go
 * names (hostd puts new ones first), what interrupts the writing of another record, and what finds the bunch full. Only functions that are
 * not inlined build one: kernels allow 512 bytes of stack for all calls under way together, each
 * rounded up to 32 (`make bpf-stack` shows them).
 *
 * Functions that are not static are verified once by themselves, not once per call: without that
 * the verifier's budget does not suffice. They may take numbers only, so tasks are given by
 * address.
 */

/* Room for the longest: the queue takes them all at one size. */
union record {
	uint64_t words[TRACER_RECORD_MAX / 8];
	struct trace_state state;
	struct trace_occupy occupy;
	struct trace_task task;
	struct trace_irq irq;
};

#define COMPILER_BARRIER() asm volatile("" ::: "memory")

/* Wakes hostd with a record that is none. */
static __always_inline void call_hostd(void)
{
	void *none = use_queue ? 0 : bpf_ringbuf_reserve(&ring, 8, 0);

	if (none)
		bpf_ringbuf_discard(none, BPF_RB_FORCE_WAKEUP);
}

/* Into the bunch of this CPU. Nobody else writes there: an interrupt, or who preempts hostd in its walk over the tasks, finds `writing`
 * and takes the other way. Stores are seen in order on x86, so `written` comes after what it tells of. Without room for the longest
 * record it is full for all, so that those of one switch stay in order. */
static __always_inline bool put(
	struct tracer_cpu *c, uint32_t cpu, const union record *record, uint32_t size)
{
	char *bunch = (char *)room + bunches_at + (uint64_t)(cpu & last_cpu) * bunch_bytes;
	uint64_t at, used;

	if (*(volatile uint32_t *)&c->writing)
		return false;
	c->writing = 1;
	COMPILER_BARRIER();
	at = c->written;
	used = at - *(volatile uint64_t *)&c->read;
	if (used + TRACER_RECORD_MAX <= bunch_bytes) {
		for (uint32_t i = 0; i < size / 8; i++)
			*(uint64_t *)(bunch + ((at + i * 8) & (bunch_bytes - 8))) =
				record->words[i];
		COMPILER_BARRIER();
		*(volatile uint64_t *)&c->written = at + size;
	}
	COMPILER_BARRIER();
	c->writing = 0;
	if (used >= bunch_bytes / 2 && !(c->calls++ % 64))
		call_hostd();
	return used + TRACER_RECORD_MAX <= bunch_bytes;
}

/* Rare enough to look each time whether hostd is to be woken. */
static __always_inline bool emit_aside(union record *record, uint32_t size)
{
	long failed;

	if (use_queue)
		failed = bpf_map_push_elem(&queue, record, 0);
	else
		failed = bpf_ringbuf_output(&ring, record, size,
			bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wake_bytes
				? BPF_RB_FORCE_WAKEUP
				: BPF_RB_NO_WAKEUP);
	if (!failed)
		return true;
	__sync_fetch_and_add(&cpu_at(bpf_get_smp_processor_id())->lost, 1);
	return false;
}

static __always_inline void emit(union record *record, uint32_t size)
{
	uint32_t cpu = bpf_get_smp_processor_id();

	if (!put(cpu_at(cpu), cpu, record, size))
		emit_aside(record, size);
}

static __always_inline struct trace_hdr head(
	uint64_t now, uint32_t tid, uint16_t cpu, uint8_t type, uint32_t size)
{
	struct trace_hdr h = {.ts_ns = now, .tid = tid, .cpu = cpu, .type = type, .len8 = size / 8};

	return h;
}

static __always_inline void fill_state(struct trace_state *r, struct tracer_thread *t,
	uint8_t flags, uint16_t from, uint32_t other)
{
	r->h = head(t->since, t->tid, t->cpu, TRACE_STATE, sizeof(*r));
	r->state = t->state;
	r->flags = flags;
	r->prev_cpu = from;
	r->other_tid = other;
	r->run_delay_ns = t->run_delay;
}

/* The state a thread now is in. `from`: the CPU it was on. */
__noinline int emit_state(uint32_t slot, uint32_t flags, uint32_t from, uint32_t other)
{
	union record r = {};

	if (counts_mode)
		return 0;
	fill_state(&r.state, thread_at(slot), flags, from, other);
	emit(&r, sizeof(r.state));
	return 0;
}

__noinline int emit_occupy(uint32_t cpu, uint32_t tid, uint64_t now)
{
	union record r = {};

	r.occupy.h = head(now, tid, cpu, TRACE_OCCUPY, sizeof(r.occupy));
	emit(&r, sizeof(r.occupy));
	return 0;
}

/* A tid may be used again by another task: its start time is part of the mark. */
static __always_inline uint64_t name_mark(uint32_t tid, struct task_struct *p)
{
	return (uint64_t)tid << 32 | (uint32_t)(BPF_CORE_READ(p, start_time) >> 10);
}

static __always_inline bool is_named(uint32_t tid, struct task_struct *p)
{
	return named[tid % TRACER_NAMED_SLOTS] == name_mark(tid, p);
}

/* `comm` 0: the name the task has. */
__noinline int emit_task(uint32_t tid, uint64_t task, uint32_t flags, uint64_t comm)
{
	struct task_struct *p = (struct task_struct *)task;
	uint64_t mark = name_mark(tid, p);
	union record r = {};

	if ((uint32_t)BPF_CORE_READ(p, pid) != tid)
		return 0;
	r.task.h = head(bpf_ktime_get_ns(), tid, 0, TRACE_TASK, sizeof(r.task));
	r.task.tgid = BPF_CORE_READ(p, tgid);
	r.task.flags = flags;
	if (BPF_CORE_READ(p, flags) & KT_PF_KTHREAD)
		r.task.flags |= TRACE_TASK_KTHREAD;
	r.task.cgroup_id = kt_cgroup_id(p, cgroup_v1);
	if (comm)
		bpf_probe_read_kernel_str(r.task.comm, sizeof(r.task.comm), (const void *)comm);
	else
		BPF_CORE_READ_INTO(&r.task.comm, p, comm);
	named[tid % TRACER_NAMED_SLOTS] = emit_aside(&r, sizeof(r.task)) ? mark : 0;
	return 0;
}

/* A kernel pointer as a plain number, which the verifier lets no cast do. */
static __always_inline uint64_t address_of(const void *p)
{
	uint64_t address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &p);
	return address;
}

/* The same of a tracepoint's own argument, which may be read without a helper's call. */
static __always_inline void name_argument(uint32_t tid, struct task_struct *p)
{
	uint64_t mark = (uint64_t)tid << 32 | (uint32_t)(p->start_time >> 10);

	if (tid && named[tid % TRACER_NAMED_SLOTS] != mark)
		emit_task(tid, address_of(p), 0, 0);
}

static __always_inline void name_task(uint32_t tid, struct task_struct *p)
{
	if (tid && !is_named(tid, p))
		emit_task(tid, address_of(p), 0, 0);
}

/* The occupant of a CPU where a wait begins. */
static __always_inline void emit_occupant(struct tracer_cpu *c, uint16_t cpu, uint64_t now)
{
	uint32_t tid = c->occupant;

	if (counts_mode)
		return;
	if (c->occupant_task)
		name_task(tid, (struct task_struct *)c->occupant_task);
	emit_occupy(cpu, tid, now);
}

/* The thread in `slot` is throttled, or no longer. */
__noinline int emit_throttle(uint32_t slot, uint32_t cpu, uint64_t now)
{
	struct tracer_thread *t = thread_at(slot);
	union record r = {};

	if (counts_mode)
		return 0;
	r.state.h = head(now, t->tid, cpu, TRACE_THROTTLE, sizeof(r.state));
	r.state.state = t->throttled;
	r.state.prev_cpu = cpu;
	r.state.run_delay_ns = ~0ull;
	emit(&r, sizeof(r.state));
	return 0;
}

/* An interrupt that ended at `now`, and whom it hit. */
__noinline int emit_irq(uint32_t tid, uint32_t other, uint32_t flags, uint64_t since, uint64_t now)
{
	union record r = {};

	r.irq.h = head(now, tid, bpf_get_smp_processor_id(), TRACE_IRQ, sizeof(r.irq));
	r.irq.other = other;
	r.irq.flags = flags;
	r.irq.ns = now - since;
	emit(&r, sizeof(r.irq));
	return 0;
}
