// SPDX-License-Identifier: GPL-3.0-or-later
/* collect/guest_sync: clocks compared with guests that answer, that sleep, and that are dead. */
#include <errno.h>
#include <pthread.h>

#include "ring_rig.h"
#include "tests/sync_one.h"

struct answerer {
	struct rig *rig;
	volatile bool stop;
};

/* A guest's vCPU that answers pings, with a TSC of 1 tick per ns from 5 s behind the host's
 * clock. */
static void *answer_main(void *arg)
{
	struct answerer *a = arg;
	volatile struct shm_vcpu *lines = a->rig->rings[0].shm;

	while (!a->stop) {
		uint64_t ping = lines->ping_seq;

		if (ping == lines->echo_seq)
			continue;
		lines->echo_tsc = now_ns() - 5 * NS_PER_S;
		__asm__ volatile("" : : : "memory");
		lines->echo_seq = ping;
	}
	return NULL;
}

static void test_sync_brackets_the_guest(void **state)
{
	struct rig r;
	struct answerer a = {.rig = &r};
	struct err e = ERR_INIT;
	struct shm_rec *recs;
	pthread_t thread;
	size_t n;

	(void)state;
	rig_up(&r, 2);
	r.rings[0].shm->state = SHM_STATE_READY; /* vCPU 1 never came up: left out */
	assert_int_equal(pthread_create(&thread, NULL, answer_main, &a), 0);
	guest_shm_command(r.g, SHM_CMD_STOP);
	assert_int_equal(sync_one(r.g, 20, &e), 0);
	assert_int_equal(((struct shm_host *)r.page)->command, SHM_CMD_STOP);
	guest_shm_command(r.g, SHM_CMD_RUN);
	assert_int_equal(sync_one(r.g, 20, &e), -EBUSY);
	assert_int_equal(((struct shm_host *)r.page)->command, SHM_CMD_RUN);
	a.stop = true;
	pthread_join(thread, NULL);
	recs = finish(&r, &n);
	assert_int_equal(n, GUEST_SYNC_KEEP);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(recs[i].type, REC_SYNC);
		assert_int_equal(recs[i].vcpu, 0);
		assert_true(recs[i].v[0] <= recs[i].tsc + 5 * NS_PER_S);
		assert_true(recs[i].v[1] >= recs[i].tsc + 5 * NS_PER_S);
		assert_true(i == 0 || recs[i].v[0] > recs[i - 1].v[0]);
	}
	free(recs);
	rig_down(&r);
}

/* Three guests: one that answers once and then a ping each 10 ms, one that is awake after 5 ms, one that never is. */
struct crowd {
	struct rig rigs[3];
	volatile bool stop;
};

static bool echo(struct rig *r)
{
	volatile struct shm_vcpu *lines = r->rings[0].shm;
	uint64_t ping = lines->ping_seq;

	if (ping == lines->echo_seq)
		return false;
	lines->echo_tsc = now_ns();
	__asm__ volatile("" : : : "memory");
	lines->echo_seq = ping;
	return true;
}

static void *crowd_main(void *arg)
{
	struct crowd *c = arg;
	uint64_t from = now_ns(), next = from;

	while (!c->stop) {
		if (now_ns() > from + 5 * NS_PER_MS)
			echo(&c->rigs[1]);
		if (now_ns() > next && echo(&c->rigs[0]))
			next = now_ns() + 10 * NS_PER_MS;
	}
	return NULL;
}

static uint64_t last_ping(struct rig *r, size_t wanted)
{
	size_t n;
	struct shm_rec *recs = finish(r, &n);
	uint64_t at = n ? recs[n - 1].v[1] : 0;

	assert_int_equal(n, wanted);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(recs[i].type, REC_SYNC);
	free(recs);
	rig_down(r);
	return at;
}

/* Who sleeps, or is dead, holds nobody up; who is dead is named once; all are told again what they were told before. */
static void test_sync_of_many(void **state)
{
	struct crowd c = {.stop = false};
	struct guest_shm *guests[4] = {NULL};
	struct guest_sync *sync = NULL;
	struct err e = ERR_INIT;
	unsigned silent = 0;
	pthread_t thread;
	size_t guest;
	int rc;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		rig_up(&c.rigs[i], i == 2 ? 2 : 1);
		guests[i < 2 ? i : 3] = c.rigs[i].g; /* number 2 has no page */
		for (unsigned v = 0; v < c.rigs[i].vcpus; v++)
			c.rigs[i].rings[v].shm->state = SHM_STATE_READY;
		guest_shm_command(c.rigs[i].g, i ? SHM_CMD_STOP : SHM_CMD_IDLE);
	}
	assert_int_equal(pthread_create(&thread, NULL, crowd_main, &c), 0);
	assert_int_equal(guest_sync_begin(guests, 4, 5, &sync, &e), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(((struct shm_host *)c.rigs[i].page)->command, SHM_CMD_SYNC);
	while ((rc = guest_sync_turn(sync, &guest, &e)) != 0) {
		assert_true(rc == 1 || rc == -ETIMEDOUT);
		silent += rc < 0;
		assert_true(rc > 0 || guest == 3);
	}
	guest_sync_end(sync);
	c.stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(silent, 1);
	assert_non_null(strstr(e.msg, "does not answer"));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(((struct shm_host *)c.rigs[i].page)->command,
			i ? SHM_CMD_STOP : SHM_CMD_IDLE);
	assert_true(
		last_ping(&c.rigs[1], GUEST_SYNC_KEEP) < last_ping(&c.rigs[0], GUEST_SYNC_KEEP));
	last_ping(&c.rigs[2], 0);
}

/* Broken off in the middle: nobody waits for pings that do not come. */
static void test_sync_broken_off(void **state)
{
	struct rig r;
	struct guest_sync *sync = NULL;
	struct err e = ERR_INIT;
	size_t guest;

	(void)state;
	rig_up(&r, 1);
	r.rings[0].shm->state = SHM_STATE_READY;
	guest_shm_command(r.g, SHM_CMD_STOP);
	assert_int_equal(guest_sync_begin(&r.g, 1, 5, &sync, &e), 0);
	assert_int_equal(guest_sync_turn(sync, &guest, &e), 1);
	guest_sync_end(sync);
	assert_int_equal(((struct shm_host *)r.page)->command, SHM_CMD_STOP);
	rig_down(&r);
}

/* Guests that come back one after the other, each 1.5 s after the one before: there is an answer often enough, but none may hold
 * up the run for ever. Three may take 2.6 s in all. */
static void *late_main(void *arg)
{
	struct crowd *c = arg;
	uint64_t from = now_ns();

	while (!c->stop)
		for (unsigned i = 0; i < 3; i++)
			if (now_ns() > from + (i + 1) * 1500 * NS_PER_MS)
				echo(&c->rigs[i]);
	return NULL;
}

static void test_sync_ends(void **state)
{
	struct crowd c = {.stop = false};
	struct guest_shm *guests[3];
	struct guest_sync *sync = NULL;
	struct err e = ERR_INIT;
	bool silent[3] = {false};
	pthread_t thread;
	size_t guest;
	int rc;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		rig_up(&c.rigs[i], 1);
		guests[i] = c.rigs[i].g;
		c.rigs[i].rings[0].shm->state = SHM_STATE_READY;
	}
	assert_int_equal(pthread_create(&thread, NULL, late_main, &c), 0);
	assert_int_equal(guest_sync_begin(guests, 3, 5, &sync, &e), 0);
	while ((rc = guest_sync_turn(sync, &guest, &e)) != 0)
		if (rc < 0)
			silent[guest] = true;
	guest_sync_end(sync);
	c.stop = true;
	pthread_join(thread, NULL);
	assert_false(silent[0]);
	assert_true(silent[1] && silent[2]);
	for (unsigned i = 0; i < 3; i++)
		rig_down(&c.rigs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sync_brackets_the_guest),
		cmocka_unit_test(test_sync_of_many),
		cmocka_unit_test(test_sync_broken_off),
		cmocka_unit_test(test_sync_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
