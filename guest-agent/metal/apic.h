/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local APIC, by MSRs (x2APIC) or memory (xAPIC): identity, start-up of others, timer. */
#ifndef SS_METAL_APIC_H
#define SS_METAL_APIC_H

#include <stdint.h>

struct agent_vcpu;

/* Find out which kind it is; on the first CPU, once. Returns its SHM_FEAT_* bits. */
uint32_t apic_detect(void);

/* On every CPU: switch it on, mask everything but the timer. Returns its id. */
uint32_t apic_enable(void);

/* INIT and SIPI to all others; they start at `page` (below 1 MiB). */
void apic_start_others(uint32_t page, uint64_t tsc_hz);

/* Where there is no TSC deadline: find the APIC timer's rate against the TSC. */
void apic_calibrate(uint64_t tsc_hz);

void apic_end_of_interrupt(void);

#endif
