/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PCI configuration space by ports 0xcf8/0xcfc, bus 0. */
#ifndef SS_METAL_PCI_H
#define SS_METAL_PCI_H

#include <stdbool.h>
#include <stdint.h>

struct pci_device {
	unsigned slot, function;
};

uint32_t pci_read(struct pci_device d, unsigned reg);
void pci_write(struct pci_device d, unsigned reg, uint32_t value);

/* Find a device by `id` (device << 16 | vendor) on bus 0. */
bool pci_find(uint32_t id, struct pci_device *out);

/* Address and size of a memory BAR (`bar` 0..5); gives it an address when the firmware did not.
 * Switches memory decoding on. 0 when it is no memory BAR. */
uint64_t pci_memory_bar(struct pci_device d, unsigned bar, uint64_t *size);

#endif
