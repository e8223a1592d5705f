// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The lab box's own steal time, per CPU, to the ns: the kernel's counter behind /proc/stat, which
 * itself prints 10 ms steps. Run on demand (test run of a raw tracepoint program, kernel 5.10 and
 * later); where it does not load, hostd falls back to /proc/stat.
 */
#include "host-agent/kernel_types.h"

#include "host-agent/tracer_shared.h"

char LICENSE[] SEC("license") = "GPL";

#define CPUTIME_STEAL 7 /* linux/kernel_stat.h, enum cpu_usage_stat */

struct kernel_cpustat {
	uint64_t cpustat[10];
};

extern struct kernel_cpustat kernel_cpustat __ksym;

uint64_t steal_ns[TRACER_MAX_CPUS] = {};

#define SOME 64

/* 1: there are no more CPUs. A function of its own is verified once: one loop over all takes seconds. */
__noinline int read_some(uint32_t from)
{
	for (uint32_t i = 0; i < SOME; i++) {
		uint32_t cpu = (from + i) % TRACER_MAX_CPUS;
		struct kernel_cpustat *stat = bpf_per_cpu_ptr(&kernel_cpustat, cpu);

		if (!stat)
			return 1;
		steal_ns[cpu] = stat->cpustat[CPUTIME_STEAL];
	}
	return 0;
}

SEC("raw_tp/sched_switch")
int read_steal(void *ctx)
{
	for (uint32_t i = 0; i < TRACER_MAX_CPUS / SOME; i++)
		if (read_some(i * SOME))
			break;
	return 0;
}
