// SPDX-License-Identifier: GPL-3.0-or-later
/* Who keeps house where somebody's domains are: out of their way, alike in all variants, where a CPU is left.
 * Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/plan_rules.h"
#include "tests/unit/topology_data.h"

struct asked {
	const char *body;
	struct cpuset pins; /* of each vCPU of each domain; empty = not known */
};

static struct plan_list plans_of(const struct topology *t, const struct asked *a)
{
	auto_free char *text = xasprintf("<scenario name='h'>%s</scenario>", a->body);
	struct scenario_msgs msgs = {0};
	struct experiment x = {0};
	struct plan_list l = {0};

	assert_int_equal(scenario_load_text("h", text, strlen(text), NULL, 0, &x, &msgs), 0);
	for (size_t i = 0; i < x.n_configs; i++) {
		struct exp_guest *g = &x.configs[i].guests[0];

		g->vcpus = 1;
		g->pins = xcalloc(1, sizeof(*g->pins));
		g->pins[0] = a->pins;
	}
	assert_int_equal(plan_make(&x, t, &l, &msgs), 0);
	experiment_release(&x);
	scenario_msgs_release(&msgs);
	return l;
}

static struct cpuset house_of(const struct topology *t, const char *body, struct cpuset pins)
{
	struct plan_list l = plans_of(t, &(struct asked){body, pins});
	struct cpuset house = l.plans[0].housekeeping_cpus;

	for (size_t i = 1; i < l.n; i++)
		assert_true(cpuset_equal(&house, &l.plans[i].housekeeping_cpus));
	plan_list_release(&l);
	return house;
}

#define DOMAIN "<guest name='vm' kind='domain' domain='d'/>"

static void out_of_a_domains_way(void **state)
{
	struct topology t = topology_load("smt-2-nodes");

	(void)state;
	for (unsigned i = 0; i < cpuset_count(&t.allowed); i++) {
		struct cpuset at = cpuset_of((unsigned)cpuset_nth(&t.allowed, i));
		struct cpuset house = house_of(&t, DOMAIN, at);

		assert_false(cpuset_empty(&house));
		assert_false(cpuset_has(&house, (unsigned)cpuset_next(&at, 0)));
	}
	/* One that may run anywhere is in nobody's way, one whose pins are not known neither. */
	for (unsigned known = 0; known < 2; known++) {
		struct cpuset house =
			house_of(&t, DOMAIN, known ? t.allowed : (struct cpuset){{0}});

		assert_false(cpuset_empty(&house));
	}
	topology_release(&t);
}

/* A trial: where the domain is, and where the candidate would have it. */
static void all_variants_alike(void **state)
{
	struct topology t = topology_load("smt-2-nodes");

	(void)state;
	for (unsigned i = 1; i < cpuset_count(&t.allowed); i++) {
		struct cpuset at = cpuset_of((unsigned)cpuset_nth(&t.allowed, 0)), house;
		int to = cpuset_nth(&t.allowed, i);
		auto_free char *body = xasprintf(DOMAIN
			"<variant name='as-it-is'/><variant name='moved'>"
			"<set what='guest.vm.tune' to='emulatorpin 0; vcpupin.0 %d; policy.0 other'/></variant>",
			to);

		house = house_of(&t, body, at);
		assert_false(cpuset_has(&house, (unsigned)cpuset_next(&at, 0)));
		assert_false(cpuset_has(&house, (unsigned)to));
	}
	topology_release(&t);
}

static void where_none_is_left(void **state)
{
	struct topology t = topology_load("two-cpus");
	struct cpuset first = cpuset_of((unsigned)cpuset_nth(&t.allowed, 0));
	struct cpuset second = cpuset_minus(&t.allowed, &first);
	struct plan_list l;

	(void)state;
	/* The lab of two CPUs has one, and nobody is in it. */
	l = plans_of(&t, &(struct asked){DOMAIN, second});
	assert_true(cpuset_equal(&l.plans[0].housekeeping_cpus, &first));
	plan_list_release(&l);
	l = plans_of(&t, &(struct asked){DOMAIN, first});
	assert_true(cpuset_equal(&l.plans[0].housekeeping_cpus, &second));
	assert_false(has_note(&l.plans[0], "housekeeping"));
	plan_list_release(&l);
	/* A guest of ours in it: the domain's CPU is the only other, and that is said. */
	l = plans_of(
		&t, &(struct asked){DOMAIN "<lab cpuset='0'/><guest name='a' placement='pinned'/>",
			    second});
	assert_true(cpuset_equal(&l.plans[0].housekeeping_cpus, &second));
	assert_true(has_note(&l.plans[0], "shares CPUs with a domain that is left where it is"));
	plan_list_release(&l);
	topology_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_a_domains_way),
		cmocka_unit_test(all_variants_alike),
		cmocka_unit_test(where_none_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
