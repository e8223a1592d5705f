/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of tracer.bpf.c: a walk over all tasks, which gives the state a thread has when tracking
 * begins and who occupies each CPU before its first switch. Records go to the reader of the walk.
 *
 * It runs beside the events without a lock: only a thread no event was seen of is set, and should
 * an event slip in between, the next one corrects it and is counted as a conflict.
 */

SEC("iter/task")
int walk_tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *p = ctx->task;
	struct tracer_thread *t;
	struct trace_state r;
	struct tracer_cpu *c;
	bool on_cpu, queued;
	uint32_t cpu, tid, slot;
	uint64_t now, delay;

	if (!p)
		return 0;
	say_kvm_described();
	tid = BPF_CORE_READ(p, pid);
	cpu = kt_task_cpu(p);
	if (cpu > last_cpu)
		return 0;
	c = cpu_at(cpu);
	on_cpu = BPF_CORE_READ(p, on_cpu);
	if (on_cpu && !c->occupant_task) {
		c->occupant = tid;
		c->occupant_task = (uint64_t)p;
	}
	slot = find(tid);
	t = thread_at(slot);
	if (slot == NOT_TRACKED)
		return 0;
	queued = kt_task_queued(p);
	delay = kt_run_delay(p);
	now = bpf_ktime_get_ns();
	if (*(volatile uint8_t *)&t->state != THREAD_UNKNOWN)
		return 0;
	t->task = (uint64_t)p;
	t->run_delay = delay;
	set_state(t, on_cpu ? THREAD_RUNNING : queued ? THREAD_WAITING : THREAD_SLEEPING, cpu, now);
	if (t->state == THREAD_WAITING) {
		t->waits++;
		/* A move before it gets the CPU wipes this out, and the kernel has booked it then. */
		t->clock_since = BPF_CORE_READ(p, sched_info.last_queued);
		c->joined = 1;
	}
	if (!counts_mode) {
		fill_state(&r, t, TRACE_STATE_INITIAL, cpu, 0);
		bpf_seq_write(seq, &r, sizeof(r));
	}
	name_task(tid, p);
	if (t->state == THREAD_WAITING) {
		emit_occupant(c, cpu, now);
		check_throttle(slot, cpu, now);
	}
	return 0;
}
