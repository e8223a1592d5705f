// SPDX-License-Identifier: GPL-3.0-or-later
// How many vCPUs each CPU, core, node and cache has been given so far.
#include "plan/priv.h"

int plan_quietest(const struct planning *p, const struct cpuset *among)
{
	uint64_t best_key = UINT64_MAX;
	int best = -1;

	cpuset_for_each (cpu, among) {
		const struct topo_cpu *c = topology_cpu(p->t, (unsigned)cpu);
		uint64_t key = (uint64_t)p->load[cpu] << 48 |
			       (uint64_t)p->core_load[c->core] << 32 |
			       (uint64_t)p->node_load[plan_node_of(p->t, c->id)] << 16 |
			       (c->llc >= 0 ? p->llc_load[c->llc] : 0);

		if (key < best_key) {
			best_key = key;
			best = cpu;
		}
	}
	return best;
}

void plan_put(struct planning *p, struct plan_guest *g, unsigned vcpu, int cpu)
{
	const struct topo_cpu *c = topology_cpu(p->t, (unsigned)cpu);

	g->vcpu_cpus[vcpu] = cpuset_of((unsigned)cpu);
	p->load[cpu]++;
	p->core_load[c->core]++;
	p->node_load[plan_node_of(p->t, c->id)]++;
	if (c->llc >= 0)
		p->llc_load[c->llc]++;
}
