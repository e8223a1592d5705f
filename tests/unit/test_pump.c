// SPDX-License-Identifier: GPL-3.0-or-later
/* run/pump and run/watch under ThreadSanitizer (tests/pump.mk): the main thread sees the pump's
 * error whole, and ends it, with no access that races. The guests' pages are played here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/priv.h"
#include "run/xen.h"

static atomic_uint drains, beacons, meanwhile;
static atomic_bool slow; /* a drain waits for the disk */

void guest_shm_beacon(struct guest_shm *g)
{
	(void)g;
	beacons++;
}

void guest_shm_note_host_tsc(struct guest_shm *g)
{
	(void)g;
}

uint64_t guest_shm_samples(const struct guest_shm *g)
{
	(void)g;
	return drains;
}

unsigned guest_shm_count_state(const struct guest_shm *g, enum shm_state state)
{
	(void)g;
	(void)state;
	return 0;
}

int guest_shm_drain(struct guest_shm *g, struct err *e)
{
	unsigned before = beacons;

	(void)g;
	if (slow) {
		sleep_ns(NS_PER_S);
		meanwhile = beacons - before;
		slow = false;
	}
	return ++drains == 2 ? err_set(e, ENOSPC, "the disk is full: a long sentence") : 0;
}

bool domain_alive(struct domain *d)
{
	(void)d;
	return true;
}

int live_ended(struct session *s, struct guest_run *g, struct err *e)
{
	(void)s;
	(void)g;
	return err_set(e, ESRCH, "it ended");
}

const char *domain_word(const struct domain *d)
{
	(void)d;
	return "QEMU";
}

void xen_guest_console(struct guest_run *g)
{
	(void)g;
}

int noise_check(const struct noise *n, struct err *e)
{
	(void)n;
	(void)e;
	return 0;
}

bool native_alive(const struct native_guest *n)
{
	(void)n;
	return true;
}

static void test_error_arrives_whole(void **state)
{
	struct run_options o = {0};
	struct run_guest info = {.status = (char *)"ok"};
	struct plan_guest plan = {0};
	struct guest_run guest = {.plan = &plan, .info = &info, .shm = (struct guest_shm *)&plan};
	struct plan whole = {0};
	struct session s = {.plan = &whole, .o = &o, .guests = &guest, .n_guests = 1};
	struct err e = ERR_INIT;

	(void)state;
	pthread_mutex_init(&s.lock, NULL);
	assert_int_equal(session_check(&s, &e), 0);
	assert_int_equal(pump_start(&s, &e), 0);
	/* Looked at all the time: the moment of the write is among them. */
	for (uint64_t until = now_ns() + 20 * NS_PER_S; now_ns() < until;)
		if (session_check(&s, &e))
			break;
	assert_int_equal(e.code, ENOSPC);
	assert_string_equal(e.msg, "the disk is full: a long sentence");
	assert_true(s.first_sample_ns > 0);
	pump_end(&s);
	assert_int_equal(session_check(&s, &e), -ENOSPC);
	pthread_mutex_destroy(&s.lock);
}

/* A second of waiting for the disk: 20 beacons are due. */
static void test_beacons_go_on(void **state)
{
	struct run_options o = {0};
	struct plan whole = {0};
	struct guest_run guest = {.shm = (struct guest_shm *)&whole};
	struct session s = {.plan = &whole, .o = &o, .guests = &guest, .n_guests = 1};
	struct err e = ERR_INIT;

	(void)state;
	pthread_mutex_init(&s.lock, NULL);
	drains = 10;
	slow = true;
	assert_int_equal(pump_start(&s, &e), 0);
	for (uint64_t until = now_ns() + 20 * NS_PER_S; slow && now_ns() < until;)
		sleep_ns(10 * NS_PER_MS);
	pump_end(&s);
	assert_in_range(meanwhile, 5, 21);
	pthread_mutex_destroy(&s.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_arrives_whole),
		cmocka_unit_test(test_beacons_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
