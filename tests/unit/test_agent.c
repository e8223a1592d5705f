// SPDX-License-Identifier: GPL-3.0-or-later
/* The Linux agent's readers of /proc and of its command line. The agent is a program of its own, so
 * its sources are compiled in here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-agent/linux/linux.h"

struct agent_process process;

void say(const char *fmt, ...)
{
	(void)fmt;
}

#include "guest-agent/linux/machine.c"
#include "guest-agent/linux/steal.c"

static const char stat_text_sample[] = "cpu  88831 2751 77313 465338 1783 0 354 7000 21 0\n"
				       "cpu0 44048 688 35154 238068 287 0 44 3102 10 0\n"
				       "cpu1 44783 2063 42158 227269 1496 0 310 3898 11 0\n"
				       "cpu11 1 2 3 4 5 6 7 99 9 0\n"
				       "intr 123 4 5\n";

static void test_steal_column(void **state)
{
	uint64_t v = 0, all[12] = {0};

	(void)state;
	assert_true(steal_parse(stat_text_sample, -1, &v));
	assert_int_equal(v, 7000);
	assert_true(steal_parse(stat_text_sample, 1, &v));
	assert_int_equal(v, 3898);
	assert_true(steal_parse(stat_text_sample, 11, &v));
	assert_int_equal(v, 99);
	assert_false(steal_parse(stat_text_sample, 2, &v));
	steal_parse_all(stat_text_sample, all, 12);
	assert_int_equal(all[0], 3102);
	assert_int_equal(all[1], 3898);
	assert_int_equal(all[2], 0);
	assert_int_equal(all[11], 99);
}

/* Kernels before 2.6.11 had no such column; a text may end anywhere. */
static void test_short_lines(void **state)
{
	uint64_t v = 7;
	char *cut;

	(void)state;
	assert_false(steal_parse("cpu0 1 2 3 4\ncpu1 1 2 3 4 5 6 7 8\n", 0, &v));
	assert_int_equal(v, 7);
	assert_false(steal_parse("", 0, &v));
	for (size_t n = 0; n < sizeof(stat_text_sample); n++) {
		uint64_t all[12];

		cut = strndup(stat_text_sample, n);
		steal_parse(cut, 1, &v);
		steal_parse_all(cut, all, 12);
		free(cut);
	}
}

static void test_masks(void **state)
{
	cpu_mask m;

	(void)state;
	assert_true(mask_parse("0-2,5", &m));
	assert_int_equal(m.bits[0], 0x27);
	assert_true(mask_parse("1023", &m));
	assert_false(mask_parse("1024", &m));
	assert_false(mask_parse("3-1", &m));
	assert_false(mask_parse("1,,2", &m));
	assert_false(mask_parse("a", &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steal_column),
		cmocka_unit_test(test_short_lines),
		cmocka_unit_test(test_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
