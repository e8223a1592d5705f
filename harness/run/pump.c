// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The pump: the one thread that talks to the guests' shared pages while a run is on. It writes the
 * beacon (the guests' lower clock bound and dead-man's switch) and drains the rings. Its period
 * trades the harness's own CPU use against ring room and the width of the causality bounds.
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

static void *pump_main(void *arg)
{
	struct session *s = arg;

	prctl(PR_SET_NAME, "stealscope-pump");
	cpuset_bind_thread(
		0, &s->plan->housekeeping_cpus); /* step_keep_house() says so where it fails */
	for (unsigned tick = 0; !s->pump_stop; tick++) {
		for (size_t i = 0; i < s->n_guests; i++)
			if (s->guests[i].shm)
				guest_shm_beacon(s->guests[i].shm);
		/* A guest that answers no ping may hold the lock for seconds: beacons go on, else
		   the others would power themselves off. */
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
	int rc = pthread_create(&s->pump, NULL, pump_main, s);

	if (rc)
		return err_set(e, rc, "cannot start the pump thread: %s", strerror(rc));
	s->pump_started = true;
	return 0;
}

void pump_end(struct session *s)
{
	if (!s->pump_started)
		return;
	s->pump_stop = true;
	pthread_join(s->pump, NULL);
	s->pump_started = false;
}
