/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of tracer.bpf.c: interrupts while a tracked thread waits on their CPU. The begin is always
 * stamped, because the interrupt may be the very one that wakes the thread. */

static __always_inline struct tracer_cpu *this_cpu(void)
{
	uint32_t cpu = bpf_get_smp_processor_id();

	return active == TRACER_ACTIVE && cpu <= last_cpu ? cpu_at(cpu) : 0;
}

static __always_inline void irq_end(
	struct tracer_cpu *c, uint64_t since, uint32_t other, uint32_t flags)
{
	uint64_t now;

	if (!since || !c->waiters)
		return;
	now = bpf_ktime_get_ns();
	if (now < since + TRACE_IRQ_MIN_NS)
		return;
	if (counts_mode) {
		/* What came before the interrupt goes to whom it hit. */
		uint32_t cpu = bpf_get_smp_processor_id();

		charge_waiters(c, cpu, c->occupant, BLAME_TASK, c->occupant_task, since);
		charge_waiters(
			c, cpu, other, flags & TRACE_IRQ_HARD ? BLAME_IRQ : BLAME_SOFTIRQ, 0, now);
		return;
	}
	emit_irq(c->occupant, other, flags, since, now);
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_irq_entry, int irq)
{
	struct tracer_cpu *c = this_cpu();

	if (c)
		c->irq_since = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_irq_exit, int irq)
{
	struct tracer_cpu *c = this_cpu();

	if (c)
		irq_end(c, c->irq_since, irq, TRACE_IRQ_HARD);
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int vector)
{
	struct tracer_cpu *c = this_cpu();

	if (c)
		c->softirq_since = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit, unsigned int vector)
{
	struct tracer_cpu *c = this_cpu();

	if (c)
		irq_end(c, c->softirq_since, vector, TRACE_IRQ_SOFT);
	return 0;
}
