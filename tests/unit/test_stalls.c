// SPDX-License-Identifier: GPL-3.0-or-later
/* stalls: the format, its reader and writer, what is made. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stalls/source.h"

static char *file_of(const char *text, size_t len)
{
	char *path = xstrdup("/tmp/test-stalls.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, len), 0);
	close(fd);
	return path;
}

static void drop(char *path)
{
	unlink(path);
	free(path);
}

#define HEAD "# stealscope stalls 1\n"

static void reads_rows(void **state)
{
	static const char text[] =
		HEAD "# source: a test\n# cpus: 0-1,3\n#coverage: 60s of 600s\n"
		     "# threshold: 20.5 us\n# anything: else\n# a remark\n"
		     "start_s,length_us,cpu\r\n0,3000,0\n0.5,0.001,1\n# mark: 1 clock step\n\n"
		     "12.000000001,250,3";
	char *path = file_of(text, strlen(text));
	struct stalls_reader *r;
	struct err e = ERR_INIT;
	struct stall s;

	(void)state;
	assert_int_equal(stalls_open(path, &r, &e), 0);
	assert_false(stalls_head(r)->rates);
	assert_string_equal(stalls_head(r)->source, "a test");
	assert_string_equal(stalls_head(r)->coverage, "60s of 600s");
	assert_int_equal(stalls_head(r)->threshold_ns, 20500);
	assert_int_equal(cpuset_count(&stalls_head(r)->cpus), 3);
	assert_int_equal(stalls_next(r, &s, &e), 1);
	assert_int_equal(s.length_ns, 3000000);
	assert_int_equal(stalls_next(r, &s, &e), 1);
	assert_int_equal(s.start_ns, 500000000);
	assert_int_equal(s.length_ns, 1);
	assert_int_equal(stalls_next(r, &s, &e), 1);
	assert_int_equal(s.start_ns, UINT64_C(12000000001));
	assert_int_equal(s.cpu, 3);
	assert_int_equal(stalls_marks(r), 1);
	assert_int_equal(stalls_next(r, &s, &e), 0);
	stalls_close(r);
	drop(path);
}

static void reads_rates(void **state)
{
	static const char text[] =
		HEAD "start_s,length_s,steal_ms_per_s,cpu\n0,1,45.25,0\n1,0.5,100,2\n";
	char *path = file_of(text, strlen(text));
	struct stalls_reader *r;
	struct stall s;

	(void)state;
	assert_int_equal(stalls_open(path, &r, NULL), 0);
	assert_true(stalls_head(r)->rates);
	assert_int_equal(stalls_next(r, &s, NULL), 1);
	assert_int_equal(s.taken_ns, 45250000);
	assert_int_equal(s.length_ns, NS_PER_S);
	assert_int_equal(stalls_next(r, &s, NULL), 1);
	assert_int_equal(s.taken_ns, 50000000);
	stalls_close(r);
	drop(path);
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"", ":1: no stalls"},
		{"start_s,length_us,cpu\n", ":1: no stalls"},
		{HEAD, "it ends before its rows"},
		{HEAD "0,1,0\n", ":2: the rows have no head"},
		{HEAD "# threshold: soon\nstart_s,length_us,cpu\n", ":2: the threshold"},
		{HEAD "# cpus: all\nstart_s,length_us,cpu\n", ":2: the cpus"},
		{HEAD "start_s,length_us,cpu\n1,2\n", ":3: no row"},
		{HEAD "start_s,length_us,cpu\n1,2,3,4\n", ":3: no row"},
		{HEAD "start_s,length_us,cpu\n1,-2,3\n", ":3: no row"},
		{HEAD "start_s,length_us,cpu\n1,nan,3\n", ":3: no row"},
		{HEAD "start_s,length_us,cpu\n1,0,3\n", ":3: a length of 0"},
		{HEAD "start_s,length_us,cpu\n1,3600000001,3\n", ":3: a length of 0 or more"},
		{HEAD "start_s,length_us,cpu\n1,2,1024\n", ":3: a CPU"},
		{HEAD "start_s,length_us,cpu\n1,1,0\n\n0.9,1,0\n", ":5: it begins before"},
		{HEAD "start_s,length_us,cpu\n99999999,1,0\n", ":3: a start after"},
		{HEAD "start_s,length_us,cpu\n99999999999999999999,1,0\n", ":3: no row"},
		{HEAD "start_s,length_s,steal_ms_per_s,cpu\n0,1,1000.1,0\n", ":3: more than 1000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *path = file_of(rows[i].text, strlen(rows[i].text));
		struct stalls_reader *r = NULL;
		struct err e = ERR_INIT;
		struct stall s;
		int rc = stalls_open(path, &r, &e);

		while (!rc && (rc = stalls_next(r, &s, &e)) == 1)
			rc = 0;
		assert_int_equal(rc, -EINVAL);
		if (!strstr(e.msg, rows[i].said))
			fail_msg("row %zu: %s", i, e.msg);
		stalls_close(r);
		drop(path);
	}
}

static void refuses_what_is_no_text(void **state)
{
	char *text = xcalloc(1, 200000);
	struct stalls_reader *r = NULL;
	struct err e = ERR_INIT;
	struct stall s;
	char *path;

	(void)state;
	memset(text, '7', 200000);
	memcpy(text, HEAD "start_s,length_us,cpu\n", strlen(HEAD) + 22);
	path = file_of(text, 200000);
	assert_int_equal(stalls_open(path, &r, &e), 0);
	assert_int_equal(stalls_next(r, &s, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "over 1024 bytes"));
	stalls_close(r);
	drop(path);
	strcpy(text + strlen(HEAD) + 22, "1,2_,3\n");
	text[strlen(HEAD) + 25] = '\0';
	path = file_of(text, strlen(HEAD) + 29);
	assert_int_equal(stalls_open(path, &r, &e), 0);
	assert_int_equal(stalls_next(r, &s, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "NUL"));
	stalls_close(r);
	drop(path);
	free(text);
	assert_int_equal(stalls_open("/dev/null", &r, &e), -EINVAL);
}

static struct stall row_of(uint64_t i)
{
	return (struct stall){i * 1234567891, 1001 * (1 + i % 7), 1001 * (1 + i % 7), i % 3};
}

static void seeks(void **state)
{
	const uint64_t n = 20000;
	char *path = file_of("", 0);
	FILE *f = fopen(path, "w");
	struct stalls_head h = {.source = "two\nlines", .cpus = cpuset_of(2)};
	struct stalls_reader *r;
	struct stall s;

	(void)state;
	stalls_write_head(f, &h);
	for (uint64_t i = 0; i < n; i++) {
		s = row_of(i);
		stalls_write(f, &h, &s);
		if (i % 50 == 0)
			stalls_write_mark(f, s.start_ns, "suspend");
	}
	fclose(f);
	assert_int_equal(stalls_open(path, &r, NULL), 0);
	assert_string_equal(stalls_head(r)->source, "two lines");
	for (uint64_t i = 0; i < n; i++) {
		struct stall want = row_of(i);

		assert_int_equal(stalls_next(r, &s, NULL), 1);
		assert_int_equal(s.start_ns, want.start_ns);
		assert_int_equal(s.length_ns, want.length_ns);
		assert_int_equal(s.cpu, want.cpu);
	}
	assert_int_equal(stalls_marks(r), n / 50);
	for (uint64_t k = 0; k < n; k += 37) {
		assert_int_equal(stalls_seek(r, row_of(k).start_ns, NULL), 0);
		assert_int_equal(stalls_next(r, &s, NULL), 1);
		assert_int_equal(s.start_ns, row_of(k).start_ns);
		assert_int_equal(stalls_seek(r, row_of(k).start_ns + 1, NULL), 0);
		assert_int_equal(stalls_next(r, &s, NULL), 1);
		assert_int_equal(s.start_ns, row_of(k + 1).start_ns);
	}
	assert_int_equal(stalls_seek(r, row_of(n).start_ns, NULL), 0);
	assert_int_equal(stalls_next(r, &s, NULL), 0);
	assert_int_equal(stalls_seek(r, 0, NULL), 0);
	assert_int_equal(stalls_next(r, &s, NULL), 1);
	assert_int_equal(s.start_ns, 0);
	stalls_close(r);
	drop(path);
}

/* What is played of a trace of three stalls. */
static void plays_as_asked(void **state)
{
	static const char text[] = HEAD "start_s,length_us,cpu\n1,1000,0\n2,2000,0\n4,1000000,0\n";
	static const uint64_t want[][2] = {{0, 500000}, {1000000000, 250000000},
		{1500000000, 500000}, {2500000000, 250000000}};
	char *path = file_of(text, strlen(text));
	struct stalls_how how = {
		.trace = path, .speed = 2, .scale = 0.5, .from_ns = 2 * NS_PER_S, .loop = true};
	struct stalls_source *src;
	struct stall s;

	(void)state;
	assert_int_equal(stalls_source_open(&how, &src, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(stalls_source_next(src, &s, NULL), 1);
		assert_int_equal(s.start_ns, want[i][0]);
		assert_int_equal(s.length_ns, want[i][1]);
	}
	stalls_source_close(src);
	/* Nothing behind `from`: the end, not for ever. */
	how.from_ns = 9 * NS_PER_S;
	assert_int_equal(stalls_source_open(&how, &src, NULL), 0);
	assert_int_equal(stalls_source_next(src, &s, NULL), 0);
	stalls_source_close(src);
	drop(path);
}

static void made_as_asked(void **state)
{
	static const enum stalls_shape shapes[] = {STALLS_EXPONENTIAL, STALLS_PARETO, STALLS_FIXED};
	const double correlations[] = {0, 0.9};
	const double longer[3][2] = {{0.3679, 0.0498}, {0.25, 0.0278}, {0, 0}};

	(void)state;
	for (size_t k = 0; k < 6; k++) {
		struct stalls_how how = {.cpus = 2,
			.rate_ms_per_s = 45,
			.length_ns = 3000000,
			.shape = shapes[k / 2],
			.correlation = correlations[k % 2],
			.seed = 7};
		struct stalls_source *a, *b;
		uint64_t sum[2] = {0}, n = 0, last = 0, over[2] = {0};
		struct stall s, same;

		assert_int_equal(stalls_source_open(&how, &a, NULL), 0);
		assert_int_equal(stalls_source_open(&how, &b, NULL), 0);
		while (stalls_source_next(a, &s, NULL) == 1 && s.start_ns < 20000 * NS_PER_S) {
			assert_int_equal(stalls_source_next(b, &same, NULL), 1);
			assert_true(s.start_ns == same.start_ns && s.length_ns == same.length_ns);
			assert_true(s.start_ns >= last && s.cpu < 2);
			last = s.start_ns;
			sum[s.cpu] += s.length_ns;
			over[0] += s.length_ns > how.length_ns;
			over[1] += s.length_ns > 3 * how.length_ns;
			n++;
		}
		for (unsigned c = 0; c < 2; c++)
			if (fabs((double)sum[c] / 20000e6 - 45) > (k % 2 ? 3 : 1.5))
				fail_msg("shape %zu: %g ms/s", k, (double)sum[c] / 20000e6);
		assert_true(n > 500000 && n < 700000);
		/* Of lengths over the mean, and over three times the mean: 1/e and 1/e^3; 1/4 and 1/36; none. */
		for (unsigned i = 0; i < 2; i++)
			if (fabs((double)over[i] / (double)n - longer[k / 2][i]) > 0.005)
				fail_msg("shape %zu: %g", k, (double)over[i] / (double)n);
		stalls_source_close(a);
		stalls_source_close(b);
	}
}

/* Ten hours begin at once and take no memory, wherever in them. */
static void ten_hours_begin_at_once(void **state)
{
	struct stalls_how how = {.cpus = 1, .rate_ms_per_s = 45, .length_ns = 3000000, .seed = 1};
	struct stalls_source *src;
	char *path = file_of("", 0);
	FILE *f = fopen(path, "w");
	struct stalls_head h = {0};
	struct stall s;
	uint64_t before, took;

	(void)state;
	stalls_write_head(f, &h);
	stalls_source_open(&how, &src, NULL);
	while (stalls_source_next(src, &s, NULL) == 1 && s.start_ns < 36000 * NS_PER_S)
		stalls_write(f, &h, &s);
	fclose(f);
	stalls_source_close(src);
	how = (struct stalls_how){
		.trace = path, .speed = 1, .scale = 1, .from_ns = 35000 * NS_PER_S};
	before = now_ns();
	assert_int_equal(stalls_source_open(&how, &src, NULL), 0);
	assert_int_equal(stalls_source_next(src, &s, NULL), 1);
	took = now_ns() - before;
	assert_true(took < NS_PER_S / 2);
	stalls_source_close(src);
	drop(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rows),
		cmocka_unit_test(reads_rates),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_what_is_no_text),
		cmocka_unit_test(seeks),
		cmocka_unit_test(plays_as_asked),
		cmocka_unit_test(made_as_asked),
		cmocka_unit_test(ten_hours_begin_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
