// SPDX-License-Identifier: GPL-3.0-or-later
/* analysis/compare: verdicts in words, text, JSON and CSV. How often they are right: test_compare_rates. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/quantity.h"
#include "report/compare/report.h"
#include "report/compare/words.h"

#include "made_comparison.h"

/* The verdict on a row in words, until the next call. */
static const char *words_of(const struct compare_result *r, size_t row)
{
	static char *words;

	free(words);
	words = compare_say(r, &r->rows[row]);
	return words;
}

static void check_words(const double *a, size_t na, const double *b, size_t nb,
	enum metric_better better, enum compare_verdict verdict, const char *words)
{
	struct compare_metric m = {"timer.late.p99", "us", better, a, b, na, nb};
	struct compare_input in = {
		.name_a = "float", .name_b = "pinned", .metrics = &m, .n_metrics = 1};
	struct compare_result r = compare(&in);

	assert_int_equal(r.rows[0].verdict, verdict);
	assert_string_equal(words_of(&r, 0), words);
	compare_result_release(&r);
}

static const double LOW[] = {1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700};
static const double HIGH[] = {4000, 4110, 4220, 4330, 4440, 4550, 4660, 4770};
static const double WIDE[] = {10, 20, 30, 40, 50, 4000, 4100, 4200};
static const double GAPS[] = {NAN, 1, NAN, 2};

static void test_words(void **state)
{
	(void)state;
	check_words(HIGH, 8, LOW, 8, BETTER_LOWER, COMPARE_B_BETTER,
		"pinned is better: timer.late.p99 -3.04 ms [-3.34, -2.73], 8 boots an arm");
	check_words(LOW, 8, HIGH, 8, BETTER_LOWER, COMPARE_A_BETTER,
		"float is better: timer.late.p99 -3.04 ms [-3.34, -2.73], 8 boots an arm");
	check_words(LOW, 8, HIGH, 8, BETTER_HIGHER, COMPARE_B_BETTER,
		"pinned is better: timer.late.p99 +3.04 ms [+2.73, +3.34], 8 boots an arm");
	check_words(LOW, 8, HIGH, 7, BETTER_NEITHER, COMPARE_DIFFERENT,
		"pinned differs from float: timer.late.p99 +2.98 ms [+2.70, +3.26], 8 and 7 boots");
	check_words(LOW, 5, HIGH, 8, BETTER_LOWER, COMPARE_TOO_FEW,
		"timer.late.p99: too few boots to say (5 and 8; 6 an arm at least)");
	check_words(LOW, 8, GAPS, 4, BETTER_LOWER, COMPARE_TOO_FEW,
		"timer.late.p99: too few boots to say (8 and 2; 6 an arm at least)");
	check_words(LOW, 8, GAPS, 1, BETTER_LOWER, COMPARE_NO_DATA,
		"timer.late.p99: not provided by pinned");
	check_words(NULL, 0, GAPS, 1, BETTER_LOWER, COMPARE_NO_DATA,
		"timer.late.p99: not provided by either");
	check_words(LOW, 8, LOW, 8, BETTER_LOWER, COMPARE_SAME,
		"timer.late.p99: no difference larger than 300 us (22 %), 8 boots an arm");
	check_words(WIDE, 8, WIDE, 8, BETTER_LOWER, COMPARE_SAME,
		"timer.late.p99: no difference larger than 3.96 ms (88 times the median), 8 boots an arm");
}

static void test_equal_values(void **state)
{
	const double zero[8] = {0};

	(void)state;
	check_words(zero, 8, zero, 8, BETTER_LOWER, COMPARE_SAME,
		"timer.late.p99: no difference, 8 boots an arm");
}

/* Six boots give p = 0.0022 at best: 30 metrics with a p raise it to 0.065; metrics whose values
 * are all equal do not count. */
static void test_correction(void **state)
{
	const double zero[6] = {0};
	struct compare_metric m[30];
	struct compare_input in = {.name_a = "a", .name_b = "b", .metrics = m, .n_metrics = 30};
	struct compare_result r;

	(void)state;
	for (int i = 0; i < 30; i++)
		m[i] = (struct compare_metric){"x", "us", BETTER_LOWER, zero, zero, 6, 6};
	m[0].a = LOW;
	m[0].b = HIGH;
	r = compare(&in);
	assert_int_equal(r.rows[0].verdict, COMPARE_A_BETTER);
	compare_result_release(&r);
	for (int i = 1; i < 30; i++)
		m[i].a = m[i].b = LOW;
	r = compare(&in);
	assert_int_equal(r.rows[0].verdict, COMPARE_SAME);
	assert_string_equal(words_of(&r, 0),
		"x: no difference shown: +3.02 ms [+2.72, +3.33], but p = 0.065 after correction for all metrics, 6 boots an arm");
	compare_result_release(&r);
}

static void test_format(void **state)
{
	char buf[80];

	(void)state;
	assert_string_equal(quantity_text(-3123.4, "us", true, buf, sizeof(buf)), "-3.12 ms");
	assert_string_equal(quantity_text(0.25, "ms", true, buf, sizeof(buf)), "+250 us");
	assert_string_equal(quantity_text(500.2, "ms/s", false, buf, sizeof(buf)), "500 ms/s");
	assert_string_equal(quantity_text(0, "us", false, buf, sizeof(buf)), "0 us");
	assert_string_equal(quantity_text(0.02, "ns", false, buf, sizeof(buf)), "0.0200 ns");
	assert_string_equal(quantity_ns(24, buf, sizeof(buf)), "24 ns");
	assert_string_equal(quantity_ns(2319450000, buf, sizeof(buf)), "2.32 s");
	assert_string_equal(quantity_mib(UINT64_C(512) << 20, buf, sizeof(buf)), "512 MiB");
	assert_string_equal(quantity_text(12345678, "", false, buf, sizeof(buf)), "1.23e+07");
	assert_string_equal(quantity_text(-INFINITY, "us", true, buf, sizeof(buf)), "-inf us");
}

static void test_refusal(void **state)
{
	struct compare_metric m = {"steal.rate", "ms/s", BETTER_LOWER, LOW, HIGH, 8, 8};
	struct compare_input in = {.name_a = "a",
		.name_b = "b",
		.metrics = &m,
		.n_metrics = 1,
		.mismatch = "kernels 6.1 and 6.12"};
	struct compare_result r = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(compare_arms(&in, &r, &e), -EXDEV);
	assert_non_null(strstr(e.msg, "kernels 6.1 and 6.12"));
	assert_null(r.rows);
	in.force = true;
	r = compare(&in);
	assert_non_null(strstr(r.warning, "kernels 6.1 and 6.12"));
	compare_result_release(&r);
}

static void test_printers(void **state)
{
	struct compare_metric m[] = {
		{"steal.rate", "ms/s", BETTER_LOWER, LOW, LOW, 8, 8},
		{"timer.late.p99", "us", BETTER_LOWER, LOW, HIGH, 8, 8},
		{"gap.rate", "ms/s", BETTER_LOWER, LOW, GAPS, 8, 1},
		{"job.rate", "units/s", BETTER_HIGHER, NULL, NULL, 0, 0},
		{"job.time", "s", BETTER_LOWER, GAPS, GAPS, 1, 1},
	};
	struct compare_input in = {.name_a = "x", .name_b = "y", .metrics = m, .n_metrics = 5};
	struct compare_result r = compare(&in);
	const struct compare_set set = {&r, 1, false, NULL};
	struct strbuf text = {0}, js = {0}, csv = {0};
	json_t *root, *row;

	(void)state;
	compare_report_text(&set, &text);
	assert_ptr_equal(strstr(text.text, "x is better: timer.late.p99"), text.text);
	compare_report_json(&set, &js);
	root = json_loads(js.text, 0, NULL);
	assert_non_null(root);
	row = json_array_get(json_object_get(root, "metrics"), 1);
	assert_string_equal(json_string_value(json_object_get(row, "verdict")), "a_better");
	assert_int_equal(json_array_size(json_object_get(row, "values_a")), 8);
	row = json_array_get(json_object_get(root, "metrics"), 2);
	assert_true(json_is_null(json_object_get(row, "p")));
	json_decref(root);
	compare_report_csv(&set, &csv);
	assert_non_null(strstr(text.text, "\nnot provided by either: job.rate, job.time\n"));
	assert_null(strstr(text.text, "either: gap.rate")); /* one has it */
	assert_non_null(strstr(csv.text, "\nx,y,gap.rate,ms/s,no_data,8,0,1350,,,"));
	strbuf_release(&text);
	strbuf_release(&js);
	strbuf_release(&csv);
	compare_result_release(&r);
}

/* Three arms held against one: what one comparison alone may claim, the family must not always. */
static void test_baseline(void **state)
{
	struct compare_metric same = {"x", "us", BETTER_LOWER, LOW, LOW, 6, 6},
			      apart = {"x", "us", BETTER_LOWER, LOW, HIGH, 6, 6};
	struct compare_metric of_b[12], of_c[12];
	struct compare_input in[] = {
		{.name_a = "base", .name_b = "b", .metrics = of_b, .n_metrics = 12},
		{.name_a = "base", .name_b = "c, d", .metrics = of_c, .n_metrics = 12}};
	struct compare_result r[2], alone;
	const struct compare_set set = {r, 2, true, NULL};
	struct strbuf text = {0}, js = {0}, csv = {0};
	struct err e = ERR_INIT;
	json_t *root, *list;

	(void)state;
	for (int i = 0; i < 12; i++) {
		of_b[i] = i ? same : apart;
		of_c[i] = same;
	}
	/* Six boots give p = 0.0022 at best: 0.026 among 12 tests, 0.052 among 24. */
	alone = compare(&in[0]);
	assert_int_equal(alone.rows[0].verdict, COMPARE_A_BETTER);
	assert_int_equal(alone.tests, 12);
	compare_result_release(&alone);
	assert_int_equal(compare_each(in, 2, r, &e), 0);
	assert_int_equal(r[0].rows[0].verdict, COMPARE_SAME);
	assert_int_equal(r[0].tests, 24);
	assert_true(fabs(r[0].rows[0].p_holm - 24 * r[0].rows[0].p) < 1e-12);
	compare_report_text(&set, &text);
	assert_non_null(strstr(text.text, "corrected for all 24 tests together"));
	assert_non_null(strstr(text.text, "\nc, d against base\n"));
	compare_report_json(&set, &js);
	root = json_loads(js.text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "baseline")), "base");
	list = json_object_get(root, "comparisons");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 1), "b")), "c, d");
	json_decref(root);
	compare_report_csv(&set, &csv);
	assert_non_null(strstr(csv.text, "\nbase,\"c, d\",x,us,same,6,6,"));
	strbuf_release(&text);
	strbuf_release(&js);
	strbuf_release(&csv);
	compare_result_release(&r[0]);
	compare_result_release(&r[1]);
	in[1].mismatch = "hosts x and y"; /* one of them is refused: none is made */
	assert_int_equal(compare_each(in, 2, r, &e), -EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_equal_values),
		cmocka_unit_test(test_correction),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_printers),
		cmocka_unit_test(test_baseline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
