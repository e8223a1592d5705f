// SPDX-License-Identifier: GPL-3.0-or-later
/* The scenario language: what a right file means, and the table against what is made from it. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <libxml/relaxng.h>

#include "abi/guest_shm.h"
#include "abi/host_trace.h"
#include "scenario/keys.h"
#include "scenario/keys.h"
#include "tests/unit/golden.h"

static struct experiment load_sets(const char *path, const char *const *sets, size_t n)
{
	struct scenario_msgs msgs = {0};
	struct strbuf text = {0};
	struct experiment x = {0};

	if (scenario_load(path, sets, n, &x, &msgs)) {
		scenario_msgs_format(&msgs, &text);
		fail_msg("%s", text.text);
	}
	assert_int_equal(msgs.n, 0);
	scenario_msgs_release(&msgs);
	return x;
}

static struct experiment load_text(const char *text)
{
	struct scenario_msgs msgs = {0};
	struct strbuf b = {0};
	struct experiment x = {0};

	if (scenario_load_text("t", text, strlen(text), NULL, 0, &x, &msgs)) {
		scenario_msgs_format(&msgs, &b);
		fail_msg("%s", b.text);
	}
	scenario_msgs_release(&msgs);
	return x;
}

static const struct exp_guest *guest(const struct exp_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_guests; i++)
		if (!strcmp(c->guests[i].name, name))
			return &c->guests[i];
	fail_msg("no guest %s in %s", name, c->name);
	return NULL;
}

static void test_smallest(void **state)
{
	struct experiment x = load_text("<scenario name='s'><guest name='victim'/></scenario>");
	const struct exp_config *c = &x.configs[0];

	(void)state;
	assert_int_equal(x.n_configs, 1);
	assert_string_equal(c->name, "base");
	assert_int_equal(c->duration_ns, 10 * NS_PER_S);
	assert_int_equal(c->warmup_ns, NS_PER_S);
	assert_int_equal(c->repeats, 1);
	assert_int_equal(c->trace, TRACE_MODE_EVENTS);
	assert_int_equal(c->n_guests, 1);
	assert_int_equal(c->guests[0].kind, GUEST_METAL);
	assert_int_equal(c->guests[0].vcpus, 1);
	assert_int_equal(c->guests[0].memory_bytes, 32 << 20);
	assert_int_equal(c->guests[0].placement, PLACE_FLOAT);
	assert_int_equal(c->guests[0].limits.period_ns, 0);
	assert_int_equal(c->guests[0].n_probes, 1);
	assert_int_equal(c->guests[0].probes[0].kind, PROBE_TIMER);
	assert_int_equal(c->guests[0].probes[0].period_ns, 10 * NS_PER_MS);
	experiment_release(&x);
}

static void check_base_like(const struct exp_config *c)
{
	assert_string_equal(c->name, "base-like-vcpus-1_duty-10");
	assert_string_equal(c->variant, "base-like");
	assert_string_equal(c->point, "guest.shared-victim.vcpus=1 noise.busy.duty=10%");
	assert_int_equal(c->lab.cpus.min, 1);
	assert_int_equal(c->lab.cpus.max, 2);
	assert_int_equal(c->n_guests, 3);
	assert_int_equal(guest(c, "shared-victim")->vcpus, 1);
	assert_int_equal(guest(c, "shared-victim")->n_probes, 1);
	assert_int_equal(guest(c, "victim.one")->n_probes, 2);
	assert_int_equal(guest(c, "victim.one")->probes[0].vcpus.set.bits[0], 3);
	assert_true(guest(c, "crowd")->is_noise);
	assert_int_equal(guest(c, "crowd")->count, 3);
	assert_string_equal(guest(c, "crowd")->away, "shared-victim");
	assert_int_equal(c->n_noises, 2);
	assert_int_equal(c->n_expects, 2);
	assert_string_equal(c->expects[1].text, "gap.rate of crowd near 700 ms/s +- 10 %");
}

static void check_pinned(const struct exp_config *c)
{
	assert_string_equal(c->name, "pinned-vcpus-2_duty-90");
	assert_int_equal(c->duration_ns, 30 * NS_PER_S);
	assert_int_equal(guest(c, "victim.one")->placement, PLACE_PINNED);
	assert_int_equal(guest(c, "victim.one")->n_probes, 1);
	assert_int_equal(guest(c, "victim.one")->probes[0].period_ns, NS_PER_MS);
	assert_int_equal(guest(c, "shared-victim")->memory_bytes, 128 << 20);
	assert_int_equal(guest(c, "shared-victim")->vcpus, 2);
	assert_int_equal(guest(c, "extra")->n_probes, 2);
	assert_int_equal(c->n_guests, 3);
	assert_int_equal(c->n_noises, 3);
	assert_int_equal(c->n_expects, 3);
	assert_string_equal(c->expects[1].of_config, "base-like-vcpus-2_duty-90");
	assert_string_equal(c->expects[1].text,
		"timer.late.p99 of victim.one above 0.5 x timer.late.p99 of victim.one in base-like-vcpus-2_duty-90");
	assert_int_equal(c->expects[2].relation, EXPECT_AT_MOST);
}

static void test_language(void **state)
{
	struct experiment x = load_sets("tests/data/scenario/first.xml", NULL, 0);

	(void)state;
	assert_string_equal(x.name, "first");
	assert_string_equal(x.title, "All of it");
	assert_string_equal(x.doc, "First line.\nSecond line.");
	assert_int_equal(x.files.n, 2);
	assert_int_equal(x.n_configs, 8);
	check_base_like(&x.configs[0]);
	check_pinned(&x.configs[7]);
	experiment_release(&x);
}

/* As replay reads it: from another folder, what it includes apart, its name from where it was. */
static void test_copy(void **state)
{
	struct scenario_msgs msgs = {0};
	const char *sets[] = {"warmup=700ms"};
	struct experiment x;

	(void)state;
	assert_int_equal(scenario_load_copy("tests/data/scenario/first.xml", "/gone/first.xml",
				 "tests/data/scenario", sets, 1, &x, &msgs),
		0);
	assert_string_equal(x.name, "first");
	assert_int_equal(x.overrides.n, 1);
	assert_string_equal(x.overrides.items[0], "warmup=700ms");
	assert_true(x.configs[0].warmup_ns == 700 * NS_PER_MS);
	experiment_release(&x);
	assert_int_equal(scenario_load_copy("tests/data/scenario/first.xml", "/gone/first.xml",
				 "tests/data/nowhere", NULL, 0, &x, &msgs),
		-EINVAL);
	assert_non_null(strstr(msgs.items[0].text, "tests/data/nowhere/"));
	scenario_msgs_release(&msgs);
}

static void test_sets_win(void **state)
{
	const char *sets[] = {"duration=10h", "guest.victim.timer.period=1ms",
		"guest.*.memory=256MiB", "lab.cpus=2", "scenario.repeats=5"};
	struct experiment x = load_sets("scenarios/first-light.xml", sets, ARRAY_SIZE(sets));

	(void)state;
	assert_int_equal(x.configs[0].duration_ns, UINT64_C(36000) * NS_PER_S);
	assert_int_equal(x.configs[1].guests[0].probes[0].period_ns, NS_PER_MS);
	assert_int_equal(x.configs[1].guests[0].memory_bytes, 256 << 20);
	assert_int_equal(x.configs[0].lab.cpus.max, 2);
	assert_int_equal(x.configs[0].repeats, 5);
	experiment_release(&x);
}

static void test_zip(void **state)
{
	struct experiment x = load_text(
		"<scenario name='z'><guest name='a'/><sweep mode='zip'><over what='guest.a.count' values='1 2 3'/><over what='guest.a.vcpus' values='4 5 6'/></sweep></scenario>");

	(void)state;
	assert_int_equal(x.n_configs, 3);
	assert_string_equal(x.configs[2].name, "count-3_vcpus-6");
	assert_int_equal(x.configs[2].guests[0].count, 3);
	assert_int_equal(x.configs[2].guests[0].vcpus, 6);
	experiment_release(&x);
}

/* Names of sweep points stay unique and safe whatever the values are. */
static void test_point_names(void **state)
{
	struct experiment x = load_text(
		"<scenario name='p'><guest name='a'/><sweep><over what='guest.a.cpus' values='0,1 01 0-1 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20'/></sweep></scenario>");

	(void)state;
	assert_int_equal(x.n_configs, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_true(name_is_safe(x.configs[i].name));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(x.configs[i].name, x.configs[k].name);
	}
	experiment_release(&x);
}

/* ---- the table ---- */

static void test_defaults_parse(void **state)
{
	_Alignas(16) char scratch[sizeof(struct cpuset)];
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < ELEM_COUNT; i++) {
		for (const struct key_attr *a = key_elems[i].attrs; a && a->name; a++) {
			assert_non_null(a->doc);
			assert_true(a->type != VALUE_WORD || a->words);
			assert_true(!a->only || key_attr_find(&key_elems[i], "kind"));
			if (!a->def || !a->def[0])
				continue;
			if (value_parse(a, a->def, scratch, &e))
				fail_msg("<%s %s>: %s", key_elems[i].name, a->name, e.msg);
			if (a->type <= VALUE_FILE)
				free(*(char **)scratch);
		}
	}
}

static void check_made(const char *path, void (*print)(FILE *))
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	print(f);
	fclose(f);
	assert_int_equal(golden_check(path, text), 0);
	free(text);
}

static void test_made_files(void **state)
{
	(void)state;
	check_made("docs/scenario-keys.md", scenario_print_keys);
	check_made("scenarios/scenario.rng", scenario_print_rng);
}

static void quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

static int validate(xmlRelaxNGPtr schema, const char *path)
{
	xmlDocPtr doc = xmlReadFile(path, NULL, XML_PARSE_NONET);
	xmlRelaxNGValidCtxtPtr ctxt = xmlRelaxNGNewValidCtxt(schema);
	int rc;

	assert_non_null(doc);
	xmlRelaxNGSetValidErrors(ctxt, quiet, quiet, NULL);
	rc = xmlRelaxNGValidateDoc(ctxt, doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	xmlFreeDoc(doc);
	return rc;
}

/* The schema accepts what the parser accepts, and knows names and forms. */
static void test_schema(void **state)
{
	xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt("scenarios/scenario.rng");
	xmlRelaxNGPtr schema = xmlRelaxNGParse(parser);
	glob_t g;

	(void)state;
	assert_non_null(schema);
	assert_int_equal(glob("scenarios/*.xml", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		if (validate(schema, g.gl_pathv[i]))
			fail_msg("%s is not valid by scenario.rng", g.gl_pathv[i]);
	globfree(&g);
	assert_int_equal(validate(schema, "tests/data/scenario/first.xml"), 0);
	assert_int_equal(validate(schema, "tests/data/scenario/shared-guests.xml"), 0);
	assert_int_not_equal(validate(schema, "tests/data/scenario/bad-structure.xml"), 0);
	xmlRelaxNGFree(schema);
	xmlRelaxNGFreeParserCtxt(parser);
}

static void test_library_loads(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob("scenarios/*.xml", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct experiment x = load_sets(g.gl_pathv[i], NULL, 0);
		auto_free char *path = xasprintf("scenarios/%s.xml", x.name);
		size_t n_expects = 0;

		assert_string_equal(path, g.gl_pathv[i]);
		assert_true(strlen(x.title) > 10 && strlen(x.title) <= 72);
		assert_non_null(strstr(x.doc, x.title));
		for (size_t k = 0; k < x.n_configs; k++)
			n_expects += x.configs[k].n_expects;
		assert_true(n_expects > 0);
		experiment_release(&x);
	}
	globfree(&g);
}

/* The element that asks for a probe has the probe's name. */
static void test_probe_elements(void **state)
{
	(void)state;
	for (unsigned i = PROBE_NONE + 1; i < words_probe.n; i++) {
		enum elem_id id = key_probe_elem((enum probe_id)i);

		assert_true(id < ELEM_COUNT);
		assert_string_equal(key_elems[id].name, word_of(&words_probe, i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smallest),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_sets_win),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_point_names),
		cmocka_unit_test(test_defaults_parse),
		cmocka_unit_test(test_made_files),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_library_loads),
		cmocka_unit_test(test_probe_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
