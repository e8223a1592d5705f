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
		char one[8];

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
		cmocka_unit_test(this_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
