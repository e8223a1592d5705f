/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes a record's figures doubtful though all of it was read: its clocks, the kernel's
 * bookkeeping, the box's own hypervisor. */
#include <inttypes.h>
#include <math.h>

#include "analysis/priv.h"

#define GAPS_TO_TELL 100u

static void note_box_steal(struct build *b)
{
	double sum = 0;
	unsigned n = 0;

	cpuset_for_each (cpu, &b->a->info.lab_cpus) {
		auto_free char *who = xasprintf("CPU %d of the lab box", cpu);
		double rate = time_counter_rate(&b->box[cpu].steal);

		time_counter_warn(&b->box[cpu].steal, who, &b->a->warnings);
		if (!isfinite(rate))
			continue;
		sum += rate;
		n++;
	}
	b->a->box_steal_ms_per_s = n ? sum / n : NAN;
	if (n && sum / n > 1)
		strv_add(&b->a->warnings,
			"the lab box is itself a VM: its own hypervisor took %.2f ms/s per lab CPU",
			sum / n);
}

static void note_odd_steal(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		auto_free char *who = xasprintf(
			"%s/vcpu%u", b->a->guests[b->vcpus[i].guest].name, b->vcpus[i].index);

		time_counter_warn(&b->vcpus[i].steal, who, &b->a->warnings);
	}
}

static void note_clocks(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct clock_quality *q = &b->vcpus[i].out->clock;
		const char *guest = b->a->guests[b->vcpus[i].guest].name;

		if (q->offset_changes)
			strv_add(&b->a->warnings,
				"%s/vcpu%u: its TSC jumped against the host clock in mid-run",
				guest, b->vcpus[i].index);
		if (q->cross_check_ns > 1e6)
			strv_add(&b->a->warnings,
				"%s/vcpu%u: KVM's tsc-offset is %.3f ms beyond causality; not used",
				guest, b->vcpus[i].index, q->cross_check_ns / 1e6);
		if (q->backwards)
			strv_add(&b->a->warnings,
				"%s/vcpu%u: %" PRIu64 " records with a TSC running backwards",
				guest, b->vcpus[i].index, q->backwards);
	}
}

/* The counter and the trace disagree, and the cause is known: say so where a reader sees it. */
static void note_booked_sleep(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_joins *j = &b->vcpus[i].out->joins;

		if (j->sleep_booked_ns > j->clock_run_delay_ns / 1000 &&
			j->sleep_booked_ns > NS_PER_MS)
			strv_add(&b->a->warnings,
				"%s/vcpu%u: this kernel booked %.1f ms of its sleep as run_delay and steal (delayed dequeue, 6.12 and later): trust wait.rate",
				b->a->guests[b->vcpus[i].guest].name, b->vcpus[i].index,
				(double)j->sleep_booked_ns / 1e6);
	}
}

/* A gap at each pass of the loop is the loop itself; what was taken meanwhile is in its own work. */
static void note_short_threshold(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_build *v = &b->vcpus[i];

		if (v->gaps >= GAPS_TO_TELL && v->gaps_of_one_pass > v->gaps / 2)
			strv_add(&b->a->warnings,
				"%s/vcpu%u: the threshold of its gap probe lies below what one pass of the loop takes here (%.0f us): stalls are hidden in the probe's own work; write a threshold above it",
				b->a->guests[v->guest].name, v->index,
				(double)hist_quantile(&v->out->gap, 0.5) / 1e3);
	}
}

/* Of a machine that was only recorded: whose doing its late wake-ups were. */
static void note_own_load(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_build *v = &b->vcpus[i];
		const struct analysis_vcpu *o = v->out;

		if (!v->thread && o->late_count && o->metrics[METRIC_TIMER_GUEST_MAX].have)
			strv_add(&b->a->warnings,
				"%s/vcpu%u: %.0f %% of its lateness over 1 ms was its own load (%" PRIu64
				" wake-ups, the woken thread in its machine's own run queue), %.0f %% came before that: its hypervisor, or interrupts held off",
				b->a->guests[v->guest].name, v->index,
				100 * (double)o->late_own_ns / (double)o->late_ns, o->late_count,
				100 - 100 * (double)o->late_own_ns / (double)o->late_ns);
	}
}

void note_doubts(struct build *b)
{
	note_own_load(b);
	note_clocks(b);
	note_odd_steal(b);
	note_booked_sleep(b);
	note_short_threshold(b);
	note_box_steal(b);
}
