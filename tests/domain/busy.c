// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Somebody's own guest, for the tests of live domains: a metal guest that knows nothing of
 * stealscope. It needs no shared page and no harness; all its vCPUs are busy until its owner presses
 * the power button. Its command line is the number of vCPUs to start (1 if there is none). Linked over metal_main() of the metal
 * guest (tests/domain.mk).
 */
#include "guest-agent/metal/apic.h"
#include "guest-agent/metal/console.h"
#include "guest-agent/metal/cpu.h"
#include "guest-agent/metal/pci.h"
#include "guest-agent/metal/power.h"
#include "guest-agent/metal/smp.h"
#include "guest-agent/metal/trap.h"

/* For the pauses of INIT and SIPI only. */
#define SOME_TSC_HZ UINT64_C(2000000000)

void __wrap_metal_main(uint64_t start_info) __attribute__((noreturn));
void __wrap_metal_main_other(unsigned arrival) __attribute__((noreturn));

/* PVH start info, as far as its command line. */
struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline;
};

static unsigned vcpus_asked(const struct start_info *info)
{
	const char *text = (const char *)info->cmdline;
	unsigned n = 0;

	while (text && *text >= '0' && *text <= '9')
		n = n * 10 + (unsigned)(*text++ - '0');
	return n ? n : 1;
}

static void __attribute__((noreturn)) busy(void)
{
	for (;;)
		platform_relax();
}

/* ---- the power button: a bit in the status of ACPI's PM1a block (PIIX4) */

#define PIIX4_PM     0x71138086u
#define PM_BASE	     0x40
#define PM_ENABLE    0x80
#define PM_HOME	     0x600
#define POWER_BUTTON 0x100
#define LOOK_EVERY   20000

static uint16_t port_in(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* Shut down in order when asked to. */
static void __attribute__((noreturn)) busy_until_power_button(void)
{
	struct pci_device d;
	uint16_t base = 0;

	if (pci_find(PIIX4_PM, &d)) {
		base = (uint16_t)(pci_read(d, PM_BASE) & 0xff80u);
		if (!base) {
			base = PM_HOME;
			pci_write(d, PM_BASE, base | 1);
		}
		pci_write(d, PM_ENABLE, pci_read(d, PM_ENABLE) | 1);
		outw((uint16_t)(base + 2), POWER_BUTTON);
	}
	for (;;) {
		for (unsigned i = 0; i < LOOK_EVERY; i++)
			platform_relax();
		if (base && port_in(base) & POWER_BUTTON)
			power_off();
	}
}

void __wrap_metal_main(uint64_t start_info)
{
	unsigned n = vcpus_asked((const struct start_info *)start_info), index;
	uint32_t apic_id;

	trap_init();
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	apic_detect();
	apic_id = apic_enable();
	if (!smp_start(n, apic_id, SOME_TSC_HZ, &index))
		console_line("fewer CPUs came up than the %u asked for", n);
	console_line("%u CPUs are busy", n);
	busy_until_power_button();
}

void __wrap_metal_main_other(unsigned arrival)
{
	trap_load();
	smp_join(arrival, apic_enable());
	busy();
}
