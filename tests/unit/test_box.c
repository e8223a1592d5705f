// SPDX-License-Identifier: GPL-3.0-or-later
/* Box files: what is written is read again, and what is none is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <errno.h>

#include "host/box.h"
#include "tests/unit/topology_data.h"

static char path[64];

static int make_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/ss-box-%d", (int)getpid());
	return 0;
}

static int drop_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void check_same(const struct topology *a, const struct topology *b)
{
	assert_int_equal(a->n_cpus, b->n_cpus);
	assert_int_equal(a->n_nodes, b->n_nodes);
	assert_true(a->memory_bytes == b->memory_bytes);
	assert_true(a->memory_available_bytes == b->memory_available_bytes);
	assert_true(cpuset_equal(&a->online, &b->online));
	assert_true(cpuset_equal(&a->isolated, &b->isolated));
	assert_true(cpuset_equal(&a->allowed, &b->allowed));
	assert_true(cpuset_equal(&a->taken, &b->taken));
	assert_true(cpuset_equal(&a->allowed_nodes, &b->allowed_nodes));
	assert_int_equal(!a->limit, !b->limit);
	if (a->limit)
		assert_string_equal(a->limit, b->limit);
	for (size_t i = 0; i < a->n_cpus; i++)
		assert_memory_equal(&a->cpus[i], &b->cpus[i], sizeof(a->cpus[i]));
	for (size_t i = 0; i < a->n_nodes; i++) {
		const struct topo_node *x = &a->nodes[i], *y = &b->nodes[i];

		assert_int_equal(x->id, y->id);
		assert_true(cpuset_equal(&x->ids, &y->ids));
		assert_true(cpuset_equal(&x->cpus, &y->cpus));
		assert_true(x->memory_bytes == y->memory_bytes && x->free_bytes == y->free_bytes);
		assert_int_equal(x->hugepages_2m, y->hugepages_2m);
		assert_int_equal(x->hugepages_1g, y->hugepages_1g);
		assert_memory_equal(x->distance, y->distance, a->n_nodes * sizeof(int));
	}
}

static void written_and_read(void **state)
{
	const struct box_fact facts[] = {{"a", "1 \x1b[31m", "good", ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(topology_names); i++) {
		struct topology t = topology_load(topology_names[i]), again;
		struct err e = ERR_INIT;

		assert_int_equal(box_write(path, &t, facts, 1, &e), 0);
		if (box_read(path, &again, &e))
			fail_msg("%s: %s", topology_names[i], e.msg);
		check_same(&t, &again);
		topology_release(&t);
		topology_release(&again);
	}
}

#define CPU  "{\"id\": 0, \"siblings\": \"0\"}"
#define NODE "{\"id\": 0, \"ids\": \"0\", \"cpus\": \"0\", \"distance\": [10]}"
#define SETS "\"isolated\": \"\", \"allowed\": \"0\", \"taken\": \"\", \"allowed_nodes\": \"0\""
#define BOX(online, sets, cpus, nodes)                                                             \
	"{\"format\": \"stealscope box 1\", \"online\": \"" online "\", " sets                     \
	", \"cpus\": [" cpus "], \"nodes\": [" nodes "]}"

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{BOX("0", SETS, CPU, NODE), NULL},
		{"", "is not a box file"},
		{"{}", "does not say \"format\""},
		{"{\"format\": \"stealscope box 2\"}", "does not say \"format\""},
		{BOX("", SETS, CPU, NODE), "no CPU of this box is online"},
		{BOX("0-1", SETS, CPU, NODE), "of which nothing is told"},
		{BOX("x", SETS, CPU, NODE), "\"online\" is missing, or is not a list"},
		{BOX("0", SETS, "{\"id\": 9000, \"siblings\": \"0\"}", NODE), "a CPU's \"id\""},
		{BOX("0", SETS, CPU "," CPU, NODE), "that of another"},
		{BOX("0", SETS, "7", NODE), "\"siblings\" is missing"},
		{BOX("0", SETS, CPU, NODE "," NODE), "in order of their ids"},
		{BOX("0", SETS, CPU,
			 "{\"id\": 0, \"ids\": \"0\", \"cpus\": \"0\", \"distance\": []}"),
			"in order of their ids"},
		{BOX("0", SETS, CPU,
			 "{\"id\": 1024, \"ids\": \"0\", \"cpus\": \"0\", \"distance\": [10]}"),
			"a node's \"id\""},
		{BOX("0",
			 "\"isolated\": \"\", \"allowed\": \"1\", \"taken\": \"\", \"allowed_nodes\": \"0\"",
			 CPU, NODE),
			"\"allowed\" must be CPUs that are online"},
		{BOX("0", "\"isolated\": \"\"", CPU, NODE), "\"allowed\" is missing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology t = {0};
		struct err e = ERR_INIT;
		int rc;

		assert_int_equal(write_file(path, rows[i].text, strlen(rows[i].text), NULL), 0);
		rc = box_read(path, &t, &e);
		if (!rows[i].why) {
			assert_int_equal(rc, 0);
			topology_release(&t);
			continue;
		}
		assert_int_equal(rc, -EINVAL);
		if (!strstr(e.msg, rows[i].why))
			fail_msg("%zu: %s", i, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(written_and_read, make_path, drop_path),
		cmocka_unit_test_setup_teardown(refused, make_path, drop_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
