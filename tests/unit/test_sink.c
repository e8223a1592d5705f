// SPDX-License-Identifier: GPL-3.0-or-later
/* The trace file being written: whole records, a bound, what was lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host-agent/sink.c"

#define LIMIT 8192u

/* Writes `n` counters, flushed by tens, and gives what the file holds. Caller frees. */
static char *written(struct sink *s, uint64_t limit, unsigned n, size_t *size)
{
	char path[] = "/tmp/stealscope-sink.XXXXXX", *text;
	int fd = mkstemp(path);
	struct stat st;

	assert_return_code(fd, 0);
	assert_int_equal(sink_open(s, fd, TRACE_MODE_EVENTS, NULL), 0);
	s->limit = limit;
	for (unsigned i = 0; i < n; i++) {
		sink_counter(s, i, 0, 0, COUNTER_SELF, CTR_SELF_CPU_NS, 0, i);
		if (i % 10 == 9)
			assert_int_equal(sink_flush(s), 0);
	}
	assert_int_equal(fstat(fd, &st), 0);
	if (limit)
		assert_true((uint64_t)st.st_size <= limit);
	assert_int_equal(sink_end(s), 0);
	assert_int_equal(fstat(fd, &st), 0);
	*size = (size_t)st.st_size;
	text = malloc(*size);
	assert_int_equal(pread(fd, text, *size, 0), st.st_size);
	sink_close(s);
	unlink(path);
	return text;
}

/* Records after the header: how many of `type`, the value of the last one in *value. */
static unsigned count(const char *text, size_t size, enum trace_type type, uint64_t *value)
{
	size_t at = sizeof(struct trace_file_header);
	unsigned n = 0;

	while (at < size) {
		const struct trace_hdr *h = (const void *)(text + at);

		assert_in_range(h->len8, 1, (size - at) / 8);
		if (h->type == type) {
			n++;
			*value = ((const struct trace_counter *)h)->value;
		}
		at += h->len8 * 8u;
	}
	assert_int_equal(at, size);
	return n;
}

static void test_whole(void **state)
{
	struct sink s;
	uint64_t value = 0;
	size_t size;
	char *text = written(&s, 0, 1000, &size);

	(void)state;
	assert_int_equal(count(text, size, TRACE_COUNTER, &value), 1000);
	assert_int_equal(count(text, size, TRACE_LOST, &value), 0);
	assert_int_equal(count(text, size, TRACE_END, &value), 1);
	assert_int_equal(value, 1000);
	free(text);
}

/* As large as it may be: the first records are whole, the others are counted, and the end is there. */
static void test_limit(void **state)
{
	struct sink s;
	uint64_t value = 0, lost = 0;
	size_t size;
	char *text = written(&s, LIMIT, 1000, &size);
	unsigned kept = count(text, size, TRACE_COUNTER, &value);

	(void)state;
	assert_in_range(kept, 100, 999);
	assert_int_equal(value, kept - 1);
	assert_int_equal(count(text, size, TRACE_LOST, &lost), 1);
	assert_int_equal(s.lost, lost);
	assert_int_equal(lost, 1000 - kept);
	assert_int_equal(count(text, size, TRACE_NOTE, &value), 1);
	assert_int_equal(count(text, size, TRACE_END, &value), 1);
	free(text);
}

/* Given at once, more than the buffer holds, and a record that is not whole behind them: all whole ones come, in order. */
static void test_many_at_once(void **state)
{
	enum { N = 3 * SINK_BUFFER / sizeof(struct trace_counter) };
	struct trace_counter *all = calloc(N, sizeof(*all));
	char path[] = "/tmp/stealscope-sink.XXXXXX";
	size_t at = sizeof(struct trace_file_header);
	int fd = mkstemp(path);
	struct trace_counter r;
	struct sink s;

	(void)state;
	assert_return_code(fd, 0);
	assert_int_equal(sink_open(&s, fd, TRACE_MODE_EVENTS, NULL), 0);
	for (unsigned i = 0; i < N; i++) {
		all[i].h = trace_head(i, 0, 0, TRACE_COUNTER, sizeof(*all));
		all[i].value = i;
	}
	sink_put(&s, all, 100 * sizeof(*all));
	sink_put(&s, all + 100, (N - 100) * sizeof(*all) - 1);
	assert_int_equal(sink_flush(&s), 0);
	assert_int_equal(s.records, N - 1);
	for (unsigned i = 0; i < N - 1; i++, at += sizeof(r)) {
		assert_int_equal(pread(fd, &r, sizeof(r), (off_t)at), sizeof(r));
		assert_int_equal(r.value, i);
	}
	assert_int_equal(pread(fd, &r, sizeof(r), (off_t)at), 0);
	sink_close(&s);
	unlink(path);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
