/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The unit of integer work of probes `job` and `lock`: the same instructions whatever the
 * compiler. */
#ifndef SS_PROBE_SPIN_H
#define SS_PROBE_SPIN_H

#include <stdint.h>

/* n rounds of a 64-bit linear congruential step (Knuth's MMIX constants): 4 dependent
 * instructions. */
static inline void spin_iterations(uint64_t n)
{
	uint64_t x = 1;

	if (n == 0)
		return;
	__asm__ volatile(
		"1:	imul	%[mul], %[x]\n"
		"	add	%[add], %[x]\n"
		"	dec	%[n]\n"
		"	jnz	1b\n"
		: [x] "+r"(x), [n] "+r"(n)
		: [mul] "r"(UINT64_C(6364136223846793005)), [add] "r"(UINT64_C(1442695040888963407))
		: "cc");
}

#endif
