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
#include "guest-agent/linux/record_load.c"
#include "guest-agent/linux/record_marks.c"
#include "guest-agent/linux/steal.c"

static const char stat_text_sample[] = "cpu  88831 2751 77313 465338 1783 0 354 7000 21 0\n"
				       "cpu0 44048 688 35154 238068 287 0 44 3102 10 0\n"
				       "cpu1 44783 2063 42158 227269 1496 0 310 3898 11 0\n"
				       "cpu11 1 2 3 4 5 6 7 99 9 0\n"
				       "intr 123 4 5\n";

static void test_steal_column(void **state)
{
	uint64_t v = 0, all[12] = {0};
	bool there[12] = {0};

	(void)state;
	assert_true(steal_parse(stat_text_sample, -1, &v));
	assert_int_equal(v, 7000);
	assert_true(steal_parse(stat_text_sample, 1, &v));
	assert_int_equal(v, 3898);
	assert_true(steal_parse(stat_text_sample, 11, &v));
	assert_int_equal(v, 99);
	assert_false(steal_parse(stat_text_sample, 2, &v));
	steal_parse_all(stat_text_sample, all, there, 12);
	assert_int_equal(all[0], 3102);
	assert_int_equal(all[1], 3898);
	assert_int_equal(all[2], 0);
	assert_int_equal(all[11], 99);
	assert_true(there[0] && there[1] && there[11]);
	assert_false(there[2]); /* offline: nothing, which is not 0 */
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
		bool there[12] = {0};

		cut = strndup(stat_text_sample, n);
		steal_parse(cut, 1, &v);
		steal_parse_all(cut, all, there, 12);
		free(cut);
	}
}

#define SECOND UINT64_C(1000000000)

/* One second of a machine whose TSC runs at 2 GHz. */
static struct marks_reading second_later(const struct marks_reading *r)
{
	struct marks_reading n = *r;

	n.mono_ns += SECOND;
	n.tsc += 2 * SECOND;
	return n;
}

static void test_marks(void **state)
{
	char text[MARKS_MAX][MARK_TEXT];
	struct marks_reading r = {.mono_ns = SECOND, .tsc = 77, .processor = "one (a0)"};
	struct marks m = {r, r};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		r = second_later(&r);
		r.real_offset += 500000; /* slewed, by 500 ppm */
		assert_int_equal(marks_between(&m, &r, text), 0);
	}
	r = second_later(&r);
	r.real_offset -= 2 * (int64_t)SECOND;
	assert_int_equal(marks_between(&m, &r, text), 1);
	assert_string_equal(text[0], "the clock of day stepped by -2.000 s");
	r = second_later(&r);
	r.boot_offset +=
		30 * (int64_t)SECOND; /* CLOCK_MONOTONIC stood still, the clock of day did not */
	r.real_offset += 30 * (int64_t)SECOND;
	r.tsc += 60 * SECOND;
	assert_int_equal(marks_between(&m, &r, text), 1);
	assert_string_equal(text[0], "suspended for 30.000 s");
	for (unsigned i = 0; i < 2; i++) {
		r = second_later(&r);
		assert_int_equal(marks_between(&m, &r, text), 0);
	}
	r = second_later(&r);
	r.tsc -= SECOND;
	strcpy(r.processor, "two (b1)");
	assert_int_equal(marks_between(&m, &r, text), 2);
	assert_string_equal(text[0],
		"the TSC stepped by -0.500 s against the clock: this VM was migrated, or restored");
	assert_string_equal(
		text[1], "the processor was one (a0) and is two (b1): this VM was migrated");
	/* Another CPU of this machine may have another TSC: nothing is known of its rate yet. */
	r = second_later(&r);
	r.cpu = 1;
	r.tsc += 5 * SECOND;
	assert_int_equal(marks_between(&m, &r, text), 0);
	r = second_later(&r);
	assert_int_equal(marks_between(&m, &r, text), 0);
	r = second_later(&r);
	r.tsc += 5 * SECOND;
	assert_int_equal(marks_between(&m, &r, text), 1);
}

/* This machine, two readings. */
static void test_marks_here(void **state)
{
	char text[MARKS_MAX][MARK_TEXT];
	struct marks_reading r;
	struct marks m;

	(void)state;
	marks_read(&m.first);
	m.last = m.first;
	marks_read(&r);
	assert_true(r.mono_ns >= m.first.mono_ns && strlen(r.processor) > 3);
	assert_int_equal(marks_between(&m, &r, text), 0);
}

static void test_load(void **state)
{
	static const char two[] = "version 15\ntimestamp 4294979283\n"
				  "cpu0 0 0 0 0 0 0 33333000000 5000000 12\n"
				  "domain0 3 1 2 3\n"
				  "cpu1 0 0 0 0 0 0 1 2000000 9\n";
	uint64_t us = 7;

	(void)state;
	assert_true(load_parse_psi("some avg10=46.86 avg60=18.64 avg300=8.15 total=75764710\n"
				   "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
		&us));
	assert_int_equal(us, 75764710);
	assert_false(load_parse_psi("full avg10=0.00 total=5\n", &us));
	assert_false(load_parse_psi("some avg10=0.00\nfull total=5\n", &us));
	assert_false(load_parse_psi("", &us));
	assert_true(load_parse_schedstat(two, &us));
	assert_int_equal(us, 7000);
	assert_false(load_parse_schedstat("version 15\ncpu0 0 0 0\n", &us));
	assert_false(load_parse_schedstat("", &us));
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
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_marks_here),
		cmocka_unit_test(test_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
