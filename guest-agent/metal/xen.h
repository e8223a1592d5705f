/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a PVH guest has of Xen in place of devices: hypercalls for steal, console and power-off. */
#ifndef SS_METAL_XEN_H
#define SS_METAL_XEN_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Xen's struct vcpu_runstate_info (public/vcpu.h): ns in each state. Xen writes it when the vCPU gets a
 * CPU again, so that no more than one writing can fall into a reading. */
struct xen_runstate {
	int32_t state;
	int32_t pad0;
	uint64_t since;
	uint64_t ns[4]; /* running, runnable, blocked, offline */
	uint64_t pad[2];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct xen_runstate) == 64, "xen_runstate");

/* Whether Xen is below: then hypercalls work. On the first CPU, once, before all else here. */
bool xen_detect(void);

/* The TSC's frequency in Hz, or 0. */
uint64_t xen_tsc_hz(void);

/* On every CPU: have Xen keep c->runstate. False where it will not. */
bool xen_keep_runstate(struct cpu *c, unsigned index);

/* To the domain's console; false where there is none. The other end is told when a line ends. */
bool xen_put_char(char ch);

/* End the domain; returns where there is no Xen. */
void xen_power_off(void);

#endif
