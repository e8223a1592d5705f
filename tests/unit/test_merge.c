// SPDX-License-Identifier: GPL-3.0-or-later
/* Records of several writers as one stream: by time, those of one time in the order of the streams, none lost or twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host-agent/merge.c"
#include "host-agent/sink.c"

#define STREAMS 5u
#define EACH	201u /* so that the last two of each are of one length */

/* Two lengths, as records have. */
static size_t make(char *to, uint64_t ts, uint16_t stream, uint32_t number)
{
	struct trace_irq r = {.other = number};

	r.h = trace_head(ts, number, stream, number % 3 ? TRACE_IRQ : TRACE_OCCUPY,
		number % 3 ? sizeof(r) : sizeof(r.h));
	memcpy(to, &r, r.h.len8 * 8u);
	return r.h.len8 * 8u;
}

/* Stream 0 ticks each 7 ns, 1 each 8...; the last one stands still. */
static uint64_t time_of(unsigned stream, unsigned i)
{
	return stream == STREAMS - 1 ? 500 : 100 + i * (7ull + stream);
}

static void test_by_time(void **state)
{
	struct merge *m = merge_make();
	struct sink s = {.fd = -1, .buf = xmalloc(SINK_BUFFER), .good_end = -1};
	unsigned next[STREAMS] = {0}, stream = 0;
	char record[64];
	uint64_t ts = 0;
	size_t at = 0;

	(void)state;
	for (unsigned k = 0; k < STREAMS; k++) {
		merge_stream(m, 0);
		for (unsigned i = 0; i < EACH; i++)
			merge_add(m, record, make(record, time_of(k, i), (uint16_t)k, i));
	}
	merge_until(m, UINT64_MAX, &s);
	for (unsigned n = 0; n < STREAMS * EACH; n++) {
		const struct trace_hdr *h = (const void *)(s.buf + at);

		assert_in_range(h->cpu, 0, STREAMS - 1);
		assert_int_equal(h->tid, next[h->cpu]); /* each one's own order */
		assert_int_equal(h->ts_ns, time_of(h->cpu, next[h->cpu]));
		assert_true(h->ts_ns > ts || (h->ts_ns == ts && h->cpu >= stream));
		next[h->cpu]++;
		ts = h->ts_ns;
		stream = h->cpu;
		at += h->len8 * 8u;
	}
	assert_int_equal(at, s.used);
	assert_int_equal(s.buffered, STREAMS * EACH);
	merge_until(m, UINT64_MAX, &s); /* it is empty */
	assert_int_equal(s.buffered, STREAMS * EACH);
	merge_free(m);
	free(s.buf);
}

/* A writer's records in one piece, as they are copied from its bunch; and streams without any. */
static void test_in_one_piece(void **state)
{
	struct merge *m = merge_make();
	struct sink s = {.fd = -1, .buf = xmalloc(SINK_BUFFER), .good_end = -1};
	char two[128];
	size_t n = make(two, 30, 0, 0);

	(void)state;
	n += make(two + n, 50, 0, 1);
	merge_stream(m, 0);
	memcpy(merge_stream(m, n), two, n);
	merge_stream(m, 0);
	merge_add(m, two, make(two, 40, 2, 2));
	merge_until(m, UINT64_MAX, &s);
	assert_int_equal(s.buffered, 3);
	n = 0;
	for (uint64_t ts = 30; ts <= 50; ts += 10) {
		const struct trace_hdr *h = (const void *)(s.buf + n);

		assert_int_equal(h->ts_ns, ts);
		n += h->len8 * 8u;
	}
	merge_free(m);
	free(s.buf);
}

/* What is later stays, and comes before what is put in then, at equal times too. */
static void test_until(void **state)
{
	const struct {
		uint64_t ts;
		uint16_t stream;
	} want[] = {{10, 0}, {20, 1}, {20, 2}, {30, 0}, {30, 3}, {40, 1}, {40, 3}, {50, 3}};
	struct merge *m = merge_make();
	struct sink s = {.fd = -1, .buf = xmalloc(SINK_BUFFER), .good_end = -1};
	char record[64];
	size_t at = 0;

	(void)state;
	merge_stream(m, 0);
	merge_add(m, record, make(record, 10, 0, 0));
	merge_add(m, record, make(record, 30, 0, 1));
	merge_stream(m, 0);
	merge_add(m, record, make(record, 20, 1, 2));
	merge_add(m, record, make(record, 40, 1, 3));
	merge_stream(m, 0);
	merge_add(m, record, make(record, 20, 2, 4));
	merge_until(m, 9, &s);
	assert_int_equal(s.buffered, 0);
	merge_until(m, 20, &s);
	assert_int_equal(s.buffered, 3);
	merge_stream(m, 0);
	for (uint64_t ts = 30; ts <= 50; ts += 10)
		merge_add(m, record, make(record, ts, 3, (uint32_t)ts));
	merge_until(m, 40, &s);
	assert_int_equal(s.buffered, 7);
	merge_until(m, UINT64_MAX, &s);
	assert_int_equal(s.buffered, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct trace_hdr *h = (const void *)(s.buf + at);

		assert_int_equal(h->ts_ns, want[i].ts);
		assert_int_equal(h->cpu, want[i].stream);
		at += h->len8 * 8u;
	}
	merge_free(m);
	free(s.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_time),
		cmocka_unit_test(test_in_one_piece),
		cmocka_unit_test(test_until),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
