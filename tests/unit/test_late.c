// SPDX-License-Identifier: GPL-3.0-or-later
/* A wake-up whose vCPU ran, and yet the guest was not there: what is known of it, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/priv.h"

#define US	UINT64_C(1000)
#define MS	NS_PER_MS
#define PATH_NS (60 * US)
#define CPU	1

static struct analysis a;
static struct analysis_guest guest = {.name = "g"};
static struct analysis_vcpu out;
static struct build b;
static struct thread thread;
static struct vcpu_build v;
static uint64_t now;
static size_t told;
static struct late last_told;

static void tell(void *arg, const struct analysis *an, const struct late *l)
{
	(void)arg;
	(void)an;
	told++;
	last_told = *l;
}

static int begin(void **state)
{
	(void)state;
	a = (struct analysis){.window_end_ns = 1000 * NS_PER_S, .guests = &guest, .n_guests = 1};
	out = (struct analysis_vcpu){0};
	b = (struct build){.a = &a, .each_late = tell};
	b.box = xcalloc(CPUSET_MAX, sizeof(*b.box));
	for (unsigned i = 0; i < 3; i++)
		b.worst[i] = xcalloc(ANALYSIS_WORST, sizeof(struct late));
	thread = (struct thread){.pieces = xcalloc(TIMELINE_PIECES, sizeof(struct piece))};
	v = (struct vcpu_build){.out = &out, .thread = &thread};
	now = NS_PER_S;
	told = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (size_t k = 0; k < b.n_worst[i]; k++)
			free(b.worst[i][k].pieces);
		free(b.worst[i]);
	}
	for (unsigned i = 0; i < CPUSET_MAX; i++)
		free(b.box[i].claims);
	free(b.box);
	free(thread.pieces);
	hist_release(&v.path[0].ran);
	hist_release(&v.path[1].ran);
	return 0;
}

static void piece(uint8_t state, uint64_t ns)
{
	thread.pieces[thread.n_pieces++ % TIMELINE_PIECES] =
		(struct piece){.start = now, .end = now + ns, .cpu = CPU, .state = state};
	now += ns;
}

/* A deadline, the host's timer 40 us late, then so long running until the guest's record. */
static void wake(uint64_t ran, uint64_t guest_ns)
{
	struct sample s = {.in_window = true, .guest_ns = guest_ns, .due_ns = now + 9 * MS};

	piece(THREAD_SLEEPING, 9 * MS + 40 * US);
	piece(THREAD_RUNNING, ran);
	s.host_ns = now;
	s.from_ns = s.host_ns - s.due_ns > ANALYSIS_LATE_NS ? s.due_ns : 0;
	late_calibrate(&v, &s);
	if (s.from_ns)
		late_explain(&b, &v, &s);
}

static void quiet(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		wake(PATH_NS - 5 * US + i % 11 * US, 0);
}

static const struct late *worst(void)
{
	const struct late *l = &b.worst[0][0];

	assert_int_equal(b.n_worst[0], 1);
	assert_int_equal(l->fired_late_ns + l->wait_ns + l->throttled_ns + l->running_ns +
				 l->guest_queue_ns + l->box_steal_ns + l->unexplained_ns,
		l->lateness_ns);
	assert_int_equal(out.late_ns - out.late_explained_ns, l->unexplained_ns);
	assert_true(l->ran_unexplained_ns <= l->unexplained_ns);
	return l;
}

/* Stopped by a signal while its deadline passed: not the host's timer that was late. */
static void test_a_stop_is_no_late_timer(void **state)
{
	struct sample s = {.in_window = true, .due_ns = now + 2 * MS};

	(void)state;
	b.names = culprits_make(&a.info);
	piece(THREAD_SLEEPING, 20 * MS);
	thread.pieces[thread.n_pieces - 1].culprit = CULPRIT_ID_STOPPED;
	piece(THREAD_RUNNING, PATH_NS);
	s.host_ns = now;
	s.from_ns = s.due_ns;
	late_explain(&b, &v, &s);
	assert_int_equal(worst()->fired_late_ns, 0);
	assert_int_equal(worst()->throttled_ns, 18 * MS);
	culprits_free(b.names);
}

/* The 33 ms of the report: nothing tells what they were, so nothing is said of them. */
static void test_ran_for_33_ms(void **state)
{
	(void)state;
	quiet(100);
	wake(33 * MS, 0);
	assert_int_equal(told, 0); /* the box's counter may yet tell */
	late_box_reading(&b, &b.box[CPU], 0);
	assert_int_equal(told, 1);
	assert_in_range(worst()->running_ns, PATH_NS - 5 * US, PATH_NS + 5 * US);
	assert_in_range(worst()->ran_unexplained_ns, 32900 * US, 33 * MS);
	assert_int_equal(last_told.unexplained_ns, worst()->unexplained_ns);
}

/* Too few of its own: what is usual of its like is taken for its way, until it has enough. */
static void test_the_way_of_its_like(void **state)
{
	struct usual_path of_all[2] = {{{0}, 0, 0}};

	(void)state;
	v.alike = of_all;
	quiet(30);
	hist_release(&v.path[LATE_TIMER].ran);
	v.path[LATE_TIMER] = (struct usual_path){0};
	assert_in_range(of_all[LATE_TIMER].median_ns, PATH_NS - 5 * US, PATH_NS + 5 * US);
	wake(33 * MS, 0);
	late_box_reading(&b, &b.box[CPU], 0);
	assert_in_range(worst()->running_ns, PATH_NS - 5 * US, PATH_NS + 5 * US);
	for (unsigned i = 0; i < 20; i++)
		wake(3 * PATH_NS, 0);
	wake(34 * MS, 0);
	late_box_reading(&b, &b.box[CPU], 0);
	assert_int_equal(b.n_worst[0], 2);
	assert_in_range(b.worst[0][1].running_ns, 2 * PATH_NS, 4 * PATH_NS);
	hist_release(&of_all[LATE_TIMER].ran);
}

/* 5 ms late by the host's timer, and its usual way: all known. */
static void test_usual_way(void **state)
{
	struct sample s = {.in_window = true};

	(void)state;
	quiet(100);
	s.due_ns = s.from_ns = now;
	piece(THREAD_SLEEPING, 5 * MS);
	piece(THREAD_RUNNING, 2 * PATH_NS);
	s.host_ns = now;
	late_explain(&b, &v, &s);
	assert_int_equal(worst()->unexplained_ns, 0);
	assert_int_equal(worst()->running_ns, 2 * PATH_NS);
	assert_int_equal(told, 1);
}

/* A way in pieces is their sum: a thread that moved to another CPU in mid-way, and had its usual way all the same. */
static void test_a_way_in_pieces(void **state)
{
	struct sample s = {.in_window = true};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		s.due_ns = now;
		piece(THREAD_RUNNING, 300 * US);
		piece(THREAD_WAITING, 10 * US);
		piece(THREAD_RUNNING, 100 * US);
		s.host_ns = now;
		late_calibrate(&v, &s);
	}
	assert_in_range(v.path[LATE_TIMER].median_ns, 390 * US, 410 * US);
}

/* What the box lost on that CPU meanwhile, and never more than that over all late wake-ups. */
static void test_the_box_below(void **state)
{
	(void)state;
	quiet(100);
	wake(33 * MS, 0);
	late_box_reading(&b, &b.box[CPU ^ 1], 50 * MS); /* another CPU's */
	assert_int_equal(worst()->box_steal_ns, 0);
	late_box_reading(&b, &b.box[CPU], 20 * MS);
	assert_in_range(worst()->box_steal_ns, 20 * MS - 10, 20 * MS);
	late_box_reading(&b, &b.box[CPU], 20 * MS); /* too late: it was before this */
	assert_in_range(worst()->box_steal_ns, 20 * MS - 10, 20 * MS);
	assert_in_range(worst()->ran_unexplained_ns, 12900 * US, 13 * MS);
}

static void test_two_share_what_the_box_lost(void **state)
{
	(void)state;
	quiet(100);
	wake(20 * MS, 0);
	wake(20 * MS, 0);
	late_box_reading(&b, &b.box[CPU], 10 * MS);
	assert_int_equal(b.n_worst[0], 2);
	assert_in_range(
		b.worst[0][0].box_steal_ns + b.worst[0][1].box_steal_ns, 10 * MS - 10, 10 * MS);
}

/* A Linux guest's kernel says how long the woken thread stood in its own run queue. */
static void test_its_own_run_queue(void **state)
{
	(void)state;
	quiet(100);
	wake(33 * MS, 32 * MS);
	late_box_reading(&b, &b.box[CPU], 0);
	assert_int_equal(worst()->guest_queue_ns, 32 * MS);
	assert_in_range(worst()->ran_unexplained_ns, 900 * US, 1 * MS);
}

/* Too few wake-ups to know what is usual: then nothing is taken for usual. */
static void test_nothing_to_compare(void **state)
{
	(void)state;
	quiet(3);
	wake(2 * MS, 0);
	assert_int_equal(worst()->ran_unexplained_ns, 2 * MS);
}

/* A third of all wake-ups odd does not make it usual. */
static void test_often_odd(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		quiet(2);
		wake(3 * MS, 0);
		late_box_reading(&b, &b.box[CPU], 0);
	}
	assert_true(out.late_count == 50);
	assert_true(out.late_explained_ns < out.late_ns / 10);
}

/* Recorded alone, without any trace: its own load has a name, the rest has none. */
static void test_untraced(void **state)
{
	const struct late *l;

	(void)state;
	v.thread = NULL;
	wake(12 * MS, 11 * MS);
	l = worst();
	assert_int_equal(l->guest_queue_ns, 11 * MS);
	assert_int_equal(l->n_who, 1);
	assert_string_equal(l->who[0].name, "its own load");
	assert_string_equal(culprit_kind_name(l->who[0].kind), "own-load");
	assert_int_equal(l->unexplained_ns, 1 * MS + 40 * US);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_stop_is_no_late_timer),
		TEST(test_ran_for_33_ms),
		TEST(test_the_way_of_its_like),
		TEST(test_usual_way),
		TEST(test_a_way_in_pieces),
		TEST(test_the_box_below),
		TEST(test_two_share_what_the_box_lost),
		TEST(test_its_own_run_queue),
		TEST(test_nothing_to_compare),
		TEST(test_often_odd),
		TEST(test_untraced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
