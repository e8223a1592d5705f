// SPDX-License-Identifier: GPL-3.0-or-later
/* What a trace of real threads must show, held against the kernel's own run_delay and the wall clock. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "host-agent/tracer_shared.h"
#include "trace_case.h"
#include "trace_read.h"

/* How far the traced wait may stand off run_delay: 0.1 %, or so much per wait where the kernel's
 * clock lags at wake-up preemption. */
#define WAIT_TOLERANCE 0.001
double clock_lag_ns = 40e3;

#define NAMED_SHARE 0.999
/* The longest that a thread stays on a CPU beside others: a slice of 3 ms, a tick and a late one. */
#define SLICE_NS       (8 * NS_PER_MS)
#define LAST_DUMP_NS   (100 * NS_PER_MS) /* dumps come every 20 ms */
#define PASSERS_WANTED TRACER_BLAME_CELLS

bool check(bool good, const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("%s %s ", good ? "ok" : "FAILED", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return good;
}

static double relative(uint64_t a, uint64_t b)
{
	return b ? ((double)a - (double)b) / (double)b : a ? INFINITY : 0;
}

static bool check_events(const struct test_case *c, struct read_trace *t, struct read_thread *th,
	const struct witness *w)
{
	uint64_t wait = th->wait_at_last - th->wait_at_first;
	uint64_t delay = th->delay_at_last - th->delay_at_first;
	uint64_t waits = th->waits_at_last - th->waits_at_first, named = 0, all = 0;
	uint64_t sum = th->ns[THREAD_RUNNING] + th->ns[THREAD_WAITING] + th->ns[THREAD_SLEEPING];
	/* Sleep that the kernel books as run_delay is its defect, not the trace's. */
	uint64_t booked = th->booked[1] - th->booked[0];
	/* And of one preempted on its way to sleep it books nothing. */
	double off = fabs((double)(wait + booked) - (double)(delay + w->announced->ns));
	bool good;

	for (size_t i = 0; i < th->n_blame; i++) {
		all += th->blame[i].ns;
		if (read_is_named(t, th->blame[i].tid))
			named += th->blame[i].ns;
	}
	good = off <= WAIT_TOLERANCE * (double)delay || off <= clock_lag_ns * (double)waits;
	good = good && sum == th->since_ns - th->first_ns && named >= NAMED_SHARE * all;
	good = good && (!c->quota || th->throttles);
	return check(good, c->name,
		"%u: %" PRIu64 " waits, %" PRIu64 " moved, %" PRIu64
		" inferred: wait %.3f ms (%.3f %% named), run_delay %.3f ms (difference %+.6f, %.1f us a wait), throttled %" PRIu64
		" times, states sum to wall less %" PRId64 " ns",
		th->tid, waits, th->migrations, th->inferred, wait / 1e6,
		all ? 100.0 * named / all : 100.0, delay / 1e6, relative(wait, delay),
		waits ? -1e-3 * ((double)wait - (double)delay) / waits : 0.0, th->throttles,
		(int64_t)(th->since_ns - th->first_ns - sum));
}

static bool check_counters(
	const struct test_case *c, const struct read_trace *t, struct read_thread *th)
{
	uint64_t clock = th->clock_wait[1] - th->clock_wait[0],
		 delay = th->run_delay[1] - th->run_delay[0];
	uint64_t sum = th->total[0] + th->total[1] + th->total[2];
	uint64_t wall = th->total_ts - (th->first_ns ? th->first_ns : t->header.start_host_ns);
	double cells = relative(th->cells_ns, th->total[1]);
	uint64_t booked = th->booked[1] - th->booked[0];
	bool counts = c->counts;

	return check(fabs(relative(clock + booked, delay)) <= WAIT_TOLERANCE &&
			     (counts ? fabs(cells) <= WAIT_TOLERANCE
				     : fabs(relative(sum, wall)) <= WAIT_TOLERANCE),
		c->name,
		"%u: on the kernel's clock %.3f ms, run_delay %.3f ms less %.3f ms of booked sleep (difference %+.6f); run + wait + sleep %.3f ms%s%+.6f",
		th->tid, clock / 1e6, delay / 1e6, booked / 1e6, relative(clock + booked, delay),
		sum / 1e6, counts ? ", blamed less waited " : ", wall less ",
		counts ? cells : relative(sum, wall));
}

static bool check_passers(const struct test_case *c, const struct read_trace *t)
{
	uint64_t others = 0;
	size_t cells = 0;

	for (size_t i = 0; i < t->n_threads; i++) {
		cells += t->threads[i].n_blame;
		others += t->threads[i].others_ns;
	}
	if (cells <= PASSERS_WANTED)
		printf("SKIP %s: only %zu cells in the time, of %u that the table has\n", c->name,
			cells, PASSERS_WANTED);
	return check(!others, c->name, "%zu cells, %.3f ms of others", cells, others / 1e6);
}

/* Who never sleeps waits for all that another runs. As the kernel counts it: within 5 %, for the ends of the window are not
 * the same, and what the box's own hypervisor took, for the kernel takes that off; 10 % where one wakes up often, for the kernel
 * books some us before each wake-up's switch as run. As traced: but for one slice, for threads are begun one after the other. */
static bool is_what_ran(uint64_t blamed, uint64_t ran, uint64_t traced, uint64_t stolen, bool wakes)
{
	double off = fabs((double)blamed - (double)traced);

	return blamed > (wakes ? 0.9 : 0.95) * ran && blamed < 1.05 * (ran + stolen) &&
	       (off < 0.003 * traced || off < SLICE_NS);
}

static bool sleeps(const struct test_case *c, const pid_t *pids, uint32_t tid)
{
	for (unsigned i = 0; i < n_tasks(c); i++)
		if ((uint32_t)pids[i] == tid)
			return c->tasks[i].kind != SPIN;
	return false;
}

static bool check_stacked(const struct test_case *c, struct read_trace *t, struct read_thread *th,
	const pid_t *pids, const struct witness *w)
{
	bool good = true;

	for (unsigned i = 0; i < n_tasks(c); i++) {
		uint64_t blamed = read_blamed(th, (uint32_t)pids[i]);
		const struct read_thread *other = read_find(t, (uint32_t)pids[i]);
		uint64_t traced = other ? other->total[0] : blamed;

		if (other == th)
			good &= check(!blamed, c->name, "%u waited for itself %" PRIu64 " ns",
				th->tid, blamed);
		else
			good &= check(is_what_ran(blamed, w->ran[i], traced, w->stolen,
					      sleeps(c, pids, (uint32_t)pids[i])),
				c->name,
				"%u waited %.3f ms for %d, which ran %.3f ms (%.3f as traced; the box's hypervisor took %.0f)",
				th->tid, blamed / 1e6, (int)pids[i], w->ran[i] / 1e6, traced / 1e6,
				w->stolen / 1e6);
	}
	return good;
}

static bool check_throttled(
	const struct test_case *c, const struct read_thread *th, const struct witness *w)
{
	return check(fabs(relative(th->throttled_ns, w->throttled)) < 0.05, c->name,
		"%u: of %.3f ms %.3f ms by its quota; its group was held back %.3f ms", th->tid,
		th->cells_ns / 1e6, th->throttled_ns / 1e6, w->throttled / 1e6);
}

static bool check_announced(
	const struct test_case *c, const struct read_thread *th, const struct announced *a)
{
	uint64_t blamed = read_blamed(th, a->by);

	/* What others took of the CPU while that one had it by its own clock is not blamed on it. */
	return check(blamed >= a->ns / 10 * 9 && th->total[1] >= MAX(blamed, a->ns), c->name,
		"%u: preempted on its way to sleep %" PRIu64
		" times, for %.3f ms; waited %.3f ms for who did, %.3f ms in all",
		th->tid, a->times, a->ns / 1e6, blamed / 1e6, th->total[1] / 1e6);
}

/* What it collected until it left is told, an unfinished wait too; its last total is a dump older. */
static bool check_left(const struct test_case *c, const struct read_thread *th)
{
	uint64_t wait = th->total[1];

	return check(th->cells_ns >= wait && th->cells_ns < wait + LAST_DUMP_NS && wait, c->name,
		"%u: left after its last total of %.3f ms; blamed %.3f ms", th->tid, wait / 1e6,
		th->cells_ns / 1e6);
}

bool check_trace(const struct test_case *c, const char *path, const struct hostd_totals *totals,
	const pid_t *pids, const struct witness *w)
{
	struct err e = ERR_INIT;
	struct read_trace t;
	bool good;

	if (read_trace(path, &t, &e))
		return check(false, c->name, "%s", e.msg);
	good = check(!t.lost && !totals->lost && t.ended && totals->records == t.records, c->name,
		"%" PRIu64 " records, %" PRIu64 " bytes, %" PRIu64 " lost, %" PRIu64
		" irqs; hostd used %.1f ms of CPU, %" PRIu64 " switches",
		t.records, t.bytes, t.lost, t.irqs, totals->cpu_ns / 1e6, totals->switches);
	for (size_t i = 0; i < t.faults.n && i < 5; i++)
		good &= check(false, c->name, "%s", t.faults.items[i]);
	for (size_t i = 0; i < t.n_threads; i++) {
		if (!c->counts)
			good &= check_events(c, &t, &t.threads[i], w);
		if (c->leaves && t.threads[i].tid == (uint32_t)pids[LEAVER])
			good &= check_left(c, &t.threads[i]);
		else
			good &= check_counters(c, &t, &t.threads[i]);
		if (c->stacked && !sleeps(c, pids, t.threads[i].tid))
			good &= check_stacked(c, &t, &t.threads[i], pids, w);
		if (c->quota && c->counts)
			good &= check_throttled(c, &t.threads[i], w);
		if (w->announced->times)
			good &= check_announced(c, &t.threads[i], w->announced);
	}
	if (c->passers)
		good &= check_passers(c, &t);
	read_trace_release(&t);
	return good;
}
