// SPDX-License-Identifier: GPL-3.0-or-later
/* analysis/signed_rank against what R says (tests/data/stats/paired.txt, made by paired.R beside
 * it). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stats/signed_rank.h"
#include "base/util.h"

#define VALUES "tests/data/stats/paired.txt"
#define MAX_N  128

struct sample {
	double v[MAX_N];
	size_t n;
};

static void assert_near(double got, double want, const char *what)
{
	if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want))))
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

static void check_test(const struct sample *d, const struct sample *want)
{
	struct signed_rank got;
	struct err e = ERR_INIT;

	assert_int_equal(signed_rank_test(d->v, d->n, &got, &e), 0);
	assert_near(got.v, want->v[0], "V");
	assert_near(got.p, want->v[1], "p");
	assert_int_equal(got.exact, want->v[2] == 1);
}

static void check_shift(const struct sample *d, const struct sample *want)
{
	struct shift got;
	struct err e = ERR_INIT;

	assert_int_equal(signed_rank_shift(d->v, d->n, 0.95, &got, &e), 0);
	assert_near(got.estimate, want->v[0], "shift");
	assert_near(got.ci.lo, want->v[1], "lower end");
	assert_near(got.ci.hi, want->v[2], "upper end");
	assert_true(got.achieved >= 0.95 && got.achieved < 1);
}

static void test_as_r(void **state)
{
	struct err e = ERR_INIT;
	auto_free char *text = read_file(VALUES, 1 << 20, NULL, &e);
	struct sample d = {{0}, 0};
	unsigned tests = 0, shifts = 0;
	char *save = NULL;

	(void)state;
	assert_non_null(text);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(l, ' ');
		struct sample v = parse_sample(space ? space : "");

		if (!strncmp(l, "d ", 2)) {
			d = v;
		} else if (!strncmp(l, "test ", 5)) {
			check_test(&d, &v);
			tests++;
		} else if (!strncmp(l, "shift ", 6)) {
			check_shift(&d, &v);
			shifts++;
		} else {
			assert_true(*l == '#' || !strncmp(l, "case ", 5));
		}
	}
	assert_int_equal(tests, 14);
	assert_int_equal(shifts, 11);
}

/* What can be counted by hand. */
static void test_edges(void **state)
{
	const double bad[] = {1, INFINITY}, up[] = {3, 1, 2, 5, 4}, mixed[] = {0, 2, -1, 4};
	struct signed_rank t;
	struct shift s;
	struct interval i;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(signed_rank_test(up, 5, &t, &e), 0);
	assert_near(t.v, 15, "V of five of one sign");
	assert_near(t.p, 2.0 / 32, "p of five of one sign");
	assert_near(signed_rank_least_p(5), t.p, "least p");
	assert_near(signed_rank_least_p(0), 1, "least p of nothing");
	assert_int_equal(signed_rank_shift(up, 5, 0.95, &s, &e), 0);
	assert_true(s.estimate == 3 && isinf(s.ci.lo) && isinf(s.ci.hi));
	assert_near(signed_rank_delta(mixed, 4), 0.25, "delta");
	assert_true(isnan(signed_rank_delta(NULL, 0)));
	assert_int_equal(signed_rank_test(NULL, 0, &t, &e), -EINVAL);
	assert_int_equal(signed_rank_test(bad, 2, &t, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "not finite"));
	assert_int_equal(signed_rank_shift(up, STATS_MAX_SAMPLE + 1, 0.95, &s, &e), -EINVAL);
	assert_int_equal(signed_rank_bootstrap(up, 5, 0.95, 99, 1, &i, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "99 resamples"));
}

/* Beyond the exact distribution the interval is that of the normal approximation: of 60 values the
 * 648th Walsh average from either end, where the exact one (R's qsignrank(0.025, 60)) is the
 * 649th. */
static void test_many(void **state)
{
	double d[60], averages[1830];
	size_t n = 0;
	struct shift s;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 60; i++)
		d[i] = i * i;
	for (int i = 0; i < 60; i++)
		for (int j = i; j < 60; j++)
			averages[n++] = (d[i] + d[j]) / 2;
	stats_sort(averages, n);
	assert_int_equal(signed_rank_shift(d, 60, 0.95, &s, &e), 0);
	assert_true(isnan(s.achieved));
	assert_near(s.ci.lo, averages[647], "648th");
	assert_near(s.ci.hi, averages[1830 - 648], "648th from above");
}

static void test_bootstrap_is_seeded(void **state)
{
	const double d[] = {1, 2.5, 3, 4.25, 5, 6, 7};
	struct interval x, y;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(signed_rank_bootstrap(d, 7, 0.95, 1000, 42, &x, &e), 0);
	assert_int_equal(signed_rank_bootstrap(d, 7, 0.95, 1000, 42, &y, &e), 0);
	assert_true(x.lo == y.lo && x.hi == y.hi);
	assert_true(x.lo >= 1 && x.lo < 4 && x.hi > 4.25 && x.hi <= 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_r),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bootstrap_is_seeded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
