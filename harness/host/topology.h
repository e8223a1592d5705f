/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What CPUs and memory a lab box has, and which of them this process may use, as plain data: the
 * planner's second input. Read from sysfs and /proc (topology_sysfs.c, topology_limits.c), from
 * libvirt's capabilities XML (domain/capabilities.c), or from a box file (box.c). */
#ifndef SS_HOST_TOPOLOGY_H
#define SS_HOST_TOPOLOGY_H

#include "base/cpuset.h"

#define TOPO_MAX_NODES 1024	  /* node numbers 0..1023: the kernel's limit (NODES_SHIFT 10) */
#define TOPO_UNKNOWN   UINT64_MAX /* an amount that nothing tells: not 0 */

enum topo_kind {
	TOPO_CORE_UNIFORM = 0,	   /* all cores alike */
	TOPO_CORE_PERFORMANCE = 1, /* hybrid CPUs: the fast kind */
	TOPO_CORE_EFFICIENCY = 2,
};

struct topo_cpu {
	unsigned id;
	bool online;
	/* isolcpus= or an isolated cpuset partition: the scheduler leaves it alone */
	bool isolated;
	int node; /* index into topology.nodes, -1: it is in none */
	int socket;
	int llc;		/* last-level cache: the lowest CPU that shares it; -1 not known */
	int core;		/* unique within the box: equal for the SMT siblings of one core */
	struct cpuset siblings; /* itself included */
	enum topo_kind kind;
};

/* Nodes that list the same CPUs (numa=fake, faulty firmware) are no places to choose between: they
 * are one node here, with the numbers of all in `ids`. */
struct topo_node {
	int id;		   /* the kernel's node number: the lowest of `ids` */
	struct cpuset ids; /* node numbers */
	struct cpuset cpus;
	uint64_t memory_bytes; /* these two can be TOPO_UNKNOWN */
	uint64_t free_bytes;
	uint64_t hugepages_2m;
	uint64_t hugepages_1g;
	int *distance; /* by node index, n_nodes of them; 10 = local; 0 = not known */
};

struct topology {
	struct topo_cpu *cpus; /* in order of id; offline ones included where known */
	size_t n_cpus;
	struct topo_node *nodes; /* in order of id */
	size_t n_nodes;
	uint64_t memory_bytes; /* these two can be TOPO_UNKNOWN */
	uint64_t memory_available_bytes;
	struct cpuset online;
	struct cpuset isolated;
	/* What this process may use. `allowed` is a part of `online`, without the CPUs of cpuset
	 * partitions that are others' (`taken`). A node outside `allowed_nodes` gives no memory. */
	struct cpuset allowed, taken, allowed_nodes;
	bool xen;	    /* its hypervisor is Xen, and this is dom0 */
	struct cpuset dom0; /* Xen: where dom0's vCPUs may run */
	/* what limits `allowed`: "the cpuset /a", "its CPU affinity (taskset)"; NULL = nothing */
	char *limit;
};

void topology_release(struct topology *t);

/* The box this runs on, from sysfs and /proc alone (no libvirt). `root` is prefixed to the paths
 * for tests, "" for the real box. */
int topology_read(const char *root, struct topology *out, struct err *e);

/* Add to `t`, read from anywhere, what only sysfs knows: isolated CPUs, core kinds, free memory. */
int topology_complete(struct topology *t, const char *root, struct err *e);

/* topology_limits.c: what this process may use. `t` is allowed all that is online until then. */
int topology_limits(struct topology *t, const char *root, struct err *e);

/* For those who fill one in. Adds a node or CPU (in order of id), with nothing in it but the id. */
struct topo_node *topology_add_node(struct topology *t, int id);
struct topo_cpu *topology_add_cpu(struct topology *t, unsigned id);
/* The last step of filling in: cores numbered, nodes with the same CPUs made one, each CPU given
 * its node, everything that is online allowed. -EINVAL where it contradicts itself. */
int topology_settle(struct topology *t, struct err *e);

/* NULL if there is none. */
const struct topo_cpu *topology_cpu(const struct topology *t, unsigned id);
bool topology_has_smt(const struct topology *t);
/* Whether any CPU's last-level cache is known. */
bool topology_has_llc(const struct topology *t);
/* One CPU (the lowest online) of each physical core, restricted to `within`. */
struct cpuset topology_first_threads(const struct topology *t, const struct cpuset *within);

#endif
