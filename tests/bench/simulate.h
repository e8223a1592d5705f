/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A record made by arithmetic, for tests and benchmarks only: one guest of n vCPUs, each pinned to
 * its own CPU beside one hog that alternates with it, a 10 ms timer probe in the guest. It proves
 * that the analysis computes what it should, not that anything was measured: run.json says
 * "simulated".
 *
 * vCPU v runs and waits in turn for random times. While it waits its hog has the CPU; in one wait
 * of eight an intruder takes the second half. Steal = run_delay + a constant, as KVM keeps it.
 */
#ifndef SS_TESTS_SIMULATE_H
#define SS_TESTS_SIMULATE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/guest_shm.h"
#include "abi/host_trace.h"
#include "record/run_info.h"

#define SIM_TICK_NS    20000000u
#define SIM_PERIOD_NS  10000000u
#define SIM_BEACON_NS  5000000u
#define SIM_STEAL0     12345u
#define SIM_MAX_EVENTS 65536u

struct sim_config {
	unsigned vcpus;
	uint64_t duration_ns;
	uint64_t mean_ns; /* of a running or waiting stretch */
	double tsc_hz;	  /* nominal, what the guest says */
	double drift_ppm; /* of the true frequency against it */
	uint64_t seed;
	unsigned
		torn; /* one sample in so many is taken at the end of a stretch, its steal read in the next; 0: none */
};

/* What the simulator knows to be true, for the window. */
struct sim_truth {
	uint64_t wait_ns[16], run_ns[16], hog_ns[16], intruder_ns[16];
	uint64_t samples[16];
	uint64_t trace_records, guest_records;
};

union sim_event {
	struct trace_hdr h;
	struct trace_state state;
	struct trace_occupy occupy;
};

struct sim_vcpu {
	uint64_t rng;
	bool running;
	uint64_t since, until, intruder_at;
	uint64_t delay; /* run_delay, waits ended by running included */
	uint64_t next_deadline, last_wake, armed;
	uint32_t seq;
	struct shm_rec held; /* its steal is yet to be read */
};

struct sim {
	struct sim_config c;
	struct sim_truth *truth;
	struct sim_vcpu v[16];
	uint64_t start, window_start, window_end, end;
	FILE *guest, *trace;
	union sim_event events[SIM_MAX_EVENTS];
	size_t n_events;
};

static inline uint64_t sim_random(struct sim_vcpu *v)
{
	v->rng ^= v->rng << 13;
	v->rng ^= v->rng >> 7;
	v->rng ^= v->rng << 17;
	return v->rng;
}

static inline uint64_t sim_tsc(const struct sim *s, uint64_t host_ns)
{
	long double since_boot = (long double)host_ns - 5e11L; /* the guest's TSC began at 500 s */

	return (uint64_t)(since_boot * (long double)s->c.tsc_hz / 1e9L *
			  (1 + (long double)s->c.drift_ppm / 1e6L));
}

static inline uint64_t sim_overlap(const struct sim *s, uint64_t from, uint64_t to)
{
	uint64_t low = from > s->window_start ? from : s->window_start,
		 high = to < s->window_end ? to : s->window_end;

	return low < high ? high - low : 0;
}

static inline union sim_event *sim_event(
	struct sim *s, unsigned v, uint64_t ts, uint8_t type, uint8_t len)
{
	union sim_event *e = &s->events[s->n_events++];

	if (s->n_events == SIM_MAX_EVENTS)
		abort();
	memset(e, 0, sizeof(*e));
	e->h = (struct trace_hdr){ts, 1000 + v, (uint16_t)v, type, len / 8};
	return e;
}

static inline void sim_state(
	struct sim *s, unsigned v, uint64_t ts, uint8_t state, uint8_t flags, uint64_t delay)
{
	union sim_event *e = sim_event(s, v, ts, TRACE_STATE, sizeof(e->state));

	e->state.state = state;
	e->state.flags = flags;
	e->state.prev_cpu = (uint16_t)v;
	e->state.other_tid = 2000 + v;
	e->state.run_delay_ns = delay;
}

static inline void sim_occupy(struct sim *s, unsigned v, uint64_t ts, uint32_t tid)
{
	sim_event(s, v, ts, TRACE_OCCUPY, sizeof(struct trace_occupy))->h.tid = tid;
}

static inline void sim_guest(struct sim *s, unsigned v, const struct shm_rec *rec)
{
	(void)v;
	fwrite(rec, sizeof(*rec), 1, s->guest);
	s->truth->guest_records++;
}

static inline void sim_let_go(struct sim *s, unsigned i)
{
	struct shm_rec *held = &s->v[i].held;

	if (!held->type)
		return;
	held->steal_ns = s->v[i].delay + SIM_STEAL0;
	sim_guest(s, i, held);
	held->type = 0;
}

/* A timer wake-up at host time `wake`, for all deadlines passed by then. */
static inline void sim_sample(struct sim *s, unsigned i, uint64_t wake)
{
	struct sim_vcpu *v = &s->v[i];
	uint64_t passed = (wake - v->next_deadline) / SIM_PERIOD_NS;
	uint64_t deadline = v->next_deadline + passed * SIM_PERIOD_NS;
	struct shm_rec r = {.type = REC_TIMER,
		.probe = PROBE_TIMER,
		.vcpu = (uint16_t)i,
		.seq = ++v->seq,
		.tsc = sim_tsc(s, wake),
		.steal_ns = v->delay + SIM_STEAL0,
		.beacon_ns = wake / SIM_BEACON_NS * SIM_BEACON_NS,
		.v = {sim_tsc(s, deadline), sim_tsc(s, v->armed), passed, 0}};

	sim_let_go(s, i);
	if (s->c.torn && v->seq % s->c.torn == 0)
		v->held = r;
	else
		sim_guest(s, i, &r);
	if (wake >= s->window_start && wake < s->window_end)
		s->truth->samples[i]++;
	v->armed = wake + 1000;
	v->next_deadline = deadline + SIM_PERIOD_NS;
}

static inline uint64_t sim_length(struct sim *s, struct sim_vcpu *v)
{
	return 200000 + sim_random(v) % (2 * s->c.mean_ns - 400000);
}

static inline void sim_switch(struct sim *s, unsigned i)
{
	struct sim_vcpu *v = &s->v[i];
	uint64_t now = v->until;

	if (v->running) {
		s->truth->run_ns[i] += sim_overlap(s, v->since, now);
		sim_state(s, i, now, THREAD_WAITING, TRACE_STATE_PREEMPTED, v->delay);
		sim_occupy(s, i, now, 2000 + i);
	} else {
		uint64_t split = v->intruder_at ? v->intruder_at : now;

		s->truth->wait_ns[i] += sim_overlap(s, v->since, now);
		s->truth->hog_ns[i] += sim_overlap(s, v->since, split);
		s->truth->intruder_ns[i] += sim_overlap(s, split, now);
		sim_state(s, i, now, THREAD_RUNNING, 0, v->delay);
		v->delay += now - v->since;
		sim_let_go(s, i);
	}
	v->running = !v->running;
	v->since = now;
	v->until = now + sim_length(s, v);
	v->intruder_at = 0;
	if (!v->running && sim_random(v) % 8 == 0) {
		v->intruder_at = now + (v->until - now) / 2;
		sim_occupy(s, i, v->intruder_at, 3000 + i);
	}
}

/* One vCPU up to host time `to`. */
static inline void sim_vcpu_until(struct sim *s, unsigned i, uint64_t to)
{
	struct sim_vcpu *v = &s->v[i];

	for (;;) {
		uint64_t wake = v->next_deadline + 30000;

		if (wake < v->since + 20000)
			wake = v->since + 20000; /* it was not running at its deadline */
		if (v->running && wake < v->until && wake <= to) {
			sim_sample(s, i, wake);
			continue;
		}
		if (v->until > to)
			return;
		sim_switch(s, i);
	}
}

static inline void sim_write_events(struct sim *s, uint64_t to)
{
	size_t n = 0, keep = 0;

	/* An intruder's OCCUPY may lie ahead: it stays for the next tick. Insertion sort: equal
	 * times keep their order. */
	for (size_t i = 1; i < s->n_events; i++) {
		union sim_event e = s->events[i];
		size_t k = i;

		for (; k && s->events[k - 1].h.ts_ns > e.h.ts_ns; k--)
			s->events[k] = s->events[k - 1];
		s->events[k] = e;
	}
	while (n < s->n_events && s->events[n].h.ts_ns <= to) {
		fwrite(&s->events[n], s->events[n].h.len8 * 8u, 1, s->trace);
		s->truth->trace_records++;
		n++;
	}
	for (; n < s->n_events; n++)
		s->events[keep++] = s->events[n];
	s->n_events = keep;
}

static inline void sim_sync(struct sim *s, uint64_t at)
{
	for (unsigned i = 0; i < s->c.vcpus; i++) {
		for (unsigned k = 0; k < 8; k++, at += 20000) {
			struct shm_rec r = {.type = REC_SYNC,
				.vcpu = (uint16_t)i,
				.tsc = sim_tsc(s, at),
				.v = {at - 4000, at + 5000, 0, 0}};

			sim_guest(s, i, &r);
		}
	}
}

static inline void sim_task(
	struct sim *s, uint32_t tid, uint32_t tgid, uint64_t cgroup, const char *comm)
{
	struct trace_task t = {.tgid = tgid, .cgroup_id = cgroup};

	t.h = (struct trace_hdr){s->start, tid, 0, TRACE_TASK, sizeof(t) / 8};
	snprintf(t.comm, sizeof(t.comm), "%s", comm);
	fwrite(&t, sizeof(t), 1, s->trace);
	s->truth->trace_records++;
}

static inline void sim_begin_files(struct sim *s)
{
	struct guest_file_header g = {GUEST_FILE_MAGIC, GUEST_FILE_VERSION, sizeof(g),
		sizeof(struct shm_rec), s->c.vcpus, s->start, 0, "victim", {0}};
	struct trace_file_header t = {TRACE_FILE_MAGIC, TRACE_VERSION, sizeof(t), TRACE_MODE_EVENTS,
		s->c.vcpus, s->start, 0, "simulated", {0}};

	fwrite(&g, sizeof(g), 1, s->guest);
	fwrite(&t, sizeof(t), 1, s->trace);
	for (unsigned i = 0; i < s->c.vcpus; i++) {
		struct sim_vcpu *v = &s->v[i];

		sim_task(s, 1000 + i, 999, 0, "CPU 0/KVM");
		sim_task(s, 2000 + i, 2000 + i, 77, "stealscope");
		sim_task(s, 3000 + i, 3000 + i, 0, "intruder");
		v->rng = s->c.seed * 2654435761u + i + 1;
		v->running = true;
		v->since = s->start;
		v->until = s->start + sim_length(s, v);
		v->armed = s->start;
		v->next_deadline = s->start + SIM_PERIOD_NS;
		v->delay = 1000000 + i;
		sim_state(s, i, s->start, THREAD_RUNNING, TRACE_STATE_INITIAL, v->delay);
	}
}

static inline void sim_run_info(const struct sim *s, const char *dir)
{
	struct run_probe probe = {
		.name = (char *)"timer", .vcpus = {{0xffff}}, .p = {SIM_PERIOD_NS, 0, 0, 0}};
	struct run_guest guest = {.name = (char *)"victim",
		.kind = (char *)"metal",
		.accel = (char *)"kvm",
		.pid = 999,
		.n_vcpus = s->c.vcpus,
		.probes = &probe,
		.n_probes = 1,
		.tsc_hz = (uint64_t)s->c.tsc_hz,
		.status = (char *)"ok",
		.guest_file = (char *)"guest/victim.bin"};
	struct run_noise noise = {.name = (char *)"hog",
		.kind = (char *)"busy",
		.threads = s->c.vcpus,
		.cgroup_id = 77};
	struct run_info r = {.format = RUN_INFO_FORMAT,
		.run = (char *)"simulated",
		.scenario = (char *)"simulated",
		.variant = (char *)"base",
		.status = (char *)"complete",
		.duration_ns = s->c.duration_ns,
		.wall_ns = s->c.duration_ns + 3 * NS_PER_S,
		.window_start_ns = s->window_start,
		.window_end_ns = s->window_end,
		.trace_mode = (char *)"events",
		.guests = &guest,
		.n_guests = 1,
		.noises = &noise,
		.n_noises = 1};
	struct err e = ERR_INIT;

	guest.vcpus = xcalloc(s->c.vcpus, sizeof(*guest.vcpus));
	for (unsigned i = 0; i < s->c.vcpus; i++) {
		guest.vcpus[i] = (struct run_vcpu){i, (int)(1000 + i), cpuset_of(i)};
		cpuset_add(&r.lab_cpus, i);
	}
	if (run_info_save(&r, dir, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	free(guest.vcpus);
}

/* Make the record in `dir` (made here). `truth` is zeroed first. */
static inline void simulate_record(
	const char *dir, const struct sim_config *c, struct sim_truth *truth)
{
	auto_free char *guest = xasprintf("%s/guest", dir), *host = xasprintf("%s/host", dir);
	auto_free char *guest_bin = xasprintf("%s/victim.bin", guest),
		       *trace_bin = xasprintf("%s/trace.bin", host);
	struct sim *s = xcalloc(1, sizeof(*s));
	uint64_t t;

	memset(truth, 0, sizeof(*truth));
	if (make_dirs(guest, NULL) || make_dirs(host, NULL))
		abort();
	s->c = *c;
	s->truth = truth;
	s->start = 1000 * NS_PER_S;
	s->window_start = s->start + NS_PER_S + 123456;
	s->window_end = s->window_start + c->duration_ns;
	s->end = s->window_end + NS_PER_S / 2;
	s->guest = fopen(guest_bin, "w");
	s->trace = fopen(trace_bin, "w");
	if (!s->guest || !s->trace)
		abort();
	sim_begin_files(s);
	sim_sync(s, s->start + 1000);
	for (t = s->start + SIM_TICK_NS; t <= s->end; t += SIM_TICK_NS) {
		for (unsigned i = 0; i < c->vcpus; i++) {
			struct shm_rec drain = {
				.type = REC_DRAIN, .vcpu = (uint16_t)i, .v = {t + 3000, 0, 0, 0}};

			sim_vcpu_until(s, i, t);
			sim_guest(s, i, &drain);
		}
		sim_write_events(s, t);
	}
	sim_sync(s, s->end + SIM_TICK_NS);
	sim_event(s, 0, t, TRACE_END, sizeof(struct trace_counter));
	sim_write_events(s, UINT64_MAX);
	fclose(s->guest);
	fclose(s->trace);
	sim_run_info(s, dir);
	free(s);
}

#endif
