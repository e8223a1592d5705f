// SPDX-License-Identifier: GPL-3.0-or-later
/* Topologies as data: filling one in, putting it in order, small questions. */
#include "host/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void topology_release(struct topology *t)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		free(t->nodes[i].distance);
	free(t->nodes);
	free(t->cpus);
	free(t->limit);
	memset(t, 0, sizeof(*t));
}

/* CPUs stand in order of id, mostly without holes. */
const struct topo_cpu *topology_cpu(const struct topology *t, unsigned id)
{
	size_t low = 0, high = t->n_cpus;

	if (id < t->n_cpus && t->cpus[id].id == id)
		return &t->cpus[id];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->cpus[middle].id == id)
			return &t->cpus[middle];
		if (t->cpus[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool topology_has_smt(const struct topology *t)
{
	for (size_t i = 0; i < t->n_cpus; i++)
		if (t->cpus[i].online && cpuset_count(&t->cpus[i].siblings) > 1)
			return true;
	return false;
}

bool topology_has_llc(const struct topology *t)
{
	for (size_t i = 0; i < t->n_cpus; i++)
		if (t->cpus[i].online && t->cpus[i].llc >= 0)
			return true;
	return false;
}

struct cpuset topology_first_threads(const struct topology *t, const struct cpuset *within)
{
	struct cpuset out = {0}, seen = {0};

	for (size_t i = 0; i < t->n_cpus; i++) {
		const struct topo_cpu *cpu = &t->cpus[i];

		if (!cpu->online || !cpuset_has(within, cpu->id) || cpuset_has(&seen, cpu->id))
			continue;
		cpuset_add(&out, cpu->id);
		seen = cpuset_or(&seen, &cpu->siblings);
	}
	return out;
}

struct topo_node *topology_add_node(struct topology *t, int id)
{
	size_t at = t->n_nodes;

	ARRAY_GROW(t->nodes, t->n_nodes);
	for (; at > 0 && t->nodes[at - 1].id > id; at--)
		t->nodes[at] = t->nodes[at - 1];
	t->nodes[at] = (struct topo_node){
		.id = id, .memory_bytes = TOPO_UNKNOWN, .free_bytes = TOPO_UNKNOWN};
	cpuset_add(&t->nodes[at].ids, (unsigned)id);
	t->n_nodes++;
	return &t->nodes[at];
}

struct topo_cpu *topology_add_cpu(struct topology *t, unsigned id)
{
	size_t at = t->n_cpus;

	ARRAY_GROW(t->cpus, t->n_cpus);
	for (; at > 0 && t->cpus[at - 1].id > id; at--)
		t->cpus[at] = t->cpus[at - 1];
	t->cpus[at] = (struct topo_cpu){
		.id = id, .node = -1, .core = -1, .socket = -1, .llc = -1, .siblings = {{0}}};
	cpuset_add(&t->cpus[at].siblings, id);
	t->n_cpus++;
	return &t->cpus[at];
}

/* In order of their lowest CPU: core_id repeats between sockets and dies. */
static void number_cores(struct topology *t)
{
	int next = 0;

	for (size_t i = 0; i < t->n_cpus; i++) {
		if (t->cpus[i].core >= 0)
			continue;
		cpuset_for_each (id, &t->cpus[i].siblings) {
			struct topo_cpu *c = (struct topo_cpu *)topology_cpu(t, (unsigned)id);

			if (c && c >= &t->cpus[i])
				c->core = next;
		}
		next++;
	}
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a == TOPO_UNKNOWN || b == TOPO_UNKNOWN ? TOPO_UNKNOWN : a + b;
}

/* Node `from` into node `into`, which lies before it. */
static void merge_nodes(struct topology *t, size_t into, size_t from)
{
	struct topo_node *a = &t->nodes[into], *b = &t->nodes[from];

	a->ids = cpuset_or(&a->ids, &b->ids);
	a->cpus = cpuset_or(&a->cpus, &b->cpus);
	a->memory_bytes = sum(a->memory_bytes, b->memory_bytes);
	a->free_bytes = sum(a->free_bytes, b->free_bytes);
	a->hugepages_2m += b->hugepages_2m;
	a->hugepages_1g += b->hugepages_1g;
	free(b->distance);
	for (size_t i = 0; i < t->n_nodes; i++)
		for (size_t k = from; i != from && k + 1 < t->n_nodes; k++)
			t->nodes[i].distance[k] = t->nodes[i].distance[k + 1];
	for (size_t i = from; i + 1 < t->n_nodes; i++)
		t->nodes[i] = t->nodes[i + 1];
	t->n_nodes--;
}

static void merge_same(struct topology *t)
{
	for (size_t i = 0; i < t->n_nodes; i++) {
		for (size_t k = i + 1; k < t->n_nodes;) {
			struct cpuset both = cpuset_and(&t->nodes[i].cpus, &t->nodes[k].cpus);

			if (cpuset_empty(&both)) {
				k++;
				continue;
			}
			merge_nodes(t, i, k);
			k = i + 1; /* what it has now may meet those passed over */
		}
	}
}

static void fill_distances(struct topology *t)
{
	for (size_t i = 0; i < t->n_nodes; i++) {
		struct topo_node *n = &t->nodes[i];

		if (!n->distance)
			n->distance = xcalloc(t->n_nodes, sizeof(*n->distance));
		if (!n->distance[i])
			n->distance[i] = 10;
	}
}

/* A last-level cache that only one core has is nothing to choose between. */
static void drop_private_llc(struct topology *t)
{
	for (size_t i = 0; i < t->n_cpus; i++)
		for (size_t k = 0; k < t->n_cpus && t->cpus[i].llc >= 0; k++)
			if (t->cpus[k].llc == t->cpus[i].llc && t->cpus[k].core != t->cpus[i].core)
				return;
	for (size_t i = 0; i < t->n_cpus; i++)
		t->cpus[i].llc = -1;
}

int topology_settle(struct topology *t, struct err *e)
{
	struct cpuset known = {{0}};

	if (cpuset_empty(&t->online))
		return err_set(e, EINVAL, "no CPU of this box is online");
	for (size_t i = 0; i < t->n_cpus; i++) {
		t->cpus[i].online = cpuset_has(&t->online, t->cpus[i].id);
		t->cpus[i].node = -1;
		cpuset_add(&known, t->cpus[i].id);
	}
	if (!cpuset_subset(&t->online, &known))
		return err_set(e, EINVAL, "a CPU is online of which nothing is told");
	number_cores(t);
	drop_private_llc(t);
	fill_distances(t);
	/* A node lists CPUs that could be there, too. */
	for (size_t i = 0; i < t->n_nodes; i++)
		t->nodes[i].cpus = cpuset_and(&t->nodes[i].cpus, &known);
	merge_same(t);
	for (size_t i = 0; i < t->n_nodes; i++) {
		cpuset_for_each (cpu, &t->nodes[i].cpus)
			((struct topo_cpu *)topology_cpu(t, (unsigned)cpu))->node = (int)i;
		t->allowed_nodes = cpuset_or(&t->allowed_nodes, &t->nodes[i].ids);
	}
	t->allowed = t->online;
	return 0;
}
