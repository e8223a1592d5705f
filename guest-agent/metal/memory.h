/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metal guest's memory: everything below 4 GiB is mapped one to one from the start. */
#ifndef SS_METAL_MEMORY_H
#define SS_METAL_MEMORY_H

#include <stdint.h>

/* Learn from PVH start info where RAM is, for probe `memory`. */
void memory_init(uint64_t start_info);

/* Where the command line says that the shared page is ("page=0x1000000", below 4 GiB), with the room up to
 * the end of that RAM; 0: it does not. What lies there is no memory for probes. */
uint64_t memory_page(uint64_t *size);

/* Map [address, address + size) one to one where it is not yet: at most 1 GiB, within one 1
 * GiB-aligned area above 4 GiB. */
void memory_map(uint64_t address, uint64_t size);

#endif
