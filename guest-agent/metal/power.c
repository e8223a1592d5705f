/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Soft power-off through the ACPI power management block of QEMU's pc (PIIX4) and q35 (ICH9)
 * machines: SLP_EN in PM1a control, which lies 4 above the base that PCI configuration space holds.
 */
#include "guest-agent/metal/cpu.h"
#include "guest-agent/metal/pci.h"
#include "guest-agent/metal/power.h"

#define PM1_CONTROL  4
#define PM1_SLEEP_S5 0x2000 /* SLP_EN, sleep type 0: S5 on both machines */
#define PM_BASE_HOME 0x600
#define PM_BASE_MASK 0xff80u

/* Where each south bridge keeps its base and the bit that switches the block on. */
static const struct {
	uint32_t id;
	uint8_t base_reg, enable_reg, enable_bit;
} bridges[] = {
	{0x71138086, 0x40, 0x80, 0}, /* PIIX4 power management, pc */
	{0x29188086, 0x40, 0x44, 7}, /* ICH9 LPC bridge, q35 */
};

void power_off(void)
{
	struct pci_device d;

	irq_disable();
	for (unsigned i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++) {
		uint16_t base;

		if (!pci_find(bridges[i].id, &d))
			continue;
		base = (uint16_t)(pci_read(d, bridges[i].base_reg) & PM_BASE_MASK);
		if (base == 0) {
			base = PM_BASE_HOME;
			pci_write(d, bridges[i].base_reg, base | 1);
		}
		pci_write(d, bridges[i].enable_reg,
			pci_read(d, bridges[i].enable_reg) | 1u << bridges[i].enable_bit);
		outw((uint16_t)(base + PM1_CONTROL), PM1_SLEEP_S5);
	}
	/* No such bridge: no way to handle an interrupt is a triple fault. */
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} none = {0, 0};
	__asm__ volatile("lidt %0; int3" : : "m"(none));
	for (;;)
		__asm__ volatile("cli; hlt");
}

void power_fail(uint32_t code)
{
	uint64_t end;

	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (cpus[i].agent.shm)
			agent_fail(&cpus[i].agent, code);
	end = platform_tsc() + 500000000; /* some 100 ms */
	while (platform_tsc() < end)
		platform_relax();
	power_off();
}
