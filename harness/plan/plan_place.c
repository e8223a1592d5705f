// SPDX-License-Identifier: GPL-3.0-or-later
// Placement words: from "pinned" to the CPUs of each vCPU.
#include <string.h>

#include "plan/priv.h"

static unsigned load_of(const struct planning *p, const struct cpuset *s)
{
	unsigned sum = 0;

	cpuset_for_each (cpu, s)
		sum += p->load[cpu];
	return sum;
}

int plan_quietest(const struct planning *p, const struct cpuset *among)
{
	uint64_t best_key = UINT64_MAX;
	int best = -1;

	cpuset_for_each (cpu, among) {
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &p->t->online);
		struct cpuset node =
			plan_node_cpus(p->t, plan_node_of(p->t, (unsigned)cpu), &p->t->online);
		uint64_t key = (uint64_t)p->load[cpu] << 42 | (uint64_t)load_of(p, &core) << 21 |
			       load_of(p, &node);

		if (key < best_key) {
			best_key = key;
			best = cpu;
		}
	}
	return best;
}

bool plan_base_cpus(struct planning *p, const char *name, const struct cpuset *cpus,
	const char *beside, const char *away, struct scenario_pos pos, struct cpuset *out)
{
	struct cpuset missing = cpuset_minus(cpus, &p->t->online);
	const char *ref = beside[0] ? beside : away;
	char buf[256];

	*out = p->lab;
	if (!cpuset_empty(cpus))
		*out = *cpus;
	if (!cpuset_empty(&missing)) {
		PLAN_REFUSE(p, pos, "'%s' asks for %s, not online on this box", name,
			plan_cpus_text(&missing, buf));
		return false;
	}
	for (size_t i = 0; ref[0] && i < p->c->n_guests; i++) {
		if (strcmp(p->c->guests[i].name, ref) != 0)
			continue;
		*out = beside[0] ? p->guest_cpus[i] : cpuset_minus(&p->lab, &p->guest_cpus[i]);
	}
	if (!cpuset_empty(out))
		return true;
	if (beside[0])
		PLAN_REFUSE(p, pos, "'%s' is to be beside '%s', of which there is none here", name,
			beside);
	else
		PLAN_REFUSE(p, pos,
			"'%s' is to be away from '%s', which uses all lab CPUs (%s); give the lab more CPUs, or pin '%s'",
			name, away, plan_cpus_text(&p->lab, buf), away);
	return false;
}

static void put(struct planning *p, struct plan_guest *g, unsigned vcpu, int cpu)
{
	g->vcpu_cpus[vcpu] = cpuset_of((unsigned)cpu);
	p->load[cpu]++;
}

static bool place_pinned(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	struct cpuset cores = topology_first_threads(p->t, base), left = *base;
	char buf[256];

	if (cpuset_count(&cores) < g->vcpus) {
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is pinned and needs %u physical cores, one per vCPU; %s give%s %u; ask for fewer vCPUs or more lab CPUs, or use spread",
			e->name, g->vcpus, plan_cpus_text(base, buf),
			cpuset_count(base) == 1 ? "s" : "", cpuset_count(&cores));
		return false;
	}
	for (unsigned i = 0; i < g->vcpus; i++) {
		int cpu = plan_quietest(p, &left);
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &left);

		left = cpuset_minus(&left, &core);
		put(p, g, i, cpu);
	}
	return true;
}

static bool place_siblings(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	struct cpuset left = *base;
	unsigned vcpu = 0;
	char buf[256];

	while (vcpu < g->vcpus && !cpuset_empty(&left)) {
		int cpu = plan_quietest(p, &left);
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &left);

		left = cpuset_minus(&left, &core);
		if (cpuset_count(&core) < 2)
			continue;
		cpuset_for_each (thread, &core)
			if (vcpu < g->vcpus)
				put(p, g, vcpu++, thread);
	}
	if (vcpu == g->vcpus)
		return true;
	if (!topology_has_smt(p->t))
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed on SMT siblings, but this box has no SMT (one thread per core)",
			e->name);
	else
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed on SMT siblings: %u vCPUs need as many sibling threads among %s; ask for more lab CPUs with smt=\"whole\"",
			e->name, g->vcpus, plan_cpus_text(base, buf));
	return false;
}

/* The node (index) of a node or remote placement; -1 with a message. */
static int choose_node(struct planning *p, const struct exp_guest *e, const struct cpuset *base)
{
	unsigned most = 0;
	int best = -1;
	char buf[256];

	for (size_t i = 0; i < p->t->n_nodes; i++) {
		struct cpuset here = plan_node_cpus(p->t, i, base);
		unsigned n = cpuset_count(&here);

		if (e->node != EXP_AUTO ? p->t->nodes[i].id == (int)e->node && n > 0 : n > most) {
			most = n;
			best = (int)i;
		}
	}
	if (best < 0 && e->node != EXP_AUTO)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' asks for CPUs of NUMA node %u; %s have none there; set <lab node=\"%u\"> or take a node of this box",
			e->name, e->node, plan_cpus_text(base, buf), e->node);
	else if (best < 0)
		PLAN_REFUSE(p, e->pos, "no NUMA node of this box is known");
	return best;
}

/* The node (index) for memory away from `local`: as asked, else the farthest; -1 with a message. */
static int choose_memory_node(struct planning *p, const struct exp_guest *e, int local)
{
	int best = -1, farthest = -1;

	for (int i = 0; i < (int)p->t->n_nodes; i++) {
		const struct topo_node *n = &p->t->nodes[i];
		int distance = p->t->nodes[local].distance[i];

		if (i == local || !n->memory_bytes ||
			(e->memory_node != EXP_AUTO && n->id != (int)e->memory_node))
			continue;
		if (distance > farthest) {
			farthest = distance;
			best = i;
		}
	}
	if (best >= 0)
		return best;
	if (p->t->n_nodes < 2)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, which needs a second NUMA node; this box has one",
			e->name);
	else
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, but no other NUMA node has memory%s", e->name,
			e->memory_node == EXP_AUTO ? "" : " under the number asked for");
	return -1;
}

static bool place_on_node(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	int node = choose_node(p, e, base), memory = node;
	struct cpuset here;

	if (node < 0)
		return false;
	if (e->placement == PLACE_REMOTE)
		memory = choose_memory_node(p, e, node);
	if (memory < 0)
		return false;
	here = plan_node_cpus(p->t, (size_t)node, base);
	for (unsigned i = 0; i < g->vcpus; i++)
		g->vcpu_cpus[i] = here;
	if (g->kind != GUEST_NATIVE)
		g->memory_nodes = cpuset_of((unsigned)p->t->nodes[memory].id);
	return true;
}

static bool place_guest(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	int cpu;

	switch (e->placement) {
	case PLACE_FLOAT:
		for (unsigned i = 0; i < g->vcpus; i++)
			g->vcpu_cpus[i] = *base;
		return true;
	case PLACE_PINNED:
		return place_pinned(p, e, base, g);
	case PLACE_STACKED:
		cpu = plan_quietest(p, base);
		for (unsigned i = 0; i < g->vcpus; i++)
			put(p, g, i, cpu);
		return true;
	case PLACE_SIBLINGS:
		return place_siblings(p, e, base, g);
	case PLACE_SPREAD:
		for (unsigned i = 0; i < g->vcpus; i++)
			put(p, g, i, plan_quietest(p, base));
		return true;
	case PLACE_NODE:
	case PLACE_REMOTE:
		return place_on_node(p, e, base, g);
	}
	return false;
}

static void place_emulator(struct planning *p, const struct exp_guest *e, struct plan_guest *g)
{
	struct cpuset missing = cpuset_minus(&e->emulator_cpus, &p->t->online);
	char buf[256];

	if (!cpuset_empty(&missing))
		PLAN_REFUSE(p, e->pos, "'%s' asks for %s for its emulator, not online on this box",
			e->name, plan_cpus_text(&missing, buf));
	if (!cpuset_empty(&e->emulator_cpus))
		g->emulator_cpus = e->emulator_cpus;
	else if (e->emulator == EMULATOR_LAB)
		g->emulator_cpus = p->lab;
	else if (e->emulator == EMULATOR_HOUSEKEEPING)
		g->emulator_cpus = p->plan->housekeeping_cpus;
	else
		for (unsigned i = 0; i < g->vcpus; i++)
			g->emulator_cpus = cpuset_or(&g->emulator_cpus, &g->vcpu_cpus[i]);
}

/* All copies of guest element `i`. */
static void place_copies(struct planning *p, size_t i)
{
	const struct exp_guest *e = &p->c->guests[i];
	struct cpuset base;

	if (!p->count[i] ||
		!plan_base_cpus(p, e->name, &e->cpus, e->beside, e->away, e->pos, &base))
		return;
	for (size_t k = 0; k < p->count[i]; k++) {
		struct plan_guest *g = &p->plan->guests[p->first[i] + k];

		if (!place_guest(p, e, &base, g))
			return;
		place_emulator(p, e, g);
		for (unsigned v = 0; v < g->vcpus; v++)
			p->guest_cpus[i] = cpuset_or(&p->guest_cpus[i], &g->vcpu_cpus[v]);
	}
}

bool plan_place_guests(struct planning *p)
{
	/* Those that stand beside or away from another after the others. */
	for (int later = 0; later < 2; later++)
		for (size_t i = 0; i < p->c->n_guests; i++)
			if ((p->c->guests[i].beside[0] || p->c->guests[i].away[0]) == later)
				place_copies(p, i);
	return !p->failed;
}

bool plan_place_noises(struct planning *p)
{
	for (size_t i = 0; i < p->c->n_noises; i++) {
		const struct exp_noise *e = &p->c->noises[i];
		struct plan_noise *n = &p->plan->noises[i];

		if (!plan_base_cpus(p, e->name, &e->cpus, e->beside, e->away, e->pos, &n->cpus))
			continue;
		n->pin_each = e->placement == PLACE_PINNED || e->placement == PLACE_SPREAD;
		if (e->placement == PLACE_STACKED)
			n->cpus = cpuset_of((unsigned)plan_quietest(p, &n->cpus));
	}
	return !p->failed;
}
