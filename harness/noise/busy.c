// SPDX-License-Identifier: GPL-3.0-or-later
/* Pure computing: no memory traffic, no system calls within a burst. */
#include "noise/priv.h"

static void spin(void *ctx)
{
	uint64_t x = 1;

	(void)ctx;
	for (unsigned i = 0; i < 10000; i++)
		__asm__ volatile("imul %0, %0" : "+r"(x));
}

void noise_busy(const struct plan_noise *n, unsigned index)
{
	(void)index;
	noise_duty_loop(n, spin, NULL);
}
