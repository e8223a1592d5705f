// SPDX-License-Identifier: GPL-3.0-or-later
// The number in what a <measure> printed, and the words of its command.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/words.h"
#include "record/measure_number.h"

static double number(const char *pattern, const char *json, const char *text)
{
	struct err e = ERR_INIT;
	double v = NAN;

	if (measure_number(pattern, json, text, strlen(text), &v, &e)) {
		assert_true(isnan(v));
		assert_true(e.msg[0]);
	}
	return v;
}

static void test_alone(void **state)
{
	(void)state;
	assert_true(number("", "", "12.5\n") == 12.5);
	assert_true(number("", "", "  -3e2 ") == -300);
	assert_true(isnan(number("", "", "")));
	assert_true(isnan(number("", "", "12.5 us")));
	assert_true(isnan(number("", "", "nan")));
	assert_true(isnan(number("", "", "inf")));
	assert_true(isnan(number("", "", "0x10")));
	assert_true(isnan(number("", "", "1e999")));
}

static void test_pattern(void **state)
{
	(void)state;
	/* The last line that matches; ^ and $ are ends of lines. */
	assert_true(number("rate: ([0-9.]+)", "", "rate: 1\nrate: 2.5\nend\n") == 2.5);
	assert_true(number("^([0-9]+)$", "", "1\n22\n333\n4 x\n") == 333);
	assert_true(number("^a ([0-9]+)", "", "b a 9\na 7\n") == 7);
	assert_true(isnan(number("rate: ([0-9.]+)", "", "nothing of the kind")));
	assert_true(isnan(number("rate: (.*)", "", "rate: fast\n")));
	assert_true(isnan(number("rate: ([0-9]*)", "", "rate: \n")));
	assert_true(isnan(number("x*", "", "no group")));
	assert_true(isnan(number("(", "", "broken")));
	/* An empty match must not turn for ever. */
	assert_true(isnan(number("(x*)", "", "yyyy\n\n")));
}

static void test_pattern_with_nul(void **state)
{
	static const char text[] = "a\0b\nrate: 4\n";
	double v = NAN;

	(void)state;
	assert_int_equal(measure_number("rate: ([0-9]+)", "", text, sizeof(text) - 1, &v, NULL), 0);
	assert_true(v == 4);
}

static void test_json(void **state)
{
	static const char fio[] =
		"note: slow\n{\"jobs\": [{\"read\": {\"iops\": 77.5, \"clat_ns\": {\"percentile\": {\"99.000000\": 1234}}, \"text\": \"8.5\", \"a/b\": 3}}]}\nafter";

	(void)state;
	assert_true(number("", "jobs.0.read.iops", fio) == 77.5);
	assert_true(number("", "/jobs/0/read/clat_ns/percentile/99.000000", fio) == 1234);
	assert_true(number("", "/jobs/0/read/a~1b", fio) == 3);
	assert_true(number("", "jobs.0.read.text", fio) == 8.5);
	assert_true(isnan(number("", "jobs.1.read.iops", fio)));
	assert_true(isnan(number("", "jobs.0.read", fio)));
	assert_true(isnan(number("", "jobs..read", fio)));
	assert_true(isnan(number("", "a", "no JSON")));
	assert_true(isnan(number("", "a", "{\"a\": ")));
	assert_true(number("", "1", "[1, 2]") == 2);
}

static void test_words(void **state)
{
	struct strv w = {0};
	struct strbuf many = {0};

	(void)state;
	assert_int_equal(words_split(" sh -c 'echo \"a b\"'  \"x y\" '' a'b'c ", &w, NULL), 0);
	assert_int_equal(w.n, 6);
	assert_string_equal(w.items[2], "echo \"a b\"");
	assert_string_equal(w.items[3], "x y");
	assert_string_equal(w.items[4], "");
	assert_string_equal(w.items[5], "abc");
	strv_release(&w);
	assert_true(words_split("a 'b", &w, NULL) < 0);
	strv_release(&w);
	for (int i = 0; i < WORDS_MAX + 1; i++)
		strbuf_add(&many, "w ");
	assert_true(words_split(many.text, &w, NULL) < 0);
	strv_release(&w);
	strbuf_release(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_pattern_with_nul),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
