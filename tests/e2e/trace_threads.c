// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * hostd on real threads: spinners and sleepers placed so that they must wait, traced, and the
 * traced sums held against the kernel's own run_delay and the wall clock.
 *
 *   trace_threads HOSTD SECONDS [CASE [LAG_US]]
 *
 * One line per thread:  ok CASE thread: wait W ms (of it named N %), run_delay D ms (difference R),
 * kernel clock difference C, run + wait + sleep = wall less X. "run_delay" is joined event by
 * event; it may exceed the traced wait by a few us a wait (see abi/host_trace.h), the same waits on
 * the kernel's clock may not. LAG_US: how many, where processors are emulated (40).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/hostd.h"
#include "host-agent/tracer_shared.h"
#include "trace_announced.h"
#include "trace_read.h"

#define MAX_TASKS 8
#define MAX_CROWD 80
/* How far the traced wait may stand off run_delay: 0.1 %, or so much per wait where the kernel's
 * clock lags at wake-up preemption. */
#define WAIT_TOLERANCE 0.001
static double clock_lag_ns = 40e3;

#define NAMED_SHARE 0.999
/* The longest that a thread stays on a CPU beside others: a slice of 3 ms, a tick and a late one. */
#define SLICE_NS       (8 * NS_PER_MS)
#define PASSERS_WANTED TRACER_BLAME_CELLS
#define CGROUP_V1_CPU  "/sys/fs/cgroup/cpu"
#define CGROUP_V2      "/sys/fs/cgroup"

enum task_kind {
	SPIN,	   /* never sleeps */
	SLEEP_100, /* 100 Hz: 1 ms of work, then sleep */
	SLEEP_1000,
	ANNOUNCED, /* preempted on its way to sleep, trace_announced.h; the first task only */
};

struct test_case {
	const char *name;
	bool counts; /* else events */
	struct test_task {
		enum task_kind kind;
		unsigned cpus; /* mask of the first CPUs allowed; 0 = none */
		bool hog;      /* a neighbour, not traced */
	} tasks[MAX_TASKS];    /* up to the first without CPUs */
	unsigned need_cpus;
	bool quota, stop;
	bool stacked;	/* all on one CPU and never asleep */
	unsigned apart; /* so many slots between the first and the others: 511 = one group */
	unsigned crowd; /* so many that work 0.1 ms and sleep 1 ms, not traced */
	bool passers;	/* beside them processes that live for one moment each */
	bool dumps;	/* totals are asked for all the while */
	bool moved;	/* the first waits when the trace begins, and is moved before it runs */
};

static unsigned n_tasks(const struct test_case *c)
{
	unsigned n = 0;

	while (n < MAX_TASKS && c->tasks[n].cpus)
		n++;
	return n;
}

static bool announces(const struct test_case *c)
{
	return c->tasks[0].kind == ANNOUNCED;
}

static enum trace_mode mode_of(const struct test_case *c)
{
	return c->counts ? TRACE_MODE_COUNTS : TRACE_MODE_EVENTS;
}

/* {kind, CPUs, hog}: CPUs as a mask. */
static const struct test_case cases[] = {
	{.name = "stacked-2", .tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}}, .need_cpus = 1},
	{.name = "stacked-4",
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}},
		.apart = 511,
		.need_cpus = 1},
	{.name = "float-3-on-2",
		.tasks = {{SPIN, 3, 0}, {SPIN, 3, 0}, {SPIN, 3, 0}},
		.need_cpus = 2},
	{.name = "sleepers-and-hog",
		.tasks = {{SLEEP_100, 1, 0}, {SLEEP_100, 3, 0}, {SPIN, 1, 1}},
		.need_cpus = 2},
	{.name = "quota", .tasks = {{SPIN, 1, 0}}, .need_cpus = 1, .quota = true},
	{.name = "quota-and-hog",
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 1}},
		.need_cpus = 1,
		.quota = true},
	{.name = "sigstop", .tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}}, .need_cpus = 1, .stop = true},
	{.name = "counts",
		.counts = true,
		.tasks = {{SPIN, 3, 0}, {SPIN, 3, 0}, {SPIN, 3, 0}, {SPIN, 1, 1}},
		.need_cpus = 2},
	/* What each waits for is what the others run, so every cell is known. */
	{.name = "counts-stacked",
		.counts = true,
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 1}},
		.need_cpus = 1,
		.apart = 511,
		.stacked = true},
	{.name = "counts-quota",
		.counts = true,
		.tasks = {{SPIN, 1, 0}},
		.need_cpus = 1,
		.quota = true},
	/* Many culprits that come and go. */
	{.name = "counts-crowd",
		.counts = true,
		.tasks = {{SPIN, 3, 0}, {SPIN, 3, 0}, {SLEEP_100, 3, 0}, {SPIN, 1, 1}},
		.need_cpus = 2,
		.crowd = 80},
	{.name = "counts-dumped",
		.counts = true,
		.tasks = {{SPIN, 3, 0}, {SLEEP_1000, 3, 0}, {SPIN, 1, 0}, {SPIN, 1, 1}},
		.need_cpus = 2,
		.crowd = 20,
		.dumps = true},
	/* More culprits than their table has room for, if it is not emptied meanwhile. */
	{.name = "counts-passers",
		.counts = true,
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}},
		.need_cpus = 1,
		.passers = true},
	{.name = "counts-moved",
		.counts = true,
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 1}},
		.need_cpus = 2,
		.moved = true},
	{.name = "announced", .tasks = {{ANNOUNCED, 1, 0}}, .need_cpus = 1},
	{.name = "counts-announced", .counts = true, .tasks = {{ANNOUNCED, 1, 0}}, .need_cpus = 1},
};

/* What the kernel and others say of the window. */
struct witness {
	uint64_t ran[MAX_TASKS], throttled, stolen;
	struct announced *announced;
};

static void spin_ns(uint64_t ns)
{
	struct timespec ts;
	uint64_t end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	end = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec + ns;
	do {
		for (volatile unsigned i = 0; i < 20000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	} while ((uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec < end);
}

static pid_t start_task(enum task_kind kind, unsigned mask, struct announced *a)
{
	pid_t pid = fork();
	cpu_set_t set;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	for (unsigned i = 0; i < 32; i++)
		if (mask >> i & 1)
			CPU_SET(i, &set);
	if (mask)
		sched_setaffinity(0, sizeof(set), &set);
	if (kind == ANNOUNCED)
		announced_run(a);
	for (;;) {
		spin_ns(kind == SPIN ? NS_PER_S : kind == SLEEP_100 ? NS_PER_MS : NS_PER_MS / 10);
		if (kind != SPIN)
			sleep_ns(kind == SLEEP_100 ? 10 * NS_PER_MS : NS_PER_MS);
	}
}

/* Children that end at once, on the CPU of the others, who have what it leaves. */
static pid_t start_passers(const pid_t *others, unsigned n)
{
	const struct sched_param zero = {0};
	cpu_set_t first;
	pid_t pid;

	for (unsigned i = 0; i < n; i++)
		sched_setscheduler(others[i], SCHED_IDLE, &zero);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	for (;;) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

/* A cgroup with 10 ms per 100 ms: what the box's own hypervisor takes is not booked on it, and that was seen to be more than half. Caller frees; NULL when it cannot be made. */
static char *make_quota_group(void)
{
	bool v1 = !access(CGROUP_V1_CPU "/cpu.cfs_quota_us", F_OK) ||
		  !access(CGROUP_V1_CPU "/cpu.shares", F_OK);
	char *dir =
		xasprintf("%s/stealscope-test-%d", v1 ? CGROUP_V1_CPU : CGROUP_V2, (int)getpid());
	auto_free char *file = xasprintf("%s/%s", dir, v1 ? "cpu.cfs_quota_us" : "cpu.max");
	const char *text = v1 ? "10000" : "10000 100000";

	if (mkdir(dir, 0755) || write_file(file, text, strlen(text), NULL)) {
		rmdir(dir);
		free(dir);
		return NULL;
	}
	return dir;
}

static int join_group(const char *dir, pid_t pid, struct err *e)
{
	auto_free char *file = xasprintf("%s/cgroup.procs", dir);
	auto_free char *text = xasprintf("%d", (int)pid);

	return write_file(file, text, strlen(text), e);
}

static bool check(bool good, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static bool check(bool good, const char *name, const char *fmt, ...)
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

/* The CPU time of a thread, from the kernel. */
static uint64_t run_ns(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/schedstat", (int)pid);
	auto_free char *text = read_file(path, 256, NULL, NULL);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* How long a group was held back by its quota, from the kernel. */
static uint64_t throttled_ns(const char *group)
{
	auto_free char *path = xasprintf("%s/cpu.stat", group ? group : "");
	auto_free char *text = group ? read_file(path, 4096, NULL, NULL) : NULL;
	const char *v1 = text ? strstr(text, "throttled_time ") : NULL;
	const char *v2 = text ? strstr(text, "throttled_usec ") : NULL;

	if (v1)
		return strtoull(v1 + strlen("throttled_time "), NULL, 10);
	return v2 ? strtoull(v2 + strlen("throttled_usec "), NULL, 10) * 1000 : 0;
}

/* What the box's own hypervisor took from all CPUs, from the kernel. */
static uint64_t box_steal_ns(void)
{
	auto_free char *text = read_file("/proc/stat", 256, NULL, NULL);
	uint64_t ticks = 0;

	if (text)
		sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks);
	return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Each waits for all that another runs. As the kernel counts it: within 5 %, for the ends of the window are not
 * the same, and what the box's own hypervisor took, for the kernel takes that off. As traced: but for one slice,
 * for threads are begun one after the other. */
static bool is_what_ran(uint64_t blamed, uint64_t ran, uint64_t traced, uint64_t stolen)
{
	double off = fabs((double)blamed - (double)traced);

	return blamed > 0.95 * ran && blamed < 1.05 * (ran + stolen) &&
	       (off < 0.003 * traced || off < SLICE_NS);
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
			good &= check(is_what_ran(blamed, w->ran[i], traced, w->stolen), c->name,
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

static bool check_trace(const struct test_case *c, const char *path,
	const struct hostd_totals *totals, const pid_t *pids, const struct witness *w)
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
		good &= check_counters(c, &t, &t.threads[i]);
		if (c->stacked)
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

static void run_for(const struct test_case *c, struct hostd *h, const pid_t *pids, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (now_ns() < end) {
		if (c->dumps) {
			hostd_dump(h, NULL);
			sleep_ns(20 * NS_PER_MS);
			continue;
		}
		if (!c->stop) {
			sleep_ns(end - now_ns());
			continue;
		}
		sleep_ns(100 * NS_PER_MS);
		kill(pids[0], SIGSTOP);
		sleep_ns(20 * NS_PER_MS);
		kill(pids[0], SIGCONT);
	}
}

/* Threads that are traced and gone: their slots are taken. */
static int take_slots(struct hostd *h, unsigned n, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++) {
		pid_t pid = fork();

		if (!pid)
			for (;;)
				pause();
		rc = hostd_track(h, pid, READ_FILLER + i, "filler", e);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return rc;
}

/* The second one keeps the first from the CPU till that one is moved to the next. */
static int start_and_move(struct hostd *h, const pid_t *pids, struct err *e)
{
	const struct sched_param rt = {.sched_priority = 1}, other = {0};
	cpu_set_t next;
	int rc;

	CPU_ZERO(&next);
	CPU_SET(1, &next);
	if (sched_setscheduler(pids[1], SCHED_FIFO, &rt))
		return err_set(e, EXIT_FAILED, "SCHED_FIFO: %s", strerror(errno));
	sleep_ns(30 * NS_PER_MS);
	rc = hostd_start(h, e);
	sched_setaffinity(pids[0], sizeof(next), &next);
	sched_setscheduler(pids[1], SCHED_OTHER, &other);
	return rc;
}

static int trace(const struct test_case *c, struct hostd *h, const pid_t *pids, const char *group,
	double seconds, struct hostd_totals *totals, struct witness *w, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < n_tasks(c) && !rc; i++) {
		char name[32];

		snprintf(name, sizeof(name), "test/%u", i);
		if (!c->tasks[i].hog)
			rc = hostd_track(h, pids[i], i, name, e);
		if (!rc && i == 0)
			rc = take_slots(h, c->apart, e);
	}
	if (!rc && group)
		rc = hostd_cgroup(h, 1, group, e);
	if (!rc)
		rc = c->moved ? start_and_move(h, pids, e) : hostd_start(h, e);
	if (rc)
		return rc;
	seconds *= c->passers ? 3 : 1;
	for (unsigned i = 0; i < n_tasks(c); i++)
		w->ran[i] = -run_ns(pids[i]);
	w->throttled = -throttled_ns(group);
	w->stolen = -box_steal_ns();
	if (announces(c))
		announced_go(w->announced, true);
	run_for(c, h, pids, seconds);
	if (announces(c))
		announced_go(w->announced, false);
	for (unsigned i = 0; i < n_tasks(c); i++)
		w->ran[i] += run_ns(pids[i]);
	w->throttled += throttled_ns(group);
	w->stolen += box_steal_ns();
	rc = hostd_sync(h, NULL, e);
	return rc ? rc : hostd_stop(h, totals, e);
}

static bool run_case(const struct test_case *c, const char *hostd, double seconds)
{
	struct hostd_options o = {.path = hostd, .mode = mode_of(c)};
	auto_free char *out = xasprintf("/tmp/stealscope-trace-%d.bin", (int)getpid());
	auto_free char *group = c->quota ? make_quota_group() : NULL;
	pid_t pids[MAX_TASKS] = {0}, crowd[MAX_CROWD] = {0};
	struct witness w = {.announced = announced_map()};
	struct hostd_totals totals = {0};
	struct hostd *h = NULL;
	struct err e = ERR_INIT;
	int rc = 0;
	bool good = true;

	if (c->quota && !group) {
		printf("SKIP %s: no cgroup with a CPU quota can be made here\n", c->name);
		return true;
	}
	for (unsigned i = 0; i < n_tasks(c); i++) {
		pids[i] = start_task(c->tasks[i].kind, c->tasks[i].cpus, w.announced);
		if (!rc && group && !c->tasks[i].hog)
			rc = join_group(group, pids[i], &e);
	}
	o.out = out;
	if (!rc)
		rc = hostd_spawn(&o, &h, &e);
	/* Not before: beside a crowd hostd needs fifteen seconds to load its programs. */
	for (unsigned i = 0; i < c->crowd; i++)
		crowd[i] = start_task(SLEEP_1000, 3, NULL);
	if (c->passers)
		crowd[0] = start_passers(pids, n_tasks(c));
	if (!rc && hostd_mode(h) != mode_of(c))
		good = check(false, c->name, "%s", hostd_reason(h));
	else if (!rc && !(rc = trace(c, h, pids, group, seconds, &totals, &w, &e)))
		good = check_trace(c, out, &totals, pids, &w);
	if (rc)
		good = check(false, c->name, "%s", e.msg);
	if (good && announces(c) && !w.announced->times)
		printf("SKIP %s: nobody could be preempted on its way to sleep\n", c->name);
	hostd_close(h);
	for (unsigned i = 0; i < n_tasks(c); i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	for (unsigned i = 0; i < MAX_CROWD && crowd[i]; i++) {
		kill(crowd[i], SIGKILL);
		waitpid(crowd[i], NULL, 0);
	}
	if (group)
		rmdir(group);
	unlink(out);
	return good;
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? atof(argv[2]) : 0;
	bool good = true;

	if (argc < 3 || seconds <= 0) {
		fprintf(stderr, "usage: trace_threads HOSTD SECONDS [CASE [LAG_US]]\n");
		return EXIT_USAGE;
	}
	if (argc > 4)
		clock_lag_ns = 1e3 * atof(argv[4]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("SKIP trace_threads: this kernel has no BTF\n");
		return EXIT_DONE;
	}
	if (geteuid()) {
		printf("SKIP trace_threads: needs root for eBPF\n");
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (argc > 3 && strcmp(argv[3], cases[i].name))
			continue;
		if (sysconf(_SC_NPROCESSORS_ONLN) < (long)cases[i].need_cpus)
			printf("SKIP %s: needs %u CPUs\n", cases[i].name, cases[i].need_cpus);
		else
			good &= run_case(&cases[i], argv[1], seconds);
	}
	return good ? EXIT_DONE : EXIT_FAILED;
}
