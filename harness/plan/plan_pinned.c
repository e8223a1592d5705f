// SPDX-License-Identifier: GPL-3.0-or-later
// Pinned guests: cores of their own, near each other.
#include "plan/priv.h"

/* What a choice of CPUs costs: vCPUs that are there already, on the same core counted less. */
static uint64_t cost_of(const struct planning *p, unsigned cpu)
{
	const struct topo_cpu *c = topology_cpu(p->t, cpu);

	return (uint64_t)p->load[cpu] << 20 | (c ? p->core_load[c->core] : 0);
}

/* The cheapest CPU of `left`: then one under a cache, on a node that the guest is on already, then
 * on the quietest node. */
static int next_cpu(const struct planning *p, const struct cpuset *left, const struct cpuset *mine)
{
	uint64_t best_key = UINT64_MAX;
	struct cpuset caches = {{0}}, nodes = {{0}};
	int best = -1;

	cpuset_for_each (cpu, mine) {
		const struct topo_cpu *c = topology_cpu(p->t, (unsigned)cpu);

		if (c->llc >= 0)
			cpuset_add(&caches, (unsigned)c->llc);
		cpuset_add(&nodes, (unsigned)plan_node_of(p->t, (unsigned)cpu));
	}
	cpuset_for_each (cpu, left) {
		const struct topo_cpu *c = topology_cpu(p->t, (unsigned)cpu);
		size_t node = plan_node_of(p->t, (unsigned)cpu);
		bool other_cache = c->llc >= 0 && !cpuset_has(&caches, (unsigned)c->llc);
		bool other_node = !cpuset_has(&nodes, (unsigned)node);
		uint64_t key = cost_of(p, (unsigned)cpu) << 22 | (uint64_t)other_node << 21 |
			       (uint64_t)other_cache << 20 | MIN(p->node_load[node], 0xfffffu);

		if (key < best_key) {
			best_key = key;
			best = cpu;
		}
	}
	return best;
}

/* `n` CPUs of `among` on cores of their own, and what they cost; UINT64_MAX if there are fewer
 * cores. */
static uint64_t pick(
	const struct planning *p, const struct cpuset *among, unsigned n, int cpus[SHM_MAX_VCPUS])
{
	struct cpuset left = *among, mine = {{0}};
	uint64_t cost = 0;

	for (unsigned i = 0; i < n; i++) {
		int cpu = next_cpu(p, &left, &mine);
		struct cpuset core;

		if (cpu < 0)
			return UINT64_MAX;
		cpus[i] = cpu;
		cost += cost_of(p, (unsigned)cpu);
		cpuset_add(&mine, (unsigned)cpu);
		core = plan_core_of(p->t, (unsigned)cpu, &left);
		left = cpuset_minus(&left, &core);
	}
	return cost;
}

/* One part of the CPUs, and the best so far. */
struct best {
	uint64_t cost;
	unsigned others; /* vCPUs on the whole of the part */
	int cpus[SHM_MAX_VCPUS];
};

static void try_part(
	const struct planning *p, const struct cpuset *part, unsigned n, struct best *best)
{
	int cpus[SHM_MAX_VCPUS];
	uint64_t cost = pick(p, part, n, cpus);
	unsigned others = 0;

	cpuset_for_each (cpu, part)
		others += p->load[cpu];
	if (cost > best->cost || cost == UINT64_MAX ||
		(cost == best->cost && others >= best->others))
		return;
	best->cost = cost;
	best->others = others;
	memcpy(best->cpus, cpus, sizeof(cpus));
}

/* Nearness is worth less than a core without others' vCPUs: a part is good when it costs no more
 * than all of `base` does. */
static bool choose(
	const struct planning *p, const struct cpuset *base, unsigned n, int cpus[SHM_MAX_VCPUS])
{
	uint64_t cheapest = pick(p, base, n, cpus);
	struct best best = {.cost = cheapest, .others = UINT32_MAX};

	if (cheapest == UINT64_MAX)
		return false;
	for (size_t i = 0; i <= p->t->n_nodes; i++) {
		struct cpuset left = plan_node_cpus(p->t, i, base);

		while (!cpuset_empty(&left)) {
			struct cpuset cache =
				plan_llc_cpus(p->t, (unsigned)cpuset_next(&left, 0), &left);

			try_part(p, &cache, n, &best);
			left = cpuset_minus(&left, &cache);
		}
	}
	for (size_t i = 0; i <= p->t->n_nodes && best.others == UINT32_MAX; i++) {
		struct cpuset here = plan_node_cpus(p->t, i, base);

		try_part(p, &here, n, &best);
	}
	if (best.others != UINT32_MAX)
		memcpy(cpus, best.cpus, sizeof(best.cpus));
	return true;
}

bool plan_place_pinned(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	struct cpuset cores = topology_first_threads(p->t, base);
	int cpus[SHM_MAX_VCPUS];
	char buf[256];

	if (!choose(p, base, g->vcpus, cpus)) {
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is pinned and needs %u physical cores, one per vCPU; %s give%s %u; ask for fewer vCPUs or more lab CPUs, or use spread",
			e->name, g->vcpus, plan_cpus_text(base, buf),
			cpuset_count(base) == 1 ? "s" : "", cpuset_count(&cores));
		return false;
	}
	for (unsigned i = 0; i < g->vcpus; i++)
		plan_put(p, g, i, cpus[i]);
	return true;
}

void plan_note_pinned(struct planning *p, const struct exp_guest *e, const struct cpuset *cpus)
{
	unsigned nodes = plan_count_nodes(p->t, cpus), caches = plan_count_llcs(p->t, cpus);

	if (nodes > 1)
		strv_add(&p->plan->notes,
			"the pinned vCPUs of guest '%s' lie on %u NUMA nodes: no node has as many free cores in the lab",
			e->name, nodes);
	else if (caches > 1)
		strv_add(&p->plan->notes,
			"the pinned vCPUs of guest '%s' lie under %u last-level caches: none has as many free cores in the lab",
			e->name, caches);
}
