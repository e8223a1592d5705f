/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metal guest's CPUs: instructions C has no words for, and what each CPU owns. */
#ifndef SS_METAL_CPU_H
#define SS_METAL_CPU_H

#include "guest-agent/metal/layout.h"
#include "guest-agent/metal/xen.h"
#include "guest-agent/probe/agent.h"

/* KVM's struct kvm_steal_time (Documentation/virt/kvm/x86/msr.rst), 64-byte aligned. */
struct kvm_steal {
	uint64_t steal;
	uint32_t version; /* odd while KVM writes */
	uint32_t flags;
	uint8_t preempted;
	uint8_t pad[47];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct kvm_steal) == 64, "kvm_steal_time");

struct cpu {
	/* Known to entry.S by offset. */
	struct cpu *self;
	volatile uint64_t *beacon;
	struct stamp stamp;

	struct agent_vcpu agent;
	struct kvm_steal steal;
	struct xen_runstate runstate;
	uint32_t apic_id;
};
_Static_assert(__builtin_offsetof(struct cpu, self) == CPU_SELF, "cpu.self");
_Static_assert(__builtin_offsetof(struct cpu, beacon) == CPU_BEACON, "cpu.beacon");
_Static_assert(__builtin_offsetof(struct cpu, stamp.beacon_ns) == CPU_STAMP_BEACON, "cpu.stamp");
_Static_assert(__builtin_offsetof(struct cpu, stamp.tsc) == CPU_STAMP_TSC, "cpu.stamp");

/* By vCPU number (the order of APIC ids, which is QEMU's and libvirt's order of vCPUs). */
extern struct cpu cpus[MAX_CPUS];

static inline struct cpu *cpu_of(struct agent_vcpu *v)
{
	return (struct cpu *)((char *)v - __builtin_offsetof(struct cpu, agent));
}

/* Make `c` the calling CPU's own. */
void cpu_set_current(struct cpu *c);

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

struct cpuid {
	uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(0));
	return r;
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* sti holds interrupts off until the next instruction has begun: none can come between the two. */
static inline void irq_enable_and_halt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

#endif
