/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The other CPUs. */
#ifndef SS_METAL_SMP_H
#define SS_METAL_SMP_H

#include <stdbool.h>
#include <stdint.h>

/* Start all others and wait until `count` CPUs are here, this one (`apic_id`) included. False when
 * some did not come. Returns this CPU's number, by order of APIC ids, in *index. */
bool smp_start(unsigned count, uint32_t apic_id, uint64_t tsc_hz, unsigned *index);

/* On another CPU: report, and wait for the number. */
unsigned smp_join(unsigned arrival, uint32_t apic_id);

#endif
