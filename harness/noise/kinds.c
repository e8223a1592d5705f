// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of noise kinds. A new kind is a file with its work, a line in work.h, and a row here.
 */
#include <string.h>

#include "noise/priv.h"

const struct noise_kind noise_kinds[] = {
	{"busy", "computes without memory traffic, in bursts of a duty cycle", noise_busy, NULL},
	{"membw", "copies memory through a working set larger than the caches", noise_membw, NULL},
	{"cache", "writes cache lines of a working set in random order", noise_cache, NULL},
	{"fork", "starts and ends short processes (fork and exec)", noise_fork, NULL},
	{"stress-ng", "runs stress-ng with the given arguments", noise_stress_ng,
		noise_stress_ng_available},
};

const size_t n_noise_kinds = ARRAY_SIZE(noise_kinds);

const struct noise_kind *noise_kind_find(const char *name)
{
	for (size_t i = 0; i < n_noise_kinds; i++)
		if (strcmp(noise_kinds[i].name, name) == 0)
			return &noise_kinds[i];
	return NULL;
}
