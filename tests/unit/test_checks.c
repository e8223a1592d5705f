// SPDX-License-Identifier: GPL-3.0-or-later
/* The checks of a record, each just within its limit and just beyond it; what is doubted aloud; and
 * samples that may lie on either side of a switch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/priv.h"

static struct analysis a;
static struct analysis_guest guest;
static struct analysis_vcpu out[2];
static struct thread thread;
static struct vcpu_build v[2];
static struct build b;

static int begin(void **state)
{
	(void)state;
	guest = (struct analysis_guest){.name = "g", .vcpus = out, .n_vcpus = 2};
	a = (struct analysis){.window_start_ns = NS_PER_S,
		.window_end_ns = 11 * NS_PER_S,
		.window_s = 10,
		.guests = &guest,
		.n_guests = 1};
	thread = (struct thread){.delay_first_ns = NS_PER_S, .delay_last_ns = 11 * NS_PER_S};
	for (unsigned i = 0; i < 2; i++) {
		out[i] = (struct analysis_vcpu){.clock.error_ns = NAN};
		v[i] = (struct vcpu_build){.out = &out[i], .index = i, .thread = &thread};
	}
	b = (struct build){.a = &a, .vcpus = v, .n_vcpus = 2};
	b.box = xcalloc(CPUSET_MAX, sizeof(*b.box));
	return 0;
}

static void drop_checks(void)
{
	for (size_t i = 0; i < a.n_checks; i++)
		free(a.checks[i].note);
	free(a.checks);
	a.checks = NULL;
	a.n_checks = 0;
}

static int end(void **state)
{
	(void)state;
	drop_checks();
	strv_release(&a.warnings);
	for (unsigned i = 0; i < 2; i++)
		free(v[i].pending);
	free(b.box);
	return 0;
}

static enum verdict verdict(const char *name)
{
	drop_checks();
	make_checks(&b);
	return analysis_check(&a, name)->verdict;
}

static void steal_differs(unsigned vcpu, bool exact, uint64_t by_ns)
{
	struct vcpu_joins *j = &out[vcpu].joins;

	j->have_steal = true;
	j->steal_exact = exact;
	j->steal_ns = NS_PER_S;
	j->run_delay_ns = NS_PER_S - by_ns;
	j->steal_span_ns = 10 * NS_PER_S;
}

static void test_steal(void **state)
{
	(void)state;
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_UNKNOWN);
	steal_differs(0, true, 900000);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_PASS);
	steal_differs(0, true, 1100000);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	/* The worst vCPU stands for all, whichever it is. */
	steal_differs(1, true, 0);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	steal_differs(0, true, 0);
	steal_differs(1, true, 1100000);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	assert_non_null(strstr(analysis_check(&a, "steal_vs_run_delay")->note, "g/vcpu1"));
	/* Sampled, not joined: 2 %. */
	steal_differs(0, false, 19000000);
	steal_differs(1, false, 0);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_PASS);
	steal_differs(0, false, 21000000);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	/* Of next to nothing, 1 % of the time is the base: 0.1 ms of 10 s. */
	out[0].joins.steal_exact = out[1].joins.steal_exact = true;
	out[0].joins.steal_ns = 99000;
	out[0].joins.run_delay_ns = 0;
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_PASS);
	out[0].joins.steal_ns = 101000;
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
}

/* On Xen each wake-up may be booked 50 us earlier than it is traced, and a second source of the waits there is none. */
static void test_xen(void **state)
{
	(void)state;
	guest.accel = (char *)"xen";
	steal_differs(0, true, 1100000);
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	out[0].states.wakeups = 4; /* of 1.1 ms 0.2 */
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_PASS);
	out[0].joins.run_delay_ns = NS_PER_S + 1250000; /* the other way round, and too much */
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	out[0].states.wakeups = 100000; /* it is not made better than equal */
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_PASS);
	guest.accel = (char *)"kvm";
	assert_int_equal(verdict("steal_vs_run_delay"), VERDICT_FAIL);
	out[0].joins.have_wait = true;
	assert_int_equal(verdict("wait_vs_run_delay"), VERDICT_PASS);
	guest.accel = (char *)"xen";
	assert_int_equal(verdict("wait_vs_run_delay"), VERDICT_UNKNOWN);
}

static void test_waiting(void **state)
{
	struct vcpu_joins *j = &out[0].joins;

	(void)state;
	j->have_wait = true;
	j->waits = 1000;
	j->wait_run_delay_ns = NS_PER_S;
	j->wait_ns = NS_PER_S - 900000;
	assert_int_equal(verdict("wait_vs_run_delay"), VERDICT_PASS);
	j->wait_ns = NS_PER_S - 1100000;
	assert_int_equal(verdict("wait_vs_run_delay"), VERDICT_FAIL);
	/* The kernel's own clock, where it was kept, decides; booked sleep counts as waiting there. */
	j->have_clock_wait = true;
	j->clock_run_delay_ns = NS_PER_S;
	j->clock_span_ns = 10 * NS_PER_S;
	j->clock_wait_ns = NS_PER_S - 30000000;
	j->sleep_booked_ns = 29500000;
	assert_int_equal(verdict("wait_vs_run_delay"), VERDICT_PASS);
	j->sleep_booked_ns = 0;
	assert_int_equal(verdict("wait_vs_run_delay"), VERDICT_FAIL);
}

static void test_states(void **state)
{
	struct vcpu_states *s = &out[0].states;

	(void)state;
	s->have = true;
	s->run_ns = 5 * NS_PER_S;
	s->wait_ns = 3 * NS_PER_S;
	s->sleep_ns = 2 * NS_PER_S - 9 * NS_PER_MS;
	assert_int_equal(verdict("state_conservation"), VERDICT_PASS);
	s->sleep_ns = 2 * NS_PER_S - 11 * NS_PER_MS;
	assert_int_equal(verdict("state_conservation"), VERDICT_FAIL);
	s->sleep_ns = 2 * NS_PER_S + 11 * NS_PER_MS;
	assert_int_equal(verdict("state_conservation"), VERDICT_FAIL);
}

static void test_clock(void **state)
{
	(void)state;
	assert_int_equal(verdict("clock_error_ns"), VERDICT_UNKNOWN);
	for (unsigned i = 0; i < 2; i++)
		out[i].clock =
			(struct clock_quality){.source = CLOCK_SOURCE_OFFSET, .error_ns = 9e5};
	assert_int_equal(verdict("clock_error_ns"), VERDICT_PASS);
	assert_int_equal(verdict("causality"), VERDICT_PASS);
	out[0].clock.error_ns = 1.1e6;
	assert_int_equal(verdict("clock_error_ns"), VERDICT_FAIL);
	out[0].clock.violations = 1;
	assert_int_equal(verdict("causality"), VERDICT_FAIL);
}

static void test_explained(void **state)
{
	struct metric_value *m = &guest.metrics[METRIC_LATE_EXPLAINED];

	(void)state;
	assert_int_equal(verdict("late_explained"), VERDICT_UNKNOWN);
	*m = (struct metric_value){.have = true, .value = 99.1};
	assert_int_equal(verdict("late_explained"), VERDICT_PASS);
	m->value = 98.9;
	assert_int_equal(verdict("late_explained"), VERDICT_FAIL);
}

/* Each kind of loss by itself. */
static void test_lost(void **state)
{
	uint64_t *const counts[] = {&a.lost_guest, &a.lost_host, &a.bad_records};

	(void)state;
	assert_int_equal(verdict("lost_records"), VERDICT_PASS);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		*counts[i] = 1;
		assert_int_equal(verdict("lost_records"), VERDICT_FAIL);
		*counts[i] = 0;
	}
	a.cut = true;
	assert_int_equal(verdict("lost_records"), VERDICT_FAIL);
}

static bool doubted(const char *text)
{
	bool found = false;

	strv_release(&a.warnings);
	note_doubts(&b);
	for (size_t i = 0; i < a.warnings.n; i++)
		found |= strstr(a.warnings.items[i], text) != NULL;
	return found;
}

static void test_box_steal_is_told(void **state)
{
	(void)state;
	assert_false(doubted("its own hypervisor took"));
	assert_true(isnan(a.box_steal_ms_per_s));
	b.box[3].steal.covered_ns = 10 * NS_PER_S;
	b.box[3].steal.grown_ns = 40 * NS_PER_MS;
	assert_false(doubted("its own hypervisor took")); /* of a CPU that is not the lab's */
	cpuset_add(&a.info.lab_cpus, 3);
	assert_true(doubted("its own hypervisor took 4.00 ms/s per lab CPU"));
	assert_float_equal(a.box_steal_ms_per_s, 4, 1e-9);
	b.box[4].steal = b.box[3].steal;
	b.box[4].steal.grown_ns = 0;
	cpuset_add(&a.info.lab_cpus, 4); /* the mean of the lab's CPUs */
	assert_true(doubted("its own hypervisor took 2.00 ms/s per lab CPU"));
	b.box[3].steal.grown_ns = 19 * NS_PER_MS; /* under 1 ms/s: nothing to say */
	assert_false(doubted("its own hypervisor took"));
	assert_float_equal(a.box_steal_ms_per_s, 0.95, 1e-9);
}

static void test_clocks_are_doubted(void **state)
{
	struct clock_quality *q = &out[1].clock;

	(void)state;
	assert_false(doubted("TSC") || doubted("tsc-offset"));
	q->offset_changes = 1;
	assert_true(doubted("g/vcpu1: its TSC jumped"));
	q->cross_check_ns = 0.9e6;
	assert_false(doubted("tsc-offset"));
	q->cross_check_ns = 1.1e6;
	assert_true(doubted("g/vcpu1: KVM's tsc-offset is 1.100 ms beyond causality"));
	q->backwards = 2;
	assert_true(doubted("2 records with a TSC running backwards"));
}

static void test_booked_sleep_is_told(void **state)
{
	struct vcpu_joins *j = &out[0].joins;

	(void)state;
	j->clock_run_delay_ns = 10 * NS_PER_S;
	j->sleep_booked_ns = 9 * NS_PER_MS; /* under a permille */
	assert_false(doubted("delayed dequeue"));
	j->sleep_booked_ns = 11 * NS_PER_MS;
	assert_true(doubted("11.0 ms of its sleep"));
	j->clock_run_delay_ns = 0;
	j->sleep_booked_ns = NS_PER_MS / 2; /* too little to speak of */
	assert_false(doubted("delayed dequeue"));
}

/* A loop whose every pass is a gap sees itself. */
static void test_short_threshold_is_told(void **state)
{
	(void)state;
	v[1].gaps = 200;
	v[1].gaps_of_one_pass = 100;
	for (unsigned i = 0; i < 200; i++)
		hist_add(&out[1].gap, 71000);
	assert_false(doubted("threshold of its gap probe")); /* half of them: stalls in a row */
	v[1].gaps_of_one_pass = 101;
	assert_true(doubted(
		"g/vcpu1: the threshold of its gap probe lies below what one pass of the loop takes here (71 us)"));
	v[1].gaps = 99;
	v[1].gaps_of_one_pass = 99; /* too few to tell */
	assert_false(doubted("threshold of its gap probe"));
	hist_release(&out[1].gap);
}

/* A sample of the guest's clock and its error: only one that lies within the RUNNING stretch whatever
 * the error is joined. */
static uint64_t joined_at(uint64_t host_ns, uint32_t error_ns)
{
	struct sample s = {
		.host_ns = host_ns, .error_ns = error_ns, .steal_ns = 7, .in_window = true};
	uint64_t before = out[0].joins.steal_joined;

	thread.state = THREAD_RUNNING;
	thread.state_since = 2 * NS_PER_S;
	join_push(&b, &v[0], &s);
	join_leaving(&b, &v[0], 3 * NS_PER_S, 5);
	return out[0].joins.steal_joined - before;
}

static void test_the_clocks_error_counts(void **state)
{
	(void)state;
	assert_int_equal(joined_at(2 * NS_PER_S + 1000, 1000), 1);
	assert_int_equal(joined_at(2 * NS_PER_S + 999, 1000), 0);
	assert_int_equal(joined_at(3 * NS_PER_S - 1000, 1000), 1);
	assert_int_equal(joined_at(3 * NS_PER_S - 999, 1000), 0);
	assert_int_equal(joined_at(2 * NS_PER_S + 999, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_steal, begin, end),
		cmocka_unit_test_setup_teardown(test_xen, begin, end),
		cmocka_unit_test_setup_teardown(test_waiting, begin, end),
		cmocka_unit_test_setup_teardown(test_states, begin, end),
		cmocka_unit_test_setup_teardown(test_clock, begin, end),
		cmocka_unit_test_setup_teardown(test_explained, begin, end),
		cmocka_unit_test_setup_teardown(test_lost, begin, end),
		cmocka_unit_test_setup_teardown(test_box_steal_is_told, begin, end),
		cmocka_unit_test_setup_teardown(test_clocks_are_doubted, begin, end),
		cmocka_unit_test_setup_teardown(test_booked_sleep_is_told, begin, end),
		cmocka_unit_test_setup_teardown(test_short_threshold_is_told, begin, end),
		cmocka_unit_test_setup_teardown(test_the_clocks_error_counts, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
