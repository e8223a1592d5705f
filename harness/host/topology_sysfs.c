// SPDX-License-Identifier: GPL-3.0-or-later
/* CPUs, cores, caches and nodes of this box from sysfs and /proc. Where a kernel before 2.6.26 has
 * masks and folders only, these are read: descriptions of boxes are kept for long. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "host/topology.h"

#define SYS_CPU	 "/sys/devices/system/cpu"
#define SYS_NODE "/sys/devices/system/node"

/* The text of a file; NULL where it is missing, or not this user's to read. One that is there and cannot be read is an
 * error: without it the box would look like another. */
static char *text_or_missing(const char *full, struct err *e, int *rc)
{
	struct err why = ERR_INIT;
	char *text = *rc ? NULL : read_file(full, 1 << 16, NULL, &why);

	if (!text && (why.code == EMFILE || why.code == ENFILE || why.code == EIO))
		*rc = err_set(e, why.code, "%s", why.msg);
	return text;
}

/* A CPU list in a file below root; false, and the empty set, where the file is missing. */
static bool read_list(
	const char *root, const char *path, struct cpuset *out, struct err *e, int *rc)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	auto_free char *text = text_or_missing(full, e, rc);

	memset(out, 0, sizeof(*out));
	if (!text)
		return false;
	*rc = cpuset_parse(text, out, e);
	if (*rc)
		err_wrap(e, "%s", full);
	return true;
}

/* The list in file `list`, else the mask in file `mask`, both in `dir` below root. */
static bool read_set(const char *root, const char *dir, const char *list, const char *mask,
	struct cpuset *out, struct err *e, int *rc)
{
	auto_free char *list_path = xasprintf("%s/%s", dir, list);
	auto_free char *full = xasprintf("%s%s/%s", root, dir, mask);
	auto_free char *text = NULL;

	if (read_list(root, list_path, out, e, rc) || *rc)
		return !*rc;
	text = text_or_missing(full, e, rc);
	if (!text)
		return false;
	*rc = cpuset_parse_mask(text, out, e);
	if (*rc)
		err_wrap(e, "%s", full);
	return !*rc;
}

static uint64_t read_or(
	const char *root, const char *path, uint64_t missing, struct err *e, int *rc)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	auto_free char *text = text_or_missing(full, e, rc);
	char *end;
	uint64_t v = text ? strtoull(text, &end, 10) : missing;

	return text && end == text ? missing : v;
}

/* "MemTotal:  123 kB" (with "Node 0 " before it in a node's meminfo), in bytes. */
static uint64_t meminfo_bytes(const char *text, const char *key)
{
	const char *p = text ? strstr(text, key) : NULL;

	return p ? strtoull(p + strlen(key), NULL, 10) * 1024 : TOPO_UNKNOWN;
}

/* The numbers of folders "cpu0", "cpu1", ... below root. */
static struct cpuset folders(const char *root, const char *dir, const char *prefix)
{
	auto_free char *path = xasprintf("%s%s", root, dir);
	struct cpuset s = {{0}};
	size_t len = strlen(prefix);

	for (auto_struct(folder) f = {.dir = opendir(path)}; folder_next(&f);) {
		const char *digits = f.name + len;

		if (!strncmp(f.name, prefix, len) && isdigit((unsigned char)*digits) &&
			strspn(digits, "0123456789") == strlen(digits) && strlen(digits) < 6)
			cpuset_add(&s, (unsigned)atoi(digits));
	}
	return s;
}

/* Without a list of its own: CPUs that have a folder and do not say that they are off. */
static struct cpuset online_by_folder(
	const char *root, const struct cpuset *present, struct err *e, int *rc)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, present) {
		auto_free char *path = xasprintf(SYS_CPU "/cpu%d/online", cpu);

		if (read_or(root, path, 1, e, rc))
			cpuset_add(&s, (unsigned)cpu);
	}
	return s;
}

/* The cache of the highest level that is not for instructions alone. */
static int read_llc(const char *root, unsigned id, int *llc, struct err *e)
{
	uint64_t best = 1; /* what one core has for itself is none */
	int rc = 0;

	for (unsigned index = 0; index < 16 && !rc; index++) {
		auto_free char *dir = xasprintf(SYS_CPU "/cpu%u/cache/index%u", id, index);
		auto_free char *level_path = xasprintf("%s/level", dir);
		uint64_t level = read_or(root, level_path, 0, e, &rc);
		struct cpuset shared;

		if (!level)
			break;
		if (level <= best ||
			!read_set(root, dir, "shared_cpu_list", "shared_cpu_map", &shared, e, &rc))
			continue;
		best = level;
		if (cpuset_has(&shared, id))
			*llc = cpuset_next(&shared, 0);
	}
	return rc;
}

static int add_cpu(const char *root, unsigned id, struct topology *t, struct err *e)
{
	auto_free char *dir = xasprintf(SYS_CPU "/cpu%u/topology", id);
	auto_free char *pkg = xasprintf("%s/physical_package_id", dir);
	struct topo_cpu *cpu = topology_add_cpu(t, id);
	int rc = 0;

	read_set(root, dir, "thread_siblings_list", "thread_siblings", &cpu->siblings, e, &rc);
	cpuset_add(&cpu->siblings, id);
	if (rc || !cpuset_has(&t->online, id))
		return rc;
	cpu->socket = (int)read_or(root, pkg, 0, e, &rc);
	return rc ? rc : read_llc(root, id, &cpu->llc, e);
}

static int add_node(const char *root, int id, struct topology *t, struct err *e)
{
	struct topo_node *node;
	auto_free char *dir = xasprintf(SYS_NODE "/node%d", id);
	auto_free char *huge2m = xasprintf("%s/hugepages/hugepages-2048kB/nr_hugepages", dir);
	auto_free char *huge1g = xasprintf("%s/hugepages/hugepages-1048576kB/nr_hugepages", dir);
	auto_free char *meminfo = xasprintf("%s%s/meminfo", root, dir);
	int rc = 0;
	auto_free char *text = text_or_missing(meminfo, e, &rc);

	if (id >= TOPO_MAX_NODES)
		return err_set(
			e, EINVAL, "NUMA node %d: their numbers end at %d", id, TOPO_MAX_NODES - 1);
	node = topology_add_node(t, id);
	read_set(root, dir, "cpulist", "cpumap", &node->cpus, e, &rc);
	node->memory_bytes = meminfo_bytes(text, "MemTotal:");
	node->free_bytes = meminfo_bytes(text, "MemFree:");
	node->hugepages_2m = read_or(root, huge2m, 0, e, &rc);
	node->hugepages_1g = read_or(root, huge1g, 0, e, &rc);
	return rc;
}

/* Row by row: the numbers stand in the order of the online nodes. */
static int read_distances(const char *root, struct topology *t, struct err *e)
{
	int rc = 0;

	for (size_t row = 0; row < t->n_nodes; row++) {
		auto_free char *path =
			xasprintf("%s" SYS_NODE "/node%d/distance", root, t->nodes[row].id);
		auto_free char *text = text_or_missing(path, e, &rc);
		char *p = text, *end;

		t->nodes[row].distance = xcalloc(t->n_nodes, sizeof(*t->nodes[row].distance));
		for (size_t col = 0; p && col < t->n_nodes; col++, p = end) {
			long v = strtol(p, &end, 10);

			if (end == p)
				break;
			t->nodes[row].distance[col] = (int)v;
		}
	}
	return rc;
}

/* A box without NUMA support in its kernel is one node. */
static void add_only_node(struct topology *t)
{
	struct topo_node *node = topology_add_node(t, 0);

	node->cpus = t->online;
	node->memory_bytes = t->memory_bytes;
	node->free_bytes = t->memory_available_bytes;
}

static int read_all(const char *root, struct topology *t, struct err *e)
{
	struct cpuset present, nodes;
	int rc = 0;

	if (!read_list(root, SYS_CPU "/present", &present, e, &rc))
		present = folders(root, SYS_CPU, "cpu");
	if (!read_list(root, SYS_CPU "/online", &t->online, e, &rc))
		t->online = online_by_folder(root, &present, e, &rc);
	if (!read_list(root, SYS_NODE "/online", &nodes, e, &rc))
		nodes = folders(root, SYS_NODE, "node");
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
	cpuset_for_each (id, &nodes) {
		rc = add_node(root, id, t, e);
		if (rc)
			return rc;
	}
	rc = read_distances(root, t, e);
	if (!rc)
		rc = topology_complete(t, root, e);
	if (rc)
		return rc;
	if (!t->n_nodes)
		add_only_node(t);
	rc = topology_settle(t, e);
	return rc ? rc : topology_limits(t, root, e);
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
	int rc = 0;

	read_list(root, "/sys/devices/cpu_core/cpus", &fast, e, &rc);
	read_list(root, "/sys/devices/cpu_atom/cpus", &slow, e, &rc);
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
	int rc = 0;
	auto_free char *text = text_or_missing(path, e, &rc);

	read_list(root, SYS_CPU "/isolated", &t->isolated, e, &rc);
	if (!rc)
		rc = read_kinds(t, root, e);
	if (rc)
		return rc;
	for (size_t i = 0; i < t->n_cpus; i++)
		t->cpus[i].isolated = cpuset_has(&t->isolated, t->cpus[i].id);
	t->memory_bytes = meminfo_bytes(text, "MemTotal:");
	t->memory_available_bytes = meminfo_bytes(text, "MemAvailable:");
	return 0;
}
