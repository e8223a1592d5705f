/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of a guest. Where the machine has ACPI: soft power-off through the power management block
 * of QEMU's pc (PIIX4) and q35 (ICH9), SLP_EN in PM1a control, which lies 4 above the base that PCI
 * configuration space holds. The harness's machines have none: there it is a reset. */
#include "guest-agent/metal/cpu.h"
#include "guest-agent/metal/pci.h"
#include "guest-agent/metal/power.h"

#define PM1_CONTROL   4
#define PM1_SLEEP_S5  0x2000 /* SLP_EN, sleep type 0: S5 on both machines */
#define PM_BASE_HOME  0x600
#define WAIT_TICKS    UINT64_C(500000000) /* some 100 to 500 ms */
#define PM_BASE_MASK  0xff80u
#define RESET_CONTROL 0xcf9 /* of both bridges */
#define RESET_CPU     0x04

/* Where each south bridge keeps its base and the bit that switches the block on. */
static const struct {
	uint32_t id;
	uint8_t base_reg, enable_reg, enable_bit;
} bridges[] = {
	{0x71138086, 0x40, 0x80, 0}, /* PIIX4 power management, pc */
	{0x29188086, 0x40, 0x44, 7}, /* ICH9 LPC bridge, q35 */
};

static struct shm_host *page; /* NULL until found and checked */

void power_set_page(struct shm_host *host)
{
	page = host;
}

static void power_wait(void)
{
	uint64_t end = platform_tsc() + WAIT_TICKS;

	while (platform_tsc() < end)
		platform_relax();
}

void power_off(void)
{
	struct pci_device d;

	irq_disable();
	xen_power_off();
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
		power_wait(); /* QEMU ends us from another thread */
	}
	/* A reset ends the domain as well (harness/domain/qemu_xml.c). */
	outb(RESET_CONTROL, RESET_CPU);
	power_wait();
	/* No such port: no way to handle an interrupt is a triple fault. */
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
	struct shm_vcpu *shm = (struct shm_vcpu *)((uint8_t *)page + SHM_VCPU_OFFSET);

	for (unsigned i = 0; page && i < page->nr_vcpus; i++) {
		shm[i].fail_code = code;
		shm[i].state = SHM_STATE_FAILED;
	}
	power_wait();
	power_off();
}
