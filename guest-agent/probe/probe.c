/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of probes. */
#include "guest-agent/probe/probe.h"

static const struct probe_ops *const probe_table[] = {
	&probe_timer,
	&probe_gap,
	&probe_job,
	&probe_lock,
	&probe_memory,
	&probe_steal,
};

const struct probe_ops *probe_find(uint32_t id)
{
	for (unsigned i = 0; i < sizeof(probe_table) / sizeof(probe_table[0]); i++)
		if (probe_table[i]->id == id)
			return probe_table[i];
	return 0;
}
