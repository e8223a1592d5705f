// SPDX-License-Identifier: GPL-3.0-or-later
/* CPUs, cores and nodes of this box from sysfs and /proc. */
#include "host/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define SYS_CPU	 "/sys/devices/system/cpu"
#define SYS_NODE "/sys/devices/system/node"

void topology_release(struct topology *t)
{
	free(t->cpus);
	memset(t, 0, sizeof(*t));
}

const struct topo_cpu *topology_cpu(const struct topology *t, unsigned id)
{
	for (size_t i = 0; i < t->n_cpus; i++)
		if (t->cpus[i].id == id)
			return &t->cpus[i];
	return NULL;
}

bool topology_has_smt(const struct topology *t)
{
	for (size_t i = 0; i < t->n_cpus; i++)
		if (t->cpus[i].online && cpuset_count(&t->cpus[i].siblings) > 1)
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

/* A CPU list in a file below root; the empty set where the file is missing. */
static int read_list(const char *root, const char *path, struct cpuset *out, struct err *e)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	auto_free char *text = read_file(full, 1 << 16, NULL, NULL);
	int rc;

	memset(out, 0, sizeof(*out));
	if (!text)
		return 0;
	rc = cpuset_parse(text, out, e);
	return rc ? err_wrap(e, "%s", full) : 0;
}

static uint64_t read_or(const char *root, const char *path, uint64_t missing)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	uint64_t v;

	return read_u64(full, &v, NULL) == 0 ? v : missing;
}

/* "MemTotal:  123 kB" (with "Node 0 " before it in a node's meminfo), in bytes; 0 if missing. */
static uint64_t meminfo_bytes(const char *text, const char *key)
{
	const char *p = text ? strstr(text, key) : NULL;

	return p ? strtoull(p + strlen(key), NULL, 10) * 1024 : 0;
}

static int add_cpu(const char *root, unsigned id, struct topology *t, struct err *e)
{
	auto_free char *dir = xasprintf(SYS_CPU "/cpu%u/topology", id);
	auto_free char *sib = xasprintf("%s/thread_siblings_list", dir);
	auto_free char *pkg = xasprintf("%s/physical_package_id", dir);
	struct topo_cpu *cpu;
	int rc;

	ARRAY_GROW(t->cpus, t->n_cpus);
	cpu = &t->cpus[t->n_cpus++];
	*cpu = (struct topo_cpu){.id = id, .node = -1, .core = -1, .socket = -1};
	cpu->online = cpuset_has(&t->online, id);
	rc = read_list(root, sib, &cpu->siblings, e);
	if (rc)
		return rc;
	cpuset_add(&cpu->siblings, id);
	if (cpu->online)
		cpu->socket = (int)read_or(root, pkg, 0);
	return 0;
}

static void number_cores(struct topology *t)
{
	int next = 0;

	for (size_t i = 0; i < t->n_cpus; i++) {
		if (t->cpus[i].core >= 0)
			continue;
		for (size_t k = i; k < t->n_cpus; k++)
			if (cpuset_has(&t->cpus[i].siblings, t->cpus[k].id))
				t->cpus[k].core = next;
		next++;
	}
}

static int add_node(const char *root, int id, struct topology *t, struct err *e)
{
	struct topo_node *node = &t->nodes[t->n_nodes];
	auto_free char *dir = xasprintf(SYS_NODE "/node%d", id);
	auto_free char *list = xasprintf("%s/cpulist", dir);
	auto_free char *huge2m = xasprintf("%s/hugepages/hugepages-2048kB/nr_hugepages", dir);
	auto_free char *huge1g = xasprintf("%s/hugepages/hugepages-1048576kB/nr_hugepages", dir);
	auto_free char *meminfo = xasprintf("%s%s/meminfo", root, dir);
	auto_free char *text = read_file(meminfo, 1 << 16, NULL, NULL);
	int rc;

	if (t->n_nodes == TOPO_MAX_NODES)
		return err_set(e, EINVAL, "more than %d NUMA nodes", TOPO_MAX_NODES);
	node->id = id;
	rc = read_list(root, list, &node->cpus, e);
	if (rc)
		return rc;
	node->memory_bytes = meminfo_bytes(text, "MemTotal:");
	node->free_bytes = meminfo_bytes(text, "MemFree:");
	node->hugepages_2m = read_or(root, huge2m, 0);
	node->hugepages_1g = read_or(root, huge1g, 0);
	for (size_t i = 0; i < t->n_cpus; i++)
		if (cpuset_has(&node->cpus, t->cpus[i].id))
			t->cpus[i].node = (int)t->n_nodes;
	t->n_nodes++;
	return 0;
}

/* Row by row: the numbers stand in the order of the online nodes. */
static void read_distances(const char *root, struct topology *t)
{
	for (size_t row = 0; row < t->n_nodes; row++) {
		auto_free char *path =
			xasprintf("%s" SYS_NODE "/node%d/distance", root, t->nodes[row].id);
		auto_free char *text = read_file(path, 4096, NULL, NULL);
		char *p = text, *end;

		t->nodes[row].distance[row] = 10;
		for (size_t col = 0; p && col < t->n_nodes; col++, p = end) {
			long v = strtol(p, &end, 10);

			if (end == p)
				break;
			t->nodes[row].distance[col] = (int)v;
		}
	}
}

/* A box without NUMA support in its kernel is one node. */
static void add_only_node(struct topology *t)
{
	struct topo_node *node = &t->nodes[0];

	node->cpus = t->online;
	node->memory_bytes = t->memory_bytes;
	node->free_bytes = t->memory_available_bytes;
	node->distance[0] = 10;
	t->n_nodes = 1;
	for (size_t i = 0; i < t->n_cpus; i++)
		if (t->cpus[i].online)
			t->cpus[i].node = 0;
}

static int read_all(const char *root, struct topology *t, struct err *e)
{
	struct cpuset present, nodes;
	int rc;

	rc = read_list(root, SYS_CPU "/online", &t->online, e);
	if (!rc)
		rc = read_list(root, SYS_CPU "/present", &present, e);
	if (!rc)
		rc = read_list(root, SYS_NODE "/online", &nodes, e);
	if (rc)
		return rc;
	if (cpuset_empty(&t->online))
		return err_set(e, ENOENT, "%s" SYS_CPU "/online shows no CPU", root);
	present = cpuset_or(&present, &t->online);
	cpuset_for_each (id, &present) {
		rc = add_cpu(root, (unsigned)id, t, e);
		if (rc)
			return rc;
	}
	number_cores(t);
	cpuset_for_each (id, &nodes) {
		rc = add_node(root, id, t, e);
		if (rc)
			return rc;
	}
	rc = topology_complete(t, root, e);
	if (rc)
		return rc;
	if (!t->n_nodes)
		add_only_node(t);
	read_distances(root, t);
	return 0;
}

int topology_read(const char *root, struct topology *out, struct err *e)
{
	struct topology t = {0};
	int rc = read_all(root, &t, e);

	if (rc)
		topology_release(&t);
	else
		*out = t;
	return rc;
}

/* Hybrid x86: /sys/devices/cpu_core/cpus and cpu_atom/cpus name the kinds (Linux 5.16). */
static int read_kinds(struct topology *t, const char *root, struct err *e)
{
	struct cpuset fast, slow;
	int rc = read_list(root, "/sys/devices/cpu_core/cpus", &fast, e);

	if (!rc)
		rc = read_list(root, "/sys/devices/cpu_atom/cpus", &slow, e);
	if (rc || cpuset_empty(&slow))
		return rc;
	for (size_t i = 0; i < t->n_cpus; i++) {
		if (cpuset_has(&slow, t->cpus[i].id))
			t->cpus[i].kind = TOPO_CORE_EFFICIENCY;
		else if (cpuset_has(&fast, t->cpus[i].id))
			t->cpus[i].kind = TOPO_CORE_PERFORMANCE;
	}
	return 0;
}

int topology_complete(struct topology *t, const char *root, struct err *e)
{
	auto_free char *path = xasprintf("%s/proc/meminfo", root);
	auto_free char *text = read_file(path, 1 << 16, NULL, NULL);
	struct cpuset isolcpus, partition;
	int rc;

	rc = read_list(root, SYS_CPU "/isolated", &isolcpus, e);
	if (!rc) /* cgroup v2 isolated partitions (Linux 6.7) */
		rc = read_list(root, "/sys/fs/cgroup/cpuset.cpus.isolated", &partition, e);
	if (!rc)
		rc = read_kinds(t, root, e);
	if (rc)
		return rc;
	t->isolated = cpuset_or(&isolcpus, &partition);
	for (size_t i = 0; i < t->n_cpus; i++)
		t->cpus[i].isolated = cpuset_has(&t->isolated, t->cpus[i].id);
	if (text && meminfo_bytes(text, "MemTotal:"))
		t->memory_bytes = meminfo_bytes(text, "MemTotal:");
	t->memory_available_bytes = meminfo_bytes(text, "MemAvailable:");
	for (size_t i = 0; i < t->n_nodes; i++) {
		auto_free char *info =
			xasprintf("%s" SYS_NODE "/node%d/meminfo", root, t->nodes[i].id);
		auto_free char *node = read_file(info, 1 << 16, NULL, NULL);

		if (node)
			t->nodes[i].free_bytes = meminfo_bytes(node, "MemFree:");
	}
	return 0;
}
