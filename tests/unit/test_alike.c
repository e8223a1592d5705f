// SPDX-License-Identifier: GPL-3.0-or-later
/* report/compare/alike, headline: what people are shown of a comparison, and which sentence first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "report/compare/alike.h"
#include "report/compare/headline.h"

#define N 8
static double late[2][N], lower[2][N], sleep_of[2][N], steal[2][N], delay[2][N], other[2][N],
	job[2][N], zero[2][N], clock_ns[2][N];

static void fill(void)
{
	for (int arm = 0; arm < 2; arm++)
		for (int i = 0; i < N; i++) {
			late[arm][i] = (arm ? 1000 : 4000) + 37 * (i * 5 % N);
			sleep_of[arm][i] = late[arm][i] + 10000 + i;
			lower[arm][i] = late[arm][i] / 2;
			steal[arm][i] = 300 + 11 * (i * 3 % N);
			delay[arm][i] = steal[arm][i] + (i % 2 ? 4 : -3);
			other[arm][i] = steal[arm][i] + 40 * (i % 3);
			job[arm][i] = 50 + i;
			clock_ns[arm][i] = 90 + i;
		}
}

#define ROW(name, unit, better, v)                                                                 \
	{                                                                                          \
		name, unit, better, v[0], v[1], N, N                                               \
	}
static const struct compare_metric METRICS[] = {
	ROW("clock.error", "ns", BETTER_LOWER, clock_ns),
	ROW("steal.rate", "ms/s", BETTER_LOWER, steal),
	ROW("run_delay.rate", "ms/s", BETTER_LOWER, delay),
	ROW("gap.rate", "ms/s", BETTER_LOWER, other),
	ROW("timer.late.p50", "us", BETTER_LOWER, lower),
	ROW("timer.late.p99", "us", BETTER_LOWER, late),
	ROW("sleep.elapsed.p99", "us", BETTER_LOWER, sleep_of),
	ROW("throttle.rate", "ms/s", BETTER_LOWER, zero),
	{"job.time", "s", BETTER_LOWER, NULL, NULL, 0, 0},
};

static void names_of(const struct compare_result *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->n_rows; i++)
		text_add(out, "%s ", r->rows[i].metric->name);
}

static void test_set(void **state)
{
	const struct compare_input in = {.name_a = "float",
		.name_b = "pinned",
		.metrics = METRICS,
		.n_metrics = ARRAY_SIZE(METRICS)};
	struct compare_result r;
	const struct compare_set set = {&r, 1, false, NULL};
	struct strbuf names = {0}, words = {0};
	struct alike shown;
	struct err e = ERR_INIT;

	(void)state;
	fill();
	assert_int_equal(compare_each(&in, 1, &r, &e), 0);
	alike_make(&set, NULL, 0, &shown);
	names_of(&shown.set.results[0], &names);
	/* What answers first, the instrument last; the others in their order. */
	assert_string_equal(
		names.text, "timer.late.p99 steal.rate gap.rate timer.late.p50 clock.error ");
	assert_int_equal(shown.own, 4);
	assert_string_equal(shown.notes.text,
		"run_delay.rate draws the curve of steal.rate: within 4.00 ms/s in every boot\n"
		"sleep.elapsed.p99 is timer.late of the same boot and a period of 10.0 ms: within 7.00 us in every boot\n"
		"0 in every boot: throttle.rate\n"
		"not provided by either: job.time\n");
	assert_int_equal(r.n_rows, ARRAY_SIZE(METRICS)); /* JSON and CSV have all */
	headline_of_set(&shown.set, &words);
	assert_ptr_equal(strstr(words.text, "pinned is better: timer.late.p99 -3"), words.text);
	assert_non_null(strstr(words.text, "Of 5 metrics pinned is better in 2, worse in 0"));
	alike_release(&shown);
	compare_result_release(&r);
	strbuf_release(&names);
	strbuf_release(&words);
}

/* A twin whose verdict is another one is not hidden; nor is one that lies beside in one boot. */
static void test_twins_that_are_none(void **state)
{
	const struct compare_input in = {
		.name_a = "float", .name_b = "pinned", .metrics = METRICS + 1, .n_metrics = 2};
	struct compare_result r;
	const struct compare_set set = {&r, 1, false, NULL};
	struct alike shown;
	struct err e = ERR_INIT;

	(void)state;
	fill();
	assert_int_equal(compare_each(&in, 1, &r, &e), 0);
	r.rows[1].verdict = COMPARE_A_BETTER;
	alike_make(&set, NULL, 0, &shown);
	assert_int_equal(shown.n, 2);
	alike_release(&shown);
	r.rows[1].verdict = r.rows[0].verdict;
	alike_make(&set, NULL, 0, &shown);
	assert_int_equal(shown.n, 1);
	alike_release(&shown);
	delay[1][3] += 200;
	alike_make(&set, NULL, 0, &shown);
	assert_int_equal(shown.n, 2);
	alike_release(&shown);
	compare_result_release(&r);
}

static void test_sweeps(void **state)
{
	static const double one[] = {1, 2, 3}, two[] = {600, 610, 620}, like[] = {602, 608, 621},
			    none[] = {0, 0, 0};
	const struct sweep_point p[] = {{"1", one, 3}, {"2", two, 3}, {"4", two, 3}},
				 q[] = {{"1", one, 3}, {"2", like, 3}, {"4", two, 3}},
				 z[] = {{"1", none, 3}, {"2", none, 3}, {"4", none, 3}};
	const struct sweep_line lp = {"", p, 3}, lq = {"", q, 3}, lz = {"", z, 3};
	const struct sweep s[] = {{"lab.overcommit", "harness.cpu", "%", &lp, 1},
		{"lab.overcommit", "steal.rate", "ms/s", &lp, 1},
		{"lab.overcommit", "wait.rate", "ms/s", &lq, 1},
		{"lab.overcommit", "throttle.rate", "ms/s", &lz, 1}};
	struct strbuf words = {0}, text = {0};
	struct alike shown;

	(void)state;
	alike_make(NULL, s, 4, &shown);
	assert_int_equal(shown.n, 2);
	assert_string_equal(shown.sweeps[0].metric, "steal.rate");
	assert_string_equal(shown.sweeps[1].metric, "harness.cpu");
	headline_of_sweep(&shown.sweeps[0], &words);
	assert_string_equal(words.text,
		"steal.rate by lab.overcommit: 2.00 ms/s at 1, 610 ms/s at 4; its largest step is from 1 to 2\n");
	sweep_report_text(s, 4, &text);
	assert_non_null(
		strstr(text.text, "wait.rate draws the curve of steal.rate: within 2.00 ms/s"));
	assert_non_null(strstr(text.text, "0 in every boot: throttle.rate\n"));
	alike_release(&shown);
	strbuf_release(&words);
	strbuf_release(&text);
}

/* Point by point: one line for each variant. */
static void test_points(void **state)
{
	const char *points[] = {"lab.overcommit=1", "lab.overcommit=2", "lab.overcommit=4"};
	struct compare_metric m[3] = {ROW("timer.late.p99", "us", BETTER_LOWER, late),
		{"timer.late.p99", "us", BETTER_LOWER, late[1], late[0], N, N},
		{"timer.late.p99", "us", BETTER_LOWER, late[0], late[0], N, N}};
	struct compare_input in[3];
	struct compare_result r[3];
	const struct compare_set set = {r, 3, true, NULL};
	struct strbuf words = {0};
	struct err e = ERR_INIT;

	(void)state;
	fill();
	for (size_t i = 0; i < 3; i++)
		in[i] = (struct compare_input){.name_a = "float",
			.name_b = "pinned",
			.point = points[i],
			.metrics = &m[i],
			.n_metrics = 1};
	assert_int_equal(compare_each(in, 3, r, &e), 0);
	headline_of_set(&set, &words);
	assert_string_equal(words.text,
		"pinned against float, timer.late.p99: better at lab.overcommit=1; worse at lab.overcommit=2; same at lab.overcommit=4\n");
	for (size_t i = 0; i < 3; i++)
		compare_result_release(&r[i]);
	strbuf_release(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_twins_that_are_none),
		cmocka_unit_test(test_sweeps),
		cmocka_unit_test(test_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
