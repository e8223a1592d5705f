/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways for the metal guest to end. */
#ifndef SS_METAL_POWER_H
#define SS_METAL_POWER_H

#include <stdint.h>

#include "abi/guest_shm.h"

/* shm_vcpu.fail_code from 16 on. */
enum metal_fail_code {
	METAL_FAIL_EXCEPTION = 16, /* a CPU exception; the console names it */
	METAL_FAIL_CPUS = 17,	   /* fewer vCPUs came up than the page asks for */
};

/* Soft power-off; falls back to a triple fault, which QEMU takes as a reset (domains are made with
 * on_reboot destroy). */
void power_off(void) __attribute__((noreturn));

/* The page in which power_fail() tells the host. */
void power_set_page(struct shm_host *host);

/* Mark every vCPU failed, give the host a moment to see it, power off. */
void power_fail(uint32_t code) __attribute__((noreturn));

#endif
