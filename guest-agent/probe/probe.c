/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/probe/probe.h"

static const struct probe_ops *const probe_table[] = {
#define PROBE(name) &probe_##name,
#include "guest-agent/probe/probes.def"
};

const struct probe_ops *probe_find(uint32_t id)
{
	const struct probe_ops *own = platform_probe(id);

	for (unsigned i = 0; !own && i < sizeof(probe_table) / sizeof(probe_table[0]); i++)
		if (probe_table[i]->id == id)
			return probe_table[i];
	return own;
}
