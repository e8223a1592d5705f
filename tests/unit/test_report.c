/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text and JSON of a simulated record: the contract's keys, no line too long, nothing invented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "report/run/report.h"
#include "tests/bench/simulate.h"

static char dir[] = "/tmp/test_report.XXXXXX";
static struct analysis *a;

static int make(void **state)
{
	static const struct sim_config config = {.vcpus = 2,
		.duration_ns = 3 * NS_PER_S,
		.mean_ns = 5000000,
		.tsc_hz = 2e9,
		.seed = 3};
	static struct sim_truth truth;
	struct err e = ERR_INIT;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	simulate_record(dir, &config, &truth);
	return analysis_make(dir, &a, &e);
}

static int drop(void **state)
{
	(void)state;
	analysis_free(a);
	return remove_tree(dir, NULL);
}

static json_t *get(json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);

	if (!v)
		fail_msg("no key %s", key);
	return v;
}

static void test_json_has_the_contract_keys(void **state)
{
	static const char *const checks[] = {"steal_vs_run_delay", "wait_vs_run_delay",
		"state_conservation", "clock_error_ns", "late_explained"};
	auto_free char *text = report_json(a);
	json_t *j = json_loads(text, 0, NULL), *variant, *guest, *vcpu, *blame;

	(void)state;
	assert_non_null(j);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_string_equal(json_string_value(get(j, "run")), "simulated");
	assert_string_equal(json_string_value(get(j, "status")), "complete");
	assert_int_equal(json_integer_value(get(get(j, "lost"), "guest")), 0);
	assert_int_equal(json_integer_value(get(get(j, "lost"), "host")), 0);
	assert_true(json_is_array(get(j, "expect")));
	assert_true(json_is_array(get(j, "warnings")));
	variant = json_array_get(get(j, "variants"), 0);
	assert_string_equal(json_string_value(get(variant, "name")), "base");
	guest = json_array_get(get(variant, "guests"), 0);
	assert_string_equal(json_string_value(get(guest, "name")), "victim");
	assert_string_equal(json_string_value(get(guest, "kind")), "metal");
	assert_string_equal(json_string_value(get(guest, "accel")), "kvm");
	vcpu = json_array_get(get(guest, "vcpus"), 1);
	assert_int_equal(json_integer_value(get(vcpu, "id")), 1);
	assert_string_equal(json_string_value(get(vcpu, "cpu_set")), "1");
	assert_true(json_number_value(get(get(vcpu, "metrics"), "steal.rate")) > 100);
	assert_true(json_number_value(get(get(guest, "metrics"), "steal.rate")) > 100);
	/* Missing sources are absent, with the reason. */
	assert_null(json_object_get(get(guest, "metrics"), "gap.rate"));
	assert_true(json_is_string(get(get(guest, "not_provided"), "gap.rate")));
	assert_null(json_object_get(get(guest, "metrics"), "steal.rate.10s"));
	blame = json_array_get(get(variant, "blame"), 0);
	assert_string_equal(json_string_value(get(blame, "victim")), "victim/vcpu0");
	assert_string_equal(json_string_value(get(blame, "culprit")), "noise hog");
	assert_string_equal(json_string_value(get(blame, "kind")), "noise");
	assert_true(json_integer_value(get(blame, "ns")) > 0);
	assert_true(json_number_value(get(blame, "share")) > 50);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		assert_true(json_is_number(get(get(variant, "checks"), checks[i])));
	json_decref(j);
}

static void test_json_of_a_set(void **state)
{
	const struct analysis *set[2] = {a, a};
	auto_free char *text = report_json_set(set, 2, NULL, 0);
	auto_free char *none = report_json_set(NULL, 0, NULL, 0);
	json_t *j = json_loads(text, 0, NULL);

	(void)state;
	assert_int_equal(json_array_size(get(j, "variants")), 2);
	json_decref(j);
	j = json_loads(none, 0, NULL);
	assert_non_null(j);
	json_decref(j);
}

static void test_text_is_readable(void **state)
{
	static const char *const words[] = {
		"victim", "noise hog", "steal_vs_run_delay", "0 guest records and 0 host", "ms/s"};
	char *text = NULL;
	size_t len, line = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	report_text(a, f, false);
	fclose(f);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strstr(text, words[i]))
			fail_msg("no \"%s\" in:\n%s", words[i], text);
	for (char *p = text; *p; p++) {
		line = *p == '\n' ? 0 : line + 1;
		if (line > 80)
			fail_msg("a line over 80 columns in:\n%s", text);
	}
	assert_null(strchr(text, '\033'));
	free(text);
}

static void test_one_late_wake_up(void **state)
{
	char *text = NULL;
	struct err e = ERR_INIT;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(report_late_text(a, 0, f, &e), 0);
	assert_true(report_late_text(a, 1000, f, &e) < 0);
	fclose(f);
	assert_non_null(strstr(text, "timeline"));
	assert_non_null(strstr(text, "waiting"));
	free(text);
}

static void test_saved_beside_the_record(void **state)
{
	auto_free char *path = xasprintf("%s/analysis.json", dir), *saved = NULL,
		       *text = report_json(a);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(report_json_save(a, dir, &e), 0);
	saved = read_file(path, 64 << 20, NULL, &e);
	assert_string_equal(saved, text);
	assert_true(report_json_save(a, "/proc/nowhere", &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_has_the_contract_keys),
		cmocka_unit_test(test_json_of_a_set),
		cmocka_unit_test(test_text_is_readable),
		cmocka_unit_test(test_one_late_wake_up),
		cmocka_unit_test(test_saved_beside_the_record),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
