// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How often analysis/compare is right of independent samples from seeded generators. The shares found are
 * printed, so that a change of method shows. Computes only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "made_comparison.h"
#include "made_shapes.h"

struct tally {
	double found, covered, same, bootstrap_covered;
};

static struct tally simulate(enum shape s, size_t n, double shift_sd, unsigned trials)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double a[64], b[64], shift = shift_sd * shape_sd[s];
	struct compare_metric m = {"m", "us", BETTER_LOWER, a, b, n, n};
	struct compare_input in = {
		.name_a = "a", .name_b = "b", .metrics = &m, .n_metrics = 1, .resamples = 100};
	struct tally t = {0};

	gsl_rng_set(rng, 20261120);
	for (unsigned k = 0; k < trials; k++) {
		struct compare_result r;

		for (size_t i = 0; i < n; i++) {
			a[i] = draw_shape(rng, s);
			b[i] = draw_shape(rng, s) + shift;
		}
		in.seed = k;
		r = compare(&in);
		t.found += r.rows[0].verdict == COMPARE_A_BETTER;
		t.same += r.rows[0].verdict == COMPARE_SAME;
		t.covered += r.rows[0].shift.ci.lo <= shift && shift <= r.rows[0].shift.ci.hi;
		t.bootstrap_covered +=
			r.rows[0].bootstrap.lo <= shift && shift <= r.rows[0].bootstrap.hi;
		compare_result_release(&r);
	}
	gsl_rng_free(rng);
	t.found /= trials;
	t.same /= trials;
	t.covered /= trials;
	t.bootstrap_covered /= trials;
	print_message(
		"%-9s n=%zu shift=%.1f sd: found %.3f, no difference %.3f, interval covers %.3f, bootstrap %.3f\n",
		shape_names[s], n, shift_sd, t.found, t.same, t.covered, t.bootstrap_covered);
	return t;
}

static void test_planted_shift(void **state)
{
	struct tally t;

	(void)state;
	t = simulate(LOGNORMAL, 12, 1, 1000);
	assert_true(t.found >= 0.90);
	assert_true(t.covered >= 0.93);
	/* Normal values: what no test can find at 12 boots takes 1.5 sd or 24 boots (compare.h). */
	print_message("normal    n=12 shift=1.0 sd: the most powerful test finds %.3f\n",
		gsl_cdf_ugaussian_P(sqrt(12 / 2.0) - gsl_cdf_ugaussian_Pinv(0.95)));
	assert_true(gsl_cdf_ugaussian_P(sqrt(12 / 2.0) - gsl_cdf_ugaussian_Pinv(0.95)) < 0.8);
	t = simulate(NORMAL, 12, 1, 1000);
	assert_true(t.found >= 0.55 && t.found <= 0.70);
	assert_true(t.covered >= 0.93);
	assert_true(simulate(NORMAL, 12, 1.5, 1000).found >= 0.90);
	assert_true(simulate(NORMAL, 24, 1, 1000).found >= 0.90);
}

static void test_a_a(void **state)
{
	(void)state;
	for (int s = 0; s < N_SHAPES; s++)
		for (size_t n = 6; n <= 24; n *= 2) {
			struct tally t = simulate((enum shape)s, n, 0, 1000);

			assert_true(t.same >= 0.95 - 0.01); /* 1,000 draws: 0.007 of chance */
			assert_true(t.covered >= 0.93);
		}
}

/* Twenty metrics that do not differ: Holm keeps the chance of any false claim at 5 %. */
static void test_many_metrics(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double v[40][12];
	struct compare_metric m[20];
	struct compare_input in = {
		.name_a = "a", .name_b = "b", .metrics = m, .n_metrics = 20, .resamples = 100};
	unsigned clean = 0;

	(void)state;
	for (int k = 0; k < 20; k++)
		m[k] = (struct compare_metric){"m", "", BETTER_LOWER, v[k], v[20 + k], 12, 12};
	for (int trial = 0; trial < 200; trial++) {
		struct compare_result r;
		bool any = false;

		for (int k = 0; k < 40; k++)
			for (int i = 0; i < 12; i++)
				v[k][i] = gsl_ran_gaussian(rng, 1);
		r = compare(&in);
		for (size_t k = 0; k < r.n_rows; k++)
			any |= r.rows[k].verdict != COMPARE_SAME;
		clean += !any;
		compare_result_release(&r);
	}
	gsl_rng_free(rng);
	print_message("20 metrics, A/A: %u of 200 comparisons without a false claim\n", clean);
	assert_true(clean >= 190);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_shift),
		cmocka_unit_test(test_a_a),
		cmocka_unit_test(test_many_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
