// SPDX-License-Identifier: GPL-3.0-or-later
/* The planner on boxes it does not run on: golden maps, and rules that hold on every one of
 * them. Computes only. */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/plan_make.h"
#include "plan/plan_print.h"
#include "tests/unit/golden.h"
#include "tests/unit/topology_data.h"

static struct experiment load(const char *path, const char *set)
{
	struct scenario_msgs msgs = {0};
	struct strbuf text = {0};
	struct experiment x = {0};

	if (scenario_load(path, &set, set ? 1 : 0, &x, &msgs)) {
		scenario_msgs_format(&msgs, &text);
		fail_msg("%s", text.text);
	}
	scenario_msgs_release(&msgs);
	return x;
}

/* All plans of a scenario on a box as `plan` draws them, or why there are none. */
static void draw(const struct experiment *x, const struct topology *t, FILE *f)
{
	struct scenario_msgs msgs = {0};
	struct plan_list l = {0};
	struct strbuf text = {0};
	int rc = plan_make(x, t, &l, &msgs);
	bool box_only = true;

	/* -ENODEV when only this box is in the way, else -EINVAL. */
	for (size_t i = 0; i < msgs.n; i++)
		box_only &= msgs.items[i].blame != BLAME_SCENARIO;
	assert_int_equal(rc, !msgs.n ? 0 : box_only ? -ENODEV : -EINVAL);
	scenario_msgs_format(&msgs, &text);
	if (rc)
		fprintf(f, "refused: %s", text.text);
	for (size_t i = 0; i < l.n; i++) {
		plan_print(&l.plans[i], t, f);
		fputc('\n', f);
	}
	plan_list_release(&l);
	scenario_msgs_release(&msgs);
	strbuf_release(&text);
}

static void check_golden(const char *path, FILE *f, char **text)
{
	fclose(f);
	for (const char *line = *text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "refused", 7) && strcspn(line, "\n") > 100)
			fail_msg("%s: more than 100 columns: %.110s", path, line);
	}
	assert_int_equal(golden_check(path, *text), 0);
	free(*text);
}

/* Every placement word on every box. */
static void test_placement_words(void **state)
{
	static const char *const words[] = {
		"float", "pinned", "stacked", "siblings", "spread", "node", "remote", "llc"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(topology_names); i++) {
		struct topology t = topology_load(topology_names[i]);
		auto_free char *golden =
			xasprintf("tests/data/plan/placements@%s.txt", topology_names[i]);
		char *text;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
			auto_free char *set = xasprintf("guest.victim.placement=%s", words[w]);
			struct experiment x = load("tests/data/plan/placements.xml", set);

			fprintf(f, "=== %s\n", words[w]);
			draw(&x, &t, f);
			experiment_release(&x);
		}
		check_golden(golden, f, &text);
		topology_release(&t);
	}
}

/* Scenarios of the library on boxes that show what they are about. */
static void test_library_maps(void **state)
{
	static const struct {
		const char *scenario, *topology;
	} rows[] = {
		{"numa-local-vs-remote", "server-2-nodes"},
		{"numa-local-vs-remote", "server-4-nodes"},
		{"smt-siblings", "desktop-smt"},
		{"smt-siblings", "laptop-hybrid"},
		{"ten-on-four", "server-2-nodes"},
		{"ten-on-four", "two-cpus"},
		{"dedicated-cpus", "isolated-offline"},
		{"overcommit-sweep", "isolated-offline"},
		{"first-light", "two-cpus"},
		{"memory-neighbour", "laptop-hybrid"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology t = topology_load(rows[i].topology);
		auto_free char *path = xasprintf("scenarios/%s.xml", rows[i].scenario);
		auto_free char *golden =
			xasprintf("tests/data/plan/%s@%s.txt", rows[i].scenario, rows[i].topology);
		struct experiment x = load(path, NULL);
		char *text;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		draw(&x, &t, f);
		check_golden(golden, f, &text);
		experiment_release(&x);
		topology_release(&t);
	}
}

/* Which box can run what, and what the others lack. */
static void test_library_fits(void **state)
{
	glob_t g;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(glob("scenarios/*.xml", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 16);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct experiment x = load(g.gl_pathv[i], NULL);

		for (size_t k = 0; k < ARRAY_SIZE(topology_names); k++) {
			struct topology t = topology_load(topology_names[k]);
			struct scenario_msgs msgs = {0};
			struct plan_list l = {0};
			int rc = plan_make(&x, &t, &l, &msgs);

			fprintf(f, "%s on %s: %s\n", x.name, topology_names[k],
				rc ? msgs.items[0].text : "yes");
			assert_true(rc == 0 || rc == -ENODEV);
			plan_list_release(&l);
			scenario_msgs_release(&msgs);
			topology_release(&t);
		}
		experiment_release(&x);
	}
	globfree(&g);
	fclose(f);
	assert_int_equal(golden_check("tests/data/plan/library.txt", text), 0);
	free(text);
}

/* ---- rules on every box ---- */

static unsigned cores_of(const struct topology *t, const struct plan_guest *g)
{
	struct cpuset cores = {{0}};

	for (unsigned v = 0; v < g->vcpus; v++)
		cpuset_for_each (cpu, &g->vcpu_cpus[v])
			cpuset_add(&cores, (unsigned)topology_cpu(t, (unsigned)cpu)->core);
	return cpuset_count(&cores);
}

static void check_rules(const struct topology *t, const struct plan *p, enum placement place)
{
	assert_true(cpuset_subset(&p->lab_cpus, &t->allowed));
	assert_true(cpuset_subset(&p->housekeeping_cpus, &t->allowed));
	assert_false(cpuset_empty(&p->lab_cpus));
	assert_false(cpuset_empty(&p->housekeeping_cpus));
	for (size_t i = 0; i < p->n_guests; i++) {
		const struct plan_guest *g = &p->guests[i];

		assert_true(name_is_safe(g->name));
		assert_false(cpuset_empty(&g->emulator_cpus));
		for (unsigned v = 0; v < g->vcpus; v++) {
			assert_false(cpuset_empty(&g->vcpu_cpus[v]));
			assert_true(cpuset_subset(&g->vcpu_cpus[v], &p->lab_cpus));
			if (place == PLACE_PINNED || place == PLACE_SPREAD ||
				place == PLACE_SIBLINGS)
				assert_int_equal(cpuset_count(&g->vcpu_cpus[v]), 1);
			if (place == PLACE_STACKED)
				assert_true(cpuset_equal(&g->vcpu_cpus[v], &g->vcpu_cpus[0]));
		}
		if (place == PLACE_PINNED)
			assert_int_equal(cores_of(t, g), g->vcpus);
		if (place == PLACE_SIBLINGS)
			assert_true(cores_of(t, g) <= (g->vcpus + 1) / 2);
		assert_true(cpuset_subset(&g->memory_nodes, &t->allowed_nodes));
		assert_int_equal(!cpuset_empty(&g->memory_nodes),
			place == PLACE_NODE || place == PLACE_REMOTE);
	}
}

/* No vCPU's CPU carries two more than another's: pinned guests are laid out evenly. */
static void check_even(const struct plan *p)
{
	unsigned load[CPUSET_MAX] = {0}, min = UINT32_MAX, max = 0;

	for (size_t i = 0; i < p->n_guests; i++)
		for (unsigned v = 0; v < p->guests[i].vcpus; v++)
			load[cpuset_next(&p->guests[i].vcpu_cpus[v], 0)]++;
	cpuset_for_each (cpu, &p->lab_cpus) {
		min = MIN(min, load[cpu]);
		max = MAX(max, load[cpu]);
	}
	assert_true(max - min <= 1);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(topology_names); i++) {
		struct topology t = topology_load(topology_names[i]);

		for (unsigned n = 0; n < 8 * 16 * 3; n++) {
			enum placement place = (enum placement)(n % 8);
			unsigned vcpus = 1 + n / 8 % 16, cpus = 1u << (n / (8 * 16) * 2);
			char text[512];
			struct experiment x = {0};
			struct scenario_msgs msgs = {0};
			struct plan_list l = {0};

			snprintf(text, sizeof(text),
				"<scenario name='r'><lab cpus='1..%u'/><guest name='a' vcpus='%u' count='3' placement='%s'/></scenario>",
				cpus, vcpus, word_of(&words_placement, place));
			if (scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs)) {
				assert_true(place == PLACE_SIBLINGS && vcpus == 1);
			} else if (!plan_make(&x, &t, &l, &msgs)) {
				check_rules(&t, &l.plans[0], place);
				if (place == PLACE_SPREAD)
					check_even(&l.plans[0]);
			} else {
				assert_true(msgs.n > 0);
				assert_true(place == PLACE_PINNED || place == PLACE_SIBLINGS ||
					    place == PLACE_REMOTE || place == PLACE_LLC);
			}
			plan_list_release(&l);
			experiment_release(&x);
			scenario_msgs_release(&msgs);
		}
		topology_release(&t);
	}
}

/* Refusals that name the missing thing. */
static void test_refusals(void **state)
{
	static const struct {
		const char *topology, *body, *message;
	} rows[] = {
		{"two-cpus", "<lab cpus='3'/><guest name='a'/>",
			"the lab needs 3 CPUs, this box has 2"},
		{"two-cpus", "<lab cpuset='0,5'/><guest name='a'/>",
			"the lab asks for CPU 5, not online"},
		{"two-cpus", "<lab node='1'/><guest name='a'/>",
			"NUMA node 1, which this box does not have"},
		{"two-cpus", "<guest name='a' cpus='7'/>", "'a' asks for CPU 7, not online"},
		{"two-cpus", "<guest name='a' emulator-cpus='7'/>", "CPU 7 for its emulator"},
		{"two-cpus", "<lab isolated='require'/><guest name='a'/>", "needs 1 isolated CPUs"},
		{"two-cpus", "<guest name='a' memory='32GiB'/>", "this box has 24576 MiB"},
		{"two-cpus", "<guest name='a' hugepages='2MiB'/>",
			"needs 16 huge pages of 2 MiB, this box has 0"},
		{"two-cpus", "<lab cpus='2'/><guest name='a'/><guest name='b' away='a'/>",
			"away from 'a', which uses all lab CPUs"},
		{"two-cpus", "<guest name='a' vcpus='4' placement='pinned'/>",
			"needs 4 physical cores"},
		{"desktop-smt", "<lab cpus='16'/><guest name='a' vcpus='16' placement='pinned'/>",
			"needs 16 physical cores"},
		{"desktop-smt", "<lab cpus='12' smt='first'/><guest name='a'/>",
			"needs 12 CPUs on separate cores, this box has 8"},
		{"two-cpus", "<guest name='a' vcpus='2' placement='siblings'/>",
			"this box has no SMT"},
		{"desktop-smt", "<guest name='a' placement='remote'/>", "needs a second NUMA node"},
		{"server-4-nodes", "<guest name='a' placement='remote' node='2'/>",
			"CPUs of NUMA node 2"},
		{"server-4-nodes", "<guest name='a' placement='remote' memory-node='2'/>",
			"no other NUMA node has memory under the number"},
		{"server-2-nodes", "<guest name='a' placement='node' memory='300GiB'/>",
			"needs 307200 MiB on NUMA node 0"},
		{"server-2-nodes", "<lab cpus='40' overcommit='16'/><guest name='a' count='auto'/>",
			"makes 640 guests; at most 512"},
		{"server-2-nodes", "<lab cpus='40' overcommit='8'/><guest name='a' vcpus='auto'/>",
			"makes a guest of 320 vCPUs"},
		{"laptop-hybrid", "<lab cpus='9' cores='efficiency'/><guest name='a'/>",
			"needs 9 efficiency CPUs, this box has 8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology t = topology_load(rows[i].topology);
		auto_free char *text =
			xasprintf("<scenario name='r'>\n%s\n</scenario>", rows[i].body);
		struct experiment x = {0};
		struct scenario_msgs msgs = {0};
		struct plan_list l = {0};

		assert_int_equal(
			scenario_load_text("r", text, strlen(text), NULL, 0, &x, &msgs), 0);
		assert_int_equal(plan_make(&x, &t, &l, &msgs), -ENODEV);
		if (!strstr(msgs.items[0].text, rows[i].message))
			fail_msg("%s: %s", rows[i].body, msgs.items[0].text);
		assert_int_equal(msgs.items[0].blame, BLAME_HOST);
		assert_null(l.plans);
		experiment_release(&x);
		scenario_msgs_release(&msgs);
		topology_release(&t);
	}
}

/* What the plan carries into domains and noise. */
static void test_values(void **state)
{
	static const char text[] =
		"<scenario name='v' duration='20s' warmup='3s' repeats='4' seed='9' trace='counts'><lab cpus='1'/><guest name='a' vcpus='2' memory='64MiB' shares='512' quota='30ms' policy='rr' priority='7'><timer period='5ms' vcpus='0'/><gap threshold='1ms' vcpus='1'/></guest><guest name='l' kind='linux'><job command='/bin/true'/><file source='/bin/true' target='/t'/></guest><noise name='n' kind='membw' threads='3' duty='25%' burst='2ms' size='1MiB' start='1s' stop='2s' quota='50ms' period='50ms'/></scenario>";
	struct topology t = topology_load("two-cpus");
	struct experiment x = {0};
	struct scenario_msgs msgs = {0};
	struct plan_list l = {0};
	const struct plan *p;

	(void)state;
	assert_int_equal(scenario_load_text("v", text, strlen(text), NULL, 0, &x, &msgs), 0);
	assert_int_equal(plan_make(&x, &t, &l, &msgs), 0);
	p = &l.plans[0];
	assert_string_equal(p->variant, "base");
	assert_int_equal(p->duration_ns, 20 * NS_PER_S);
	assert_int_equal(p->warmup_ns, 3 * NS_PER_S);
	assert_int_equal(p->repeats, 4);
	assert_int_equal(p->seed, 9);
	assert_int_equal(p->trace_mode, 2);
	assert_int_equal(p->guests[0].vcpu_limits.shares, 512);
	assert_int_equal(p->guests[0].vcpu_limits.quota_us, 30000);
	assert_int_equal(p->guests[0].vcpu_limits.period_us, 100000);
	assert_int_equal(p->guests[0].policy, SCHED_RT_RR);
	assert_int_equal(p->guests[0].priority, 7);
	assert_int_equal(p->guests[0].probes[0].p[0], 5000000);
	assert_int_equal(p->guests[0].probes[0].vcpus.bits[0], 1);
	assert_int_equal(p->guests[0].probes[1].id, 2);
	assert_int_equal(p->guests[0].probes[1].vcpus.bits[0], 2);
	assert_int_equal(p->guests[1].memory_bytes, 256 << 20);
	assert_string_equal(p->guests[1].kernel, "host");
	assert_string_equal(p->guests[1].probes[0].command, "/bin/true");
	assert_string_equal(p->guests[1].files.items[0], "/bin/true=>/t");
	assert_string_equal(p->noises[0].kind, "membw");
	assert_int_equal(p->noises[0].threads, 3);
	assert_int_equal(p->noises[0].duty_percent, 25);
	assert_int_equal(p->noises[0].burst_ns, 2000000);
	assert_int_equal(p->noises[0].bytes, 1 << 20);
	assert_int_equal(p->noises[0].start_ns, NS_PER_S);
	assert_int_equal(p->noises[0].stop_ns, 2 * NS_PER_S);
	assert_int_equal(p->noises[0].limits.quota_us, 50000);
	plan_list_release(&l);
	experiment_release(&x);
	scenario_msgs_release(&msgs);
	topology_release(&t);
}

/* The lines of a domain's XML that are about placement. */
static char *placement_part(const char *xml)
{
	const char *from = strstr(xml, "  <numatune"), *to = strstr(xml, "</cputune>");

	from = from ? from : strstr(xml, "  <vcpu ");
	assert_non_null(from);
	assert_non_null(to);
	return xasprintf("%.*s</cputune>\n", (int)(to - from), from);
}

/* Down to the domain XML, for placements that few boxes can run. */
static void test_domain_xml(void **state)
{
	static const struct {
		const char *scenario, *topology;
		size_t plan;
	} rows[] = {
		{"numa-local-vs-remote", "server-2-nodes", 0},
		{"numa-local-vs-remote", "server-2-nodes", 1},
		{"numa-local-vs-remote", "server-4-nodes", 1},
		{"smt-siblings", "desktop-smt", 0},
		{"smt-siblings", "laptop-hybrid", 1},
	};
	const struct domain_files files = {.kernel = "/k",
		.console_log = "/c",
		.shm_name = "s",
		.shm_size = 1 << 20,
		.emulator = "/q",
		.kvm = true};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology t = topology_load(rows[i].topology);
		auto_free char *path = xasprintf("scenarios/%s.xml", rows[i].scenario);
		struct experiment x = load(path, NULL);
		struct scenario_msgs msgs = {0};
		struct plan_list l = {0};
		struct err e = ERR_INIT;
		auto_free char *xml = NULL, *cut = NULL, *golden = NULL;

		assert_int_equal(plan_make(&x, &t, &l, &msgs), 0);
		xml = domain_xml(&l.plans[rows[i].plan].guests[0], "run", &files, &e);
		if (!xml)
			fail_msg("%s", e.msg);
		cut = placement_part(xml);
		golden = xasprintf("tests/data/plan/%s-%s@%s.domain.xml", rows[i].scenario,
			l.plans[rows[i].plan].variant, rows[i].topology);
		assert_int_equal(golden_check(golden, cut), 0);
		plan_list_release(&l);
		experiment_release(&x);
		topology_release(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement_words),
		cmocka_unit_test(test_library_maps),
		cmocka_unit_test(test_library_fits),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_domain_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
