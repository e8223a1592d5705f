/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the probes need of the world they run in: implemented once per kind of guest. Everything is
 * called on the vCPU that it is about.
 */
#ifndef SS_PROBE_PLATFORM_H
#define SS_PROBE_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

struct agent_vcpu;

/* The raw TSC, not read before any earlier load: a beacon read before it is older than it. */
static inline uint64_t platform_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void platform_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void platform_barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Have agent_interrupt() called once at this TSC (or soon when it is past). One deadline: a later
 * call replaces an earlier one. */
void platform_arm(struct agent_vcpu *v, uint64_t tsc);

/* Let interrupts in and sleep until one has been handled. May return early. */
void platform_idle(struct agent_vcpu *v);

/* Keep agent_interrupt() of this vCPU out, and let it in again. Not nested. */
void platform_irq_off(struct agent_vcpu *v);
void platform_irq_on(struct agent_vcpu *v);

/* KVM's steal counter of this vCPU in ns, or SHM_STEAL_NONE. */
uint64_t platform_steal(struct agent_vcpu *v);

/* Memory for probe `memory`, 4096-aligned, the same area at every call. At most *bytes are wanted;
 * *bytes becomes what there is. NULL when there is none. */
void *platform_memory(struct agent_vcpu *v, uint64_t *bytes);

/* Say one line to whoever reads the console. */
void platform_say(struct agent_vcpu *v, const char *text);

/* Leave: the whole guest ends. */
void platform_poweroff(struct agent_vcpu *v, const char *why) __attribute__((noreturn));

#endif
