/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.json: saved and loaded field for field; bad files refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/run_info.h"

static char dir[] = "/tmp/test_run_info.XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	return remove_tree(dir, NULL);
}

static char *file_text(void)
{
	auto_free char *path = xasprintf("%s/run.json", dir);
	struct err e = ERR_INIT;

	return read_file(path, 1 << 20, NULL, &e);
}

static void fill(struct run_info *r)
{
	struct run_guest *g = xcalloc(1, sizeof(*g));

	*r = (struct run_info){.format = RUN_INFO_FORMAT,
		.run = xstrdup("r1"),
		.experiment = xstrdup("x\"\\\n"),
		.scenario = xstrdup("s"),
		.variant = xstrdup("pinned"),
		.point = xstrdup("a=1"),
		.scenario_file = xstrdup("/x/my scenario.xml"),
		.repeat = 3,
		.place = 8,
		.places = 12,
		.block = 4,
		.seed = UINT64_MAX,
		.status = xstrdup("complete"),
		.started = xstrdup("2026-11-20T16:15:00Z"),
		.warmup_ns = 1,
		.duration_ns = 2,
		.window_start_ns = INT64_MAX,
		.window_end_ns = UINT64_MAX - 1,
		.overcommit = 2.1,
		.trace_lost = 7,
		.guests = g,
		.n_guests = 1};
	cpuset_add(&r->lab_cpus, 0);
	cpuset_add(&r->lab_cpus, 1023);
	g->name = xstrdup("victim");
	g->is_noise = true;
	g->pid = -5;
	g->vcpus = xcalloc(2, sizeof(*g->vcpus));
	g->n_vcpus = 2;
	g->vcpus[1].id = 1;
	g->vcpus[1].tid = 4711;
	g->vcpus[1].cpu_set = cpuset_of(3);
	g->probes = xcalloc(1, sizeof(*g->probes));
	g->n_probes = 1;
	g->probes[0].name = xstrdup("timer");
	run_probe_add(&g->probes[0], 3);
	run_probe_add(&g->probes[0], 200);
	g->probes[0].p[3] = 99;
	r->expects = xcalloc(1, sizeof(*r->expects));
	r->n_expects = 1;
	r->expects[0].text = xstrdup("steal.rate < 2");
	r->expects[0].value = 0.1;
	r->vms = xcalloc(1, sizeof(*r->vms));
	r->n_vms = 1;
	r->vms[0].name = xstrdup("other");
	r->vms[0].vcpus = xcalloc(2, sizeof(*r->vms[0].vcpus));
	r->vms[0].n_vcpus = 2;
	r->vms[0].vcpus[0] = (struct run_vm_vcpu){-2, 4712};
	strv_add(&r->overrides, "duration=2s");
	strv_add(&r->overrides, "guest.*.vcpus=4");
	strv_add(&r->warnings, "first");
	strv_add(&r->warnings, "second %%");
}

static void test_round_trip(void **state)
{
	struct run_info a = {0}, b = {0};
	struct err e = ERR_INIT;
	char *first, *second;

	(void)state;
	fill(&a);
	assert_int_equal(run_info_save(&a, dir, &e), 0);
	first = file_text();
	assert_int_equal(run_info_load(&b, dir, &e), 0);
	assert_int_equal(run_info_save(&b, dir, &e), 0);
	second = file_text();
	assert_string_equal(first, second);
	assert_true(b.seed == UINT64_MAX);
	assert_true(b.window_end_ns == UINT64_MAX - 1);
	assert_true(b.overcommit == 2.1);
	assert_string_equal(b.experiment, "x\"\\\n");
	assert_true(cpuset_has(&b.lab_cpus, 1023));
	assert_int_equal(b.guests[0].pid, -5);
	assert_int_equal(b.guests[0].n_vcpus, 2);
	assert_int_equal(b.guests[0].vcpus[1].tid, 4711);
	assert_true(cpuset_has(&b.guests[0].vcpus[1].cpu_set, 3));
	assert_int_equal(b.guests[0].probes[0].vcpu_mask, 8);
	assert_int_equal(cpuset_count(&b.guests[0].probes[0].vcpus), 2);
	assert_true(cpuset_has(&b.guests[0].probes[0].vcpus, 200));
	assert_string_equal(b.guests[0].status, "");
	assert_int_equal(b.vms[0].vcpus[0].id, -2);
	assert_int_equal(b.vms[0].vcpus[0].tid, 4712);
	assert_string_equal(b.vms[0].name, "other");
	assert_int_equal(b.warnings.n, 2);
	assert_string_equal(b.expects[0].text, "steal.rate < 2");
	free(first);
	free(second);
	run_info_release(&a);
	run_info_release(&b);
}

static void test_bad_files(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"format\": 99}",
		"{\"format\": \"x\"}",
		"{\"format\":1,\"guests\":{}}",
		"{\"format\":1,\"guests\":[{\"n\":1,\"vcpus\":[{\"tid\":1e99}]}]}",
		"{\"format\":1,\"seed\":-1}",
		"{\"format\":1,\"seed\":\"12 apples\"}",
		"{\"format\":1,\"lab_cpus\":\"5-1\"}",
		"{\"format\":1,\"run\":7}",
		"{\"format\":1,\"seed\":\"18446744073709551616\"}",
	};
	auto_free char *path = xasprintf("%s/run.json", dir);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct run_info r = {.seed = 42};
		struct err e = ERR_INIT;

		assert_int_equal(write_file(path, bad[i], strlen(bad[i]), &e), 0);
		assert_true(run_info_load(&r, dir, &e) < 0);
		assert_true(strlen(e.msg) > 10);
		assert_true(r.seed == 42); /* untouched */
	}
}

static void test_old_and_new_fields(void **state)
{
	static const char text[] = "{\"format\":1,\"run\":\"r\",\"from_the_future\":[1,2,{}]}";
	auto_free char *path = xasprintf("%s/run.json", dir);
	struct run_info r = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(write_file(path, text, strlen(text), &e), 0);
	assert_int_equal(run_info_load(&r, dir, &e), 0);
	assert_string_equal(r.run, "r");
	assert_string_equal(r.status, "");
	run_info_release(&r);
}

/* Records of up to 16 vCPUs a guest say by a mask where a probe ran. */
static void test_old_masks(void **state)
{
	static const char text[] =
		"{\"format\":1,\"guests\":[{\"vcpus\":[{\"id\":0},{\"id\":1}],\"probes\":["
		"{\"name\":\"timer\",\"vcpu_mask\":2},{\"name\":\"gap\",\"vcpu_mask\":5,\"vcpus\":\"0,70\"}]}]}";
	auto_free char *path = xasprintf("%s/run.json", dir);
	struct run_info r = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(write_file(path, text, strlen(text), &e), 0);
	assert_int_equal(run_info_load(&r, dir, &e), 0);
	assert_false(cpuset_has(&r.guests[0].probes[0].vcpus, 0));
	assert_true(cpuset_has(&r.guests[0].probes[0].vcpus, 1));
	assert_int_equal(cpuset_count(&r.guests[0].probes[1].vcpus), 2);
	assert_true(cpuset_has(&r.guests[0].probes[1].vcpus, 70));
	run_info_release(&r);
}

static void test_too_many_vcpus(void **state)
{
	struct strbuf b = {0};
	auto_free char *path = xasprintf("%s/run.json", dir);
	struct run_info r = {0};
	struct err e = ERR_INIT;

	(void)state;
	strbuf_add(&b, "{\"format\":1,\"guests\":[{\"vcpus\":[{}");
	for (int i = 0; i < 256; i++)
		strbuf_add(&b, ",{}");
	strbuf_add(&b, "]}]}");
	assert_int_equal(write_file(path, b.text, b.len, &e), 0);
	assert_true(run_info_load(&r, dir, &e) < 0);
	strbuf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_old_and_new_fields),
		cmocka_unit_test(test_old_masks),
		cmocka_unit_test(test_too_many_vcpus),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
