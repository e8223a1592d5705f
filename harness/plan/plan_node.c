// SPDX-License-Identifier: GPL-3.0-or-later
// Guests on one NUMA node, with their memory there or on another.
#include "plan/priv.h"

bool plan_gives_memory(const struct planning *p, size_t node)
{
	struct cpuset ids;

	if (node >= p->t->n_nodes)
		return false;
	ids = cpuset_and(&p->t->nodes[node].ids, &p->t->allowed_nodes);
	return p->t->nodes[node].memory_bytes && !cpuset_empty(&ids);
}

/* "NUMA node 2", or "NUMA nodes 0-7" of those that list the same CPUs. */
static const char *node_text(const struct topo_node *n, char buf[64])
{
	char list[CPUSET_TEXT];

	snprintf(buf, 64, "NUMA node%s %.40s", cpuset_count(&n->ids) == 1 ? "" : "s",
		cpuset_format(&n->ids, list, sizeof(list)));
	return buf;
}

/* A node without memory, where the memory is to be on the node too. */
static int refuse_no_memory(
	struct planning *p, const struct exp_guest *e, const struct topo_node *n)
{
	char buf[64];

	if (n->memory_bytes)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' wants memory of %s, which this process may not use (the cpuset's mems)",
			e->name, node_text(n, buf));
	else
		PLAN_REFUSE(p, e->pos,
			"guest '%s' wants memory of %s, which has CPUs but no memory; take another node, or let its memory be anywhere (placement float or pinned)",
			e->name, node_text(n, buf));
	return -1;
}

/* The node (index) of a node or remote placement: the one with the most of `base`, with memory
 * where that is to be there too; -1 with a message. */
static int choose_node(struct planning *p, const struct exp_guest *e, const struct cpuset *base)
{
	bool memory_here = e->placement == PLACE_NODE && e->kind != GUEST_NATIVE;
	unsigned most = 0, most_without = 0;
	int best = -1, without = -1;
	char buf[256];

	for (size_t i = 0; i < p->t->n_nodes; i++) {
		const struct topo_node *node = &p->t->nodes[i];
		struct cpuset here = plan_node_cpus(p->t, i, base);
		unsigned n = cpuset_count(&here);

		if (e->node != EXP_AUTO && !cpuset_has(&node->ids, e->node))
			continue;
		if (memory_here && !plan_gives_memory(p, i)) {
			if (n > most_without) {
				most_without = n;
				without = (int)i;
			}
		} else if (n > most) {
			most = n;
			best = (int)i;
		}
	}
	if (best >= 0)
		return best;
	if (without >= 0)
		return refuse_no_memory(p, e, &p->t->nodes[without]);
	if (e->node != EXP_AUTO)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' asks for CPUs of NUMA node %u; %s have none there; set <lab node=\"%u\"> or take a node of this box",
			e->name, e->node, plan_cpus_text(base, buf), e->node);
	else
		PLAN_REFUSE(p, e->pos, "guest '%s' is placed on a NUMA node; %s are in none",
			e->name, plan_cpus_text(base, buf));
	return -1;
}

static int refuse_remote(struct planning *p, const struct exp_guest *e, int local, int device)
{
	bool barred = false;

	char buf[64];

	for (int i = 0; i < (int)p->t->n_nodes; i++)
		barred |= i != local && p->t->nodes[i].memory_bytes &&
			  !plan_gives_memory(p, (size_t)i);
	if (e->memory_node != EXP_AUTO)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, but no other NUMA node has memory under the number asked for",
			e->name);
	else if (device >= 0)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, but the other memory is on a node without CPUs (%s: of a device, or CXL), which is no other node's own; memory-node=\"%d\" takes it",
			e->name, node_text(&p->t->nodes[device], buf), p->t->nodes[device].id);
	else if (p->t->n_nodes == 1 && cpuset_count(&p->t->nodes[0].ids) > 1)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, but %s list the same CPUs: none is remote",
			e->name, node_text(&p->t->nodes[0], buf));
	else if (p->t->n_nodes < 2)
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, which needs a second NUMA node; this box has one",
			e->name);
	else
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed remote, but no other NUMA node has memory%s", e->name,
			barred ? " that this process may use (the cpuset's mems)" : "");
	return -1;
}

/* The node (index) for memory away from `local`: as asked, else the farthest that has CPUs; -1 with
 * a message. */
static int choose_memory_node(struct planning *p, const struct exp_guest *e, int local)
{
	int best = -1, farthest = -1, device = -1;

	for (int i = 0; i < (int)p->t->n_nodes; i++) {
		const struct topo_node *n = &p->t->nodes[i];
		int distance = p->t->nodes[local].distance[i];

		if (i == local || !plan_gives_memory(p, (size_t)i) ||
			(e->memory_node != EXP_AUTO && !cpuset_has(&n->ids, e->memory_node)))
			continue;
		if (cpuset_empty(&n->cpus) && e->memory_node == EXP_AUTO) {
			device = device < 0 ? i : device;
			continue;
		}
		if (distance > farthest) {
			farthest = distance;
			best = i;
		}
	}
	return best >= 0 ? best : refuse_remote(p, e, local, device);
}

/* What the word "remote" is worth here. */
static void note_remote(struct planning *p, const struct exp_guest *e, int local, int memory)
{
	const struct topo_node *from = &p->t->nodes[local], *to = &p->t->nodes[memory];
	int distance = from->distance[memory];
	char a[64], b[64];

	if (cpuset_empty(&to->cpus))
		strv_add(&p->plan->notes,
			"the memory of guest '%s' is on %s, which has no CPUs: of a device, or CXL",
			e->name, node_text(to, b));
	if (!distance)
		strv_add(&p->plan->notes,
			"how far %s is from %s is not told: the memory of guest '%s' need not be slower there",
			node_text(to, b), node_text(from, a), e->name);
	else if (distance <= from->distance[local])
		strv_add(&p->plan->notes,
			"%s is as near to %s as its own memory (distance %d): the memory of guest '%s' need not be slower there",
			node_text(to, b), node_text(from, a), distance, e->name);
}

bool plan_place_on_node(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
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
	if (e->placement == PLACE_REMOTE && !p->apart) {
		note_remote(p, e, node, memory);
		p->apart = true;
	}
	here = plan_node_cpus(p->t, (size_t)node, base);
	for (unsigned i = 0; i < g->vcpus; i++)
		g->vcpu_cpus[i] = here;
	if (g->kind != GUEST_NATIVE)
		g->memory_nodes = cpuset_and(&p->t->nodes[memory].ids, &p->t->allowed_nodes);
	return true;
}

bool plan_place_on_llc(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	struct cpuset left = *base, best = {{0}};
	unsigned best_load = 0, best_cpus = 0;
	char buf[256];

	while (!cpuset_empty(&left)) {
		unsigned first = (unsigned)cpuset_next(&left, 0), n;
		struct cpuset here = plan_llc_cpus(p->t, first, &left);
		int llc = topology_cpu(p->t, first)->llc;

		left = cpuset_minus(&left, &here);
		n = cpuset_count(&here);
		/* Fewer vCPUs a CPU; of equals, more CPUs. */
		if (llc < 0 || (best_cpus && p->llc_load[llc] * best_cpus > best_load * n) ||
			(best_cpus && p->llc_load[llc] * best_cpus == best_load * n &&
				n <= best_cpus))
			continue;
		best = here;
		best_cpus = n;
		best_load = p->llc_load[llc];
	}
	if (!best_cpus) {
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed under a last-level cache, but no cores of %s share one, or this box does not tell",
			e->name, plan_cpus_text(base, buf));
		return false;
	}
	p->llc_load[topology_cpu(p->t, (unsigned)cpuset_next(&best, 0))->llc] += g->vcpus;
	for (unsigned i = 0; i < g->vcpus; i++)
		g->vcpu_cpus[i] = best;
	return true;
}
