/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metric table and its document, histograms, series, expectations.
 * `build/tests/test_metrics --write` renews docs/metrics.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/stats/series.h"

#define DOC "docs/metrics.md"

static char *document(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	metrics_print_markdown(f);
	fclose(f);
	return text;
}

static void test_table_is_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *m = &metric_table[i];

		assert_non_null(m->name);
		assert_true(*m->unit && *m->from && strlen(m->doc) > 10);
		assert_int_equal(metric_find(m->name, NULL), i);
	}
	assert_int_equal(metric_find("no.such", NULL), METRIC_COUNT);
}

/* A part of a metric has its name behind a colon; only where the row says that it has parts. */
static void test_parts(void **state)
{
	const char *part = "?";

	(void)state;
	assert_int_equal(metric_find("blame.share:hog:1", &part), METRIC_BLAME_SHARE);
	assert_string_equal(part, "hog:1");
	assert_int_equal(metric_find("steal.rate", &part), METRIC_STEAL_RATE);
	assert_null(part);
	assert_int_equal(metric_find("blame.share:hog", NULL), METRIC_COUNT);
	assert_int_equal(metric_find("blame.share:", &part), METRIC_COUNT);
	assert_int_equal(metric_find("steal.rate:x", &part), METRIC_COUNT);
}

/* What the metric is made from names the probe that it is refused without. */
static void test_probe_in_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		if (metric_table[i].need == NEED_PROBE)
			assert_non_null(strstr(metric_table[i].from,
				word_of(&words_probe, metric_table[i].probe)));
}

static void test_document_is_current(void **state)
{
	struct err e = ERR_INIT;
	auto_free char *now = document(), *file = read_file(DOC, 1 << 20, NULL, &e);

	(void)state;
	if (!file || strcmp(now, file) != 0)
		fail_msg(
			"%s is not what the table says; run build/tests/test_metrics --write", DOC);
}

/* ---- histogram */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_quantiles_are_within_the_stated_error(void **state)
{
	static const double q[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	enum { N = 20000 };
	uint64_t *v = xcalloc(N, sizeof(*v));
	struct hist h = {0};

	(void)state;
	srand(11);
	for (int i = 0; i < N; i++) {
		v[i] = (uint64_t)rand() >> (rand() % 31) << (rand() % 20);
		hist_add(&h, v[i]);
	}
	qsort(v, N, sizeof(*v), by_value);
	for (size_t i = 0; i < ARRAY_SIZE(q); i++) {
		size_t rank = q[i] * N <= 1 ? 0 : (size_t)ceil(q[i] * N) - 1;
		double exact = (double)v[rank], got = (double)hist_quantile(&h, q[i]);

		assert_true(fabs(got - exact) <= exact * HIST_RELATIVE_ERROR + 0.5);
	}
	assert_int_equal(hist_quantile(&h, 1), v[N - 1]);
	assert_int_equal(h.min, v[0]);
	hist_release(&h);
	free(v);
}

static void test_buckets_tile_the_numbers(void **state)
{
	uint64_t next = 0;

	(void)state;
	for (size_t i = 0; i < 14592; i++) {
		assert_true(hist_bucket_low(i) == next);
		next = hist_bucket_low(i) + hist_bucket_width(i);
	}
	assert_true(next == 0); /* 2^64 */
}

/* The smallest value that so many are not above: of four, a little over half is the third. */
static void test_quantile_ranks(void **state)
{
	struct hist h = {0};

	(void)state;
	for (uint64_t v = 1; v <= 4; v++)
		hist_add(&h, v);
	assert_int_equal(hist_quantile(&h, 0.5), 2);
	assert_int_equal(hist_quantile(&h, 0.51), 3);
	assert_int_equal(hist_quantile(&h, 0.75), 3);
	assert_int_equal(hist_quantile(&h, 0.76), 4);
	hist_release(&h);
}

static void test_hist_ends_and_merge(void **state)
{
	struct hist a = {0}, b = {0};

	(void)state;
	assert_int_equal(hist_quantile(&a, 0.5), 0);
	hist_add(&a, UINT64_MAX);
	hist_add(&a, 0);
	assert_true(hist_quantile(&a, 1) == UINT64_MAX);
	assert_int_equal(hist_quantile(&a, 0.5), 0);
	hist_merge(&b, &a);
	hist_merge(&b, &a);
	assert_int_equal(b.total, 4);
	assert_true(b.max == UINT64_MAX);
	hist_release(&a);
	hist_release(&b);
}

/* ---- series */

static void test_spans_are_split_and_clipped(void **state)
{
	struct series_acc s;
	auto_free double *v = NULL;

	(void)state;
	series_begin(&s, 1000, 1000 + 35, 10);
	assert_int_equal(s.n, 4);
	assert_null(series_rates(&s));
	series_span(&s, 995, 1015, 20); /* one ns per ns; five before the window */
	series_span(&s, 1030, 1045, 0);
	series_span(&s, 5, 3, 1);
	v = series_rates(&s);
	assert_true(v[0] == 1000 && v[1] == 1000);
	assert_true(isnan(v[2]));
	assert_true(v[3] == 0);
	series_free(&s);
}

static void test_maxima(void **state)
{
	struct series_acc s;
	auto_free double *v = NULL;

	(void)state;
	series_begin(&s, 0, 30, 10);
	series_max(&s, 5, 2);
	series_max(&s, 9, 7);
	series_max(&s, 29, 1);
	series_max(&s, 30, 99);
	v = series_maxima(&s);
	assert_true(v[0] == 7 && isnan(v[1]) && v[2] == 1);
	series_free(&s);
}

static void test_series_is_bounded(void **state)
{
	struct series_acc s;

	(void)state;
	series_begin(&s, 0, UINT64_MAX - 20, 10);
	assert_int_equal(s.n, SERIES_MAX_BINS);
	series_span(&s, 0, UINT64_MAX - 21, 1);
	series_max(&s, UINT64_MAX - 22, 1);
	series_free(&s);
}

/* ---- expectations */

static struct run_expect expect_of(const char *metric, const char *relation, double value)
{
	return (struct run_expect){.text = (char *)"t",
		.variant = (char *)"",
		.guest = (char *)"",
		.metric = (char *)(uintptr_t)metric,
		.relation = (char *)(uintptr_t)relation,
		.value = value,
		.other_metric = (char *)"",
		.other_variant = (char *)"",
		.other_guest = (char *)""};
}

struct rig {
	struct analysis a;
	struct analysis_guest g[3];
	struct run_expect x;
};

/* Guests "v-0" (steal 100), "v-1" (steal 200), noise "hog" (steal 900). */
static void rig_make(struct rig *r, const char *variant, struct run_expect x)
{
	static const char *const names[] = {"v-0", "v-1", "hog"};
	static const double steal[] = {100, 200, 900};

	memset(r, 0, sizeof(*r));
	r->x = x;
	r->a.info.variant = (char *)(uintptr_t)variant;
	r->a.info.expects = &r->x;
	r->a.info.n_expects = 1;
	r->a.guests = r->g;
	r->a.n_guests = 3;
	for (int i = 0; i < 3; i++) {
		r->g[i].name = names[i];
		r->g[i].is_noise = i == 2;
		r->g[i].metrics[METRIC_STEAL_RATE] =
			(struct metric_value){.have = true, .value = steal[i]};
	}
}

static enum verdict judge(const struct rig *one, const struct rig *two, double *got)
{
	const struct analysis *set[2] = {&one->a, two ? &two->a : NULL};
	struct expect_result *r;
	struct err e = ERR_INIT;
	enum verdict v;
	size_t n;

	assert_int_equal(analysis_judge(set, two ? 2 : 1, &r, &n, &e), 0);
	assert_true(n >= 1);
	assert_true(strlen(r[0].why) > 5);
	v = r[0].verdict;
	if (got)
		*got = r[0].got;
	expect_results_free(r, n);
	return v;
}

static void test_every_guest_must_meet_it(void **state)
{
	struct rig r;
	double got;

	(void)state;
	rig_make(&r, "base", expect_of("steal.rate", "<", 150));
	assert_int_equal(judge(&r, NULL, &got), VERDICT_FAIL);
	assert_true(got == 200);
	rig_make(&r, "base", expect_of("steal.rate", "<=", 200));
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_PASS);
	r.x.guest = (char *)"hog";
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_FAIL);
	r.x.guest = (char *)"v";
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_PASS);
	r.x.guest = (char *)"nobody";
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_UNKNOWN);
}

static void test_missing_is_unknown_not_zero(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, "base", expect_of("wait.rate", "<", 150));
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_UNKNOWN);
	rig_make(&r, "base", expect_of("no.such", "<", 150));
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_UNKNOWN);
	rig_make(&r, "base", expect_of("steal.rate", "~", 150));
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_UNKNOWN);
}

static void test_within(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r, "base", expect_of("steal.rate", "within", 150));
	r.x.tolerance = 0.34;
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_PASS);
	r.x.tolerance = 0.32;
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_FAIL);
	/* From below and from above, each by itself. */
	for (int i = 0; i < 2; i++) {
		r.x.guest = (char *)r.g[i].name;
		r.x.tolerance = 0.34;
		assert_int_equal(judge(&r, NULL, NULL), VERDICT_PASS);
		r.x.tolerance = 0.32;
		assert_int_equal(judge(&r, NULL, NULL), VERDICT_FAIL);
	}
}

static void test_against_another_variant(void **state)
{
	struct rig a, b;
	struct run_expect x = expect_of("steal.rate", "<", 0.5);

	(void)state;
	x.variant = (char *)"pinned";
	x.other_metric = (char *)"steal.rate";
	x.other_variant = (char *)"base";
	rig_make(&a, "base", x);
	rig_make(&b, "pinned", x);
	assert_int_equal(judge(&a, &b, NULL), VERDICT_FAIL);
	b.g[0].metrics[METRIC_STEAL_RATE].value = 49;
	b.g[1].metrics[METRIC_STEAL_RATE].value = 99;
	assert_int_equal(judge(&a, &b, NULL), VERDICT_PASS);
	assert_int_equal(judge(&a, NULL, NULL), VERDICT_UNKNOWN);
}

static void test_mean_over_repeats(void **state)
{
	struct rig a, b;
	double got;

	(void)state;
	rig_make(&a, "base", expect_of("steal.rate", "<", 160));
	rig_make(&b, "base", expect_of("steal.rate", "<", 160));
	b.g[1].metrics[METRIC_STEAL_RATE].value = 100;
	assert_int_equal(judge(&a, &b, &got), VERDICT_PASS);
	assert_true(got == 100 || got == 150);
}

static void test_blame_share_of_a_name(void **state)
{
	struct blame_row rows[] = {{0, 0, (char *)"noise hog", CULPRIT_NOISE, 75, 1, 75},
		{0, 0, (char *)"process x", CULPRIT_PROCESS, 25, 1, 25},
		{1, 0, (char *)"noise hog", CULPRIT_NOISE, 5, 1, 100}};
	struct rig r;

	(void)state;
	rig_make(&r, "base", expect_of("blame.share:hog", ">=", 75));
	r.a.blame = rows;
	r.a.n_blame = 3;
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_PASS);
	r.x.value = 76;
	assert_int_equal(judge(&r, NULL, NULL), VERDICT_FAIL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_probe_in_words),
		cmocka_unit_test(test_document_is_current),
		cmocka_unit_test(test_quantiles_are_within_the_stated_error),
		cmocka_unit_test(test_buckets_tile_the_numbers),
		cmocka_unit_test(test_quantile_ranks),
		cmocka_unit_test(test_hist_ends_and_merge),
		cmocka_unit_test(test_spans_are_split_and_clipped),
		cmocka_unit_test(test_maxima),
		cmocka_unit_test(test_series_is_bounded),
		cmocka_unit_test(test_every_guest_must_meet_it),
		cmocka_unit_test(test_missing_is_unknown_not_zero),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_against_another_variant),
		cmocka_unit_test(test_mean_over_repeats),
		cmocka_unit_test(test_blame_share_of_a_name),
	};

	if (argc > 1 && !strcmp(argv[1], "--write")) {
		auto_free char *text = document();

		return write_file(DOC, text, strlen(text), NULL) ? 1 : 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
