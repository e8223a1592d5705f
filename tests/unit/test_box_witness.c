// SPDX-License-Identifier: GPL-3.0-or-later
/* What excuses the tests of noise is /proc/stat's word, and no more than it says. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <stdlib.h>
#include <cmocka.h>

#include "box_witness.h"

static char path[] = "/tmp/ss-test-stat-XXXXXX";

/* 0.1 s later /proc/stat says that so many ticks were taken of all CPUs together, ever. */
static double after(unsigned long ticks)
{
	auto_free char *text = xasprintf(
		"cpu  10132153 290696 3084719 46828483 16683 0 25195 %lu 9 8\ncpu0 1 2 3 4 5 6 7 99 9 8\n",
		ticks);

	sleep_ns(100 * NS_PER_MS);
	assert_int_equal(write_file(path, text, strlen(text), NULL), 0);
	return box_taken_ms_per_s(path);
}

static void test_what_is_excused(void **state)
{
	const unsigned long second =
		(unsigned long)(sysconf(_SC_CLK_TCK) * sysconf(_SC_NPROCESSORS_ONLN));
	double taken;

	(void)state;
	assert_int_equal(mkstemp(path) >= 0, 1);
	assert_float_equal(after(5000), 0, 0); /* what was before is nobody's excuse */
	taken = after(5000);
	assert_float_equal(taken, 0, 0);
	assert_int_equal(judge(1, 0.85, 1.2, taken), FITS);
	assert_int_equal(judge(1.3, 0.85, 1.2, taken), WRONG);
	assert_int_equal(judge(0.8, 0.85, 1.2, taken), WRONG);
	assert_int_equal(judge(NAN, 0.85, 1.2, taken), WRONG);
	/* A second of each CPU in a tenth of one, or in longer where this box is slow: far above the bound. */
	taken = after(5000 + 100 * second);
	assert_true(taken > 1000);
	assert_int_equal(judge(1.3, 0.85, 1.2, taken), EXCUSED);
	assert_int_equal(judge(1, 0.85, 1.2, taken), FITS);
	taken = after(5000 + 100 * second);
	assert_int_equal(judge(1.3, 0.85, 1.2, taken), WRONG);
	assert_int_equal(judge(1.3, 0.85, 1.2, BOX_TAKEN_MAX), WRONG);
	unlink(path);
	assert_float_equal(box_taken_ms_per_s(path), 0, 0); /* no word, no excuse */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_excused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
