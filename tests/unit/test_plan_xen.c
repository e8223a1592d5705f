// SPDX-License-Identifier: GPL-3.0-or-later
/* The planner on a box whose hypervisor is Xen: what is refused there, with its line, and what is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "plan/plan_make.h"

/* Three CPUs, of which dom0 has the first. */
static struct topology make_box(void)
{
	struct topology t = {.xen = true, .memory_bytes = TOPO_UNKNOWN};
	struct topo_node *n = topology_add_node(&t, 0);
	struct err e = ERR_INIT;

	n->memory_bytes = UINT64_C(4) << 30;
	n->free_bytes = TOPO_UNKNOWN;
	n->distance = xcalloc(1, sizeof(*n->distance));
	for (unsigned id = 0; id < 3; id++) {
		topology_add_cpu(&t, id);
		cpuset_add(&t.online, id);
		cpuset_add(&n->cpus, id);
	}
	t.memory_available_bytes = TOPO_UNKNOWN;
	assert_int_equal(topology_settle(&t, &e), 0);
	t.dom0 = cpuset_of(0);
	t.allowed = cpuset_minus(&t.online, &t.dom0);
	return t;
}

static int plan_body(const char *body, struct plan_list *l, struct scenario_msgs *msgs)
{
	auto_free char *text = xasprintf("<scenario name='r'>\n%s</scenario>", body);
	struct topology t = make_box();
	struct experiment x = {0};
	int rc = scenario_load_text("r", text, strlen(text), NULL, 0, &x, msgs);

	if (!rc)
		rc = plan_make(&x, &t, l, msgs);
	experiment_release(&x);
	topology_release(&t);
	return rc;
}

static void check_refused(const char *body, const char *why)
{
	struct scenario_msgs msgs = {0};
	struct plan_list l = {0};

	bool found = false;

	if (plan_body(body, &l, &msgs) != -ENODEV)
		fail_msg("%s: %s", body, msgs.n ? msgs.items[0].text : "planned");
	for (size_t i = 0; i < msgs.n; i++)
		found |= strstr(msgs.items[i].text, why) && msgs.items[i].line == 2 &&
			 msgs.items[i].blame == BLAME_HOST;
	if (!found)
		fail_msg("%s: %s", body, msgs.items[0].text);
	scenario_msgs_release(&msgs);
}

static void what_xen_has_not(void **state)
{
	(void)state;
	check_refused("<guest name='a' policy='fifo'/>", "no real-time policy");
	check_refused("<guest name='a' kind='native'/>", "in dom0");
	check_refused("<guest name='a' kind='disk' image='x.qcow2'/>", "QEMU's shared memory");
	check_refused("<guest name='a' kind='domain' domain='x'/>", "`blame` watches it");
	check_refused("<guest name='a' accel='tcg'/>", "PVH");
	check_refused("<guest name='a' hugepages='2MiB'/>", "pages itself");
	check_refused("<guest name='a' placement='remote' node='0' memory-node='1'/>", "on a node");
	check_refused("<guest name='a' shares='262144'/>", "262140");
	check_refused("<guest name='a' memory='3GiB'/>", "below the 3 GiB");
	check_refused("<guest name='a'/><noise name='n' kind='busy'/>", "dom0's CPUs only");
}

static bool has_note(const struct plan *p, const char *part)
{
	for (size_t i = 0; i < p->notes.n; i++)
		if (strstr(p->notes.items[i], part))
			return true;
	return false;
}

/* Weights and a cap from the same words; dom0's CPU is no guest's. */
static void what_it_has(void **state)
{
	struct scenario_msgs msgs = {0};
	struct plan_list l = {0};
	const struct plan *p;

	(void)state;
	assert_int_equal(
		plan_body(
			"<guest name='a' vcpus='2' shares='2048' quota='25ms' period='100ms' placement='pinned'/><noise name='n' kind='guest'/>",
			&l, &msgs),
		0);
	p = &l.plans[0];
	assert_true(has_note(p, "weight 512 for shares 2048"));
	assert_true(has_note(p, "cap 50 % of a CPU"));
	assert_int_equal(plan_xen_weight(&p->guests[0].vcpu_limits), 512);
	assert_int_equal(plan_xen_cap(&p->guests[0]), 50);
	assert_false(has_note(p, "not isolated"));
	assert_true(has_note(p, "dom0 keeps house on CPU 0"));
	assert_int_equal(cpuset_count(&p->housekeeping_cpus), 1);
	assert_true(cpuset_has(&p->housekeeping_cpus, 0));
	for (size_t i = 0; i < p->n_guests; i++) {
		assert_true(cpuset_empty(&p->guests[i].memory_nodes));
		for (unsigned v = 0; v < p->guests[i].vcpus; v++)
			assert_false(cpuset_has(&p->guests[i].vcpu_cpus[v], 0));
	}
	plan_list_release(&l);
	scenario_msgs_release(&msgs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_xen_has_not),
		cmocka_unit_test(what_it_has),
	};

	return cmocka_run_group_tests_name("plan_xen", tests, NULL, NULL);
}
