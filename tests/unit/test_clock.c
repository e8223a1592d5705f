/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clock map on clocks whose truth is known: drift, noise, jumps, and bounds that make no
 * sense. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "record/clock.h"

#define HZ 2.4e9

/* A guest whose TSC began at host time 7 s and runs at `hz`. */
struct truth {
	double hz;
	int64_t jump_ticks; /* added from host time jump_at on */
	uint64_t jump_at;
};

static uint64_t tsc_of(const struct truth *t, uint64_t host)
{
	long double ticks = ((long double)host - 7e9L) * (long double)t->hz / 1e9L;

	return (uint64_t)ticks + (host >= t->jump_at ? (uint64_t)t->jump_ticks : 0);
}

static uint64_t seed = 88172645463325252u;

static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* Feed `seconds` of 100 Hz samples, beacons of 1 ms, drains of 20 ms. */
static struct clock_map *feed(const struct truth *t, double nominal, unsigned seconds, bool sync)
{
	struct clock_map *c = clock_begin(nominal);
	uint64_t start = 100000000000u, host = start, last = 0, drain = start + 20000000;

	for (unsigned i = 0; sync && i < 16; i++, host += 50000) {
		clock_lower(c, tsc_of(t, host), host - 2000 - random_below(3000));
		clock_upper(c, tsc_of(t, host), host + 2000 + random_below(3000));
	}
	while (host < start + seconds * UINT64_C(1000000000)) {
		host += 9000000 + random_below(2000000);
		while (drain < host) {
			if (last)
				clock_upper(c, last, drain + random_below(5000));
			drain += 20000000;
		}
		last = tsc_of(t, host);
		clock_lower(c, last, host / 1000000 * 1000000);
	}
	clock_finish(c);
	return c;
}

static void check_map(const struct clock_map *c, const struct truth *t, uint64_t from, uint64_t to)
{
	for (uint64_t host = from; host < to; host += 77777777) {
		uint64_t error, got = clock_to_host(c, tsc_of(t, host), &error);
		uint64_t off = got > host ? got - host : host - got;

		if (off > error + 1)
			fail_msg("at %llu ns: off by %llu ns, error said %llu",
				(unsigned long long)host, (unsigned long long)off,
				(unsigned long long)error);
	}
}

static void test_drift_is_followed(void **state)
{
	static const double ppm[] = {0, 3.5, -40, 350, -900};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct truth t = {HZ * (1 + ppm[i] / 1e6), 0, UINT64_MAX};
		struct clock_map *c = feed(&t, HZ, 45, true);
		const struct clock_quality *q = clock_get_quality(c);

		assert_int_equal(q->source, CLOCK_SOURCE_BOUNDS);
		assert_true(q->error_ns < 300000);
		assert_int_equal(q->offset_changes, 0);
		assert_true(fabs(q->hz / t.hz - 1) < 20e-6);
		check_map(c, &t, 100000000000u, 145000000000u);
		clock_free(c);
	}
}

static void test_long_run_and_no_sync(void **state)
{
	struct truth t = {HZ * (1 + 12e-6), 0, UINT64_MAX};
	struct clock_map *c = feed(&t, HZ, 3600, false);

	(void)state;
	assert_true(clock_get_quality(c)->error_ns < 500000);
	assert_true(fabs(clock_get_quality(c)->hz / t.hz - 1) < 1e-6);
	check_map(c, &t, 101000000000u, 3690000000000u);
	clock_free(c);
}

static void test_offset_change_is_found(void **state)
{
	struct truth t = {HZ, -2400000 * 30, 120000000000u}; /* 30 ms back in mid-run */
	struct truth fwd = {HZ, 2400000 * 30, 120000000000u};
	struct clock_map *c = feed(&t, HZ, 40, true);

	(void)state;
	assert_int_equal(clock_get_quality(c)->offset_changes, 1);
	check_map(c, &t, 100000000000u, 118000000000u);
	check_map(c, &t, 122000000000u, 139000000000u);
	clock_free(c);
	c = feed(&fwd, HZ, 40, true);
	assert_int_equal(clock_get_quality(c)->offset_changes, 1);
	check_map(c, &fwd, 100000000000u, 118000000000u);
	check_map(c, &fwd, 122000000000u, 139000000000u);
	clock_free(c);
}

static void test_violation_is_counted(void **state)
{
	struct truth t = {HZ, 0, UINT64_MAX};
	struct clock_map *c = feed(&t, HZ, 20, true);
	uint64_t host = 110000000000u;

	(void)state;
	clock_verify_lower(c, tsc_of(&t, host), host - 1000000);
	clock_verify_upper(c, tsc_of(&t, host), host + 1000000);
	assert_int_equal(clock_get_quality(c)->violations, 0);
	clock_verify_lower(c, tsc_of(&t, host), host + 2000000);
	clock_verify_upper(c, tsc_of(&t, host), host - 2000000);
	assert_int_equal(clock_get_quality(c)->violations, 2);
	clock_free(c);
}

static void test_exact_pairs(void **state)
{
	struct truth t = {HZ * (1 + 5e-6), 0, UINT64_MAX};
	struct clock_map *c = clock_begin(HZ);

	(void)state;
	for (uint64_t host = 100000000000u; host < 130000000000u; host += 1000000000u) {
		clock_lower(c, tsc_of(&t, host), host - 500000);
		clock_pair(c, tsc_of(&t, host + 1000), host + 1000, 150, 42);
		clock_upper(c, tsc_of(&t, host + 2000), host + 900000);
	}
	clock_finish(c);
	assert_int_equal(clock_get_quality(c)->source, CLOCK_SOURCE_OFFSET);
	assert_true(clock_get_quality(c)->error_ns < 200);
	assert_true(clock_get_quality(c)->cross_check_ns == 0);
	check_map(c, &t, 100000000000u, 130000000000u);
	clock_free(c);
}

/* tsc-offset of another vCPU, or a scaled TSC: causality wins. */
static void test_wrong_pairs_are_refused(void **state)
{
	struct truth t = {HZ, 0, UINT64_MAX};
	struct clock_map *c = clock_begin(HZ);

	(void)state;
	for (uint64_t host = 100000000000u; host < 130000000000u; host += 100000000u) {
		clock_lower(c, tsc_of(&t, host), host - 50000);
		clock_upper(c, tsc_of(&t, host + 1000), host + 60000);
		clock_pair(c, tsc_of(&t, host) + 24000000, host, 100, 42); /* 10 ms off */
	}
	clock_finish(c);
	assert_int_equal(clock_get_quality(c)->source, CLOCK_SOURCE_BOUNDS);
	assert_true(clock_get_quality(c)->cross_check_ns > 9e6);
	check_map(c, &t, 101000000000u, 129000000000u);
	clock_free(c);
}

static void test_pair_offset_change(void **state)
{
	struct truth t = {HZ, 24000000, 115000000000u};
	struct clock_map *c = clock_begin(HZ);

	(void)state;
	for (uint64_t host = 100000000000u; host < 130000000000u; host += 1000000000u)
		clock_pair(c, tsc_of(&t, host), host, 100, host < t.jump_at ? 1 : 2);
	clock_finish(c);
	assert_int_equal(clock_get_quality(c)->offset_changes, 1);
	check_map(c, &t, 100000000000u, 113900000000u);
	check_map(c, &t, 115000000000u, 130000000000u);
	clock_free(c);
}

static void test_nothing_known(void **state)
{
	struct clock_map *c = clock_begin(0);

	(void)state;
	clock_finish(c);
	assert_int_equal(clock_get_quality(c)->source, CLOCK_SOURCE_NONE);
	assert_true(isnan(clock_get_quality(c)->error_ns));
	(void)clock_to_host(c, UINT64_MAX, NULL);
	clock_free(c);
	c = clock_begin(HZ);
	clock_lower(c, 5, 1000);
	clock_finish(c);
	assert_int_equal(clock_get_quality(c)->source, CLOCK_SOURCE_NONE);
	clock_free(c);
}

/* Whatever a guest writes, it ends, and in range. */
static void test_hostile_bounds(void **state)
{
	static const double rates[] = {2.4e9, 1e6, 1e11, -1, NAN, INFINITY};

	(void)state;
	for (unsigned k = 0; k < 6; k++) {
		struct clock_map *c = clock_begin(rates[k]);

		for (unsigned i = 0; i < 20000; i++) {
			uint64_t tsc = random_below(4) ? random_below(UINT64_MAX)
						       : UINT64_MAX - random_below(3);
			uint64_t ns = random_below(UINT64_MAX);

			if (i % 2)
				clock_lower(c, tsc, ns);
			else
				clock_upper(c, tsc, ns);
			if (i % 7 == 0)
				clock_pair(c, tsc, ns, random_below(UINT64_MAX), i % 5);
		}
		clock_finish(c);
		for (unsigned i = 0; i < 1000; i++)
			assert_true(clock_to_host(c, random_below(UINT64_MAX), NULL) <= INT64_MAX);
		clock_free(c);
	}
}

static void test_backwards_is_counted(void **state)
{
	struct truth t = {HZ, 0, UINT64_MAX};
	struct clock_map *c = clock_begin(HZ);

	(void)state;
	clock_lower(c, tsc_of(&t, 100000000000u), 100000000000u);
	clock_lower(c, tsc_of(&t, 100000000000u) - 1000,
		100000000000u); /* an interrupt overtook: fine */
	clock_lower(c, tsc_of(&t, 90000000000u), 90000000000u);
	clock_finish(c);
	assert_int_equal(clock_get_quality(c)->backwards, 1);
	clock_free(c);
}

/* A guest whose TSC jumps with every record: what is kept, and the work, do not grow without
 * end. */
static void test_endless_jumps_are_given_up(void **state)
{
	struct clock_map *c = clock_begin(HZ);

	(void)state;
	for (uint64_t i = 1; i <= 400000; i++) {
		clock_lower(c, UINT64_MAX - i * 100000000, i);
		clock_upper(c, UINT64_MAX - i * 100000000 + 1, i + 1);
	}
	clock_finish(c);
	assert_in_range(clock_get_quality(c)->offset_changes, 100, 1000);
	assert_true(clock_get_quality(c)->bounds < 100000);
	assert_true(clock_to_host(c, UINT64_MAX, NULL) <= INT64_MAX);
	clock_free(c);
}

/* Without any bound a time is a guess, but a number all the same. */
static void test_a_guess_does_not_overflow(void **state)
{
	struct clock_map *c = clock_begin(1e6);

	(void)state;
	clock_finish(c);
	assert_true(clock_to_host(c, UINT64_MAX, NULL) <= INT64_MAX);
	clock_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drift_is_followed),
		cmocka_unit_test(test_long_run_and_no_sync),
		cmocka_unit_test(test_offset_change_is_found),
		cmocka_unit_test(test_violation_is_counted),
		cmocka_unit_test(test_exact_pairs),
		cmocka_unit_test(test_wrong_pairs_are_refused),
		cmocka_unit_test(test_pair_offset_change),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_hostile_bounds),
		cmocka_unit_test(test_backwards_is_counted),
		cmocka_unit_test(test_endless_jumps_are_given_up),
		cmocka_unit_test(test_a_guess_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
