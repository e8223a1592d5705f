/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the hypervisor gives: its kind, the TSC's frequency, the steal counter. */
#ifndef SS_METAL_CLOCK_H
#define SS_METAL_CLOCK_H

#include "guest-agent/metal/cpu.h"

/* On the first CPU. Returns the TSC's frequency in Hz; *accel and *features (SHM_FEAT_KVMCLOCK,
 * SHM_FEAT_STEAL) are set. The frequency comes from kvmclock or Xen, else from the host's page, else
 * from watching the beacon for 1 s. */
uint64_t clock_init(const struct shm_host *host, uint32_t *accel, uint32_t *features);

/* On every CPU, where there is SHM_FEAT_STEAL: have the hypervisor keep this CPU's steal counter. False
 * where it will not. */
bool clock_enable_steal(struct cpu *c, unsigned index);

#endif
