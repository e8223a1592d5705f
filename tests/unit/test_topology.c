// SPDX-License-Identifier: GPL-3.0-or-later
/* The sysfs reader on trees made for the tests, and on this box. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/util.h"
#include "host/topology.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/ss-topology-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int drop_root(void **state)
{
	(void)state;
	return remove_tree(root, NULL);
}

static void put(const char *path, const char *text)
{
	char *full = xasprintf("%s%s", root, path), *dir = xstrdup(full);

	*strrchr(dir, '/') = '\0';
	assert_int_equal(make_dirs(dir, NULL), 0);
	assert_int_equal(write_file(full, text, strlen(text), NULL), 0);
	free(full);
	free(dir);
}

static void put_cpu(unsigned cpu, const char *siblings, const char *package)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
		cpu);
	put(path, siblings);
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/physical_package_id",
		cpu);
	put(path, package);
}

/* A hybrid laptop: two fast cores with two threads, two slow ones; one of the slow ones offline,
 * one fast core isolated; no NUMA in its kernel. */
static void hybrid_with_offline_and_isolated(void **state)
{
	const struct cpuset all = {{0x3f}};
	struct topology t;
	struct err e = ERR_INIT;
	char text[64];
	struct cpuset first;

	(void)state;
	put("/sys/devices/system/cpu/online", "0-4\n");
	put("/sys/devices/system/cpu/present", "0-5\n");
	put("/sys/devices/system/cpu/isolated", "2-3\n");
	put("/sys/devices/cpu_core/cpus", "0-3\n");
	put("/sys/devices/cpu_atom/cpus", "4-5\n");
	put_cpu(0, "0-1\n", "0\n");
	put_cpu(1, "0-1\n", "0\n");
	put_cpu(2, "2-3\n", "0\n");
	put_cpu(3, "2-3\n", "0\n");
	put_cpu(4, "4\n", "0\n");
	put("/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    500 kB\n");

	assert_int_equal(topology_read(root, &t, &e), 0);
	assert_int_equal(t.n_cpus, 6);
	assert_false(t.cpus[5].online);
	assert_int_equal(t.cpus[5].node, -1);
	assert_int_equal(t.cpus[0].kind, TOPO_CORE_PERFORMANCE);
	assert_int_equal(t.cpus[4].kind, TOPO_CORE_EFFICIENCY);
	assert_true(t.cpus[2].isolated);
	assert_false(t.cpus[0].isolated);
	assert_int_equal(t.n_nodes, 1);
	assert_string_equal(cpuset_format(&t.nodes[0].cpus, text, sizeof(text)), "0-4");
	assert_int_equal(t.memory_bytes, 1000 * 1024);
	assert_int_equal(t.memory_available_bytes, 500 * 1024);
	assert_int_equal(t.cpus[1].core, 0);
	assert_int_equal(t.cpus[2].core, 1);
	first = topology_first_threads(&t, &all);
	assert_string_equal(cpuset_format(&first, text, sizeof(text)), "0,2,4");
	assert_non_null(topology_cpu(&t, 4));
	assert_null(topology_cpu(&t, 6));
	topology_release(&t);
}

static void two_nodes(void **state)
{
	struct topology t;
	struct err e = ERR_INIT;

	(void)state;
	put("/sys/devices/system/cpu/online", "0-3\n");
	for (unsigned i = 0; i < 4; i++) {
		char one[16];

		snprintf(one, sizeof(one), "%u\n", i);
		put_cpu(i, one, i < 2 ? "0\n" : "1\n");
	}
	put("/sys/devices/system/node/online", "0,2\n");
	put("/sys/devices/system/node/node0/cpulist", "0-1\n");
	put("/sys/devices/system/node/node2/cpulist", "2-3\n");
	put("/sys/devices/system/node/node0/distance", "10 32\n");
	put("/sys/devices/system/node/node2/distance", "32 10\n");
	put("/sys/devices/system/node/node2/meminfo",
		"Node 2 MemTotal:  64 kB\nNode 2 MemFree:  16 kB\n");
	put("/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages", "8\n");

	assert_int_equal(topology_read(root, &t, &e), 0);
	assert_int_equal(t.n_nodes, 2);
	assert_int_equal(t.nodes[1].id, 2);
	assert_int_equal(t.nodes[0].distance[1], 32);
	assert_int_equal(t.nodes[1].memory_bytes, 64 * 1024);
	assert_int_equal(t.nodes[1].free_bytes, 16 * 1024);
	assert_int_equal(t.nodes[1].hugepages_2m, 8);
	assert_int_equal(t.cpus[3].node, 1);
	assert_int_equal(t.cpus[3].socket, 1);
	assert_false(topology_has_smt(&t));
	topology_release(&t);
}

static void broken_trees_fail(void **state)
{
	struct topology t = {.n_cpus = 5};
	struct err e = ERR_INIT;

	(void)state;
	assert_true(topology_read(root, &t, &e) < 0);
	assert_int_equal(t.n_cpus, 5);
	put("/sys/devices/system/cpu/online", "0-zebra\n");
	assert_true(topology_read(root, &t, &e) < 0);
	assert_non_null(strstr(e.msg, "online"));
}

static void check_text(const struct cpuset *s, const char *want)
{
	char text[256];

	assert_string_equal(cpuset_format(s, text, sizeof(text)), want);
}

static void put_cpus(const char *list, unsigned n)
{
	put("/sys/devices/system/cpu/online", list);
	for (unsigned i = 0; i < n; i++) {
		char one[16];

		snprintf(one, sizeof(one), "%u\n", i);
		put_cpu(i, one, "0\n");
	}
}

static void read_tree(struct topology *t)
{
	struct err e = ERR_INIT;

	if (topology_read(root, t, &e))
		fail_msg("%s", e.msg);
}

/* What the process may use: each row is the files, and what must come of them. */
static void limits(void **state)
{
	static const struct {
		const char *files[16]; /* path, text, ... */
		const char *allowed, *nodes, *limit;
	} rows[] = {
		{{"/proc/self/status", "Cpus_allowed_list:\t0-7\nMems_allowed_list:\t0\n"}, "0-7",
			"0", NULL},
		/* v1, by name. */
		{{"/proc/self/mounts",
			 "cgroup /c/cpu cgroup rw,cpu 0 0\ncgroup /c/cpuset cgroup rw,cpuset 0 0\n",
			 "/proc/self/cpuset", "/a/b\n", "/c/cpuset/a/b/cpuset.cpus", "1-5\n",
			 "/c/cpuset/a/b/cpuset.effective_cpus", "2-4\n", "/c/cpuset/cpuset.cpus",
			 "0-7\n"},
			"2-4", "0", "the cpuset /a/b"},
		/* v2: the group has no controller of its own, the one above it has. */
		{{"/proc/self/mounts", "cgroup2 /u cgroup2 rw 0 0\n", "/u/cgroup.controllers",
			 "cpuset cpu\n", "/proc/self/cpuset", "/a/b\n",
			 "/u/a/cpuset.cpus.effective", "0-1\n", "/proc/self/cgroup", "0::/a/b\n",
			 "/u/a/cpuset.mems.effective", "0\n"},
			"0-1", "0", "the cpuset /a/b"},
		/* A container whose mount shows its own group as the top. */
		{{"/proc/self/mounts", "cgroup /c cgroup rw,cpuset 0 0\n", "/proc/self/cpuset",
			 "/docker/77\n", "/c/cpuset.effective_cpus", "6-7\n"},
			"6-7", "0", "the cpuset /docker/77"},
		/* A namespace: the path is its top. */
		{{"/proc/self/mounts", "cgroup /c cgroup rw,cpuset 0 0\n", "/proc/self/cpuset",
			 "/\n", "/c/cpuset.effective_cpus", "6-7\n"},
			"6-7", "0", "the cpuset /"},
		/* No cpuset to be seen, but somebody's choice. */
		{{"/proc/self/status", "Cpus_allowed_list:\t3,5\n"}, "3,5", "0",
			"its CPU affinity (taskset, or a container's cpuset)"},
		/* isolcpus= is nobody's choice ... */
		{{"/sys/devices/system/cpu/isolated", "4-7\n", "/proc/self/status",
			 "Cpus_allowed_list:\t0-3\n"},
			"0-7", "0", NULL},
		/* ... and something else is. */
		{{"/sys/devices/system/cpu/isolated", "4-7\n", "/proc/self/status",
			 "Cpus_allowed_list:\t0-2\n"},
			"0-2", "0", "its CPU affinity (taskset, or a container's cpuset)"},
		/* Partitions: of others, deeper ones, one that failed, and our own. */
		{{"/proc/self/mounts", "cgroup2 /u cgroup2 rw 0 0\n", "/u/cgroup.controllers",
			 "cpuset\n", "/proc/self/cpuset", "/\n", "/u/rt/cpuset.cpus.partition",
			 "isolated\n", "/u/rt/cpuset.cpus.effective", "4-5\n",
			 "/u/bad/cpuset.cpus.partition", "root invalid (no CPUs)\n",
			 "/u/bad/cpuset.cpus.effective", "0-3\n"},
			"0-3,6-7", "0", "the cpuset partition of others (/rt)"},
		{{"/proc/self/mounts", "cgroup2 /u cgroup2 rw 0 0\n", "/u/cgroup.controllers",
			 "cpuset\n", "/proc/self/cpuset", "/x/y\n", "/u/x/cpuset.cpus.exclusive",
			 "4-5\n", "/u/x/y/cpuset.cpus.partition", "root\n",
			 "/u/x/y/cpuset.cpus.effective", "4-5\n"},
			"4-5", "0", "the cpuset /x/y"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology t;

		make_root(NULL);
		put_cpus("0-7\n", 8);
		for (size_t k = 0; rows[i].files[k]; k += 2)
			put(rows[i].files[k], rows[i].files[k + 1]);
		read_tree(&t);
		check_text(&t.allowed, rows[i].allowed);
		check_text(&t.allowed_nodes, rows[i].nodes);
		if (rows[i].limit)
			assert_string_equal(t.limit, rows[i].limit);
		else
			assert_null(t.limit);
		topology_release(&t);
		drop_root(NULL);
	}
}

/* Nodes that list the same CPUs are one; a CPU may be in none; what is not told is not 0. */
static void odd_nodes(void **state)
{
	struct topology t;

	(void)state;
	put_cpus("0-3\n", 4);
	put("/sys/devices/system/node/online", "0-1,1023\n");
	put("/sys/devices/system/node/node0/cpulist", "0-1\n");
	put("/sys/devices/system/node/node0/distance", "10 10 20\n");
	put("/sys/devices/system/node/node1/cpulist", "0-2\n");
	put("/sys/devices/system/node/node1/distance", "10 10 20\n");
	put("/sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 64 kB\n");
	put("/sys/devices/system/node/node1023/cpulist", "\n");
	put("/sys/devices/system/node/node1023/distance", "20 20 10\n");
	put("/sys/devices/system/node/node1023/meminfo", "Node 1023 MemTotal: 64 kB\n");
	read_tree(&t);
	assert_int_equal(t.n_nodes, 2);
	check_text(&t.nodes[0].ids, "0-1");
	check_text(&t.nodes[0].cpus, "0-2");
	assert_true(t.nodes[0].memory_bytes == TOPO_UNKNOWN);
	assert_true(t.memory_bytes == TOPO_UNKNOWN);
	assert_int_equal(t.nodes[0].distance[1], 20);
	assert_int_equal(t.nodes[1].distance[0], 20);
	assert_int_equal(t.nodes[1].distance[1], 10);
	assert_int_equal(t.nodes[1].id, 1023);
	assert_true(t.nodes[1].memory_bytes == 64 * 1024);
	assert_int_equal(t.cpus[2].node, 0);
	assert_int_equal(t.cpus[3].node, -1);
	check_text(&t.allowed_nodes, "0-1,1023");
	topology_release(&t);
}

/* Masks and folders alone, and a CPU that says of itself that it is off. */
static void old_kernel(void **state)
{
	struct topology t;

	(void)state;
	put("/sys/devices/system/cpu/cpu0/topology/thread_siblings", "00000003\n");
	put("/sys/devices/system/cpu/cpu1/topology/thread_siblings", "00000003\n");
	put("/sys/devices/system/cpu/cpu2/online", "0\n");
	put("/sys/devices/system/cpu/cpu3/online", "1\n");
	put("/sys/devices/system/node/node0/cpumap", "0000000f\n");
	read_tree(&t);
	check_text(&t.online, "0-1,3");
	assert_int_equal(t.cpus[1].core, t.cpus[0].core);
	assert_int_equal(t.cpus[3].node, 0);
	topology_release(&t);
}

static void put_cache(unsigned cpu, unsigned index, const char *level, const char *cpus)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cache/index%u/level", cpu,
		index);
	put(path, level);
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list",
		cpu, index);
	put(path, cpus);
}

static void caches(void **state)
{
	struct topology t;

	(void)state;
	put_cpus("0-3\n", 4);
	for (unsigned i = 0; i < 4; i++) {
		put_cache(i, 0, "1\n", i < 2 ? "0-1\n" : "2-3\n");
		put_cache(i, 1, "3\n", i % 2 ? "1,3\n" : "0,2\n");
	}
	read_tree(&t);
	assert_true(topology_has_llc(&t));
	assert_int_equal(t.cpus[2].llc, 0);
	assert_int_equal(t.cpus[3].llc, 1);
	topology_release(&t);
	/* One that each core has for itself is nothing to choose between. */
	for (unsigned i = 0; i < 4; i++) {
		char one[16];

		snprintf(one, sizeof(one), "%u\n", i);
		put_cache(i, 1, "3\n", one);
	}
	read_tree(&t);
	assert_false(topology_has_llc(&t));
	topology_release(&t);
}

static void high_numbers(void **state)
{
	struct topology t;

	(void)state;
	put("/sys/devices/system/cpu/online", "0,8191\n");
	put_cpu(0, "0\n", "0\n");
	put_cpu(8191, "8191\n", "1\n");
	read_tree(&t);
	assert_int_equal(topology_cpu(&t, 8191)->socket, 1);
	assert_null(topology_cpu(&t, 8190));
	topology_release(&t);
}

static void this_box(void **state)
{
	struct topology t;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(topology_read("", &t, &e), 0);
	assert_true(t.n_cpus >= 1);
	assert_true(t.n_nodes >= 1);
	assert_true(t.memory_bytes > 0);
	topology_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			hybrid_with_offline_and_isolated, make_root, drop_root),
		cmocka_unit_test_setup_teardown(two_nodes, make_root, drop_root),
		cmocka_unit_test_setup_teardown(broken_trees_fail, make_root, drop_root),
		cmocka_unit_test(limits),
		cmocka_unit_test_setup_teardown(odd_nodes, make_root, drop_root),
		cmocka_unit_test_setup_teardown(old_kernel, make_root, drop_root),
		cmocka_unit_test_setup_teardown(caches, make_root, drop_root),
		cmocka_unit_test_setup_teardown(high_numbers, make_root, drop_root),
		cmocka_unit_test(this_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
