// SPDX-License-Identifier: GPL-3.0-or-later
/* The life of one noise: a cgroup and its processes, held at a gate, let go, held again, ended. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "host/cgroup.h"
#include "noise/priv.h"
#include "noise/stalls_rate.h"

#define WORDS 300 /* of what its processes said, in an error */

struct noise {
	noise_work *work;
	struct cgroup_handle *group; /* NULL: none may be made, see noise_start() */
	char *name;
	pid_t *pids;
	size_t n_pids;
	int gate;		      /* closed to let the processes begin; -1 afterwards */
	int log;		      /* the stdout of one that plays; -1 */
	struct rate_victims *victims; /* of one that plays: memory shared with it */
	int words;		      /* the caller's file of what they say; -1 none */
	uint64_t begun_ns;	      /* when they were let go first */
	bool running;
	uint64_t resumed_ns;	  /* when it was let go last */
	uint64_t active_ns;	  /* let go before that, in sum */
	uint64_t requested_milli; /* of one CPU, in 1/1000; 0 = not known */
	uint64_t usage_before_ns, throttled_before_ns;
};

/* What it asks for, in 1/1000 of a CPU: no more than its quota and its CPUs can give. */
static uint64_t requested_milli(const struct kind *kind, const struct plan_noise *n)
{
	uint64_t period = n->limits.period_us ? n->limits.period_us : 100000;
	uint64_t want = (uint64_t)n->threads * (n->duty_percent ? n->duty_percent : 100) * 10;

	if (!(kind->traits & NOISE_TAKES_DUTY))
		return 0;
	if (n->limits.quota_us)
		want = MIN(want, n->limits.quota_us * 1000 / period);
	if (!cpuset_empty(&n->cpus))
		want = MIN(want, (uint64_t)cpuset_count(&n->cpus) * 1000);
	return want;
}

void noise_give_up(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

static void pin_to(const struct cpuset *cpus)
{
	if (cpuset_bind_thread(0, cpus))
		noise_give_up("it cannot be bound to its CPUs");
}

static _Noreturn void child_main(
	const struct noise *self, const struct plan_noise *n, unsigned index, pid_t harness)
{
	char title[16];

	snprintf(title, sizeof(title), "%s", n->name);
	prctl(PR_SET_NAME, title);
	if (n->stalls) {
		/* its threads bind themselves */
	} else if (n->pin_each && !cpuset_empty(&n->cpus)) {
		struct cpuset one = {0};

		cpuset_add(&one, (unsigned)cpuset_nth(&n->cpus, index % cpuset_count(&n->cpus)));
		pin_to(&one);
	} else if (!self->group && !cpuset_empty(&n->cpus)) {
		pin_to(&n->cpus);
	}
	child_wait_gate();
	if (getppid() != harness)
		_exit(0);
	self->work(n, index);
	_exit(0);
}

static int start_processes(struct noise *self, const struct kind *kind, const struct plan_noise *n,
	int gate_read, struct err *e)
{
	bool one = kind->traits & NOISE_IS_ONE;
	unsigned count = one ? 1 : MAX(n->threads, 1);
	struct child_setup setup = {.files = {CHILD_NULL,
					    n->stalls ? self->log
					    : one     ? self->words
						      : CHILD_NULL,
					    self->words},
		.keep = gate_read,
		.death_signal = SIGKILL};
	pid_t harness = getpid(), pid;
	int rc;

	for (unsigned i = 0; i < count; i++) {
		setup.group = self->n_pids ? self->pids[0] : 0;
		pid = child_fork(&setup, e);
		if (pid < 0)
			return pid;
		if (pid == 0)
			child_main(self, n, i, harness);
		ARRAY_GROW(self->pids, self->n_pids);
		self->pids[self->n_pids++] = pid;
		setpgid(pid, self->pids[0]);
		rc = self->group ? cgroup_add_process(self->group, pid, e) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/* Without root a control group cannot be made; what needs none goes on without. */
static int make_group(
	struct noise *self, const struct plan_noise *n, const char *run, struct err *e)
{
	struct cgroup_limits limits = {
		n->limits.shares, n->limits.period_us, n->limits.quota_us, n->cpus};
	int rc = n->stalls ? 0 : cgroup_make(run, n->name, &limits, &self->group, e);

	if (rc != -EPERM || n->limits.shares || n->limits.quota_us)
		return rc;
	*e = (struct err)ERR_INIT;
	return 0;
}

/* Memory that the player shares: which threads feel it. */
static struct rate_victims *share_victims(void)
{
	void *p = mmap(NULL, sizeof(struct rate_victims), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int noise_start(const struct plan_noise *n, const char *run, int words_fd, struct noise **out,
	struct err *e)
{
	return noise_start_logged(n, run, words_fd, -1, out, e);
}

int noise_start_logged(const struct plan_noise *n, const char *run, int words_fd, int log_fd,
	struct noise **out, struct err *e)
{
	noise_work *work = noise_work_find(n->kind);
	const struct kind *kind;
	struct noise *self;
	int gate[2], rc;

	if (!work)
		return err_set_exit(e, EXIT_USAGE, EINVAL, "there is no kind \"%s\"", n->kind);
	kind = kind_of(&words_noise_kind, (unsigned)word_find(&words_noise_kind, n->kind));
	rc = noise_available(kind, e);
	if (rc)
		return rc;
	if (pipe2(gate, O_CLOEXEC))
		return err_sys(e, "cannot make the pipe that holds its processes back");
	self = xcalloc(1, sizeof(*self));
	self->work = work;
	self->name = xstrdup(n->name);
	self->gate = gate[1];
	self->words = words_fd;
	self->log = log_fd;
	if (n->stalls)
		rate_victims = self->victims = share_victims();
	self->requested_milli = requested_milli(kind, n);
	rc = make_group(self, n, run, e);
	if (!rc)
		rc = start_processes(self, kind, n, gate[0], e);
	close(gate[0]);
	if (rc) {
		noise_stop(self);
		return rc;
	}
	*out = self;
	return 0;
}

/* In clock ticks: what a process used, and those of its children that it waited for. */
static uint64_t ticks_of(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_free char *text = read_file(path, 4096, NULL, NULL);
	const char *end = text ? strrchr(text, ')') : NULL;
	unsigned long long u[4] = {0};

	if (end)
		sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
			&u[0], &u[1], &u[2], &u[3]);
	return u[0] + u[1] + u[2] + u[3];
}

static int read_usage(const struct noise *n, struct cgroup_usage *out, struct err *e)
{
	struct cgroup_usage u = {0};

	if (n->group)
		return cgroup_read_usage(n->group, out, e);
	for (size_t i = 0; i < n->n_pids; i++)
		u.usage_ns += ticks_of(n->pids[i]) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
	*out = u;
	return 0;
}

/* Whoever runs as the noise: its control group, else its process group. */
static int signal_all(const struct noise *n, int sig, struct err *e)
{
	if (n->group)
		return cgroup_signal(n->group, sig, e);
	return n->n_pids && kill(-n->pids[0], sig) ? err_sys(e, "cannot signal it") : 0;
}

int noise_resume(struct noise *n, struct err *e)
{
	struct cgroup_usage u;
	int rc = 0;

	if (n->running)
		return 0;
	if (n->gate >= 0) {
		rc = read_usage(n, &u, e);
		if (rc)
			return rc;
		n->usage_before_ns = u.usage_ns;
		n->throttled_before_ns = u.throttled_ns;
		close(n->gate);
		n->gate = -1;
	} else {
		rc = signal_all(n, SIGCONT, e);
	}
	n->resumed_ns = now_ns();
	n->begun_ns = n->begun_ns ? n->begun_ns : n->resumed_ns;
	n->running = true;
	return rc;
}

int noise_pause(struct noise *n, struct err *e)
{
	int rc;

	if (!n->running)
		return 0;
	rc = signal_all(n, SIGSTOP, e);
	n->active_ns += now_ns() - n->resumed_ns;
	n->running = false;
	return rc;
}

/* The first of its processes that ended by itself. */
static bool find_dead(const struct noise *n, siginfo_t *info)
{
	for (size_t i = 0; i < n->n_pids; i++) {
		*info = (siginfo_t){0};
		if (waitid(P_PID, (id_t)n->pids[i], info, WEXITED | WNOHANG | WNOWAIT) ||
			info->si_pid)
			return true;
	}
	return false;
}

static bool any_died(const struct noise *n)
{
	siginfo_t info;

	return find_dead(n, &info);
}

/* The first lines that it wrote, on one line: a wrong option is named there, advice follows. */
static char *first_words(const struct noise *n)
{
	char text[WORDS + 1], *p = text;
	ssize_t len = n->words < 0 ? 0 : pread(n->words, text, WORDS, 0);

	while (len > 0 && strchr("\n\r ", text[len - 1]))
		len--;
	if (len <= 0)
		return xstrdup("it said nothing");
	text[len] = '\0';
	while ((p = strpbrk(p, "\n\r")))
		*p = '|';
	return xasprintf("it said: %s", text);
}

int noise_check(const struct noise *n, struct err *e)
{
	auto_free char *words = NULL;
	char how[64];
	siginfo_t info;

	if ((!n->running && n->gate < 0) || !find_dead(n, &info))
		return 0;
	words = first_words(n);
	snprintf(how, sizeof(how), info.si_code == CLD_EXITED ? "exit status %d" : "signal %d",
		info.si_status);
	if (!n->begun_ns)
		return err_set(
			e, ECHILD, "noise %s ended before it began (%s); %s", n->name, how, words);
	return err_set(e, ECHILD, "noise %s ended by itself within %.1f s (%s); %s", n->name,
		(double)(now_ns() - n->begun_ns) / 1e9, how, words);
}

int noise_read(const struct noise *n, struct noise_report *out, struct err *e)
{
	uint64_t active = n->active_ns + (n->running ? now_ns() - n->resumed_ns : 0);
	struct noise_report r = {.died = any_died(n)};
	struct cgroup_usage u;
	int rc = read_usage(n, &u, e);

	if (rc)
		return rc;
	if (n->gate < 0) {
		r.requested_ns = active / 1000 * n->requested_milli;
		r.delivered_ns = u.usage_ns - n->usage_before_ns;
		r.throttled_ns = u.throttled_ns - n->throttled_before_ns;
	}
	*out = r;
	return 0;
}

void noise_victim(struct noise *n, size_t vcpu, int tid)
{
	if (n->victims && vcpu < RATE_VICTIMS_MAX)
		n->victims->pid[vcpu] = tid;
}

int noise_last_pid(const struct noise *n)
{
	return n->pids[n->n_pids - 1];
}

const char *noise_cgroup_path(const struct noise *n)
{
	return n->group ? cgroup_cpu_path(n->group) : NULL;
}

void noise_stop(struct noise *n)
{
	bool ends = true;

	if (!n)
		return;
	for (size_t i = 0; i < n->n_pids; i++)
		ends = (!kill(n->pids[i], SIGKILL) || errno == ESRCH) && ends;
	if (!n->group && n->n_pids)
		kill(-n->pids[0], SIGKILL);
	cgroup_destroy(n->group, NULL);
	/* One that may not be killed (it became another user) is not waited for. */
	for (size_t i = 0; i < n->n_pids; i++)
		while (waitpid(n->pids[i], NULL, ends ? 0 : WNOHANG) < 0 && errno == EINTR)
			;
	/* What a stress-ng left is in its process group, and this process's child where it is a
	 * subreaper (domain/lab.c). */
	while (ends && n->n_pids && waitpid(-n->pids[0], NULL, 0) > 0)
		;
	if (n->gate >= 0)
		close(n->gate);
	if (n->victims)
		munmap(n->victims, sizeof(*n->victims));
	free(n->pids);
	free(n->name);
	free(n);
}
