// SPDX-License-Identifier: GPL-3.0-or-later
/* The probes that Linux does in its own way: they sleep, and run programs. */
#include "guest-agent/linux/linux.h"

static const struct probe_ops *const table[] = {&linux_timer, &linux_job, &linux_lock};

const struct probe_ops *platform_probe(uint32_t id)
{
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i]->id == id)
			return table[i];
	return 0;
}
