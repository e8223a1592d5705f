// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How often analysis/compare is right within blocks, and beside it as independent samples, on boots
 * from seeded generators whose blocks differ. The shares found are printed. Computes only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "made_comparison.h"
#include "made_shapes.h"

struct tally {
	double found, same, covered;
};

/* Boots of total variance 1 (in units of the shape's sd), `share` of it between blocks. */
static void draw(gsl_rng *rng, enum shape s, double share, size_t n, double *a, double *b)
{
	for (size_t i = 0; i < n; i++) {
		double block = gsl_ran_gaussian(rng, shape_sd[s] * sqrt(share));
		double within = sqrt(1 - share);

		a[i] = block + within * draw_shape(rng, s);
		b[i] = block + within * draw_shape(rng, s);
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
		"%-9s n=%zu, %.0f %% of the variance between blocks, shift %.1f sd, %s: found %.3f, no difference %.3f, interval covers %.3f\n",
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
	print_message(
		"most powerful test of 12 differences, half the variance between blocks: %.3f\n",
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
		for (size_t n = 7; n <= 28; n *= 2) {
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

/* How often two standard deviations of one among twenty metrics are found with as few blocks as are
 * compared within at all: when at most the smallest difference has another sign. */
static double find_one_of_many(double share, bool blocked)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double a[20][11], b[20][11], found = 0;
	struct compare_metric m[20];
	struct compare_input in = input(m, 20);

	in.blocks = blocked ? &SIDE_BY_SIDE : NULL;
	for (int k = 0; k < 20; k++)
		m[k] = metric(a[k], 11, b[k], 11);
	for (int trial = 0; trial < 500; trial++) {
		struct compare_result r;

		for (int k = 0; k < 20; k++)
			draw(rng, NORMAL, share, 11, a[k], b[k]);
		for (int i = 0; i < 11; i++)
			b[0][i] += 2;
		r = compare(&in);
		found += r.rows[0].verdict == COMPARE_A_BETTER;
		compare_result_release(&r);
	}
	gsl_rng_free(rng);
	print_message(
		"one of 20 metrics, normal n=11, %.0f %% of the variance between blocks, shift 2.0 sd, %s: found %.3f\n",
		100 * share, blocked ? "within blocks" : "independent", found / 500);
	return found / 500;
}

static void test_least_blocks(void **state)
{
	double within = find_one_of_many(0.5, true), apart = find_one_of_many(0.5, false);

	(void)state;
	assert_true(within >= 0.85 && within >= apart - 0.05);
	/* Blocks that are alike cost most here. */
	within = find_one_of_many(0, true);
	apart = find_one_of_many(0, false);
	assert_true(within >= 0.50 && apart >= 0.75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_shift),
		cmocka_unit_test(test_a_a),
		cmocka_unit_test(test_many_metrics),
		cmocka_unit_test(test_least_blocks),
	};

	return cmocka_run_group_tests(tests, number_blocks, NULL);
}
