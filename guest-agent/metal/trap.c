/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interrupt descriptor table, exceptions, and the way from the timer interrupt into the agent. */
#include "guest-agent/metal/apic.h"
#include "guest-agent/metal/console.h"
#include "guest-agent/metal/cpu.h"
#include "guest-agent/metal/power.h"
#include "guest-agent/metal/trap.h"

struct gate {
	uint16_t offset_low, selector, flags, offset_mid;
	uint32_t offset_high, pad;
};

static struct gate idt[256] __attribute__((aligned(16)));

extern const uint64_t entry_exceptions[32];
void entry_timer(void);
void entry_spurious(void);

/* Called from entry.S. */
void trap_exception(const uint64_t *frame) __attribute__((noreturn));
void trap_timer(struct cpu *c);

static void idt_set(unsigned vector, uint64_t entry)
{
	idt[vector] = (struct gate){
		.offset_low = (uint16_t)entry,
		.selector = SEL_CODE64,
		.flags = 0x8e00, /* present, interrupt gate: interrupts stay out */
		.offset_mid = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
	};
}

void trap_init(void)
{
	for (unsigned i = 0; i < 32; i++)
		idt_set(i, entry_exceptions[i]);
	idt_set(VECTOR_TIMER, (uint64_t)entry_timer);
	idt_set(VECTOR_SPURIOUS, (uint64_t)entry_spurious);
	trap_load();
}

void trap_load(void)
{
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} idtr = {sizeof(idt) - 1, (uint64_t)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void trap_exception(const uint64_t *frame)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	console_line("exception %u error %x rip %x cr2 %x", frame[0], frame[1], frame[2], cr2);
	power_fail(METAL_FAIL_EXCEPTION);
}

void trap_timer(struct cpu *c)
{
	apic_end_of_interrupt();
	agent_interrupt(&c->agent, &c->stamp);
}
