// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * analysis/compare within blocks: when it is chosen, what it says and leaves out, and how often it
 * is right beside the comparison of independent samples, on data from seeded generators. The shares
 * found are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <jansson.h>

#include "analysis/compare.h"
#include "cmd/arms.h"
#include "report/compare_report.h"

#define MANY 64

/* Boot i of each arm in block i + 1. */
static size_t in_order[MANY];

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		in_order[i] = i + 1;
	return 0;
}

static const struct compare_blocks SIDE_BY_SIDE = {in_order, in_order, MANY};

/* Blocks that differ by more than the arms do: b is a + 200 to 260. */
static const double A[] = {1000, 4100, 2200, 9300, 5400, 1500, 3600, 7700};
static const double B[] = {1200, 4310, 2420, 9530, 5640, 1750, 3860, 7905};

static struct compare_result compare(const struct compare_input *in)
{
	struct compare_result r;
	struct err e = ERR_INIT;

	if (compare_arms(in, &r, &e))
		fail_msg("%s", e.msg);
	return r;
}

static struct compare_metric metric(const double *a, size_t na, const double *b, size_t nb)
{
	return (struct compare_metric){"timer.late.p99", "us", BETTER_LOWER, a, b, na, nb};
}

static struct compare_input input(const struct compare_metric *m, size_t n)
{
	return (struct compare_input){.name_a = "float",
		.name_b = "pinned",
		.metrics = m,
		.n_metrics = n,
		.blocks = &SIDE_BY_SIDE,
		.resamples = 100};
}

static void test_words(void **state)
{
	struct compare_metric m = metric(A, 8, B, 8);
	struct compare_input in = input(&m, 1);
	struct compare_result r = compare(&in);

	(void)state;
	assert_string_equal(r.rows[0].words,
		"float is better: timer.late.p99 -226 us [-250, -205], within 8 blocks");
	assert_int_equal(r.rows[0].method, COMPARE_SIGNED_RANK);
	assert_true(fabs(r.rows[0].p - 2.0 / 256) < 1e-12 && r.rows[0].delta == 1);
	assert_true(r.rows[0].v == 36 && isnan(r.rows[0].u));
	compare_result_release(&r);
	in.blocks = NULL; /* --unpaired */
	r = compare(&in);
	assert_int_equal(r.rows[0].method, COMPARE_MANN_WHITNEY);
	assert_non_null(strstr(r.rows[0].words, "no difference larger than"));
	assert_non_null(strstr(r.rows[0].words, "8 boots an arm"));
	assert_true(isnan(r.rows[0].v) && !isnan(r.rows[0].u));
	compare_result_release(&r);
	m.b = A;
	in.blocks = &SIDE_BY_SIDE;
	r = compare(&in);
	assert_string_equal(r.rows[0].words, "timer.late.p99: no difference, within 8 blocks");
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
	assert_string_equal(r.rows[0].words,
		"float is better: timer.late.p99 -230 us [-250, -205], within 7 blocks, 1 and 1 "
		"boots left out");
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
	assert_string_equal(r.rows[0].words,
		"float is better: timer.late.p99 -226 us [-250, -205], within 8 blocks, 16 boots "
		"an arm");
	compare_result_release(&r);
	of_b[15] = 7; /* three and two in block 7, one and two in block 8 */
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
		{6, 1, COMPARE_SIGNED_RANK},
		{6, 2, COMPARE_MANN_WHITNEY},
		{7, 2, COMPARE_SIGNED_RANK},
		{10, 25, COMPARE_SIGNED_RANK},
		{10, 26, COMPARE_MANN_WHITNEY},
		{11, 26, COMPARE_SIGNED_RANK},
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
	struct compare_set set = {&r, 1, false};
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
		r.rows[1].words, "timer.late.p99: too few blocks to say (6 complete; 7 at least)");
	assert_int_equal(r.rows[1].verdict, COMPARE_TOO_FEW);
	assert_true(isnan(r.rows[1].p));
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
	const struct compare_set set = {&r, 1, false};
	struct strbuf text = {0}, js = {0}, csv = {0};
	json_t *root, *row;

	(void)state;
	compare_report_text(&set, &text);
	assert_non_null(strstr(text.text, "within blocks (8 complete, 7 wanted): "));
	assert_non_null(strstr(text.text, "not within blocks: 6 complete at most, 7 wanted"));
	compare_report_json(&set, &js);
	root = json_loads(js.text, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(root, "blocks_wanted")), 7);
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
	assert_non_null(strstr(csv.text, ",36,signed-rank,8,0,0\n"));
	assert_non_null(strstr(csv.text, ",,mann-whitney,6,0,0\n"));
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

/* ---- how often verdicts are right */

enum shape { NORMAL, LOGNORMAL, N_SHAPES };
static const char *const shape_names[] = {"normal", "lognormal"};
static const double shape_sd[] = {1, 2.1611974158950877}; /* sqrt((e - 1) e) */

struct tally {
	double found, same, covered;
};

/* Boots of total variance 1 (in units of the shape's sd), `share` of it between blocks. */
static void draw(gsl_rng *rng, enum shape s, double share, size_t n, double *a, double *b)
{
	for (size_t i = 0; i < n; i++) {
		double block = gsl_ran_gaussian(rng, shape_sd[s] * sqrt(share));
		double within = sqrt(1 - share);

		a[i] = block + within * (s == NORMAL ? gsl_ran_gaussian(rng, 1)
						     : gsl_ran_lognormal(rng, 0, 1));
		b[i] = block + within * (s == NORMAL ? gsl_ran_gaussian(rng, 1)
						     : gsl_ran_lognormal(rng, 0, 1));
	}
}

static struct tally simulate(
	enum shape s, size_t n, double shift_sd, double share, bool blocked, unsigned trials)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double a[MANY], b[MANY], shift = shift_sd * shape_sd[s];
	struct compare_metric m = metric(a, n, b, n);
	struct compare_input in = input(&m, 1);
	struct tally t = {0};

	gsl_rng_set(rng, 20261125);
	in.blocks = blocked ? &SIDE_BY_SIDE : NULL;
	for (unsigned k = 0; k < trials; k++) {
		struct compare_result r;

		draw(rng, s, share, n, a, b);
		for (size_t i = 0; i < n; i++)
			b[i] += shift;
		r = compare(&in);
		t.found += r.rows[0].verdict == COMPARE_A_BETTER;
		t.same += r.rows[0].verdict == COMPARE_SAME;
		t.covered += r.rows[0].shift.ci.lo <= shift && shift <= r.rows[0].shift.ci.hi;
		compare_result_release(&r);
	}
	gsl_rng_free(rng);
	t.found /= trials;
	t.same /= trials;
	t.covered /= trials;
	print_message(
		"%-9s n=%zu, %.0f %% of the variance between blocks, shift %.1f sd, %s: found "
		"%.3f, no difference %.3f, interval covers %.3f\n",
		shape_names[s], n, 100 * share, shift_sd,
		blocked ? "within blocks" : "independent  ", t.found, t.same, t.covered);
	return t;
}

/* What compare.h and docs/batches.md say of 12 boots an arm. */
static void test_planted_shift(void **state)
{
	/* Told the direction and the spread: of 12 differences, each of variance 2 (1 - share). */
	double best = gsl_cdf_ugaussian_P(sqrt(12) - gsl_cdf_ugaussian_Pinv(0.95));
	struct tally within, apart;

	(void)state;
	print_message("most powerful test of 12 differences, half the variance between blocks: "
		      "%.3f\n",
		best);
	assert_true(best > 0.96 && best < 0.97);
	within = simulate(NORMAL, 12, 1, 0.5, true, 2000);
	apart = simulate(NORMAL, 12, 1, 0.5, false, 2000);
	assert_true(within.found >= 0.80 && within.found >= apart.found + 0.15);
	assert_true(within.covered >= 0.93);
	within = simulate(NORMAL, 12, 1, 0.67, true, 2000);
	assert_true(within.found >= 0.90 && within.covered >= 0.93);
	assert_true(simulate(NORMAL, 12, 1, 0.67, false, 2000).found < 0.70);
	/* Blocks that differ in nothing cost little. */
	within = simulate(NORMAL, 12, 1, 0, true, 2000);
	apart = simulate(NORMAL, 12, 1, 0, false, 2000);
	assert_true(within.found >= apart.found - 0.08 && within.covered >= 0.93);
	within = simulate(LOGNORMAL, 12, 1, 0.5, true, 2000);
	assert_true(within.found >= simulate(LOGNORMAL, 12, 1, 0.5, false, 2000).found);
	assert_true(within.covered >= 0.93);
	assert_true(simulate(NORMAL, 60, 0.5, 0.5, true, 200).covered >= 0.90); /* approximated */
}

static void test_a_a(void **state)
{
	(void)state;
	for (int s = 0; s < N_SHAPES; s++)
		for (size_t n = 6; n <= 24; n *= 2) {
			struct tally t = simulate((enum shape)s, n, 0, 0.5, true, 1000);

			assert_true(t.same >= 0.95 - 0.01); /* 1,000 draws: 0.007 of chance */
			assert_true(t.covered >= 0.93);
		}
}

/* Twenty metrics of one box that drifts: no false claim among them in 95 % of the comparisons. */
static void test_many_metrics(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double v[40][12];
	struct compare_metric m[20];
	struct compare_input in = input(m, 20);
	unsigned clean = 0;

	(void)state;
	for (int k = 0; k < 20; k++)
		m[k] = metric(v[k], 12, v[20 + k], 12);
	for (int trial = 0; trial < 200; trial++) {
		double speed = 0;
		struct compare_result r;
		bool any = false;

		for (int i = 0; i < 12; i++) {
			speed += gsl_ran_gaussian(rng, 1);
			for (int k = 0; k < 40; k++)
				v[k][i] = speed + gsl_ran_gaussian(rng, 1);
		}
		r = compare(&in);
		for (size_t k = 0; k < r.n_rows; k++) {
			assert_int_equal(r.rows[k].method, COMPARE_SIGNED_RANK);
			any |= r.rows[k].verdict != COMPARE_SAME;
		}
		clean += !any;
		compare_result_release(&r);
	}
	gsl_rng_free(rng);
	print_message(
		"20 metrics, A/A, drift: %u of 200 comparisons without a false claim\n", clean);
	assert_true(clean >= 190);
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
		cmocka_unit_test(test_planted_shift),
		cmocka_unit_test(test_a_a),
		cmocka_unit_test(test_many_metrics),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
