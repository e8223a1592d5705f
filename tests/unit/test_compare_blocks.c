// SPDX-License-Identifier: GPL-3.0-or-later
/* analysis/compare within blocks: when it is chosen, what it says and what it leaves out. Computes only. */
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

#include "study/arms.h"
#include "made_comparison.h"
#include "report/compare/report.h"
#include "report/compare/words.h"

/* The verdict on a row in words, until the next call. */
static const char *words_of(const struct compare_result *r, size_t row)
{
	static char *words;

	free(words);
	words = compare_say(r, &r->rows[row]);
	return words;
}

/* Blocks that differ by more than the arms do: b is a + 200 to 260. */
static const double A[] = {1000, 4100, 2200, 9300, 5400, 1500, 3600, 7700};
static const double B[] = {1200, 4310, 2420, 9530, 5640, 1750, 3860, 7905};

static void test_words(void **state)
{
	struct compare_metric m = metric(A, 8, B, 8);
	struct compare_input in = input(&m, 1);
	struct compare_result r = compare(&in);

	(void)state;
	assert_string_equal(words_of(&r, 0),
		"float is better: timer.late.p99 -226 us [-250, -205], within 8 blocks");
	assert_int_equal(r.rows[0].method, COMPARE_SIGNED_RANK);
	assert_true(fabs(r.rows[0].p - 2.0 / 256) < 1e-12 && r.rows[0].delta == 1);
	assert_true(r.rows[0].v == 36 && isnan(r.rows[0].u));
	compare_result_release(&r);
	in.blocks = NULL; /* --unpaired */
	r = compare(&in);
	assert_int_equal(r.rows[0].method, COMPARE_MANN_WHITNEY);
	assert_non_null(strstr(words_of(&r, 0), "no difference larger than"));
	assert_non_null(strstr(words_of(&r, 0), "8 boots an arm"));
	assert_true(isnan(r.rows[0].v) && !isnan(r.rows[0].u));
	compare_result_release(&r);
	m.b = A;
	in.blocks = &SIDE_BY_SIDE;
	r = compare(&in);
	assert_string_equal(words_of(&r, 0), "timer.late.p99: no difference, within 8 blocks");
	compare_result_release(&r);
}

/* A block in which a boot is missing, or has no value, is left out, its other boots with it. */
static void test_left_out(void **state)
{
	const double b[] = {1200, NAN, 2420, 9530, 5640, 1750, 3860, 7905, 1};
	const size_t of_b[] = {1, 2, 3, 4, 5, 6, 7, 8, 0};
	const struct compare_blocks blocks = {in_order, of_b, 8};
	struct compare_metric m = metric(A, 8, b, 9);
	struct compare_input in = input(&m, 1);
	struct compare_result r;

	(void)state;
	in.blocks = &blocks;
	r = compare(&in);
	assert_string_equal(words_of(&r, 0),
		"float is better: timer.late.p99 -230 us [-250, -205], within 7 blocks, 1 and 1 boots left out");
	assert_int_equal(r.rows[0].na, 7);
	assert_int_equal(r.rows[0].left_a, 1);
	compare_result_release(&r);
}

/* Several boots of an arm in a block count as their mean; blocks with more of one arm do not. */
static void test_means(void **state)
{
	double a[16], b[16];
	size_t of_a[16], of_b[16];
	struct compare_blocks blocks = {of_a, of_b, 8};
	struct compare_metric m = metric(a, 16, b, 16);
	struct compare_input in = input(&m, 1);
	struct compare_result r;

	(void)state;
	in.blocks = &blocks;
	for (size_t i = 0; i < 16; i++) {
		a[i] = A[i / 2] + (i % 2 ? 300 : -300);
		b[i] = B[i / 2] + (i % 2 ? 500 : -500);
		of_a[i] = of_b[i] = i / 2 + 1;
	}
	r = compare(&in);
	assert_string_equal(words_of(&r, 0),
		"float is better: timer.late.p99 -226 us [-250, -205], within 8 blocks, 16 boots an arm");
	compare_result_release(&r);
	of_b[15] = 7;		       /* two and three in block 7, two and one in block 8 */
	in.mismatch = "hosts x and y"; /* six will do */
	r = compare(&in);
	assert_int_equal(r.rows[0].blocks, 6);
	assert_int_equal(r.rows[0].left_a, 4);
	assert_int_equal(r.rows[0].left_b, 4);
	compare_result_release(&r);
}

/* The method follows from the numbers of blocks and tests alone, whatever the values say. */
static void test_chosen_by_design(void **state)
{
	static const struct {
		size_t blocks, tests;
		enum compare_method method;
	} cases[] = {
		{6, 1, COMPARE_MANN_WHITNEY},
		{7, 1, COMPARE_SIGNED_RANK},
		{7, 2, COMPARE_MANN_WHITNEY},
		{8, 2, COMPARE_SIGNED_RANK},
		{11, 25, COMPARE_SIGNED_RANK},
		{11, 26, COMPARE_MANN_WHITNEY},
		{12, 26, COMPARE_SIGNED_RANK},
	};
	double a[16], b[16], zero[16] = {0};
	struct compare_metric m[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int apart = 0; apart < 2; apart++) {
			size_t n = cases[i].blocks, last = cases[i].tests;
			struct compare_input in = input(m, last + 1);
			struct compare_result r;

			for (size_t k = 0; k < n; k++) {
				a[k] = (double)(k * 7 % n);
				b[k] = a[k] + (apart ? 100 + (double)k : k % 2 ? 1 : -1.5);
			}
			for (size_t k = 0; k < last; k++)
				m[k] = metric(a, n, b, n);
			m[last] = metric(zero, n, zero, n); /* no test that could err */
			r = compare(&in);
			assert_int_equal(r.tests, last);
			assert_int_equal(r.rows[0].method, cases[i].method);
			assert_int_equal(
				r.rows[0].verdict, apart ? COMPARE_A_BETTER : COMPARE_SAME);
			compare_result_release(&r);
		}
}

static void test_hosts(void **state)
{
	double gaps[] = {1, 2, NAN, NAN, NAN, 6, 7, 8};
	struct compare_metric m[] = {metric(A, 8, B, 8), metric(A, 8, A, 8), metric(gaps, 8, B, 8)};
	struct compare_input in = input(m, 2);
	struct compare_result r;
	struct compare_set set = {&r, 1, false, NULL};
	struct strbuf text = {0};
	struct err e = ERR_INIT;

	(void)state;
	in.mismatch = "hosts x and y";
	r = compare(&in); /* the host is a block: no refusal, no warning */
	assert_null(r.warning);
	assert_int_equal(r.rows[0].verdict, COMPARE_A_BETTER);
	compare_report_text(&set, &text);
	assert_non_null(strstr(text.text, "\nhosts x and y: each block lies on one host\n"));
	strbuf_release(&text);
	compare_result_release(&r);

	gaps[2] = 3; /* six values, but no six blocks at two tests */
	m[1] = metric(gaps, 8, B, 8);
	r = compare(&in);
	assert_string_equal(
		words_of(&r, 1), "timer.late.p99: too few blocks to say (6 complete; 7 at least)");
	assert_int_equal(r.rows[1].verdict, COMPARE_TOO_FEW);
	assert_true(isnan(r.rows[1].p) && isnan(r.rows[1].delta));
	assert_null(r.warning);
	assert_int_equal(r.tests, 1);
	compare_result_release(&r);
	in.force = true;
	r = compare(&in);
	assert_int_equal(r.rows[1].method, COMPARE_MANN_WHITNEY);
	assert_non_null(strstr(r.warning, "hosts x and y"));
	compare_result_release(&r);

	in.force = false;
	m[0] = m[1];
	assert_int_equal(compare_arms(&in, &r, &e), -EXDEV);
	assert_non_null(strstr(e.msg, "6 are complete: it takes 7 for 2 tests"));
	in.blocks = NULL;
	assert_int_equal(compare_arms(&in, &r, &e), -EXDEV);
	assert_null(strstr(e.msg, "complete"));
}

static void test_printers(void **state)
{
	struct compare_metric m[] = {metric(A, 8, B, 8), metric(A, 8, B, 6)};
	struct compare_input in = input(m, 2);
	struct compare_result r = compare(&in);
	const struct compare_set set = {&r, 1, false, NULL};
	struct strbuf text = {0}, js = {0}, csv = {0};
	json_t *root, *row;

	(void)state;
	compare_report_text(&set, &text);
	assert_non_null(strstr(text.text, "within blocks (8 complete, 8 wanted): "));
	assert_non_null(strstr(text.text, "not within blocks: 6 complete at most, 8 wanted"));
	compare_report_json(&set, &js);
	root = json_loads(js.text, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(root, "blocks_wanted")), 8);
	row = json_array_get(json_object_get(root, "metrics"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "method")), "signed-rank");
	assert_int_equal(json_integer_value(json_object_get(row, "blocks")), 8);
	assert_true(json_real_value(json_object_get(row, "v")) == 36);
	assert_true(json_is_null(json_object_get(row, "u")));
	row = json_array_get(json_object_get(root, "metrics"), 1);
	assert_string_equal(json_string_value(json_object_get(row, "method")), "mann-whitney");
	assert_int_equal(json_array_size(json_object_get(row, "left_out")), 2);
	json_decref(root);
	compare_report_csv(&set, &csv);
	assert_non_null(strstr(csv.text, ",36,signed-rank,8,0,0,\n"));
	assert_non_null(strstr(csv.text, ",,mann-whitney,6,0,0,\n"));
	strbuf_release(&text);
	strbuf_release(&js);
	strbuf_release(&csv);
	compare_result_release(&r);
}

/* Boots belong together by experiment, scenario, repeat, host and kernel, and by nothing less. */
static void test_blocks_of_runs(void **state)
{
	char e[] = "e", f[] = "f", none[] = "", s[] = "s", t[] = "t", x[] = "x", y[] = "y";
	char old[] = "6.1", newer[] = "6.12";
	const struct index_row first = {.experiment = e, .scenario = s, .host = x, .kernel = old};
	struct index_row a[] = {first, first, first, first, first};
	struct index_row b[5];
	const struct arm arm_a = {.rows = a, .n = 5}, arm_b = {.rows = b, .n = 5};
	struct compare_blocks blocks;

	(void)state;
	a[1].repeat = 1;
	a[2].scenario = t;
	a[3].experiment = f;
	a[4].experiment = none;
	b[0] = a[1];
	b[0].host = y;
	b[1] = a[0];
	b[1].kernel = newer;
	b[2] = a[0];
	b[3] = a[4];
	b[4] = a[2];
	blocks = arms_blocks(&arm_a, &arm_b);
	assert_int_equal(blocks.n, 7);
	assert_int_equal(blocks.b[2], blocks.a[0]);
	assert_int_equal(blocks.b[4], blocks.a[2]);
	assert_int_equal(blocks.a[4], 0);
	assert_int_equal(blocks.b[3], 0);
	for (size_t i = 0; i < 4; i++) {
		assert_true(blocks.b[0] != blocks.a[i] && blocks.b[1] != blocks.a[i]);
		assert_true(i == 0 || blocks.a[0] != blocks.a[i]);
	}
	arms_blocks_release(&blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_means),
		cmocka_unit_test(test_chosen_by_design),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_printers),
		cmocka_unit_test(test_blocks_of_runs),
	};

	return cmocka_run_group_tests(tests, number_blocks, NULL);
}
