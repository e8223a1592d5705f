// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of probes in Linux: some are its own, the others are shared with all guests. */
#include "guest-agent/linux/linux.h"

static const struct probe_ops *const table[] = {
	&linux_timer,
	&probe_gap,
	&linux_job,
	&linux_lock,
	&probe_memory,
	&probe_steal,
};

const struct probe_ops *probe_find(uint32_t id)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i]->id == id)
			return table[i];
	return 0;
}
