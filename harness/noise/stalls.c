// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Plays stalls: on each CPU of the victim a SCHED_FIFO thread that sleeps until a stall is due, spins
 * till its end and sleeps again. This process's first thread, with no priority, reads the trace a
 * little ahead and writes down what was played.
 *
 * A real-time thread that outlives its harness would hold a CPU of somebody's box. So each of three
 * ends it alone: the end of its parent (PR_SET_PDEATHSIG, base/child.c), a timer of the kernel's that
 * kills it when the run is long over, and the reaper, which knows its pid. And none can spin for
 * longer than a stall may be: RLIMIT_RTTIME.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "noise/priv.h"
#include "noise/stalls_lane.h"
#include "noise/stalls_map.h"
#include "noise/stalls_rate.h"

#define PRIORITY 60
#define BEGIN_NS (50 * NS_PER_MS) /* from being let go to the trace's time 0 */
#define AHEAD_NS (2 * NS_PER_S)	  /* the trace is read so far ahead */
#define LOG_ROWS 512
#define TURN_NS	 (10 * NS_PER_MS)

struct player {
	const struct plan_stalls *s;
	struct stalls_source *source;
	struct stalls_map map;
	struct lane *lanes; /* one for each CPU */
	size_t n_lanes;
	size_t *lane_of; /* by vCPU of the victim */
	uint64_t base_ns;
	bool ended, have_row;
	struct stall row; /* read and not yet given to a lane */
	struct played log[LOG_ROWS];
	size_t n_log;
};

static _Noreturn void give_up(const char *what)
{
	dprintf(STDERR_FILENO, "%s\n", what);
	_exit(1);
}

/* The kernel kills this process then, whatever it does. */
static void end_at(uint64_t in_ns)
{
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	struct itimerspec when = {
		.it_value = {(time_t)(in_ns / NS_PER_S), (long)(in_ns % NS_PER_S)}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &ev, &timer) || timer_settime(timer, 0, &when, NULL))
		noise_give_up("there is no timer that would end it");
}

static void bound_spinning(void)
{
	const rlim_t us = (STALLS_PLAYED_MAX_NS + NS_PER_S) / NS_PER_US;
	struct rlimit limit = {us, us};

	if (setrlimit(RLIMIT_RTTIME, &limit))
		noise_give_up("its real-time threads cannot be bounded");
}

static void flush(struct player *p)
{
	if (p->n_log && write_all(STDOUT_FILENO, p->log, p->n_log * sizeof(p->log[0])))
		noise_give_up("what was played cannot be written down");
	p->n_log = 0;
}

static void note(struct player *p, const struct played *r)
{
	p->log[p->n_log++] = *r;
	if (p->n_log == LOG_ROWS)
		flush(p);
}

static void take_played(struct player *p)
{
	const struct played *r;

	for (size_t i = 0; i < p->n_lanes; i++)
		while ((r = lane_take(&p->lanes[i])))
			note(p, r);
}

/* Out of the victim's way, where there is another CPU. */
static void stand_aside(const struct plan_stalls *s)
{
	struct cpuset all, own = {0};

	for (size_t i = 0; i < s->n_cpus; i++)
		cpuset_add(&own, s->cpus[i]);
	if (cpuset_of_thread(0, &all))
		return;
	all = cpuset_minus(&all, &own);
	if (!cpuset_empty(&all))
		cpuset_bind_thread(0, &all);
}

static void make_lanes(struct player *p)
{
	const struct plan_stalls *s = p->s;

	p->lane_of = xcalloc(s->n_cpus + 1, sizeof(*p->lane_of));
	p->lanes = xcalloc(s->n_cpus + 1, sizeof(*p->lanes));
	for (size_t v = 0; v < s->n_cpus; v++) {
		size_t i = 0;

		while (i < p->n_lanes && p->lanes[i].cpu != s->cpus[v])
			i++;
		if (i == p->n_lanes)
			p->lanes[p->n_lanes++].cpu = s->cpus[v];
		p->lane_of[v] = i;
	}
}

static void write_header(const struct player *p)
{
	struct played_header h = {.magic = PLAYED_MAGIC,
		.version = PLAYED_VERSION,
		.rec_size = sizeof(struct played),
		.start_ns = p->base_ns,
		.closed = stalls_source_rates(p->source)};

	if (write_all(STDOUT_FILENO, &h, sizeof(h)))
		noise_give_up("what was played cannot be written down");
}

/* The next row of the trace, unless it lies too far ahead. */
static bool next_row(struct player *p)
{
	struct err e = ERR_INIT;
	int rc;

	if (!p->have_row && !p->ended) {
		rc = stalls_source_next(p->source, &p->row, &e);
		if (rc < 0)
			give_up(e.msg);
		p->ended = rc == 0;
		p->have_row = rc == 1;
	}
	return p->have_row && p->base_ns + p->row.start_ns < now_ns() + AHEAD_NS;
}

static void put_row(struct player *p, int vcpu)
{
	struct stall *s = &p->row;

	if (vcpu < 0)
		note(p, &(struct played){.due_ns = p->base_ns + s->start_ns,
				.length_ns = s->length_ns,
				.want_ns = s->taken_ns,
				.cpu = s->cpu,
				.outcome = PLAYED_NOBODY});
	else
		lane_put(&p->lanes[p->lane_of[vcpu]], p->base_ns + s->start_ns, s->length_ns);
	p->have_row = false;
}

/* Exact stalls, open loop. */
static void feed(struct player *p)
{
	while (next_row(p)) {
		int vcpu = stalls_map_find(&p->map, p->row.cpu);

		if (vcpu >= 0 && lane_full(&p->lanes[p->lane_of[vcpu]]))
			return;
		put_row(p, vcpu);
	}
}

/* A rate series: rows become what is wanted of each step. */
static void feed_rates(struct player *p, struct rate_player *r)
{
	while (next_row(p)) {
		int vcpu = stalls_map_find(&p->map, p->row.cpu);
		struct played plan = {.due_ns = p->base_ns + p->row.start_ns,
			.length_ns = p->row.length_ns,
			.want_ns = p->row.taken_ns,
			.cpu = p->row.cpu,
			.outcome = PLAYED_NOBODY};

		if (vcpu >= 0) {
			if (!rate_player_room(r, p->lane_of[vcpu]))
				return;
			rate_player_row(
				r, p->lane_of[vcpu], plan.due_ns, plan.length_ns, plan.want_ns);
			plan.cpu = p->lanes[p->lane_of[vcpu]].cpu;
			plan.outcome = PLAYED_RATE;
		}
		note(p, &plan);
		p->have_row = false;
	}
}

static _Noreturn void run_rates(struct player *p)
{
	struct rate_player *r =
		rate_player_make(p->s, p->lanes, p->lane_of, p->n_lanes, p->base_ns);

	for (;;) {
		feed_rates(p, r);
		rate_player_step(r);
		take_played(p);
		flush(p);
	}
}

void noise_stalls(const struct plan_noise *n, unsigned index)
{
	static struct player p;
	struct err e = ERR_INIT;

	(void)index;
	p.s = n->stalls;
	end_at(p.s->until_ns);
	bound_spinning();
	stand_aside(p.s);
	if (stalls_source_open(&p.s->how, &p.source, &e) || stalls_map_make(p.s, &p.map, &e))
		give_up(e.msg);
	make_lanes(&p);
	p.base_ns = now_ns() + BEGIN_NS;
	write_header(&p);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		dprintf(STDERR_FILENO, "its memory is not locked: %s\n", strerror(errno));
	for (size_t i = 0; i < p.n_lanes; i++)
		lane_start(&p.lanes[i], PRIORITY);
	if (stalls_source_rates(p.source))
		run_rates(&p);
	for (;;) {
		feed(&p);
		take_played(&p);
		flush(&p);
		sleep_ns(TURN_NS);
	}
}
