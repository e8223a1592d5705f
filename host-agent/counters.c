// SPDX-License-Identifier: GPL-3.0-or-later
/* What the kernel counts by itself. See counters.h. */
#include "host-agent/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "host-agent/boxsteal.h"
#include "host-agent/cgroupstat.h"
#include "host-agent/kvmstat.h"
#include "host-agent/tracer_shared.h"

#define STAT_LINE 256 /* of a CPU in /proc/stat, at most: eleven numbers of 20 digits */

struct thread_source {
	pid_t tid, tgid;
	int fd;		/* its schedstat; -1 once it is gone */
	bool each_time; /* more threads than files may be open: opened for each sample */
};

struct vm_source {
	pid_t tgid;
	struct kvmstat *kvm; /* NULL: not a VM */
};

struct counters {
	struct thread_source *threads;
	size_t n_threads;
	struct vm_source *vms;
	size_t n_vms;
	struct cgroupstat **cgroups;
	size_t n_cgroups;
	struct boxsteal *steal; /* NULL: /proc/stat */
	bool has_kvm;
	pid_t last_tgid; /* of the thread added last */
	int stat_fd;
	size_t stat_size; /* of /proc/stat, with room */
	uint64_t tick_ns;
};

struct counters *counters_open(bool kvm, struct sink *s)
{
	struct counters *c = xcalloc(1, sizeof(*c));
	struct err e = ERR_INIT;

	c->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	/* "intr" has a number for each interrupt and CPU, but comes behind the CPUs. */
	c->stat_size = (size_t)sysconf(_SC_NPROCESSORS_CONF) * STAT_LINE + (8 << 10);
	c->tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	c->has_kvm = kvm && kvmstat_init(s);
	if (boxsteal_open(&c->steal, &e))
		sink_note(s, "the box's own steal has steps of %" PRIu64 " ms: %s",
			c->tick_ns / NS_PER_MS, e.msg);
	return c;
}

bool counters_has_kvm(const struct counters *c)
{
	return c->has_kvm;
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].fd >= 0)
			close(c->threads[i].fd);
	for (size_t i = 0; i < c->n_vms; i++)
		kvmstat_close(c->vms[i].kvm);
	for (size_t i = 0; i < c->n_cgroups; i++)
		cgroupstat_close(c->cgroups[i]);
	boxsteal_close(c->steal);
	if (c->stat_fd >= 0)
		close(c->stat_fd);
	free(c->threads);
	free(c->vms);
	free(c->cgroups);
	free(c);
}

/* A thread's status is dear to make; the next one is most often of the same process as the last. */
static pid_t tgid_of(const struct counters *c, pid_t tid)
{
	auto_free char *guess = xasprintf("/proc/%d/task/%d", (int)c->last_tgid, (int)tid);
	auto_free char *path = xasprintf("/proc/%d/status", (int)tid);
	auto_free char *text = NULL;
	const char *line;
	struct stat st;

	if (c->last_tgid && stat(guess, &st) == 0)
		return c->last_tgid;
	text = read_file(path, 64 << 10, NULL, NULL);
	line = text ? strstr(text, "\nTgid:") : NULL;
	return line ? (pid_t)atoi(line + strlen("\nTgid:")) : 0;
}

static void add_vm(struct counters *c, pid_t tgid, struct sink *s)
{
	for (size_t i = 0; i < c->n_vms; i++)
		if (c->vms[i].tgid == tgid)
			return;
	ARRAY_GROW(c->vms, c->n_vms);
	c->vms[c->n_vms] = (struct vm_source){tgid, kvmstat_open(tgid, s)};
	if (c->vms[c->n_vms].kvm)
		kvmstat_offsets(c->vms[c->n_vms].kvm, s);
	c->n_vms++;
}

static int open_schedstat(const struct thread_source *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)t->tgid, (int)t->tid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int counters_add_thread(struct counters *c, pid_t tid, struct sink *s, pid_t *tgid, struct err *e)
{
	struct thread_source t = {.tid = tid, .tgid = tgid_of(c, tid), .fd = -1};
	size_t i = 0;

	if (!t.tgid)
		return err_set(e, ESRCH, "there is no thread %d", (int)tid);
	counters_drop_thread(c, tid);
	t.fd = open_schedstat(&t);
	t.each_time = t.fd < 0 && (errno == EMFILE || errno == ENFILE);
	if (t.fd < 0 && !t.each_time)
		sink_note(s, "no run delay of thread %d: its schedstat: %s", (int)tid,
			strerror(errno));
	while (i < c->n_threads && c->threads[i].tid)
		i++;
	if (i == c->n_threads)
		ARRAY_GROW(c->threads, c->n_threads++);
	c->threads[i] = t;
	if (c->has_kvm)
		add_vm(c, t.tgid, s);
	*tgid = c->last_tgid = t.tgid;
	return 0;
}

/* Its VM is sampled for the last of its threads only: VMs come and go for days. */
static void drop_vm_without_threads(struct counters *c, pid_t tgid)
{
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].tgid == tgid)
			return;
	for (size_t i = 0; i < c->n_vms; i++) {
		if (c->vms[i].tgid != tgid)
			continue;
		kvmstat_close(c->vms[i].kvm);
		c->vms[i] = c->vms[--c->n_vms];
		return;
	}
}

void counters_drop_thread(struct counters *c, pid_t tid)
{
	for (size_t i = 0; i < c->n_threads; i++) {
		pid_t tgid = c->threads[i].tgid;

		if (c->threads[i].tid != tid)
			continue;
		if (c->threads[i].fd >= 0)
			close(c->threads[i].fd);
		c->threads[i] = (struct thread_source){.fd = -1};
		drop_vm_without_threads(c, tgid);
	}
}

int counters_add_cgroup(
	struct counters *c, uint32_t owner, const char *path, bool *has_quota, struct err *e)
{
	struct cgroupstat *g;
	int rc = cgroupstat_open(owner, path, &g, has_quota, e);

	if (rc)
		return rc;
	ARRAY_GROW(c->cgroups, c->n_cgroups);
	c->cgroups[c->n_cgroups++] = g;
	return 0;
}

/* Its three numbers; false once it has exited. run_delay and the tracer's sum of it are compared later,
 * so they must be of one instant: hostd may be preempted between the two, and a wait end meanwhile. Read
 * again then. */
static bool read_schedstat(const struct thread_source *t, struct tracer *tracer, uint64_t v[3],
	struct tracer_seen *seen)
{
	struct tracer_seen before = {0};
	char text[128];
	ssize_t n;

	*seen = before;
	for (int i = 0; i < 8; i++) {
		if (tracer)
			tracer_read(tracer, t->tid, &before);
		n = pread(t->fd, text, sizeof(text) - 1, 0);
		if (tracer)
			tracer_read(tracer, t->tid, seen);
		if (n <= 0 || (before.clock_wait_ns == seen->clock_wait_ns &&
				      before.state == seen->state))
			break;
	}
	if (n <= 0)
		return false;
	text[n] = '\0';
	return sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &v[0], &v[1], &v[2]) == 3;
}

/* The tracer's sums as of what the kernel has booked. */
static void agree_on_instant(struct tracer_seen *seen, uint64_t run_delay)
{
	uint64_t grown = run_delay - seen->run_delay_ns;

	if (!seen->run_delay_ns || seen->run_delay_ns == ~0ull || run_delay < seen->run_delay_ns)
		return;
	if (seen->state == THREAD_SLEEPING)
		/* It is sleep, booked as waiting before its wake-up told. */
		seen->sleep_booked_ns += grown;
	else if (seen->state == THREAD_WAITING)
		/* It got the CPU and no event told (tracer_state.bpf.h: some kernels hide them), so that
		 * is put in when it leaves; or it is being moved. */
		seen->clock_wait_ns += grown;
	else if (!grown)
		/* It just got the CPU: the event comes before the kernel books the wait. */
		seen->clock_wait_ns -= seen->to_book_ns;
}

static void sample_thread(struct thread_source *t, struct tracer *tracer, struct sink *s)
{
	struct tracer_seen seen;
	uint64_t v[3], now;
	bool there;

	if (t->each_time)
		t->fd = open_schedstat(t);
	if (t->fd < 0)
		return;
	there = read_schedstat(t, tracer, v, &seen);
	now = now_ns();
	if (!there || t->each_time) {
		close(t->fd);
		t->fd = -1;
	}
	if (!there)
		return;
	agree_on_instant(&seen, v[1]);
	const struct {
		enum counter_key key;
		uint64_t value;
	} rows[] = {
		{CTR_RUN_NS, v[0]},
		{CTR_RUN_DELAY_NS, v[1]},
		{CTR_TIMESLICES, v[2]},
		{CTR_TRACED_CLOCK_WAIT_NS, seen.clock_wait_ns},
		{CTR_TRACED_SLEEP_BOOKED_NS, seen.sleep_booked_ns},
		{CTR_TRACED_CONFLICTS, seen.conflicts},
	};

	for (size_t i = 0; i < (tracer ? ARRAY_SIZE(rows) : 3); i++)
		sink_counter(
			s, now, (uint32_t)t->tid, 0, COUNTER_THREAD, rows[i].key, 0, rows[i].value);
}

void counters_sample_thread(struct counters *c, pid_t tid, struct tracer *tracer, struct sink *s)
{
	for (size_t i = 0; i < c->n_threads; i++)
		if (c->threads[i].tid == tid)
			sample_thread(&c->threads[i], tracer, s);
}

/* One "cpuN user nice system idle iowait irq softirq steal" line of /proc/stat. */
static void sample_cpu_line(
	struct counters *c, const char *line, const uint64_t *steal, uint64_t now, struct sink *s)
{
	uint64_t v[8] = {0}, unit = c->tick_ns;
	unsigned cpu;

	if (sscanf(line,
		    "cpu%u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		    " %" SCNu64 " %" SCNu64,
		    &cpu, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 9 ||
		cpu >= TRACER_MAX_CPUS)
		return;
	const struct {
		enum counter_key key;
		uint64_t ns;
	} rows[] = {
		{CTR_BOX_STEAL_NS, steal ? steal[cpu] : v[7] * unit},
		{CTR_BOX_IRQ_NS, v[5] * unit},
		{CTR_BOX_SOFTIRQ_NS, v[6] * unit},
		{CTR_BOX_IDLE_NS, (v[3] + v[4]) * unit},
		{CTR_BOX_BUSY_NS, (v[0] + v[1] + v[2]) * unit},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		sink_counter(s, now, 0, (uint16_t)cpu, COUNTER_CPU, rows[i].key, 0, rows[i].ns);
}

static void sample_box(struct counters *c, struct sink *s)
{
	const uint64_t *steal = c->steal ? boxsteal_read(c->steal) : NULL;
	size_t size = c->stat_size;
	auto_free char *text = xmalloc(size);
	uint64_t now = now_ns();
	ssize_t n = c->stat_fd < 0 ? -1 : pread(c->stat_fd, text, size - 1, 0);

	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *line = strstr(text, "\ncpu"); line; line = strstr(line + 1, "\ncpu"))
		sample_cpu_line(c, line + 1, steal, now, s);
}

struct self_cost self_cost(void)
{
	struct timespec cpu;
	struct rusage ru;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	getrusage(RUSAGE_SELF, &ru);
	return (struct self_cost){(uint64_t)cpu.tv_sec * NS_PER_S + (uint64_t)cpu.tv_nsec,
		(uint64_t)ru.ru_nvcsw + (uint64_t)ru.ru_nivcsw};
}

static void sample_self(struct sink *s)
{
	struct self_cost cost = self_cost();
	uint64_t now = now_ns();

	sink_counter(s, now, 0, 0, COUNTER_SELF, CTR_SELF_CPU_NS, 0, cost.cpu_ns);
	sink_counter(s, now, 0, 0, COUNTER_SELF, CTR_SELF_SWITCHES, 0, cost.switches);
}

void counters_end(struct counters *c, struct sink *s)
{
	for (size_t i = 0; i < c->n_vms; i++)
		if (c->vms[i].kvm)
			kvmstat_offsets(c->vms[i].kvm, s);
}

void counters_sample(struct counters *c, struct tracer *tracer, struct sink *s)
{
	for (size_t i = 0; i < c->n_threads; i++)
		sample_thread(&c->threads[i], tracer, s);
	for (size_t i = 0; i < c->n_cgroups; i++)
		cgroupstat_sample(c->cgroups[i], s);
	for (size_t i = 0; i < c->n_vms; i++)
		if (c->vms[i].kvm)
			kvmstat_sample(c->vms[i].kvm, s);
	sample_box(c, s);
	sample_self(s);
}
