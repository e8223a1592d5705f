// SPDX-License-Identifier: GPL-3.0-or-later
/* The planner on boxes at the edges: more CPUs than cores, several caches and nodes, high numbers.
 * Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/unit/plan_rules.h"
#include "tests/unit/topology_data.h"

/* The plan of a scenario's body; fails where there is none. */
static struct plan_list plan_body(const struct topology *t, const char *body)
{
	auto_free char *text = xasprintf("<scenario name='r'>%s</scenario>", body);
	struct scenario_msgs msgs = {0};
	struct experiment x = {0};
	struct plan_list l = {0};

	if (scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs) ||
		plan_make(&x, t, &l, &msgs))
		fail_msg("%s: %s", body, msgs.items[0].text);
	for (size_t i = 0; i < l.n; i++)
		plan_rules("made here", t, &l.plans[i], &x.configs[i]);
	experiment_release(&x);
	scenario_msgs_release(&msgs);
	return l;
}

static void check_refused(const struct topology *t, const char *body, const char *why)
{
	auto_free char *text = xasprintf("<scenario name='r'>%s</scenario>", body);
	struct scenario_msgs msgs = {0};
	struct experiment x = {0};
	struct plan_list l = {0};

	if (scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs))
		fail_msg("%s: %s", body, msgs.items[0].text);
	assert_int_equal(plan_make(&x, t, &l, &msgs), -ENODEV);
	if (!strstr(msgs.items[0].text, why))
		fail_msg("%s: %s", body, msgs.items[0].text);
	experiment_release(&x);
	scenario_msgs_release(&msgs);
}

static struct cpuset cpus_of(const struct plan_guest *g)
{
	struct cpuset s = {{0}};

	for (unsigned v = 0; v < g->vcpus; v++)
		s = cpuset_or(&s, &g->vcpu_cpus[v]);
	return s;
}

static unsigned cores_of(const struct topology *t, const struct cpuset *cpus)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, cpus)
		cpuset_add(&s, (unsigned)topology_cpu(t, (unsigned)cpu)->core);
	return cpuset_count(&s);
}

/* Somebody's domain, placed as it is: stalled on the CPU that libvirt says its vCPU is pinned to; one that floats, refused. */
static void stalls_for_a_domain_as_placed(void **state)
{
	static const char text[] =
		"<scenario name='r'><lab cpus='1'/><guest name='vm' kind='domain' domain='d'/>"
		"<noise name='p' kind='stalls' beside='vm' rate='45ms/s'/></scenario>";
	struct topology t = topology_load("smt-2-nodes");
	int cpus[] = {(int)cpuset_nth(&t.allowed, 5), -1};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct scenario_msgs msgs = {0};
		struct experiment x = {0};
		struct plan_list l = {0};
		int rc;

		assert_int_equal(
			scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs), 0);
		if (i < 2) { /* pinned; floating; not known */
			x.configs[0].guests[0].pins = xcalloc(1, sizeof(struct cpuset));
			x.configs[0].guests[0].pins[0] =
				i == 0 ? cpuset_of((unsigned)cpus[0]) : t.allowed;
		}
		rc = plan_make(&x, &t, &l, &msgs);
		if (i == 0) {
			assert_int_equal(rc, 0);
			assert_int_equal(l.plans[0].noises[0].stalls->n_cpus, 1);
			assert_int_equal(l.plans[0].noises[0].stalls->cpus[0], cpus[0]);
			assert_true(l.plans[0].guests[0].as_placed);
		} else {
			assert_true(rc < 0);
			assert_non_null(strstr(msgs.items[0].text, "pin it (placement="));
		}
		plan_list_release(&l);
		experiment_release(&x);
		scenario_msgs_release(&msgs);
	}
	topology_release(&t);
}

/* 2 nodes x 4 cores x 2 threads: five vCPUs have five cores, on two nodes, with a note. */
static void cores_before_siblings(void **state)
{
	static const char *const words[] = {"pinned", "spread"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct topology t = topology_load("smt-2-nodes");
		auto_free char *body =
			xasprintf("<guest name='a' vcpus='5' placement='%s'/>", words[i]);
		struct plan_list l = plan_body(&t, body);
		struct cpuset cpus = cpus_of(&l.plans[0].guests[0]);
		struct cpuset second = cpuset_and(&cpus, &t.nodes[1].cpus);

		assert_int_equal(cores_of(&t, &cpus), 5);
		assert_false(cpuset_empty(&second));
		assert_true(has_note(&l.plans[0], "more than one NUMA node"));
		plan_list_release(&l);
		topology_release(&t);
	}
}

/* Two guests of three have a node each; nine vCPUs have all cores and one sibling, with notes. */
static void room_on_two_nodes(void **state)
{
	struct topology t = topology_load("smt-2-nodes");
	struct plan_list l =
		plan_body(&t, "<guest name='a' vcpus='3' count='2' placement='pinned'/>");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cpuset cpus = cpus_of(&l.plans[0].guests[i]);

		assert_true(cpuset_subset(&cpus, &t.nodes[0].cpus) ||
			    cpuset_subset(&cpus, &t.nodes[1].cpus));
	}
	plan_list_release(&l);
	l = plan_body(&t, "<guest name='a' vcpus='9' placement='spread'/>");
	assert_int_equal(cores_of(&t, &l.plans[0].lab_cpus), 8);
	assert_true(has_note(&l.plans[0], "SMT siblings: 9 CPUs are asked for, on 8 cores"));
	plan_list_release(&l);
	/* A guest that floats over one node has its CPUs there: four cores are eight CPUs. */
	l = plan_body(&t, "<guest name='a' vcpus='6' placement='node'/>");
	assert_int_equal(cpuset_count(&l.plans[0].guests[0].vcpu_cpus[0]), 6);
	plan_list_release(&l);
	topology_release(&t);
}

/* A core whose other thread has a vCPU already is no free one, whichever of its threads comes first. */
static void a_siblings_load_counts(void **state)
{
	static const char *const words[] = {"pinned", "spread"};
	const char *lab = "<lab cpus='6' smt='whole'/>";
	struct topology t = topology_load("desktop-smt");
	auto_free char *alone = xasprintf("%s<guest name='b'/>", lab);
	struct plan_list l = plan_body(&t, alone);
	struct cpuset in_lab = l.plans[0].lab_cpus;
	int first = -1, second = -1;

	(void)state;
	cpuset_for_each (cpu, &in_lab) {
		struct cpuset pair =
			cpuset_and(&topology_cpu(&t, (unsigned)cpu)->siblings, &in_lab);

		if (first < 0 && cpuset_count(&pair) == 2) {
			first = cpu;
			second = cpuset_nth(&pair, cpuset_nth(&pair, 0) == cpu);
		}
	}
	assert_true(first >= 0 && second > first);
	plan_list_release(&l);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		auto_free char *body = xasprintf(
			"%s<guest name='a' placement='pinned' cpus='%d'/><guest name='b' placement='%s'/>",
			lab, second, words[i]);

		l = plan_body(&t, body);
		assert_true(cpuset_has(&l.plans[0].guests[0].vcpu_cpus[0], (unsigned)second));
		assert_false(cpuset_has(&l.plans[0].guests[1].vcpu_cpus[0], (unsigned)first));
		plan_list_release(&l);
	}
	topology_release(&t);
}

/* What a noise's placement means: a CPU for each of its processes, one for all, or any. */
static void noise_is_placed(void **state)
{
	static const struct {
		const char *word;
		bool each;
		unsigned cpus;
	} rows[] = {{"float", false, 4}, {"pinned", true, 4}, {"spread", true, 4},
		{"stacked", false, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology t = topology_load("server-2-nodes");
		auto_free char *body = xasprintf(
			"<lab cpus='4'/><guest name='a'/><noise name='n' kind='busy' threads='4' placement='%s'/>",
			rows[i].word);
		struct plan_list l = plan_body(&t, body);

		assert_int_equal(l.plans[0].noises[0].pin_each, rows[i].each);
		assert_int_equal(cpuset_count(&l.plans[0].noises[0].cpus), rows[i].cpus);
		plan_list_release(&l);
		topology_release(&t);
	}
}

static void no_cpus_are_refused(void **state)
{
	static const char text[] = "<scenario name='r'><lab cpus='0'/><guest name='a'/></scenario>";
	struct scenario_msgs msgs = {0};
	struct experiment x = {0};

	(void)state;
	assert_int_not_equal(scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs), 0);
	assert_non_null(strstr(msgs.items[0].text, "cpus"));
	experiment_release(&x);
	scenario_msgs_release(&msgs);
}

static unsigned caches_of(const struct topology *t, const struct cpuset *cpus)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, cpus)
		cpuset_add(&s, (unsigned)topology_cpu(t, (unsigned)cpu)->llc);
	return cpuset_count(&s);
}

/* Two caches of three cores. */
static void one_cache(void **state)
{
	struct topology t = topology_load("two-caches");
	struct plan_list l;
	struct cpuset cpus;

	(void)state;
	l = plan_body(&t, "<guest name='a' vcpus='3' placement='pinned'/>");
	cpus = cpus_of(&l.plans[0].guests[0]);
	assert_int_equal(caches_of(&t, &cpus), 1);
	assert_false(cpuset_has(&cpus, 0)); /* left to the house */
	assert_false(has_note(&l.plans[0], "last-level caches"));
	plan_list_release(&l);

	/* Two of two each: under a cache each. */
	l = plan_body(&t, "<guest name='a' vcpus='2' count='2' placement='pinned'/>");
	for (size_t i = 0; i < 2; i++) {
		cpus = cpus_of(&l.plans[0].guests[i]);
		assert_int_equal(caches_of(&t, &cpus), 1);
	}
	plan_list_release(&l);

	l = plan_body(&t, "<guest name='a' vcpus='4' placement='pinned'/>");
	assert_true(has_note(&l.plans[0], "'a' lie under 2 last-level caches"));
	plan_list_release(&l);
	/* A free core is worth more than nearness. */
	l = plan_body(&t,
		"<lab cpus='6'/><guest name='a' vcpus='2' placement='pinned'/><guest name='b' vcpus='2' placement='pinned'/><guest name='c' vcpus='2' placement='pinned'/>");
	assert_true(has_note(&l.plans[0], "'c' lie under 2 last-level caches"));
	plan_list_release(&l);
	topology_release(&t);
}

static void memory_of_nodes(void **state)
{
	struct topology t = topology_load("device-memory");
	struct plan_list l = plan_body(&t, "<guest name='a' placement='remote' node='0'/>");

	(void)state;
	assert_true(cpuset_has(&l.plans[0].guests[0].memory_nodes, 8));
	plan_list_release(&l);
	l = plan_body(&t, "<guest name='a' placement='remote' memory-node='252'/>");
	assert_true(has_note(&l.plans[0], "NUMA node 252, which has no CPUs"));
	plan_list_release(&l);
	topology_release(&t);

	t = topology_load("expander-memory");
	check_refused(&t, "<guest name='a' placement='remote'/>", "memory-node=\"1\" takes it");
	topology_release(&t);

	t = topology_load("no-memory");
	check_refused(&t, "<lab node='0'/><guest name='a' placement='node'/>",
		"NUMA node 0, which has CPUs but no memory");
	l = plan_body(&t, "<lab node='2'/><guest name='a' placement='node' memory='512GiB'/>");
	assert_true(has_note(&l.plans[0], "NUMA node 2 has is not known"));
	plan_list_release(&l);
	l = plan_body(&t, "<lab node='0'/><guest name='a' placement='remote' memory-node='1'/>");
	assert_true(has_note(&l.plans[0], "is as near to NUMA node 0"));
	plan_list_release(&l);
	l = plan_body(&t, "<lab node='0'/><guest name='a' placement='remote' memory-node='2'/>");
	assert_true(has_note(&l.plans[0], "is not told"));
	plan_list_release(&l);
	topology_release(&t);

	t = topology_load("same-cpus");
	check_refused(
		&t, "<guest name='a' placement='remote'/>", "list the same CPUs: none is remote");
	l = plan_body(&t, "<guest name='a' placement='node'/>");
	assert_int_equal(cpuset_count(&l.plans[0].guests[0].memory_nodes), 4);
	plan_list_release(&l);
	topology_release(&t);
}

static void limited(void **state)
{
	struct topology t = topology_load("limited");

	(void)state;
	check_refused(&t, "<lab cpus='6'/><guest name='a'/>",
		"this process may use 5 of CPUs 2-4,10-11 (limited by the cpuset /guests)");
	check_refused(&t, "<lab cpuset='0-2'/><guest name='a'/>",
		"CPUs 0-1, which this process may not use (limited by the cpuset /guests); it may use CPUs 2-4,10-11");
	check_refused(&t, "<guest name='a' cpus='7'/>", "'a' asks for CPU 7, which this process");
	check_refused(&t, "<guest name='a' placement='remote'/>", "this process may use");
	topology_release(&t);
}

/* "or pin 'a'" is no advice about a guest that is. */
static void away_from_pinned(void **state)
{
	struct topology t = topology_load("two-cpus");

	(void)state;
	check_refused(&t, "<lab cpus='2'/><guest name='a'/><guest name='b' away='a'/>",
		"give the lab more CPUs, or pin 'a'");
	check_refused(&t,
		"<lab cpus='2'/><guest name='a' vcpus='2' placement='pinned'/><guest name='b' away='a'/>",
		"whose vCPUs are on all lab CPUs (CPUs 0-1); give the lab more CPUs");
	topology_release(&t);
}

/* The words: a lab over two caches, guests under one each, and what cannot be. */
static void cache_words(void **state)
{
	struct topology t = topology_load("two-caches");
	struct plan_list l;
	struct cpuset a, b, both;

	(void)state;
	l = plan_body(
		&t, "<lab cpus='4' llc='2'/><guest name='a' vcpus='2' count='2' placement='llc'/>");
	a = cpus_of(&l.plans[0].guests[0]);
	b = cpus_of(&l.plans[0].guests[1]);
	both = cpuset_and(&a, &b);
	assert_true(cpuset_empty(&both));
	assert_int_equal(cpuset_count(&a), 2);
	assert_int_equal(caches_of(&t, &a), 1);
	assert_int_equal(caches_of(&t, &b), 1);
	assert_int_equal(cores_of(&t, &l.plans[0].lab_cpus), 4);
	plan_list_release(&l);
	l = plan_body(
		&t, "<lab cpus='all' llc='1'/><guest name='a' vcpus='3' placement='pinned'/>");
	assert_int_equal(caches_of(&t, &l.plans[0].lab_cpus), 1);
	plan_list_release(&l);
	check_refused(&t, "<lab llc='3'/><guest name='a' vcpus='3'/>",
		"asks for 3 last-level caches, its CPUs on this box lie under 2");
	check_refused(&t, "<lab cpus='7' llc='1' smt='whole'/><guest name='a'/>", "needs 7 CPUs");
	topology_release(&t);
	t = topology_load("two-cpus");
	check_refused(&t, "<lab llc='1'/><guest name='a'/>", "no cores of this box share one");
	check_refused(&t, "<guest name='a' placement='llc'/>", "no cores of CPU 1 share one");
	topology_release(&t);
}

/* A point is what its name says, or it is not there. */
static void overcommit_that_is_none(void **state)
{
	static const char swept[] =
		"<scenario name='r'><lab cpus='%s' overcommit='2'/><guest name='a' vcpus='2'/><guest name='b' count='auto'/><sweep><over what='lab.overcommit' values='%s'/></sweep></scenario>";
	struct topology t = topology_load("two-cpus");
	static const struct {
		const char *cpus, *values, *message;
		int load, plan;
	} rows[] = {
		{"1", "1 2 3", "guests with a count of their own make it 2 already", -EINVAL, 0},
		{"1", "2 3", NULL, 0, 0},
		{"1..1024", "0.5", "overcommit 0.5 cannot be had", 0, -ENODEV},
		{"1..1024", "1.5", NULL, 0, 0},
		{"1..1024", "1.26", "cannot be had: 3 vCPUs on 2 CPUs make it 1.5", 0, -ENODEV},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512];
		struct scenario_msgs msgs = {0};
		struct experiment x = {0};
		struct plan_list l = {0};
		int rc;

		snprintf(text, sizeof(text), swept, rows[i].cpus, rows[i].values);
		rc = scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs);
		assert_int_equal(rc, rows[i].load);
		if (!rc)
			assert_int_equal(plan_make(&x, &t, &l, &msgs), rows[i].plan);
		if (rows[i].message && !strstr(msgs.items[0].text, rows[i].message))
			fail_msg("%s", msgs.items[0].text);
		plan_list_release(&l);
		experiment_release(&x);
		scenario_msgs_release(&msgs);
	}
	topology_release(&t);
}

/* `n_nodes` nodes of `each` CPUs, numbered from `first_cpu` and `first_node` in steps. */
static struct topology make_box(
	unsigned n_nodes, unsigned node_step, unsigned each, unsigned cpu_step)
{
	struct topology t = {
		.memory_bytes = UINT64_C(1) << 40, .memory_available_bytes = TOPO_UNKNOWN};
	struct err e = ERR_INIT;

	for (unsigned i = 0; i < n_nodes; i++) {
		struct topo_node *n = topology_add_node(&t, (int)(i * node_step));

		n->memory_bytes = UINT64_C(1) << 34;
		n->distance = xcalloc(n_nodes, sizeof(int));
		for (unsigned k = 0; k < n_nodes; k++)
			n->distance[k] = k == i ? 10 : 11 + (int)((i ^ k) % 16);
		for (unsigned k = 0; k < each; k++) {
			unsigned id = (i * each + k) * cpu_step;

			topology_add_cpu(&t, id);
			cpuset_add(&t.online, id);
			cpuset_add(&n->cpus, id);
		}
	}
	if (topology_settle(&t, &e))
		fail_msg("%s", e.msg);
	return t;
}

/* The highest numbers that a kernel can have, and a map that keeps its width (plan_rules). */
static void large_boxes(void **state)
{
	struct topology t = make_box(64, 1, 8, 2);
	struct plan_list l;

	(void)state;
	l = plan_body(&t, "<lab cpus='200'/><guest name='a' vcpus='16' count='3'/>");
	assert_int_equal(cpuset_count(&l.plans[0].lab_cpus), 200);
	plan_list_release(&l);
	topology_release(&t);

	t = make_box(2, 1023, 2, 2730);
	assert_int_equal(t.cpus[3].id, 8190);
	l = plan_body(&t,
		"<lab cpuset='8190'/><guest name='a' placement='remote' node='1023' memory-node='0'/>");
	assert_true(cpuset_has(&l.plans[0].guests[0].vcpu_cpus[0], 8190));
	plan_list_release(&l);
	topology_release(&t);

	t = make_box(8, 1, 1024, 1);
	l = plan_body(&t, "<guest name='a' vcpus='16' count='64' placement='pinned'/>");
	assert_int_equal(cpuset_count(&l.plans[0].lab_cpus), 1024);
	plan_list_release(&l);
	topology_release(&t);
}

/* Guests look for commands less often the more vCPUs share a CPU: 10 ms for each 8, from 10 to 200. */
static void how_often_guests_look(void **state)
{
	static const struct {
		const char *cpus;
		unsigned vcpus, others;
		uint64_t ms;
	} cases[] = {{"0", 1, 0, 10}, {"0", 15, 0, 10}, {"0", 16, 0, 20}, {"0", 8, 8, 20},
		{"0-1", 128, 128, 160}, {"0-1", 32, 0, 20}, {"0-7", 32, 0, 10}, {"0", 256, 0, 200},
		{"0", 160, 0, 200}, {"0", 159, 0, 190}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_guest guests[] = {{.vcpus = cases[i].vcpus}, {.vcpus = cases[i].others},
			{.vcpus = 200, .outside = true}}; /* without a page: never looks */
		struct plan p = {.guests = guests, .n_guests = 3};
		struct err e = ERR_INIT;

		assert_int_equal(cpuset_parse(cases[i].cpus, &p.lab_cpus, &e), 0);
		assert_int_equal(plan_look_ns(&p), cases[i].ms * NS_PER_MS);
	}
}

static void as_many_vcpus_as_their_machine_has(void **state)
{
	struct topology t = topology_load("two-cpus");
	struct plan_list l = plan_body(&t,
		"<guest name='a' vcpus='256' placement='float'/><guest name='b' kind='native' vcpus='256' placement='float'/>"
		"<guest name='c' kind='linux' vcpus='255' placement='float'/>");

	(void)state;
	plan_list_release(&l);
	check_refused(&t, "<guest name='a' kind='linux' vcpus='256' placement='float'/>",
		"one of kind linux can have 255; a metal or native guest can have 256");
	topology_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_vcpus_as_their_machine_has),
		cmocka_unit_test(cores_before_siblings),
		cmocka_unit_test(stalls_for_a_domain_as_placed),
		cmocka_unit_test(a_siblings_load_counts),
		cmocka_unit_test(noise_is_placed),
		cmocka_unit_test(no_cpus_are_refused),
		cmocka_unit_test(room_on_two_nodes),
		cmocka_unit_test(one_cache),
		cmocka_unit_test(memory_of_nodes),
		cmocka_unit_test(limited),
		cmocka_unit_test(away_from_pinned),
		cmocka_unit_test(cache_words),
		cmocka_unit_test(overcommit_that_is_none),
		cmocka_unit_test(large_boxes),
		cmocka_unit_test(how_often_guests_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
