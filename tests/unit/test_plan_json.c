// SPDX-License-Identifier: GPL-3.0-or-later
/* Plans as JSON on a box this does not run on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/plan_json.h"
#include "tests/unit/golden.h"
#include "tests/unit/topology_data.h"

static char *make(const char *scenario, const char *topology, char *const *const *xml)
{
	struct topology t = topology_load(topology);
	struct scenario_msgs msgs = {0};
	struct experiment x;
	struct plan_list l;
	char *json;

	assert_int_equal(scenario_load(scenario, NULL, 0, &x, &msgs), 0);
	assert_int_equal(plan_make(&x, &t, &l, &msgs), 0);
	json = plan_json(&l, &t, xml);
	plan_list_release(&l);
	experiment_release(&x);
	scenario_msgs_release(&msgs);
	topology_release(&t);
	return json;
}

/* Nodes, SMT and two plans; noise with its group and its limits. */
static void all_of_a_plan_is_there(void **state)
{
	auto_free char *nodes = make("scenarios/numa-local-vs-remote.xml", "server-2-nodes", NULL);
	auto_free char *noise = make("scenarios/memory-neighbour.xml", "laptop-hybrid", NULL);

	(void)state;
	assert_int_equal(
		golden_check("tests/data/plan/numa-local-vs-remote@server-2-nodes.json", nodes), 0);
	assert_int_equal(
		golden_check("tests/data/plan/memory-neighbour@laptop-hybrid.json", noise), 0);
}

static void xml_is_a_string(void **state)
{
	char *guests[] = {(char *)"<a b=\"1\"/>\n"}, *none[] = {NULL};
	char *const *const xml[] = {guests, none};
	auto_free char *json = make("scenarios/numa-local-vs-remote.xml", "server-2-nodes", xml);
	const char *first = strstr(json, "\"domain_xml\": \"<a b=\\\"1\\\"/>\\n\"");

	(void)state;
	assert_non_null(first);
	assert_null(strstr(first + 2, "domain_xml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_plan_is_there),
		cmocka_unit_test(xml_is_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
