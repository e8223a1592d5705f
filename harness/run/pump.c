// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two threads that talk to the guests' shared pages while a run is on. One writes the beacon (the
 * guests' lower clock bound and dead-man's switch) and nothing else: whatever the pump waits for, the
 * guests must not take the harness for dead. The other, the pump, drains the rings into files, and a
 * disk may keep it for seconds. Their period trades the harness's own CPU use against ring room and
 * the width of the causality bounds.
 */
#include <string.h>
#include <sys/prctl.h>

#include "run/priv.h"

#define BEACON_NS     (50 * NS_PER_MS)
#define DRAIN_EVERY   2 /* beacons */
#define OFFSET_EVERY  20
#define CONSOLE_EVERY 20

/* The pump writes its error once and says so last; nobody looks at it before. */
static void note_error(struct session *s, const struct err *e)
{
	if (s->pump_failed)
		return;
	s->pump_err = *e;
	s->pump_failed = true;
}

bool pump_failed(const struct session *s, struct err *e)
{
	if (!s->pump_failed)
		return false;
	*e = s->pump_err;
	return true;
}

static void drain_all(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct err e = ERR_INIT;

		if (!s->guests[i].shm)
			continue;
		if (guest_shm_drain(s->guests[i].shm, &e) < 0)
			note_error(s, &e);
		if (!s->first_sample_ns && guest_shm_samples(s->guests[i].shm))
			s->first_sample_ns = now_ns();
	}
}

/* step_keep_house() says so where it fails. */
static void keep_house(const struct session *s, const char *name)
{
	prctl(PR_SET_NAME, name);
	cpuset_bind_thread(0, &s->plan->housekeeping_cpus);
}

static void *beacon_main(void *arg)
{
	struct session *s = arg;

	keep_house(s, "stealscope-beat");
	while (!s->pump_stop) {
		for (size_t i = 0; i < s->n_guests; i++)
			if (s->guests[i].shm)
				guest_shm_beacon(s->guests[i].shm);
		sleep_ns(BEACON_NS);
	}
	return NULL;
}

static void *pump_main(void *arg)
{
	struct session *s = arg;

	keep_house(s, "stealscope-pump");
	for (unsigned tick = 0; !s->pump_stop; tick++) {
		/* While clocks are compared the lock is held most of the time. */
		if (pthread_mutex_trylock(&s->lock) == 0) {
			if (tick % DRAIN_EVERY == 0 || !s->first_sample_ns)
				drain_all(s);
			if (tick % OFFSET_EVERY == 0)
				for (size_t i = 0; i < s->n_guests; i++)
					if (s->guests[i].shm)
						guest_shm_note_host_tsc(s->guests[i].shm);
			pthread_mutex_unlock(&s->lock);
		}
		if (tick % CONSOLE_EVERY == 0)
			consoles_bound(s);
		sleep_ns(BEACON_NS);
	}
	pthread_mutex_lock(&s->lock);
	drain_all(s);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int pump_start(struct session *s, struct err *e)
{
	int rc = pthread_create(&s->beacon, NULL, beacon_main, s);

	if (!rc && (rc = pthread_create(&s->pump, NULL, pump_main, s))) {
		s->pump_stop = true;
		pthread_join(s->beacon, NULL);
	}
	if (rc)
		return err_set(e, rc, "cannot start the pump's threads: %s", strerror(rc));
	s->pump_started = true;
	return 0;
}

void pump_end(struct session *s)
{
	if (!s->pump_started)
		return;
	s->pump_stop = true;
	pthread_join(s->pump, NULL);
	pthread_join(s->beacon, NULL);
	s->pump_started = false;
}
