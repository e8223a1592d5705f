/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waiting while another CPU idled. The trace tells who had the CPU a vCPU waited for, not what the
 * others did; of those the kernel's idle time is sampled. So, bin by bin: the vCPU's waiting times
 * the idle share of the idlest other CPU. Exact when that one was idle all the time or not at all,
 * else right on average if idling and waiting did not avoid each other.
 */
#include <math.h>

#include "analysis/priv.h"

void box_idle_reading(struct build *b, struct box_cpu *cpu, uint64_t ns, uint64_t idle_ns)
{
	if (!cpu->idle.n)
		series_begin(&cpu->idle, b->a->window_start_ns, b->a->window_end_ns,
			b->vcpus && b->vcpus[0].fine[0].n ? FINE_BIN_NS : BIN_NS);
	if (cpu->idle_prev_ns && ns > cpu->idle_prev_ns && idle_ns >= cpu->idle_prev)
		series_span(&cpu->idle, cpu->idle_prev_ns, ns, (double)(idle_ns - cpu->idle_prev));
	cpu->idle_prev = idle_ns;
	cpu->idle_prev_ns = ns;
}

/* CPUs the vCPU was allowed on or could have been given: its own set and the lab's. One it is
 * pinned to alone is the one it waits for. */
static struct cpuset candidates(const struct build *b, const struct vcpu_build *v)
{
	struct cpuset all = cpuset_or(&v->out->cpu_set, &b->a->info.lab_cpus);

	return cpuset_count(&v->out->cpu_set) == 1 ? cpuset_minus(&all, &v->out->cpu_set) : all;
}

static double idlest(const struct build *b, const struct cpuset *cpus, size_t bin)
{
	double most = 0;

	cpuset_for_each (cpu, cpus) {
		const struct series_acc *s = &b->box[cpu].idle;

		if (bin < s->n && s->covered[bin] > 0)
			most = fmax(most, s->amount[bin] / s->covered[bin]);
	}
	return fmin(most, 1);
}

double wasted_elsewhere(const struct build *b, const struct vcpu_build *v)
{
	const struct series_acc *wait =
		v->fine[SERIES_WAIT].n ? &v->fine[SERIES_WAIT] : &v->acc[SERIES_WAIT];
	struct cpuset cpus = candidates(b, v);
	double sum = 0;

	for (size_t bin = 0; bin < wait->n; bin++)
		sum += wait->amount[bin] * idlest(b, &cpus, bin);
	return sum;
}
