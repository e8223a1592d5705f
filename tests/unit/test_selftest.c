// SPDX-License-Identifier: GPL-3.0-or-later
/* report/run/selftest: what leaves in the file, and how it is judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report/run/selftest.h"

static const char *const names[] = {"lab7", "someone"};

static void cleaned(const char *from, const char *to)
{
	const struct selftest s = {.hidden = names, .n_hidden = ARRAY_SIZE(names)};
	auto_free char *got = selftest_clean(&s, from);

	assert_string_equal(got, to);
}

static void nothing_is_named(void **state)
{
	(void)state;
	cleaned("lab7 is not lab7.example", "NAME is not NAME.example");
	cleaned("of someone, lab78 and xlab7", "of NAME, lab78 and xlab7");
	cleaned("cannot open /home/someone/x: no", "cannot open PATH: no");
	cleaned("2.0 ms/s in /sys/kernel/btf", "2.0 ms/s in /sys/kernel/btf");
	cleaned("from 192.168.1.20, then", "from ADDRESS, then");
	cleaned("fe80::1:2:3 here", "ADDRESS here");
	cleaned("Linux 6.1.0-30-amd64 at 12:30:05, CPUs 0-3",
		"Linux 6.1.0-30-amd64 at 12:30:05, CPUs 0-3");
	cleaned("", "");
}

static void the_worst_decides(void **state)
{
	struct check checks[] = {
		{.name = "a", .verdict = VERDICT_PASS, .note = (char *)"", .unit = ""},
		{.name = "b", .verdict = VERDICT_PASS, .note = (char *)"see /root/x", .unit = ""},
	};
	struct analysis a = {.checks = checks, .n_checks = 2};
	struct selftest_trial trials[] = {
		{.scenario = (char *)"one", .configuration = (char *)"base", .analysis = &a},
		{.scenario = (char *)"two",
			.configuration = (char *)"",
			.why = (char *)"no /dev/kvm on lab7",
			.host = true},
	};
	const struct fact_row rows[] = {
		{"host.name", "", "lab7", "info", ""}, {"memory", "", "4 GiB", "good", ""}};
	struct selftest s = {.version = "1",
		.facts = rows,
		.n_facts = 2,
		.trials = trials,
		.n_trials = 1,
		.hidden = names,
		.n_hidden = ARRAY_SIZE(names)};
	auto_free char *json = NULL;

	(void)state;
	assert_string_equal(selftest_verdict(&s), "sound");
	s.n_trials = 2;
	assert_string_equal(selftest_verdict(&s), "doubtful");
	json = selftest_json(&s);
	assert_null(strstr(json, "lab7"));
	assert_null(strstr(json, "/root"));
	assert_non_null(strstr(json, "4 GiB"));
	assert_non_null(strstr(json, "no /dev/kvm on NAME"));
	checks[1].verdict = VERDICT_UNKNOWN;
	s.n_trials = 1;
	assert_string_equal(selftest_verdict(&s), "doubtful");
	checks[0].verdict = VERDICT_FAIL;
	assert_string_equal(selftest_verdict(&s), "unsound");
	s.n_trials = 0;
	assert_string_equal(selftest_verdict(&s), "doubtful");
	trials[0].analysis = NULL;
	s.n_trials = 1;
	assert_string_equal(selftest_verdict(&s), "unsound"); /* it failed, and not for the box */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_named),
		cmocka_unit_test(the_worst_decides),
	};

	return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
