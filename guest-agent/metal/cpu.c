/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the CPUs own, and how each finds its own: entry.S reads it through GS. */
#include "guest-agent/metal/cpu.h"

#define MSR_GS_BASE 0xc0000101

struct cpu cpus[MAX_CPUS];

void cpu_set_current(struct cpu *c)
{
	c->self = c;
	wrmsr(MSR_GS_BASE, (uint64_t)c);
}
