// SPDX-License-Identifier: GPL-3.0-or-later
/* Steal counters as they were reported in public: the right value for each, and the word about it.
 * Computes only. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "analysis/priv.h"
#include "record/recording.h"

#define PERIOD	(10 * NS_PER_MS)
#define START	(77 * NS_PER_S)
#define SECONDS 30
#define GONE	INT64_MIN /* the CPU has no line in /proc/stat */

static char *dir;
static unsigned seconds = SECONDS;

static size_t put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

/* One CPU on which the recorder wakes 0.1 ms late every 10 ms, and what its steal counter grew in
 * each second, in ticks of 10 ms. */
static struct analysis *recorded(uint32_t version, const int64_t growth[SECONDS])
{
	struct recording_header h = {.magic = RECORDING_MAGIC,
		.version = version,
		.header_size = sizeof(h),
		.start_ns = START,
		.start_unix_ns = UINT64_C(1700000000) * NS_PER_S,
		.period_ns = PERIOD,
		.steal_step_ns = PERIOD,
		.n_cpus = 1,
		.flags = RECORDING_STEAL,
		.accel = 1};
	struct recording_block b = {.magic = RECORDING_BLOCK_MAGIC,
		.start_ns = START,
		.end_ns = START + seconds * NS_PER_S + NS_PER_S,
		.first_deadline_ns = START + PERIOD,
		.n_samples = seconds * 100,
		.n_rows = seconds + 1};
	auto_free uint8_t *file = xcalloc(1, 65536);
	auto_free char *path = xasprintf("%s/odd.recording", dir);
	auto_free char *results = xasprintf("%s/results", dir);
	auto_free char *record = NULL;
	const char *files[] = {path};
	uint8_t *p = file + sizeof(h) + sizeof(b);
	struct analysis *a;
	struct err e = ERR_INIT;

	for (unsigned i = 0; i < b.n_samples; i++)
		p += put(p, version == 1 ? 1000 << 1 : 1000 << 2);
	for (unsigned i = 0; i <= seconds; i++) {
		int64_t g = i ? growth[i - 1] : 0;

		p += put(p, i * 1000000 + 20000);
		for (int k = 0; k < 3 && version > 1; k++)
			p += put(p, 0);
		if (version > 1)
			p += put(p, 1);
		p += put(p, version == 1 ? (uint64_t)MAX(g, 0)
			    : g == GONE	 ? 0
					 : 1 + recording_from_growth(g));
	}
	b.bytes = (uint32_t)(p - file - (ptrdiff_t)sizeof(h) - (ptrdiff_t)sizeof(b));
	memcpy(file, &h, sizeof(h));
	memcpy(file + sizeof(h), &b, sizeof(b));
	b.crc = recording_crc(0, file + sizeof(h) + RECORDING_CRC_FROM,
		(uint64_t)(p - file) - sizeof(h) - RECORDING_CRC_FROM);
	memcpy(file + sizeof(h), &b, sizeof(b));
	assert_int_equal(write_file(path, (const char *)file, (size_t)(p - file), NULL), 0);
	assert_int_equal(recording_import(files, 1, results, &record, &e), 0);
	assert_int_equal(analysis_make(record, &a, &e), 0);
	assert_int_equal(a->bad_records, 0);
	return a;
}

static const struct metric_value *steal_of(const struct analysis *a, enum metric_id id)
{
	return &a->guests[0].metrics[id];
}

static bool warned(const struct analysis *a, const char *text)
{
	for (size_t i = 0; i < a->warnings.n; i++)
		if (strstr(a->warnings.items[i], text))
			return true;
	return false;
}

/* 50 ms/s all the while, and from second `at` on `n` seconds that are odd: 50 it is, not less. */
static void assert_fifty(const int64_t *odd, unsigned at, unsigned n, const char *warning)
{
	int64_t growth[SECONDS];
	struct analysis *a;
	unsigned unknown = 0;

	for (unsigned i = 0; i < SECONDS; i++)
		growth[i] = i >= at && i < at + n ? odd[i - at] : 5;
	a = recorded(RECORDING_VERSION, growth);
	assert_true(steal_of(a, METRIC_STEAL_RATE)->have);
	assert_float_equal(steal_of(a, METRIC_STEAL_RATE)->value, 50.0, 1e-6);
	assert_true(steal_of(a, METRIC_STEAL_RATE_10S)->have);
	assert_float_equal(steal_of(a, METRIC_STEAL_RATE_10S)->value, 50.0, 0.1);
	if (!warned(a, warning))
		for (size_t i = 0; i < a->warnings.n; i++)
			print_message("warning: %s\n", a->warnings.items[i]);
	assert_true(warned(a, warning));
	/* The stretch is a hole in the series, not a valley. */
	for (size_t i = 0; i < a->guests[0].vcpus[0].fine[SERIES_STEAL].n; i++) {
		double v = a->guests[0].vcpus[0].fine[SERIES_STEAL].v[i];

		unknown += !isfinite(v);
		if (isfinite(v))
			assert_float_equal(v, 50.0, 1e-6);
	}
	assert_in_range(unknown, n - 1, n + 1);
	analysis_free(a);
}

static void test_runs_backwards(void **state)
{
	int64_t odd[10];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		odd[i] = -832000000;
	assert_fifty(odd, 8, 10, "backwards 10 times and jumped 0 times");
}

static void test_migrated(void **state)
{
	static const int64_t odd[] = {312 - 335};

	(void)state;
	assert_fifty(odd, 12, 1, "not provided for 1.00 s of the window");
}

static void test_begun_anew(void **state)
{
	static const int64_t odd[] = {12 - 194048};

	(void)state;
	assert_fifty(odd, 12, 1, "backwards 1 times and jumped 0 times");
}

/* (2^64 - 1) ns in ticks, and some other jumps; then on from there. */
static void test_overflow(void **state)
{
	static const int64_t wrapped[] = {1844674407370}, jump[] = {130, 100000};

	(void)state;
	assert_fifty(wrapped, 12, 1, "ran backwards");
	assert_fifty(jump, 12, 2, "backwards 0 times and jumped 2 times");
}

/* The kernel counts all of the time as stolen until the counter has caught up. */
static void test_held_after_a_jump(void **state)
{
	static const int64_t odd[] = {100000, 100, 99, 100, 100};

	(void)state;
	assert_fifty(odd, 12, 5, "jumped 1 times");
}

/* The same without a jump to be seen: but the recorder woke on that CPU, on time. */
static void test_held_while_awake(void **state)
{
	static const int64_t odd[] = {100, 99, 100, 100, 100, 100};

	(void)state;
	assert_fifty(
		odd, 12, 6, "for 6.0 s its steal counter says that all of its time was stolen");
}

static void test_offline(void **state)
{
	int64_t growth[SECONDS];
	struct analysis *a;

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		growth[i] = i >= 10 && i < 20 ? GONE : 5;
	a = recorded(RECORDING_VERSION, growth);
	assert_float_equal(steal_of(a, METRIC_STEAL_RATE)->value, 50.0, 3.0);
	analysis_free(a);
}

/* Nothing sound at all: not provided, which is neither 0 nor "below one step". */
static void test_never_sound(void **state)
{
	int64_t growth[SECONDS];
	struct analysis *a;

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		growth[i] = -832000000;
	a = recorded(RECORDING_VERSION, growth);
	assert_false(steal_of(a, METRIC_STEAL_RATE)->have);
	assert_true(steal_of(a, METRIC_STEAL_RATE)->below == 0);
	assert_string_equal(steal_of(a, METRIC_STEAL_RATE)->why,
		"not provided: the counter runs backwards or jumps");
	assert_false(steal_of(a, METRIC_STEAL_RATE_10S)->have);
	analysis_free(a);
}

/* A CPU that slept for 20 s and accounts when it wakes: late, but true. */
static void test_late_but_true(void **state)
{
	int64_t growth[SECONDS] = {0};
	struct analysis *a;

	(void)state;
	growth[20] = 300;
	a = recorded(RECORDING_VERSION, growth);
	assert_float_equal(steal_of(a, METRIC_STEAL_RATE)->value, 100.0, 1e-6);
	assert_false(warned(a, "steal counter ran"));
	analysis_free(a);
}

/* What older recorders wrote is read as before; a jump in it is left out. */
static void test_version_1(void **state)
{
	int64_t growth[SECONDS];
	struct analysis *a;

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		growth[i] = i == 10 ? 20000000 : 5;
	a = recorded(1, growth);
	assert_float_equal(steal_of(a, METRIC_STEAL_RATE)->value, 50.0, 1e-6);
	assert_true(warned(a, "jumped 1 times"));
	assert_float_equal(a->guests[0].metrics[METRIC_TIMER_LATE_P50].value, 100.0, 0.3);
	analysis_free(a);
}

/* A counter by the ns, read by a guest that may be off its CPU between counter and clock. */
static void test_by_the_ns(void **state)
{
	const struct analysis a = {.window_start_ns = 0, .window_end_ns = 100 * NS_PER_S};
	struct time_counter c = {0};
	uint64_t from, grown;

	(void)state;
	assert_false(time_counter_add(&c, &a, NS_PER_S, 5000, &from, &grown));
	assert_true(time_counter_add(&c, &a, NS_PER_S + 40 * NS_PER_MS, 5000, &from, &grown));
	/* 30 ms off its CPU after that reading: they are in the next one, 1 ms on. */
	assert_true(time_counter_add(
		&c, &a, NS_PER_S + 41 * NS_PER_MS, 5000 + 30 * NS_PER_MS, &from, &grown));
	assert_int_equal(grown, 30 * NS_PER_MS);
	/* More than there was time for. */
	assert_false(time_counter_add(
		&c, &a, NS_PER_S + 51 * NS_PER_MS, 5000 + 90 * NS_PER_MS, &from, &grown));
	/* The wrap of a counter that had gone below 0. */
	assert_false(time_counter_add(&c, &a, 2 * NS_PER_S, UINT64_MAX - 5, &from, &grown));
	assert_int_equal(c.jumps, 1);
	assert_int_equal(c.backwards, 1);
	/* Not there for a while: no growth across that. */
	time_counter_break(&c);
	assert_false(time_counter_add(&c, &a, 3 * NS_PER_S, 7 * NS_PER_S, &from, &grown));
	assert_true(time_counter_add(&c, &a, 3 * NS_PER_S + 100, 7 * NS_PER_S + 50, &from, &grown));
	assert_int_equal(c.grown_ns, 30 * NS_PER_MS + 50);
	assert_int_equal(c.covered_ns, 41 * NS_PER_MS + 100);
	assert_int_equal(c.odd_ns, NS_PER_S - 41 * NS_PER_MS);
}

/* KVM writes down 3 ms at the second entry after them: two records lie between, of exits of 70 us. */
static void test_written_later(void **state)
{
	const struct analysis a = {.window_start_ns = 0, .window_end_ns = 100 * NS_PER_S};
	struct time_counter c = {0};
	uint64_t from, grown, t = NS_PER_S;

	(void)state;
	time_counter_add(&c, &a, t, 0, &from, &grown);
	for (int i = 1; i <= 50; i++) {
		uint64_t taken = 3 * NS_PER_MS * (uint64_t)(i - 1);

		assert_true(time_counter_add(&c, &a, t += 10 * NS_PER_MS, taken, &from, &grown));
		assert_true(time_counter_add(&c, &a, t += 330 * NS_PER_US, taken, &from, &grown));
		assert_true(time_counter_add(
			&c, &a, t += 330 * NS_PER_US, taken + 3 * NS_PER_MS, &from, &grown));
	}
	assert_int_equal(c.jumps, 0);
	assert_int_equal(c.grown_ns, 150 * NS_PER_MS);
	/* What was never to be had is seen all the same. */
	assert_false(time_counter_add(&c, &a, t += NS_PER_MS, 300 * NS_PER_MS, &from, &grown));
	assert_int_equal(c.jumps, 1);
}

/* 3 s have no series of 10 s, nor a largest 10 s: not provided, and the 1 s series is whole. */
static void test_a_short_window(void **state)
{
	int64_t growth[SECONDS];
	struct analysis *a;

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		growth[i] = 5;
	seconds = 3;
	a = recorded(RECORDING_VERSION, growth);
	seconds = SECONDS;
	for (unsigned i = 0; i < SERIES_COUNT; i++)
		assert_int_equal(a->guests[0].vcpus[0].series[i].n, 0);
	assert_int_equal(a->guests[0].vcpus[0].fine[SERIES_TIMER_LATE].n, 4);
	assert_false(steal_of(a, METRIC_STEAL_RATE_10S)->have);
	assert_false(steal_of(a, METRIC_TIMER_LATE_MAX_10S)->have);
	analysis_free(a);
}

static int setup(void **state)
{
	char name[] = "/tmp/stealscope-test-odd-steal.XXXXXX";

	(void)state;
	dir = xstrdup(mkdtemp(name));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_tree(dir, NULL);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_backwards),
		cmocka_unit_test(test_migrated),
		cmocka_unit_test(test_begun_anew),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_held_after_a_jump),
		cmocka_unit_test(test_held_while_awake),
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_never_sound),
		cmocka_unit_test(test_late_but_true),
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_by_the_ns),
		cmocka_unit_test(test_written_later),
		cmocka_unit_test(test_a_short_window),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
