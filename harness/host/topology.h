/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What CPUs and memory a lab box has, as plain data: the planner's second input. Built by
 * domain/capabilities.c from libvirt's capabilities XML and completed from sysfs by topology.c. */
#ifndef SS_HOST_TOPOLOGY_H
#define SS_HOST_TOPOLOGY_H

#include "base/cpuset.h"

#define TOPO_MAX_NODES 64

enum topo_kind {
	TOPO_CORE_UNIFORM = 0,	   /* all cores alike */
	TOPO_CORE_PERFORMANCE = 1, /* hybrid CPUs: the fast kind */
	TOPO_CORE_EFFICIENCY = 2,
};

struct topo_cpu {
	unsigned id;
	bool online;
	bool isolated; /* isolcpus= or an isolated cpuset partition: the scheduler leaves it alone
			*/
	int node;      /* index into topology.nodes, -1 unknown */
	int socket;
	int core;		/* unique within the box: equal for the SMT siblings of one core */
	struct cpuset siblings; /* itself included */
	enum topo_kind kind;
};

struct topo_node {
	int id; /* the kernel's node number */
	struct cpuset cpus;
	uint64_t memory_bytes;
	uint64_t free_bytes; /* 0 when not known */
	uint64_t hugepages_2m;
	uint64_t hugepages_1g;
	int distance[TOPO_MAX_NODES]; /* by node index; 10 = local; 0 = not known */
};

struct topology {
	struct topo_cpu *cpus; /* in order of id; offline ones included where known */
	size_t n_cpus;
	struct topo_node nodes[TOPO_MAX_NODES];
	size_t n_nodes;
	uint64_t memory_bytes;
	uint64_t memory_available_bytes; /* 0 when not known */
	struct cpuset online;
	struct cpuset isolated;
};

void topology_release(struct topology *t);

/* The box this runs on, from sysfs and /proc alone (no libvirt). `root` is prefixed to the paths
 * for tests, "" for the real box. */
int topology_read(const char *root, struct topology *out, struct err *e);

/* Add to `t`, read from anywhere, what only sysfs knows: isolated CPUs, core kinds, free memory. */
int topology_complete(struct topology *t, const char *root, struct err *e);

const struct topo_cpu *topology_cpu(
	const struct topology *t, unsigned id); /* NULL if there is none */
bool topology_has_smt(const struct topology *t);
/* One CPU (the lowest online) of each physical core, restricted to `within`. */
struct cpuset topology_first_threads(const struct topology *t, const struct cpuset *within);

#endif
