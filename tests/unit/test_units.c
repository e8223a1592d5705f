// SPDX-License-Identifier: GPL-3.0-or-later
/* Units of one kind, wherever a number with a unit is expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "terms/metrics.h"
#include "scenario/experiment.h"
#include "scenario/units.h"

static double factor(const char *given, const char *unit)
{
	double f = 0;

	return unit_factor(given, unit, &f) ? f : 0;
}

static void test_factors(void **state)
{
	(void)state;
	assert_float_equal(factor("ms", "us"), 1000, 0);
	assert_float_equal(factor("ns", "us"), 0.001, 1e-15);
	assert_float_equal(factor("min", "s"), 60, 0);
	assert_float_equal(factor("us/s", "ms/s"), 0.001, 1e-15);
	assert_float_equal(factor("%", "ms/s"), 10, 0);
	assert_float_equal(factor("s/s", "ms/s"), 1000, 0);
	assert_float_equal(factor("%", "%"), 1, 0);
	assert_float_equal(factor("/min", "1/s"), 1 / 60.0, 1e-15);
	assert_float_equal(factor("1/s", "units/s"), 1, 0);
	assert_float_equal(factor("MB/s", "GB/s"), 0.001, 1e-15);
	assert_float_equal(factor("MiB/s", "GB/s"), 1.048576e-3, 1e-15);
}

static void test_other_kinds(void **state)
{
	static const char *const pairs[][2] = {{"ms", "ms/s"}, {"ms/s", "us"}, {"MB/s", "us"},
		{"ms/s", "%"}, {"s", "%"}, {"%", "us"}, {"", "us"}, {"us ", "us"}, {"US", "us"},
		{"units/s", "1/s"}, {"KB/s", "GB/s"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (factor(pairs[i][0], pairs[i][1]) != 0)
			fail_msg("%s taken for %s", pairs[i][0], pairs[i][1]);
}

/* The table of metrics knows no unit that is not known here. */
static void test_all_metrics(void **state)
{
	char choices[64];

	(void)state;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		assert_float_equal(factor(metric_table[i].unit, metric_table[i].unit), 1, 0);
		assert_non_null(
			strstr(unit_choices(metric_table[i].unit, choices), metric_table[i].unit));
	}
	assert_string_equal(unit_choices("us", choices), "ns, us, ms, s, min or h");
}

/* The first expectation's text, or the message about it. Caller frees. */
static char *expected(const char *expect)
{
	auto_free char *xml = xasprintf(
		"<scenario name=\"x\" duration=\"20s\"><guest name=\"g\"><timer/><job/></guest><variant name=\"a\"/><variant name=\"b\"/><expect guest=\"g\" variant=\"a\" %s/></scenario>",
		expect);
	struct scenario_msgs msgs = {0};
	struct experiment x = {0};
	struct strbuf out = {0};

	if (scenario_load_text("x", xml, strlen(xml), NULL, 0, &x, &msgs))
		scenario_msgs_format(&msgs, &out);
	else
		strbuf_add(&out, "%s", x.configs[0].expects[0].text);
	experiment_release(&x);
	scenario_msgs_release(&msgs);
	return out.text;
}

static void test_expect(void **state)
{
	static const char *const rows[][2] = {
		{"metric=\"timer.late.max\" below=\"20ms\"", "timer.late.max of g below 20000 us"},
		{"metric=\"timer.late.max\" below=\"20 ms\"", "timer.late.max of g below 20000 us"},
		{"metric=\"timer.late.max\" below=\"20\"", "timer.late.max of g below 20 us"},
		{"metric=\"steal.rate\" at-least=\"5%\"", "steal.rate of g at-least 50 ms/s"},
		{"metric=\"steal.rate\" above=\"-0.5s/s\"", "steal.rate of g above -500 ms/s"},
		{"metric=\"migrations.rate\" below=\"6 1/min\"",
			"migrations.rate of g below 0.1 1/s"},
		{"metric=\"migrations.rate\" below=\"6/min\"",
			"migrations.rate of g below 0.1 1/s"},
		{"metric=\"job.time\" near=\"1500ms\" tolerance=\"10%\"",
			"job.time of g near 1.5 s +- 10 %"},
		{"metric=\"timer.late.p99\" below=\"80%\" of-variant=\"b\"",
			"timer.late.p99 of g below 0.8 x timer.late.p99 of g in b"},
		/* Wrong kinds: what would be right. */
		{"metric=\"timer.late.max\" below=\"20ms/s\"",
			"'20ms/s': timer.late.max is in us; write below in ns, us, ms, s, min or h"},
		{"metric=\"steal.rate\" below=\"20ms\"",
			"'20ms': steal.rate is in ms/s; write below in ms/s, us/s, ns/s, s/s or %"},
		{"metric=\"late.explained\" below=\"20ms\"",
			"'20ms': late.explained is in %; write below in %"},
		{"metric=\"timer.late.p99\" below=\"2ms\" of-variant=\"b\"",
			"'2ms': beside of-metric, of-variant or of-guest it is a factor; write it without a unit, or in %"},
		{"metric=\"job.time\" near=\"1s\" tolerance=\"2ms\"",
			"'2ms' must be a part of the value, at most 100%, as 5% or 0.05"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = expected(rows[i][0]);

		if (!strstr(got, rows[i][1]))
			fail_msg("%s:\n got %s\n not %s", rows[i][0], got, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_factors),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_all_metrics),
		cmocka_unit_test(test_expect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
