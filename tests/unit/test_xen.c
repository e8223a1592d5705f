// SPDX-License-Identifier: GPL-3.0-or-later
/* harness/xen: xentrace's stream becomes events in order of time, those a record's words, those totals. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "xen/counts.h"
#include "xen/states.h"
#include "xen/xentrace.h"

#define MS UINT64_C(1000000) /* ns, and TSC ticks below */

struct stream {
	uint32_t word[4096];
	size_t n, window; /* where the length of the window stands */
};

static void put(struct stream *s, uint32_t w)
{
	assert_true(s->n < ARRAY_SIZE(s->word));
	s->word[s->n++] = w;
}

static void window(struct stream *s, uint32_t cpu)
{
	put(s, 0x0001f003u | 2u << 28);
	put(s, cpu);
	s->window = s->n;
	put(s, 0);
}

static void timed(
	struct stream *s, uint32_t event, uint64_t tsc, uint32_t words, const uint32_t *data)
{
	put(s, event | words << 28 | 1u << 31);
	put(s, (uint32_t)tsc);
	put(s, (uint32_t)(tsc >> 32));
	for (uint32_t i = 0; i < words; i++)
		put(s, data[i]);
	s->word[s->window] += 4 * (3 + words);
}

static void change(
	struct stream *s, unsigned domain, unsigned vcpu, unsigned from, unsigned to, uint64_t tsc)
{
	uint32_t who = domain << 16 | vcpu;

	timed(s, 0x00021001u | from << 8 | to << 4, tsc, 1, &who);
}

/* One taken from the CPU, another given it. */
static void swap(struct stream *s, unsigned out, unsigned out_to, unsigned in, uint64_t tsc)
{
	change(s, out, 0, XEN_RUNNING, out_to, tsc);
	change(s, in, 0, XEN_RUNNABLE, XEN_RUNNING, tsc);
}

struct seen {
	struct xen_event v[512];
	size_t n;
	uint64_t lost;
};

static void on_event(void *arg, const struct xen_event *v)
{
	struct seen *s = arg;

	assert_true(s->n < ARRAY_SIZE(s->v));
	s->v[s->n++] = *v;
}

static void on_lost(void *arg, const struct xen_event *at, uint32_t n)
{
	(void)at;
	((struct seen *)arg)->lost += n;
}

static ssize_t feed(struct xentrace *x, const struct stream *s, struct err *e)
{
	return xentrace_feed(x, s->word, s->n * 4, e);
}

static void test_order(void **state)
{
	struct stream s = {0};
	struct seen seen = {0};
	struct xentrace *x = xentrace_make((struct xentrace_sink){on_event, on_lost, &seen});
	struct err e = ERR_INIT;

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		uint64_t t = round * 100;

		window(&s, 0);
		change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, t + 50);
		window(&s, 1);
		change(&s, 2, 3, XEN_BLOCKED, XEN_RUNNABLE, t + 10); /* older than CPU 0's */
		change(&s, 2, 3, XEN_RUNNABLE, XEN_RUNNING, t + 55);
	}
	assert_int_equal(feed(x, &s, &e), s.n * 4);
	/* The newest is not certain yet: another CPU may still tell of something older. */
	assert_int_equal(seen.n, 6);
	assert_int_equal(xentrace_known(x), 155);
	xentrace_end(x);
	assert_int_equal(seen.n, 12);
	for (size_t i = 1; i < seen.n; i++)
		assert_true(seen.v[i].tsc >= seen.v[i - 1].tsc);
	assert_int_equal(xentrace_totals(x).disorder, 0);
	assert_int_equal(seen.v[0].domain, 2);
	assert_int_equal(seen.v[0].vcpu, 3);
	assert_int_equal(seen.v[0].from, XEN_BLOCKED);
	assert_int_equal(seen.v[0].to, XEN_RUNNABLE);
	assert_int_equal(seen.v[0].cpu, 1);
	xentrace_free(x);
}

/* Cut anywhere, the stream reads the same. */
static void test_pieces(void **state)
{
	struct stream s = {0};
	struct seen seen = {0};
	struct xentrace *x = xentrace_make((struct xentrace_sink){on_event, on_lost, &seen});
	struct err e = ERR_INIT;
	size_t at = 0;

	(void)state;
	window(&s, 0);
	for (unsigned i = 0; i < 20; i++)
		swap(&s, 1 + i % 2, XEN_RUNNABLE, 2 - i % 2, i * 10);
	for (size_t end = 1; end <= s.n * 4; end++) {
		ssize_t n = xentrace_feed(x, (char *)s.word + at, end - at, &e);

		assert_true(n >= 0);
		at += (size_t)n;
	}
	assert_int_equal(at, s.n * 4);
	xentrace_end(x);
	assert_int_equal(seen.n, 40);
	xentrace_free(x);
}

static void expect_bad(const uint32_t *word, size_t n, const char *what)
{
	struct xentrace *x = xentrace_make((struct xentrace_sink){0});
	struct err e = ERR_INIT;

	assert_int_equal(xentrace_feed(x, word, n * 4, &e), -EBADMSG);
	assert_non_null(strstr(e.msg, what));
	xentrace_free(x);
}

static void test_hostile(void **state)
{
	const uint32_t no_window[] = {0x80021001u | 1u << 28, 0, 0, 0};
	const uint32_t far_cpu[] = {0x0001f003u | 2u << 28, XENTRACE_CPUS, 0};
	const uint32_t crosses[] = {0x0001f003u | 2u << 28, 0, 8, 0x80021001u | 1u << 28, 1, 0, 5};
	const uint32_t cut[] = {0x0001f003u | 2u << 28, 0, 8, 0x0001f003u | 2u << 28, 1, 8};
	struct xentrace *x = xentrace_make((struct xentrace_sink){0});
	struct stream s = {0};
	struct err e = ERR_INIT;

	(void)state;
	expect_bad(no_window, ARRAY_SIZE(no_window), "does not begin as");
	expect_bad(far_cpu, ARRAY_SIZE(far_cpu), "names no CPU");
	expect_bad(crosses, ARRAY_SIZE(crosses), "crosses the end");
	expect_bad(cut, ARRAY_SIZE(cut), "cut short");
	/* More than is held, backwards, in one window: all comes out, and the disorder is told. */
	window(&s, 0);
	for (uint64_t i = 0; i < 1000; i++)
		change(&s, 1, 0, XEN_RUNNING, XEN_RUNNABLE, 1);
	s.word[s.window] = 0xfffffff0u;
	for (uint64_t i = 0; i < XENTRACE_HELD / 1000 + 2; i++) {
		size_t from = i ? 3 : 0; /* one window only */

		for (size_t k = s.window + 1; k < s.n; k += 4)
			s.word[k + 1] = (uint32_t)(1000 - i);
		assert_true(xentrace_feed(x, s.word + from, (s.n - from) * 4, &e) > 0);
	}
	xentrace_end(x);
	assert_int_equal(xentrace_totals(x).events, (XENTRACE_HELD / 1000 + 2) * 1000);
	assert_true(xentrace_totals(x).disorder > 0);
	xentrace_free(x);
}

struct words {
	union {
		struct trace_hdr h;
		struct trace_state s;
		struct trace_blame b;
		struct trace_counter c;
	} r[512];
	size_t n;
	bool dropped; /* kept are only those of a dump */
	struct xen_counts *counts;
};

static void on_record(void *arg, const struct trace_hdr *h)
{
	struct words *w = arg;

	assert_true(w->n < ARRAY_SIZE(w->r) && h->len8 * 8u <= sizeof(w->r[0]));
	if (!w->dropped)
		memcpy(&w->r[w->n++], h, h->len8 * 8u);
	if (w->counts)
		xen_counts_record(w->counts, h);
}

/* A made trace through all of it; what remains is the dump's. */
static void run_from(
	const struct stream *s, bool capped, uint64_t begin, uint64_t until, struct words *w)
{
	const struct xen_clock clock = {0, 0, 1000, 1000}; /* a tick is a ns */
	struct xen_states *states = xen_states_make(&clock, on_record, w);
	struct xentrace *x =
		xentrace_make((struct xentrace_sink){xen_states_event, xen_states_lost, states});
	struct err e = ERR_INIT;

	w->counts = xen_counts_make(begin);
	xen_states_track(states, 1, 0, capped);
	xen_states_track(states, 2, 0, false);
	assert_int_equal(feed(x, s, &e), s->n * 4);
	xentrace_end(x);
	assert_int_equal(xen_states_conflicts(states), 0);
	w->n = 0;
	xen_counts_dump(w->counts, until, on_record, w);
	xen_counts_free(w->counts);
	w->counts = NULL;
	xentrace_free(x);
	xen_states_free(states);
}

static void run(const struct stream *s, bool capped, uint64_t until, struct words *w)
{
	run_from(s, capped, 0, until, w);
}

static uint64_t total(const struct words *w, uint32_t tid, uint16_t key)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->r[i].h.type == TRACE_COUNTER && w->r[i].h.tid == tid && w->r[i].c.key == key)
			return w->r[i].c.value;
	return UINT64_MAX;
}

static uint64_t blamed(const struct words *w, uint32_t tid, uint32_t kind, uint32_t culprit)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->r[i].h.type == TRACE_BLAME_ADDED && w->r[i].h.tid == tid &&
			w->r[i].b.kind == kind && w->r[i].b.culprit_tid == culprit)
			return w->r[i].b.ns;
	return 0;
}

/* Two busy ones and dom0 take turns on one CPU; then all are told to the ns. */
static void test_turns(void **state)
{
	const uint32_t one = xen_tid(1, 0), two = xen_tid(2, 0);
	struct stream s = {0};
	struct words w = {0};

	(void)state;
	window(&s, 0);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 0);
	change(&s, 2, 0, XEN_BLOCKED, XEN_RUNNABLE, 0);
	swap(&s, 1, XEN_RUNNABLE, 2, 10 * MS);
	change(&s, 0, 0, XEN_BLOCKED, XEN_RUNNABLE, 15 * MS);
	swap(&s, 2, XEN_RUNNABLE, 0, 15 * MS);
	change(&s, 0, 0, XEN_RUNNING, XEN_BLOCKED, 18 * MS);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 19 * MS); /* 1 ms of Xen itself */
	change(&s, 1, 0, XEN_RUNNING, XEN_BLOCKED, 30 * MS);
	change(&s, 2, 0, XEN_RUNNABLE, XEN_RUNNING, 30 * MS);
	run(&s, false, 40 * MS, &w);
	assert_int_equal(total(&w, one, CTR_TRACED_RUN_NS), 21 * MS);
	assert_int_equal(total(&w, one, CTR_TRACED_WAIT_NS), 9 * MS);
	assert_int_equal(total(&w, one, CTR_TRACED_SLEEP_NS), 10 * MS);
	assert_int_equal(total(&w, one, CTR_RUN_DELAY_NS), 9 * MS);
	assert_int_equal(blamed(&w, one, BLAME_TASK, two), 5 * MS);
	assert_int_equal(blamed(&w, one, BLAME_TASK, xen_tid(0, 0)), 3 * MS);
	assert_int_equal(blamed(&w, one, BLAME_TASK, XEN_TID_SELF), 1 * MS);
	assert_int_equal(total(&w, two, CTR_TRACED_RUN_NS), 15 * MS);
	assert_int_equal(total(&w, two, CTR_TRACED_WAIT_NS), 25 * MS);
	assert_int_equal(blamed(&w, two, BLAME_TASK, one), 21 * MS);
	/* Asked for from 5 ms on: what was before is in no sum. */
	run_from(&s, false, 5 * MS, 40 * MS, &w);
	assert_int_equal(total(&w, one, CTR_TRACED_RUN_NS), 16 * MS);
	assert_int_equal(total(&w, one, CTR_TRACED_WAIT_NS), 9 * MS);
	assert_int_equal(total(&w, two, CTR_TRACED_WAIT_NS), 20 * MS);
	assert_int_equal(blamed(&w, two, BLAME_TASK, one), 16 * MS);
}

/* Xen's own book: the vCPU that leaves ran for `ns`. */
static void book(struct stream *s, unsigned domain, uint32_t ns, uint64_t tsc)
{
	const uint32_t data[] = {domain, 0, ns};

	timed(s, 0x0002800eu, tsc, 3, data);
}

/* run_delay at the end of RUNNING: as Xen books it of one that was taken off its CPU, as the trace has it of one that woke
 * or where the book tells something else; never what its cap took. */
static void test_run_delay(void **state)
{
	const struct xen_clock clock = {0, 0, 1000, 1000};
	static const uint64_t want[] = {UINT64_MAX, 0, UINT64_MAX, 10 * MS - 20, UINT64_MAX,
		UINT64_MAX, 11 * MS - 20, UINT64_MAX, 13 * MS - 20, UINT64_MAX,
		14 * MS - 20 + (UINT64_C(1) << 31)};
	struct words w = {0};
	struct xen_states *states = xen_states_make(&clock, on_record, &w);
	struct xentrace *x =
		xentrace_make((struct xentrace_sink){xen_states_event, xen_states_lost, states});
	struct stream s = {0};
	struct err e = ERR_INIT;
	size_t n = 0;

	(void)state;
	xen_states_track(states, 1, 0, false);
	window(&s, 0);
	book(&s, 2, 5 * MS, 0);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 0);
	book(&s, 1, 10 * MS + 7, 10 * MS);
	change(&s, 1, 0, XEN_RUNNING, XEN_RUNNABLE, 10 * MS);
	book(&s, 2, 4 * MS, 14 * MS); /* two others in between */
	book(&s, 3, 6 * MS - 20, 20 * MS);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 20 * MS);
	book(&s, 1, 10 * MS, 30 * MS);
	change(&s, 1, 0, XEN_RUNNING, XEN_BLOCKED, 30 * MS);
	change(&s, 1, 0, XEN_BLOCKED, XEN_RUNNABLE, 40 * MS);
	book(&s, XEN_DOMAIN_IDLE, 11 * MS - 5, 41 * MS); /* its wait began when it woke */
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 41 * MS);
	book(&s, 1, 9 * MS, 50 * MS);
	change(&s, 1, 0, XEN_RUNNING, XEN_RUNNABLE, 50 * MS);
	window(&s, 1); /* on another CPU, which has a book of its own */
	book(&s, 2, 1 * MS, 52 * MS);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 52 * MS);
	book(&s, 1, 8 * MS, 60 * MS);
	change(&s, 1, 0, XEN_RUNNING, XEN_RUNNABLE, 60 * MS);
	book(&s, 2, 5 * MS, 61 * MS + (UINT64_C(1) << 31)); /* too long to be told in 32 bits */
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 61 * MS + (UINT64_C(1) << 31));
	change(&s, 1, 0, XEN_RUNNING, XEN_BLOCKED, 62 * MS + (UINT64_C(1) << 31));
	assert_int_equal(feed(x, &s, &e), s.n * 4);
	xentrace_end(x);
	for (size_t i = 0; i < w.n; i++)
		if (w.r[i].h.type == TRACE_STATE) {
			assert_true(n < ARRAY_SIZE(want));
			assert_int_equal(w.r[i].s.run_delay_ns, want[n]);
			n++;
		}
	assert_int_equal(n, ARRAY_SIZE(want));
	xentrace_free(x);
	xen_states_free(states);
}

/* Two CPUs' books have nothing to do with each other, near as they may be. */
static void test_book_of_another(void **state)
{
	const struct xen_clock clock = {0, 0, 1000, 1000};
	struct words w = {0};
	struct xen_states *states = xen_states_make(&clock, on_record, &w);
	struct xen_event v = {.domain = 1, .from = XEN_RUNNABLE, .to = XEN_RUNNING};

	(void)state;
	xen_states_track(states, 1, 0, false);
	xen_states_event(states, &v);
	v = (struct xen_event){.tsc = 10 * MS,
		.domain = 1,
		.from = XEN_RUNNING,
		.to = XEN_RUNNABLE,
		.book_ns = 100 * MS};
	xen_states_event(states, &v);
	v = (struct xen_event){.tsc = 20 * MS,
		.cpu = 1,
		.domain = 1,
		.from = XEN_RUNNABLE,
		.to = XEN_RUNNING,
		.book_ns = 105 * MS};
	xen_states_event(states, &v);
	v = (struct xen_event){.tsc = 30 * MS,
		.cpu = 1,
		.domain = 1,
		.from = XEN_RUNNING,
		.to = XEN_BLOCKED,
		.book_ns = 115 * MS};
	w.n = 0;
	xen_states_event(states, &v);
	assert_int_equal(w.r[0].h.type, TRACE_STATE);
	assert_int_equal(w.r[0].s.run_delay_ns, 10 * MS);
	xen_states_free(states);
}

/* Parked by its cap beside an idle CPU: the quota, not steal. The same without a cap is a pause. */
static void test_cap(void **state)
{
	const uint32_t one = xen_tid(1, 0);
	struct stream s = {0};
	struct words w = {0};

	(void)state;
	window(&s, 0);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 0);
	swap(&s, 1, XEN_OFFLINE, XEN_DOMAIN_IDLE, 25 * MS);
	change(&s, 1, 0, XEN_OFFLINE, XEN_RUNNABLE, 100 * MS);
	swap(&s, XEN_DOMAIN_IDLE, XEN_RUNNABLE, 1, 101 * MS);
	run(&s, true, 110 * MS, &w);
	assert_int_equal(total(&w, one, CTR_TRACED_WAIT_NS), 76 * MS);
	assert_int_equal(total(&w, one, CTR_RUN_DELAY_NS), 1 * MS);
	assert_int_equal(blamed(&w, one, BLAME_THROTTLED, 0), 75 * MS);
	assert_int_equal(blamed(&w, one, BLAME_IDLE, 0), 1 * MS);
	assert_int_equal(total(&w, one, CTR_TRACED_RUN_NS), 34 * MS);
	run(&s, false, 110 * MS, &w);
	assert_int_equal(total(&w, one, CTR_TRACED_SLEEP_NS), 75 * MS);
	assert_int_equal(total(&w, one, CTR_TRACED_WAIT_NS), 1 * MS);
	assert_int_equal(blamed(&w, one, BLAME_THROTTLED, 0), 0);
}

/* After a loss nobody's state is known until it changes; what is unknown is in no sum. */
static void test_lost(void **state)
{
	const uint32_t one = xen_tid(1, 0), gap[] = {7, 1u << 16, 20 * MS, 0};
	struct stream s = {0};
	struct words w = {0};

	(void)state;
	window(&s, 0);
	change(&s, 1, 0, XEN_RUNNABLE, XEN_RUNNING, 0);
	timed(&s, 0x0001f001u, 50 * MS, 4, gap);
	change(&s, 1, 0, XEN_RUNNING, XEN_BLOCKED, 60 * MS);
	run(&s, false, 100 * MS, &w);
	assert_int_equal(total(&w, one, CTR_TRACED_RUN_NS), 20 * MS);
	assert_int_equal(total(&w, one, CTR_TRACED_SLEEP_NS), 40 * MS);
}

/* A clock's line also reaches back before its first reading, and numbers over 2^32. */
static void test_clock(void **state)
{
	const struct xen_clock c = {
		UINT64_C(1) << 40, 5000000000, (UINT64_C(1) << 40) + 3000, 5000001000};

	(void)state;
	assert_int_equal(
		xen_clock_ns(&c, (UINT64_C(1) << 40) + 3 * UINT64_C(1000000000000)), 1005000000000);
	assert_int_equal(xen_clock_ns(&c, (UINT64_C(1) << 40) - 3000), 4999999000);
	assert_int_equal(xen_clock_ns(&(struct xen_clock){0}, 7), 0);
}

/* Two busy guests (3 and 4) on one CPU and a sleeping one, traced in the lab for 4.7 s: `xentrace -D -e
 * 0x00021000 -T 2` in the dom0 of scripts/lab-vm --hypervisor xen. */
static void test_real(void **state)
{
	const uint32_t three = xen_tid(3, 0), four = xen_tid(4, 0), five = xen_tid(5, 0);
	const struct xen_clock clock = {0, 0, 1000, 1000};
	struct words w = {.counts = xen_counts_make(0), .dropped = true};
	struct xen_states *states = xen_states_make(&clock, on_record, &w);
	struct xentrace *x =
		xentrace_make((struct xentrace_sink){xen_states_event, xen_states_lost, states});
	struct err e = ERR_INIT;
	size_t len;
	auto_free char *data = read_file("tests/data/xen/two-busy.xentrace", 1 << 20, &len, &e);
	uint64_t three_all, four_all, wait;

	(void)state;
	assert_non_null(data);
	for (unsigned d = 3; d <= 5; d++)
		assert_true(xen_states_track(states, d, 0, false));
	assert_int_equal(xentrace_feed(x, data, len, &e), len);
	xentrace_end(x);
	assert_int_equal(xentrace_totals(x).events, 410 + 1015);
	assert_int_equal(xentrace_totals(x).disorder, 0);
	assert_int_equal(xentrace_totals(x).lost, 0);
	assert_int_equal(xen_states_conflicts(states), 0);
	w.n = 0;
	w.dropped = false;
	xen_counts_dump(w.counts, 0, on_record, &w);
	three_all = total(&w, three, CTR_TRACED_RUN_NS) + total(&w, three, CTR_TRACED_WAIT_NS);
	four_all = total(&w, four, CTR_TRACED_RUN_NS) + total(&w, four, CTR_TRACED_WAIT_NS);
	/* Each is there whole, from its first change on; one waits while the other runs. */
	assert_in_range(three_all, 4700 * MS, 4732 * MS);
	assert_in_range(four_all, 4700 * MS, 4732 * MS);
	assert_int_equal(total(&w, three, CTR_TRACED_SLEEP_NS), 0);
	wait = total(&w, three, CTR_TRACED_WAIT_NS);
	assert_in_range(wait * 1000 / three_all, 480, 520);
	assert_true(blamed(&w, three, BLAME_TASK, four) > wait / 1000 * 995);
	assert_in_range(total(&w, five, CTR_TRACED_SLEEP_NS), 2400 * MS, 2500 * MS);
	xen_counts_free(w.counts);
	xentrace_free(x);
	xen_states_free(states);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_run_delay),
		cmocka_unit_test(test_book_of_another),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests_name("xen", tests, NULL, NULL);
}
