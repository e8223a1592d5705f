/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A metal guest that goes wrong on purpose: the real one, linked with --wrap so that its CPU takes
 * a turn here first. What it does and when are symbols given to the linker (tests/faults.mk).
 */
#include "guest-agent/metal/cpu.h"

enum { TRIPLE = 1, HANG = 2, REBOOT = 3 };
enum { BOOTING = 1, MEASURING = 2, STOPPING = 3 };
#define INTERRUPTS_INTO_RUN 25 /* of a 10 ms timer: past the warm-up of 100 ms */

extern const char fault_kind[], fault_moment[]; /* their addresses are the values */

void __real_agent_main(struct agent_vcpu *v);
void __wrap_agent_main(struct agent_vcpu *v);
void __real_agent_interrupt(struct agent_vcpu *v, const struct stamp *at);
void __wrap_agent_interrupt(struct agent_vcpu *v, const struct stamp *at);
void __real_platform_irq_off(struct agent_vcpu *v);
void __wrap_platform_irq_off(struct agent_vcpu *v);

static void go_wrong(void)
{
	const struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} none = {0, 0};

	irq_disable();
	switch ((uintptr_t)fault_kind) {
	case TRIPLE: /* no way to handle an exception (int3 is beyond a KVM that emulates) */
		__asm__ volatile("lidt %0; ud2" : : "m"(none));
		break;
	case REBOOT: /* by the keyboard controller, as kernels do */
		outb(0x64, 0xfe);
		break;
	}
	for (;;)
		__asm__ volatile("cli; hlt");
}

void __wrap_agent_main(struct agent_vcpu *v)
{
	if ((uintptr_t)fault_moment == BOOTING)
		go_wrong();
	__real_agent_main(v);
}

void __wrap_agent_interrupt(struct agent_vcpu *v, const struct stamp *at)
{
	static unsigned seen;

	if ((uintptr_t)fault_moment == MEASURING && v->host->command == SHM_CMD_RUN &&
		++seen > INTERRUPTS_INTO_RUN)
		go_wrong();
	__real_agent_interrupt(v, at);
}

/* Told to stop, it comes here whether or not an interrupt came meanwhile. */
void __wrap_platform_irq_off(struct agent_vcpu *v)
{
	if ((uintptr_t)fault_moment == STOPPING && v->host->command == SHM_CMD_STOP &&
		v->shm->state == SHM_STATE_RUNNING)
		go_wrong();
	__real_platform_irq_off(v);
}
