/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may excuse a share of the CPU that is not as asked for: the kernel's own word that the hypervisor below
 * this box took from it meanwhile. Nothing of the product's. */
#ifndef SS_TESTS_BOX_WITNESS_H
#define SS_TESTS_BOX_WITNESS_H

#include <stdio.h>
#include <unistd.h>

#include "base/util.h"

#define BOX_TAKEN_MAX 50.0 /* ms/s of each CPU */

/* What it took of each CPU since this was asked last, by /proc/stat or a file like it; 0 the first time. */
static inline double box_taken_ms_per_s(const char *stat)
{
	static unsigned long long last_ticks;
	static uint64_t last_ns;
	auto_free char *text = read_file(stat, 1 << 16, NULL, NULL);
	unsigned long long ticks = 0;
	uint64_t now = now_ns();
	double taken = 0;

	if (text && sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) == 1 && last_ns)
		taken = (double)(ticks - last_ticks) * 1000 / (double)sysconf(_SC_CLK_TCK) /
			(double)sysconf(_SC_NPROCESSORS_ONLN) /
			((double)(now - last_ns) / NS_PER_S);
	last_ticks = ticks;
	last_ns = now;
	return taken;
}

enum judged { FITS, EXCUSED, WRONG };

static inline enum judged judge(double value, double least, double most, double taken)
{
	if (value >= least && value <= most)
		return FITS;
	return taken > BOX_TAKEN_MAX ? EXCUSED : WRONG;
}

#endif
