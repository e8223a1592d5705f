/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/metal/cpu.h"
#include "guest-agent/metal/pci.h"

#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define PCI_COMMAND	0x04
#define PCI_COMMAND_MEM 0x02
#define PCI_HEADER	0x0c
#define PCI_BAR0	0x10
#define PCI_MULTI	(1u << 23)
#define BAR_IO		0x1u
#define BAR_64		0x4u
#define BAR_FLAGS	0xfu

/* Where a BAR goes that no firmware placed: above any RAM below 4 GiB of QEMU's pc and q35
 * machines, below the I/O APIC. Aligned for up to 256 MiB. */
#define BAR_HOME 0xe0000000u
#define BAR_MAX	 0x10000000u

uint32_t pci_read(struct pci_device d, unsigned reg)
{
	outl(PCI_ADDRESS, 0x80000000u | d.slot << 11 | d.function << 8 | (reg & 0xfc));
	return inl(PCI_DATA);
}

void pci_write(struct pci_device d, unsigned reg, uint32_t value)
{
	outl(PCI_ADDRESS, 0x80000000u | d.slot << 11 | d.function << 8 | (reg & 0xfc));
	outl(PCI_DATA, value);
}

bool pci_find(uint32_t id, struct pci_device *out)
{
	for (unsigned slot = 0; slot < 32; slot++) {
		struct pci_device d = {slot, 0};
		unsigned functions = pci_read(d, PCI_HEADER) & PCI_MULTI ? 8 : 1;

		for (d.function = 0; d.function < functions; d.function++) {
			uint32_t found = pci_read(d, 0);

			if (found == id) {
				*out = d;
				return true;
			}
			if (found == UINT32_MAX && d.function == 0)
				break;
		}
	}
	return false;
}

uint64_t pci_memory_bar(struct pci_device d, unsigned bar, uint64_t *size)
{
	unsigned reg = PCI_BAR0 + bar * 4;
	uint32_t low = pci_read(d, reg), high = 0;
	uint32_t command = pci_read(d, PCI_COMMAND) & 0xffff;
	bool wide = low & BAR_64;
	uint64_t mask, address;

	if (low & BAR_IO)
		return 0;
	if (wide)
		high = pci_read(d, reg + 4);
	pci_write(d, PCI_COMMAND, command & ~PCI_COMMAND_MEM);
	pci_write(d, reg, UINT32_MAX);
	mask = 0xffffffff00000000u | (pci_read(d, reg) & ~BAR_FLAGS);
	*size = ~mask + 1;
	address = (uint64_t)high << 32 | (low & ~BAR_FLAGS);
	if (address == 0 && *size <= BAR_MAX)
		address = BAR_HOME;
	pci_write(d, reg, (uint32_t)address);
	if (wide)
		pci_write(d, reg + 4, (uint32_t)(address >> 32));
	pci_write(d, PCI_COMMAND, command | PCI_COMMAND_MEM);
	return address;
}
