// SPDX-License-Identifier: GPL-3.0-or-later
/* Boxes of others, real and odd, as they described themselves: ../shared/topologies beside the tree
 * (hwloc's trees of /sys and /proc in tarballs, libvirt's capabilities). Every scenario of the
 * library and every placement word is planned on each; plan_rules.h says what no plan may do.
 * Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "domain/domain.h"
#include "tests/unit/plan_rules.h"

#define FOLDER "../shared/topologies"

/* What is known of them from their own files, read by eye. */
static const struct known {
	const char *file, *online, *allowed, *memory_nodes;
	unsigned nodes, nodes_with_cpus, cores, caches;
} known[] = {
	{"16amd64-8n2c-cpusets.tar.bz2", "0-3,5-15", "0-3,5-6,12-15", "1-4", 8, 8, 15, 0},
	{"16em64t-4s2c2t-offlines.tar.bz2", "0-1,3-4,6-12,15", "0-1,3-4,6-12,15", "0", 1, 1, 7, 4},
	{"64amd64-4s2n4ca2co.tar.bz2", "0-63", "0-63", "0-7", 8, 8, 32, 8},
	{"8em64t-2s2ca2c-buggynuma.tar.bz2", "0-7", "0-7", "0-7", 1, 1, 8, 4},
	{"8em64t-4c2t.tar.bz2", "0-7", "0-7", "0", 1, 1, 4, 1},
	{"96em64t-4n4d3ca2co.tar.bz2", "0-95", "0-95", "0-3", 4, 4, 96, 16},
	{"nvidiagpunumanodes.tar.bz2", "0-15,88-103", "0-15", "0", 8, 2, 8, 4},
	{"caps-test3.xml", "0-23", "0-23", "0-1", 2, 2, 24, 0},
	{"vircaps-aarch64-basic.xml", "0-15", "0-15", "0-3", 4, 4, 16, 0},
	{"vircaps-x86_64-basic-dies.xml", "0-11", "0-11", "0", 1, 1, 12, 0},
	{"vircaps-x86_64-caches.xml", "0-7", "0-7", "0", 1, 1, 4, 1},
	{"vircaps-x86_64-hmat.xml", "0-23", "0-23", "0-1", 2, 1, 24, 0},
	{"vircaps-x86_64-resctrl-skx-twocaches.xml", "0", "0", "0", 1, 1, 1, 0},
};

static bool ends(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);

	return a >= b && !strcmp(s + a - b, end);
}

/* The folder inside a tarball is the root. */
static void read_tree(const char *file, struct topology *t)
{
	char dir[] = "/tmp/ss-topologies-XXXXXX";
	auto_free char *command = NULL, *inside = NULL;
	struct err e = ERR_INIT;
	glob_t g;

	assert_non_null(mkdtemp(dir));
	/* What is read, of thousands of files; a pattern that finds none is no error. */
	command = xasprintf(
		"tar -xjf '%s' -C %s --wildcards '*/proc/*' '*/cgroup/*' '*/dev/cpuset/*' '*/thread_siblings*' '*/physical_package_id' '*/level' '*/shared_cpu_*' '*/cpulist' '*/cpumap' '*/distance' '*/meminfo' '*/online' '*/present' '*/isolated' '*/nr_hugepages' 2>/dev/null; exit 0",
		file, dir);
	inside = xasprintf("%s/*", dir);
	if (system(command))
		fail_msg("%s does not unpack", file);
	assert_int_equal(glob(inside, 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, 1);
	if (topology_read(g.gl_pathv[0], t, &e))
		fail_msg("%s: %s", file, e.msg);
	globfree(&g);
	assert_int_equal(remove_tree(dir, NULL), 0);
}

static void read_box(const char *file, struct topology *t)
{
	struct err e = ERR_INIT;
	auto_free char *xml = NULL;

	*t = (struct topology){0};
	if (!ends(file, ".xml")) {
		read_tree(file, t);
		return;
	}
	xml = read_file(file, 4 << 20, NULL, &e);
	if (!xml || topology_from_capabilities(xml, t, &e))
		fail_msg("%s: %s", file, e.msg);
}

static void check_set(const char *file, const char *what, const struct cpuset *s, const char *want)
{
	char text[CPUSET_TEXT];

	if (strcmp(cpuset_format(s, text, sizeof(text)), want) != 0)
		fail_msg("%s: %s %s, not %s", file, what, text, want);
}

static void check_known(const char *file, const struct topology *t)
{
	struct cpuset caches = {{0}}, cores = topology_first_threads(t, &t->online);
	unsigned with_cpus = 0;

	for (size_t i = 0; i < t->n_cpus; i++)
		if (t->cpus[i].online && t->cpus[i].llc >= 0)
			cpuset_add(&caches, (unsigned)t->cpus[i].llc);
	for (size_t i = 0; i < t->n_nodes; i++)
		with_cpus += !cpuset_empty(&t->nodes[i].cpus);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct known *k = &known[i];

		if (!ends(file, k->file))
			continue;
		check_set(file, "online", &t->online, k->online);
		check_set(file, "allowed", &t->allowed, k->allowed);
		check_set(file, "memory of nodes", &t->allowed_nodes, k->memory_nodes);
		if (t->n_nodes != k->nodes || with_cpus != k->nodes_with_cpus)
			fail_msg("%s: %zu nodes, %u with CPUs", file, t->n_nodes, with_cpus);
		if (cpuset_count(&cores) != k->cores || cpuset_count(&caches) != k->caches)
			fail_msg("%s: %u cores, %u caches", file, cpuset_count(&cores),
				cpuset_count(&caches));
	}
}

/* 1 when it could be planned, 0 when it was refused, with a reason. */
static unsigned plan_on(const char *file, const struct topology *t, const struct experiment *x)
{
	struct scenario_msgs msgs = {0};
	struct plan_list l = {0};
	int rc = plan_make(x, t, &l, &msgs);

	assert_true(rc == 0 || (rc == -ENODEV && msgs.n > 0));
	for (size_t i = 0; i < l.n; i++)
		plan_rules(file, t, &l.plans[i], &x->configs[i]);
	plan_list_release(&l);
	scenario_msgs_release(&msgs);
	return rc == 0;
}

/* Every scenario of the library. */
static void library_on(const char *file, const struct topology *t, unsigned count[2])
{
	glob_t g;

	assert_int_equal(glob("scenarios/*.xml", 0, NULL, &g), 0);
	for (size_t k = 0; k < g.gl_pathc; k++) {
		struct scenario_msgs msgs = {0};
		struct experiment x = {0};

		assert_int_equal(scenario_load(g.gl_pathv[k], NULL, 0, &x, &msgs), 0);
		count[plan_on(file, t, &x)]++;
		experiment_release(&x);
		scenario_msgs_release(&msgs);
	}
	globfree(&g);
}

/* Every placement word with 1 to 16 vCPUs. */
static void words_on(const char *file, const struct topology *t)
{
	for (unsigned n = 0; n < 8 * 16 * 2; n++) {
		char text[256];
		struct scenario_msgs msgs = {0};
		struct experiment x = {0};

		snprintf(text, sizeof(text),
			"<scenario name='r'>%s<guest name='a' vcpus='%u' count='2' placement='%s'/></scenario>",
			n / (8 * 16) ? "<lab cpus='all'/>" : "", 1 + n / 8 % 16,
			word_of(&words_placement, n % 8));
		if (!scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs))
			plan_on(file, t, &x);
		experiment_release(&x);
		scenario_msgs_release(&msgs);
	}
}

static void boxes_of_others(void **state)
{
	unsigned count[2] = {0, 0};
	glob_t g;

	(void)state;
	if (access(FOLDER, F_OK)) {
		print_message("SKIP: there is no folder " FOLDER " beside this tree\n");
		skip();
	}
	assert_int_equal(glob(FOLDER "/*.[tx][am][rl]*", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= ARRAY_SIZE(known));
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct topology t;

		read_box(g.gl_pathv[i], &t);
		check_known(g.gl_pathv[i], &t);
		library_on(g.gl_pathv[i], &t, count);
		words_on(g.gl_pathv[i], &t);
		topology_release(&t);
	}
	print_message("%zu boxes and all scenarios: %u planned, %u refused with a reason\n",
		g.gl_pathc, count[1], count[0]);
	assert_true(count[1] > count[0]);
	globfree(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(boxes_of_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
