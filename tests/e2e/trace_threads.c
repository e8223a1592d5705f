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

#include "trace_case.h"
#include "trace_read.h"

#define MAX_CROWD     80
#define CGROUP_V1_CPU "/sys/fs/cgroup/cpu"
#define CGROUP_V2     "/sys/fs/cgroup"

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
	/* One comes with each wake-up while the others wait. */
	{.name = "counts-woken",
		.counts = true,
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}, {SLEEP_1000, 1, 0}, {SPIN, 1, 1}},
		.need_cpus = 1,
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
	{.name = "counts-leaves",
		.counts = true,
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 1}},
		.need_cpus = 1,
		.dumps = true,
		.leaves = true},
	/* More culprits in a second than their table has room for, if it is not emptied meanwhile. */
	{.name = "counts-passers",
		.counts = true,
		.tasks = {{SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0},
			{SPIN, 1, 0}, {SPIN, 1, 0}, {SPIN, 1, 0}},
		.need_cpus = 1,
		.passers = true},
	/* Records for many times the bunch of that CPU, and a name for each who passes. */
	{.name = "passers",
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
	seconds *= c->passers ? 2 : 1; /* the table is to be filled twice */
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
	if (c->leaves) {
		rc = hostd_untrack(h, pids[LEAVER], e);
		sleep_ns(300 * NS_PER_MS); /* the others go on, and are traced */
	}
	if (!rc)
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
