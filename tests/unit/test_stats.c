// SPDX-License-Identifier: GPL-3.0-or-later
/* analysis/stats against what R says (tests/data/stats/values.txt, made by values.R beside it). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stats/stats.h"
#include "base/util.h"

#define VALUES "tests/data/stats/values.txt"
#define MAX_N  128

struct sample {
	double v[MAX_N];
	size_t n;
};

static void assert_near(double got, double want, const char *what)
{
	if (isnan(want) ? isnan(got) : fabs(got - want) <= 1e-9 * fmax(1, fabs(want)))
		return;
	fail_msg("%s: got %.17g, R says %.17g", what, got, want);
}

static struct sample parse_sample(const char *text)
{
	struct sample s = {{0}, 0};
	char *end;

	for (double v = strtod(text, &end); end != text; v = strtod(text, &end)) {
		assert_true(s.n < MAX_N);
		s.v[s.n++] = v;
		text = end;
	}
	return s;
}

static void check_mw(const struct sample *a, const struct sample *b, const struct sample *want)
{
	struct mann_whitney got;
	struct err e = ERR_INIT;

	assert_int_equal(stats_mann_whitney(a->v, a->n, b->v, b->n, &got, &e), 0);
	assert_near(got.u, want->v[0], "W");
	/* R has no p-value for samples that are one value: nothing differs, so 1. */
	assert_near(got.p, isnan(want->v[1]) ? 1 : want->v[1], "p");
	assert_int_equal(got.exact, want->v[2] == 1);
}

static void check_shift(const struct sample *a, const struct sample *b, const struct sample *want)
{
	struct shift got;
	struct err e = ERR_INIT;

	assert_int_equal(stats_shift(a->v, a->n, b->v, b->n, 0.95, &got, &e), 0);
	assert_near(got.estimate, want->v[0], "shift");
	if (a->n == 1) { /* no interval of 95 % exists; R gives one of less and warns */
		assert_true(isinf(got.ci.lo) && isinf(got.ci.hi));
		return;
	}
	assert_near(got.ci.lo, want->v[1], "lower end");
	assert_near(got.ci.hi, want->v[2], "upper end");
	assert_true(got.achieved >= 0.95 && got.achieved < 1);
}

static void check_line(const char *key, const char *rest, struct sample *a, struct sample *b)
{
	struct sample v = parse_sample(rest);

	if (!strcmp(key, "a") || !strcmp(key, "p"))
		*a = v;
	else if (!strcmp(key, "b"))
		*b = v;
	else if (!strcmp(key, "mw"))
		check_mw(a, b, &v);
	else if (!strcmp(key, "shift"))
		check_shift(a, b, &v);
	else if (!strcmp(key, "delta"))
		assert_near(stats_cliffs_delta(a->v, a->n, b->v, b->n), v.v[0], key);
	else if (!strcmp(key, "quantile"))
		assert_near(stats_quantile(b->v, b->n, v.v[0]), v.v[1], key);
	else if (!strcmp(key, "median")) {
		struct interval got = stats_median_interval(b->v, b->n, 0.95);

		assert_near(got.lo, v.v[0], "median from");
		assert_near(got.hi, v.v[1], "median to");
	} else if (!strcmp(key, "adjusted")) {
		stats_holm(a->v, a->n, a->v);
		for (size_t i = 0; i < v.n; i++)
			assert_near(a->v[i], v.v[i], key);
	} else
		assert_true(!strcmp(key, "case") || !strcmp(key, "holm"));
}

static void test_as_r(void **state)
{
	struct err e = ERR_INIT;
	auto_free char *text = read_file(VALUES, 1 << 20, NULL, &e);
	struct sample a = {{0}, 0}, b = {{0}, 0};
	unsigned lines = 0;
	char *save = NULL;

	(void)state;
	assert_non_null(text);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(l, ' ');

		if (*l == '#' || !space)
			continue;
		*space = '\0';
		check_line(l, space + 1, &a, &b);
		lines++;
	}
	assert_true(lines > 150);
}

static void test_edges(void **state)
{
	double one[] = {4}, bad[] = {1, NAN};
	struct mann_whitney mw;
	struct shift s;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(isnan(stats_median(NULL, 0)));
	assert_true(isnan(stats_quantile_sorted(NULL, 0, 0.5)));
	assert_true(isinf(stats_median_interval(bad, 0, 0.95).lo));
	assert_true(isinf(stats_median_interval((double[]){1, 2, 3, 4, 5}, 5, 0.95).hi));
	assert_true(stats_median_interval((double[]){6, 2, 3, 4, 5, 1}, 6, 0.95).hi == 6);
	assert_true(isnan(stats_sd(one, 1)));
	assert_true(isnan(stats_cliffs_delta(one, 1, NULL, 0)));
	assert_near(stats_median(one, 1), 4, "median of one");
	assert_int_equal(stats_mann_whitney(one, 1, NULL, 0, &mw, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "sample b has 0 values"));
	assert_int_equal(stats_shift(bad, 2, one, 1, 0.95, &s, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "not finite"));
	assert_int_equal(stats_shift(one, STATS_MAX_SAMPLE + 1, one, 1, 0.95, &s, &e), -EINVAL);
}

static void test_cliffs_words(void **state)
{
	(void)state;
	assert_string_equal(stats_cliffs_word(0.1), "negligible");
	assert_string_equal(stats_cliffs_word(-0.147), "small");
	assert_string_equal(stats_cliffs_word(0.33), "medium");
	assert_string_equal(stats_cliffs_word(-0.9), "large");
}

static void test_holm_skips_nan(void **state)
{
	double p[] = {0.01, NAN, 0.04}, out[3];

	(void)state;
	stats_holm(p, 3, out);
	assert_near(out[0], 0.02, "first");
	assert_true(isnan(out[1]));
	assert_near(out[2], 0.04, "last");
	stats_holm(NULL, 0, NULL);
}

static void test_bootstrap_is_seeded(void **state)
{
	double a[] = {1, 2, 3, 4, 5, 6, 7}, b[] = {2.5, 3.5, 4.5, 5.5, 6.5, 9};
	struct interval x, y;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(stats_shift_bootstrap(a, 7, b, 6, 0.95, 1000, 42, &x, &e), 0);
	assert_int_equal(stats_shift_bootstrap(a, 7, b, 6, 0.95, 1000, 42, &y, &e), 0);
	assert_true(x.lo == y.lo && x.hi == y.hi && x.lo < 1.5 && x.hi > 1.5);
	assert_int_equal(stats_shift_bootstrap(a, 7, b, 6, 0.95, 10, 42, &x, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_r),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_cliffs_words),
		cmocka_unit_test(test_holm_skips_nan),
		cmocka_unit_test(test_bootstrap_is_seeded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
