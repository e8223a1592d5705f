/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread state machine: sums clipped at the window, migrations, throttling, irqs, losses,
 * disorder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "analysis/trace/occupants.h"
#include "analysis/trace/order.h"
#include "tests/unit/trace_events.h"

#define START 1000000u
#define END   2000000u

struct rig {
	struct run_info info;
	struct run_guest guest;
	struct run_vcpu vcpu;
	struct culprits *names;
	struct timeline *tl;
	struct thread *t;
	unsigned left;
	uint64_t last_delay;
};

static void on_leaving(void *arg, struct thread *t, uint64_t now, uint64_t delay)
{
	struct rig *r = arg;

	(void)t;
	(void)now;
	r->left++;
	r->last_delay = delay;
}

static void rig_make(struct rig *r)
{
	*r = (struct rig){0};
	r->guest = (struct run_guest){.name = (char *)"victim", .pid = 99, .n_vcpus = 1};
	r->vcpu.tid = (int)VCPU;
	r->guest.vcpus = &r->vcpu;
	r->info.guests = &r->guest;
	r->info.n_guests = 1;
	r->names = culprits_make(&r->info);
	ev_task(r->names, HOG, HOG, 0, 0, "hog");
	r->tl = timeline_make(START, END, r->names, (struct timeline_sink){on_leaving, r});
	r->t = timeline_add(r->tl, VCPU, 0, 0);
}

static void rig_free(struct rig *r)
{
	timeline_free(r->tl);
	culprits_free(r->names);
}

static uint64_t blamed(const struct rig *r, uint32_t culprit)
{
	return culprit < r->t->n_blame ? r->t->blame[culprit].ns : 0;
}

static uint64_t blamed_in_all(const struct rig *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->t->n_blame; i++)
		sum += r->t->blame[i].ns;
	return sum;
}

static void test_clipped_at_the_window(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START - 500, VCPU, 1, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 10);
	ev_state(r.tl, START - 300, VCPU, 1, THREAD_WAITING, TRACE_STATE_PREEMPTED, HOG, 10);
	ev_state(r.tl, START + 700, VCPU, 1, THREAD_RUNNING, 0, HOG, 10);
	ev_state(r.tl, END - 100, VCPU, 1, THREAD_WAITING, TRACE_STATE_PREEMPTED, HOG, 1010);
	ev_state(r.tl, END + 900, VCPU, 1, THREAD_RUNNING, 0, HOG, 1010);
	timeline_finish(r.tl, END + 1000);
	assert_int_equal(r.t->sums.wait_ns, 700 + 100);
	assert_int_equal(r.t->sums.run_ns, END - 100 - START - 700);
	assert_int_equal(r.t->sums.wait_ns + r.t->sums.run_ns + r.t->sums.sleep_ns, END - START);
	assert_int_equal(blamed(&r, culprit_of_tid(r.names, HOG)), 800);
	rig_free(&r);
}

static void test_wake_up_and_migration(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START, VCPU, 0, THREAD_SLEEPING, TRACE_STATE_INITIAL, 0, 5);
	ev_state(r.tl, START + 100, VCPU, 0, THREAD_WAITING, 0, 1, 5);
	ev_occupy(r.tl, START + 100, 0, HOG);
	ev_state(r.tl, START + 400, VCPU, 2, THREAD_WAITING, TRACE_STATE_MIGRATED, 1, 305);
	ev_occupy(r.tl, START + 400, 2, 0);
	ev_state(r.tl, START + 450, VCPU, 2, THREAD_RUNNING, 0, 0, 305);
	ev_state(r.tl, START + 1000, VCPU, 2, THREAD_SLEEPING, 0, 0, 355);
	timeline_finish(r.tl, START + 2000);
	assert_int_equal(r.t->sums.wait_ns, 350);
	assert_int_equal(r.t->sums.sleep_ns, 100 + 1000);
	assert_int_equal(r.t->sums.run_ns, 550);
	assert_int_equal(r.t->sums.migrations, 1);
	assert_int_equal(r.t->sums.wakeups, 1);
	assert_int_equal(r.t->sums.wasted_ns, 50);
	assert_int_equal(blamed(&r, culprit_of_tid(r.names, HOG)), 300);
	assert_int_equal(blamed(&r, CULPRIT_ID_IDLE), 50);
	rig_free(&r);
}

/* A thread that was stopped by a signal sleeps, and its piece says what held it. */
static void test_stopped_is_no_sleep_of_its_own(void **state)
{
	const struct piece *p;
	struct rig r;
	uint64_t i;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 5);
	ev_state(r.tl, START + 100, VCPU, 0, THREAD_SLEEPING, TRACE_STATE_STOPPED, HOG, 5);
	ev_state(r.tl, START + 400, VCPU, 0, THREAD_WAITING, 0, 1, 5);
	ev_state(r.tl, START + 450, VCPU, 0, THREAD_RUNNING, 0, HOG, 5);
	ev_state(r.tl, START + 500, VCPU, 0, THREAD_SLEEPING, 0, HOG, 55);
	timeline_finish(r.tl, START + 2000);
	p = timeline_piece_at(r.t, START + 200, &i);
	assert_int_equal(p->state, THREAD_SLEEPING);
	assert_int_equal(p->culprit, CULPRIT_ID_STOPPED);
	p = timeline_piece_at(r.t, START + 600, &i);
	assert_int_equal(p->state, THREAD_SLEEPING);
	assert_int_equal(p->culprit, CULPRIT_ID_UNKNOWN);
	assert_int_equal(r.t->sums.sleep_ns, 300 + 1500);
	rig_free(&r);
}

/* The traced waits between two ends of RUNNING are what run_delay grew by, moves between queues
 * included. */
static void test_waits_match_run_delay(void **state)
{
	struct rig r;
	uint64_t now = START, delay = 77;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, now, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, delay);
	for (unsigned i = 1; i < 200; i++) {
		uint64_t wait = i * 7 % 50 + 1, moved = i % 3 ? 0 : 11;

		ev_state(r.tl, now += 100, VCPU, 0, THREAD_WAITING, TRACE_STATE_PREEMPTED, HOG,
			delay);
		if (moved)
			ev_state(r.tl, now += moved, VCPU, i % CPUS, THREAD_WAITING,
				TRACE_STATE_MIGRATED, 0, delay + moved);
		ev_state(r.tl, now += wait, VCPU, i % CPUS, THREAD_RUNNING, 0, HOG, delay + moved);
		delay += moved + wait;
	}
	ev_state(r.tl, now + 10, VCPU, 0, THREAD_SLEEPING, 0, 0, delay);
	assert_true(r.t->have_delay);
	assert_int_equal(r.t->waits_to_last, r.t->delay_last - r.t->delay_first);
	assert_true(r.t->delay_last > r.t->delay_first);
	assert_int_equal(r.last_delay, delay);
	rig_free(&r);
}

static void test_throttled_is_told_apart(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 0);
	ev_state(r.tl, START + 100, VCPU, 0, THREAD_WAITING, TRACE_STATE_PREEMPTED, 0, 0);
	ev_throttle(r.tl, START + 100, VCPU, 0, 1);
	ev_occupy(r.tl, START + 150, 0, HOG); /* it may run: the quota is to blame all the same */
	ev_throttle(r.tl, START + 300, VCPU, 0, 0);
	ev_state(r.tl, START + 350, VCPU, 0, THREAD_RUNNING, 0, HOG, 0);
	timeline_finish(r.tl, START + 400);
	assert_int_equal(r.t->sums.throttled_ns, 200);
	assert_int_equal(r.t->sums.wasted_ns, 0);
	assert_int_equal(blamed(&r, CULPRIT_ID_QUOTA), 200);
	assert_int_equal(blamed(&r, culprit_of_tid(r.names, HOG)), 50);
	rig_free(&r);
}

static void test_irq_inside_a_wait(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START, VCPU, 0, THREAD_SLEEPING, TRACE_STATE_INITIAL, 0, 0);
	ev_state(r.tl, START + 100, VCPU, 0, THREAD_WAITING, 0, HOG, 0);
	ev_occupy(r.tl, START + 100, 0, HOG);
	ev_irq(r.tl, START + 150, 0, 24, TRACE_IRQ_HARD, 100); /* began before the wait: 50 count */
	ev_irq(r.tl, START + 300, 0, 3, TRACE_IRQ_SOFT, 60);
	ev_state(r.tl, START + 400, VCPU, 0, THREAD_RUNNING, 0, HOG, 0);
	timeline_finish(r.tl, START + 500);
	assert_int_equal(blamed(&r, culprit_of_irq(r.names, 24, false)), 50);
	assert_int_equal(blamed(&r, culprit_of_irq(r.names, 3, true)), 60);
	assert_int_equal(blamed(&r, culprit_of_tid(r.names, HOG)), 190);
	assert_int_equal(r.t->sums.wait_ns, 300);
	rig_free(&r);
}

static void test_initial_after_an_event_is_ignored(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START + 10, VCPU, 0, THREAD_RUNNING, 0, HOG, 0);
	ev_state(r.tl, START + 20, VCPU, 3, THREAD_SLEEPING, TRACE_STATE_INITIAL, 0, 0);
	assert_int_equal(r.t->state, THREAD_RUNNING);
	assert_int_equal(r.t->cpu, 0);
	rig_free(&r);
}

static void test_lost_records_leave_a_hole(void **state)
{
	struct trace_counter lost = {
		.h = {START + 200, 0, 0, TRACE_LOST, sizeof(lost) / 8}, .value = 9};
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 0);
	timeline_record(r.tl, &lost.h);
	ev_state(r.tl, START + 500, VCPU, 1, THREAD_SLEEPING, 0, 0, 0);
	timeline_finish(r.tl, START + 600);
	assert_int_equal(r.t->sums.run_ns, 200);
	assert_int_equal(r.t->sums.unknown_ns, 300);
	assert_int_equal(r.t->sums.sleep_ns, 100);
	rig_free(&r);
}

/* What the tracer infers comes when the thread next gets a CPU, with its true time. In what order records come makes no
 * difference: not to times, not to whom they are put down to. */
static void told(struct rig *r, bool late)
{
	const uint64_t woke = START + 1000;

	rig_make(r);
	ev_task(r->names, HOG + 1, HOG + 1, 0, 0, "other");
	ev_state(r->tl, START, VCPU, 0, THREAD_SLEEPING, TRACE_STATE_INITIAL, 0, 5);
	ev_occupy(r->tl, START + 500, 0, HOG);
	for (unsigned pass = 0; pass < 2; pass++) {
		if (pass == late)
			ev_state(r->tl, woke, VCPU, 0, THREAD_WAITING, TRACE_STATE_INFERRED, 0, 5);
		if (pass == late)
			ev_occupy(r->tl, woke, 0, HOG);
		if (pass)
			continue;
		ev_occupy(r->tl, START + 2000, 0, HOG + 1);
		ev_occupy(r->tl, START + 2500, 0, 0);
		ev_occupy(r->tl, START + 2600, 0, HOG);
	}
	ev_state(r->tl, START + 3000, VCPU, 0, THREAD_RUNNING, 0, HOG, 5);
	ev_state(r->tl, START + 4000, VCPU, 0, THREAD_SLEEPING, 0, HOG, 2005);
	timeline_finish(r->tl, START + 5000);
}

static void test_inferred_late_is_as_in_time(void **state)
{
	struct rig r[2];

	(void)state;
	told(&r[0], true);
	told(&r[1], false);
	for (unsigned i = 0; i < 2; i++) {
		const struct piece *p;
		uint64_t at, waited = 0;

		assert_int_equal(timeline_disorder(r[i].tl), 0);
		assert_int_equal(r[i].t->sums.wait_ns, 2000);
		assert_int_equal(r[i].t->sums.sleep_ns, 1000 + 1000);
		assert_int_equal(r[i].t->sums.wakeups, 1);
		assert_int_equal(blamed(&r[i], culprit_of_tid(r[i].names, HOG)), 1000 + 400);
		assert_int_equal(blamed(&r[i], culprit_of_tid(r[i].names, HOG + 1)), 500);
		assert_int_equal(blamed(&r[i], CULPRIT_ID_IDLE), 100);
		assert_int_equal(blamed_in_all(&r[i]), 2000);
		for (p = timeline_piece_at(r[i].t, START + 1000, &at);
			p && p->state == THREAD_WAITING; p = timeline_piece_next(r[i].t, &at))
			waited += p->end - p->start;
		assert_int_equal(waited, 2000);
		assert_int_equal(
			r[i].t->waits_done, 0); /* its first end of RUNNING is read after it */
		rig_free(&r[i]);
	}
}

/* It was believed to run, lost the CPU unseen, and others came: it waited for itself at no time. And what is told late of
 * who had a CPU does not put off those who came after. */
static void test_late_for_one_believed_to_run(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START + 100, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 5);
	ev_occupy(r.tl, START + 600, 0, HOG);
	ev_occupy(r.tl, START + 800, 0, 0);
	ev_state(r.tl, START + 300, VCPU, 0, THREAD_WAITING, TRACE_STATE_INFERRED, 0, 5);
	ev_occupy(r.tl, START + 300, 0, HOG);
	ev_state(r.tl, START + 1000, VCPU, 0, THREAD_RUNNING, 0, HOG, 5);
	assert_int_equal(timeline_disorder(r.tl), 0);
	assert_int_equal(r.t->sums.run_ns, 200);
	assert_int_equal(blamed(&r, CULPRIT_ID_UNKNOWN), 300);
	assert_int_equal(blamed(&r, culprit_of_tid(r.names, HOG)), 200);
	assert_int_equal(blamed(&r, CULPRIT_ID_IDLE), 200);
	rig_free(&r);
}

/* Nobody came since: then the one that is told late had the CPU, from then on. And it lost the CPU unseen itself. */
static void test_late_occupant_has_the_cpu_since(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_occupy(r.tl, START, 0, 0);
	ev_state(r.tl, START + 100, VCPU, 1, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 5);
	ev_occupy(r.tl, START + 900, 2, 0);
	ev_state(r.tl, START + 300, VCPU, 0, THREAD_WAITING, TRACE_STATE_INFERRED, 0, 5);
	ev_occupy(r.tl, START + 300, 0, HOG);
	ev_state(r.tl, START + 1000, VCPU, 0, THREAD_RUNNING, 0, HOG, 5);
	assert_int_equal(timeline_disorder(r.tl), 0);
	assert_int_equal(r.t->sums.run_ns, 200);
	assert_int_equal(blamed(&r, culprit_of_tid(r.names, HOG)), 700);
	/* What it is told about itself behind its own account, and what nobody can know, is disorder. */
	ev_state(r.tl, START + 990, VCPU, 0, THREAD_SLEEPING, TRACE_STATE_INFERRED, 0, 5);
	ev_occupy(r.tl, START - 1, 0, HOG);
	ev_occupy(r.tl, START + 500, 5, HOG);
	ev_state(r.tl, START + 995, VCPU, 0, THREAD_SLEEPING, 0, 0, 5);
	assert_int_equal(timeline_disorder(r.tl), 4);
	rig_free(&r);
}

static void test_what_a_cpu_had_is_forgotten(void **state)
{
	struct occupants o = {0};
	uint64_t i;

	(void)state;
	assert_false(occupants_find(&o, 5, &i));
	assert_null(occupants_get(&o, i + 1));
	for (unsigned k = 1; k <= OCCUPANTS_KEPT + 10; k++)
		occupants_add(&o, 10 * k, k);
	assert_false(occupants_find(&o, 109, &i));
	assert_int_equal(occupants_get(&o, i + 1)->culprit, 11);
	assert_true(occupants_find(&o, 110, &i));
	assert_int_equal(occupants_get(&o, i)->culprit, 11);
	assert_true(occupants_find(&o, UINT64_MAX, &i));
	assert_int_equal(occupants_get(&o, i)->culprit, OCCUPANTS_KEPT + 10);
	assert_null(occupants_get(&o, i + 1));
	occupants_release(&o);
}

static void test_time_backwards_never_underflows(void **state)
{
	struct rig r;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, START + 500, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 0);
	ev_state(r.tl, START + 100, VCPU, 0, THREAD_WAITING, TRACE_STATE_PREEMPTED, HOG,
		UINT64_MAX - 1);
	ev_occupy(r.tl, 0, 0, HOG);
	ev_irq(r.tl, START + 600, 0, 1, TRACE_IRQ_HARD, UINT64_MAX);
	ev_state(r.tl, START + 50, VCPU, 0, THREAD_RUNNING, 0, HOG, 3);
	ev_state(r.tl, START + 700, VCPU, 2000, THREAD_RUNNING, 0, HOG, 3); /* no such CPU */
	timeline_finish(r.tl, START + 800);
	assert_true(timeline_disorder(r.tl) >= 3);
	assert_true(r.t->sums.run_ns + r.t->sums.wait_ns <= 300);
	rig_free(&r);
}

static void test_random_events_conserve_time(void **state)
{
	struct rig r;
	uint64_t now = START;

	(void)state;
	rig_make(&r);
	srand(7);
	ev_state(r.tl, now, VCPU, 0, THREAD_SLEEPING, TRACE_STATE_INITIAL, 0, 0);
	for (int i = 0; i < 20000; i++) {
		uint16_t cpu = (uint16_t)(rand() % CPUS);

		now += (uint64_t)(rand() % 60);
		switch (rand() % 6) {
		case 0:
			ev_occupy(r.tl, now, cpu, rand() % 2 ? HOG : 0);
			break;
		case 1:
			ev_irq(r.tl, now, cpu, (uint32_t)(rand() % 2000), 1u << (rand() % 2),
				(uint64_t)(rand() % 500));
			break;
		case 2:
			ev_throttle(r.tl, now, VCPU, cpu, rand() % 2);
			break;
		default:
			ev_state(r.tl, now, VCPU, cpu, (uint8_t)(1 + rand() % 3),
				(uint8_t)(rand() % 4), HOG, (uint64_t)rand());
		}
	}
	timeline_finish(r.tl, now);
	assert_int_equal(
		r.t->sums.run_ns + r.t->sums.wait_ns + r.t->sums.sleep_ns, MIN(now, END) - START);
	assert_int_equal(blamed_in_all(&r), r.t->sums.wait_ns);
	rig_free(&r);
}

static void test_history_keeps_the_newest(void **state)
{
	const struct piece *p;
	struct rig r;
	uint64_t i, n = 0, now = START;

	(void)state;
	rig_make(&r);
	ev_state(r.tl, now, VCPU, 0, THREAD_RUNNING, TRACE_STATE_INITIAL, 0, 0);
	for (unsigned k = 0; k < 3 * TIMELINE_PIECES; k++)
		ev_state(r.tl, now += 10, VCPU, 0, k % 2 ? THREAD_RUNNING : THREAD_SLEEPING, 0, 0,
			0);
	p = timeline_piece_at(r.t, now - 55, &i);
	assert_int_equal(p->start, now - 60);
	for (; p; p = timeline_piece_next(r.t, &i))
		n++;
	assert_int_equal(n, 6);
	p = timeline_piece_at(r.t, START, &i);
	assert_int_equal(p->start, now - 10 * TIMELINE_PIECES);
	assert_null(timeline_piece_at(r.t, now, &i));
	rig_free(&r);
}

static void test_order_sorts_and_keeps_equals(void **state)
{
	struct order o;
	uint64_t last = 0, n = 0;
	const struct trace_hdr *h;

	(void)state;
	order_init(&o);
	srand(3);
	for (uint32_t i = 0; i < 100000; i++) {
		struct trace_occupy r = {
			.h = {i * 1000 + (uint64_t)(rand() % 500000), i, 0, TRACE_OCCUPY, 2}};

		order_push(&o, &r.h);
		while ((h = order_pop(&o))) {
			assert_true(h->ts_ns >= last);
			last = h->ts_ns;
			n++;
		}
	}
	order_flush(&o);
	while ((h = order_pop(&o))) {
		assert_true(h->ts_ns >= last);
		last = h->ts_ns;
		n++;
	}
	assert_int_equal(n, 100000);
	for (uint32_t i = 0; i < 10; i++) {
		struct trace_occupy r = {.h = {last, i, 0, TRACE_OCCUPY, 2}};

		order_push(&o, &r.h);
	}
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(order_pop(&o)->tid, i);
	order_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clipped_at_the_window),
		cmocka_unit_test(test_wake_up_and_migration),
		cmocka_unit_test(test_stopped_is_no_sleep_of_its_own),
		cmocka_unit_test(test_waits_match_run_delay),
		cmocka_unit_test(test_throttled_is_told_apart),
		cmocka_unit_test(test_irq_inside_a_wait),
		cmocka_unit_test(test_initial_after_an_event_is_ignored),
		cmocka_unit_test(test_lost_records_leave_a_hole),
		cmocka_unit_test(test_inferred_late_is_as_in_time),
		cmocka_unit_test(test_late_for_one_believed_to_run),
		cmocka_unit_test(test_late_occupant_has_the_cpu_since),
		cmocka_unit_test(test_what_a_cpu_had_is_forgotten),
		cmocka_unit_test(test_time_backwards_never_underflows),
		cmocka_unit_test(test_random_events_conserve_time),
		cmocka_unit_test(test_history_keeps_the_newest),
		cmocka_unit_test(test_order_sorts_and_keeps_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
