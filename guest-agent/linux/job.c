// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Probes `job` and `lock` in Linux. A job is the loop of all guests, or any program: as many copies
 * at once as asked for, each started anew when it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"
#include "guest-agent/probe/spin.h"

#define COPIES_MAX 16
#define LOOK_MS	   50 /* how late a stop is seen while waiting */

/* ---- programs */

struct copy {
	pid_t pid;
	int pidfd;
	uint64_t start;
};

/* Bit `vcpu` of a hexadecimal number of `len` digits. */
static bool hex_has(const char *digits, size_t len, unsigned vcpu)
{
	char digit[2] = "";

	if (vcpu / 4 >= len)
		return false;
	digit[0] = digits[len - 1 - vcpu / 4];
	return strtoul(digit, NULL, 16) >> (vcpu % 4) & 1;
}

/* The command for this vCPU: a line "job MASK COMMAND" of the configuration. */
static char *find_command(const struct agent_vcpu *v)
{
	const char *line = process.config;

	while (line && *line) {
		size_t len = strcspn(line, "\n");
		int from = 0, end = 0, at = 0;

		if (sscanf(line, "job %n%*[0-9a-f]%n %n", &from, &end, &at) != EOF && at &&
			(size_t)at < len && hex_has(line + from, (size_t)(end - from), v->index))
			return strndup(line + at, len - (size_t)at);
		line += len + (line[len] == '\n');
	}
	return NULL;
}

unsigned split_words(char *text, char **words)
{
	char *out = text;
	unsigned n = 0;

	while (n < WORDS_MAX - 1) {
		char quote = 0;

		text += strspn(text, " \t");
		if (!*text)
			break;
		words[n++] = out;
		for (; *text && (quote || (*text != ' ' && *text != '\t')); text++) {
			if (quote ? *text == quote : (*text == '\'' || *text == '"'))
				quote = quote ? 0 : *text;
			else
				*out++ = *text;
		}
		if (*text)
			text++;
		*out++ = '\0';
	}
	words[n] = NULL;
	return n;
}

static void child(const struct vcpu *c, uint64_t flags, char **words, int report)
{
	bool floats = flags & SHM_JOB_FLOAT;
	struct policy plain = {0};
	sigset_t none;
	int null = open("/dev/null", O_RDWR), code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	policy_apply(&plain, floats ? &c->all : &c->cpus, &c->all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0)
		dup2(null, 0);
	if (null >= 0 && !(flags & SHM_JOB_OUTPUT))
		dup2(null, 1);
	execvp(words[0], words);
	code = errno;
	if (write(report, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* errno of the exec, 0 when the program runs. */
static int start_copy(const struct vcpu *c, uint64_t flags, char **words, struct copy *copy)
{
	int report[2], code = 0;
	ssize_t got;

	if (pipe2(report, O_CLOEXEC))
		return errno;
	copy->start = platform_tsc();
	copy->pid = fork();
	if (copy->pid == 0)
		child(c, flags, words, report[1]);
	close(report[1]);
	if (copy->pid < 0) {
		code = errno;
		close(report[0]);
		return code;
	}
	got = read(report[0], &code, sizeof(code));
	close(report[0]);
	copy->pidfd = (int)syscall(SYS_pidfd_open, copy->pid, 0);
	return got == sizeof(code) ? code : 0;
}

/* They may clear up (cyclictest has a file in /dev/shm), but not for long. */
static void end_copies(struct copy *copies, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (copies[i].pid > 0)
			kill(-copies[i].pid, SIGTERM);
	for (unsigned i = 0; i < n; i++) {
		struct pollfd ended = {.fd = copies[i].pidfd, .events = POLLIN};

		if (copies[i].pid <= 0)
			continue;
		if (ended.fd >= 0)
			poll(&ended, 1, LOOK_MS);
		kill(-copies[i].pid, SIGKILL);
		kill(copies[i].pid, SIGKILL);
		waitpid(copies[i].pid, NULL, 0);
		if (copies[i].pidfd >= 0)
			close(copies[i].pidfd);
		copies[i] = (struct copy){.pidfd = -1};
	}
}

static void wait_any(struct copy *copies, unsigned n)
{
	struct pollfd fds[COPIES_MAX];

	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = copies[i].pidfd, .events = POLLIN};
	poll(fds, n, LOOK_MS);
}

/* True when copy i has ended well; says so and fails the vCPU when it ended badly. */
static bool copy_ended(struct agent_vcpu *v, struct copy *copy, const char *name, bool *failed)
{
	int status;

	if (waitpid(copy->pid, &status, WNOHANG) != copy->pid)
		return false;
	if (copy->pidfd >= 0)
		close(copy->pidfd);
	*copy = (struct copy){.start = copy->start, .pidfd = -1};
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	say("vCPU %u: program %s ended with %s %d", v->index, name,
		WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	*failed = true;
	return true;
}

static bool start_or_say(struct agent_vcpu *v, uint64_t flags, char **words, struct copy *copy)
{
	int code = start_copy(vcpu_of(v), flags, words, copy);

	if (!code)
		return true;
	say("vCPU %u: program %s cannot be run: %s%s", v->index, words[0], strerror(code),
		code == ENOENT ? " (it, or the loader it names, is not in the guest)" : "");
	return false;
}

static void program_work(struct agent_vcpu *v, struct probe_run *run, char *command)
{
	struct copy copies[COPIES_MAX];
	unsigned n = run->p[2] ? (unsigned)run->p[2] : 1;
	bool failed = false;
	char *words[WORDS_MAX];

	if (!split_words(command, words))
		return;
	if (n > COPIES_MAX)
		n = COPIES_MAX;
	for (unsigned i = 0; i < n; i++)
		copies[i] = (struct copy){.pidfd = -1};
	for (unsigned i = 0; i < n && !failed; i++)
		failed = !start_or_say(v, run->p[1], words, &copies[i]);
	while (agent_running(v) && !failed) {
		uint64_t now;

		wait_any(copies, n);
		for (unsigned i = 0; i < n && !failed; i++) {
			if (!copy_ended(v, &copies[i], words[0], &failed) || failed)
				continue;
			agent_emit_busy(v, REC_JOB, copies[i].start, run->done++, 0);
			if (agent_running(v))
				failed = !start_or_say(v, run->p[1], words, &copies[i]);
		}
		now = platform_tsc();
		if (now >= v->next_steal)
			agent_housekeeping(v, now);
	}
	end_copies(copies, n);
	if (failed)
		agent_fail(v, LINUX_FAIL_PROGRAM);
}

static void job_work(struct agent_vcpu *v, struct probe_run *run)
{
	struct vcpu *c = vcpu_of(v);
	char *command = find_command(v);

	if (command) {
		program_work(v, run, command);
		free(command);
		return;
	}
	if (run->p[1] & SHM_JOB_FLOAT)
		thread_bind(&c->all);
	if (run->p[1] & SHM_JOB_BARRIER)
		barrier_work(v, run);
	else
		probe_job.work(v, run);
	if (run->p[1] & SHM_JOB_FLOAT)
		thread_bind(&c->cpus);
}

static void job_start(struct agent_vcpu *v, struct probe_run *run)
{
	probe_job.start(v, run);
}

const struct probe_ops linux_job = {
	.id = PROBE_JOB,
	.start = job_start,
	.work = job_work,
};

/* ---- a lock that sleeps */

static pthread_mutex_t shared_mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_start(struct agent_vcpu *v, struct probe_run *run)
{
	probe_lock.start(v, run);
}

static bool mutex_take(struct agent_vcpu *v)
{
	for (;;) {
		uint64_t now = platform_tsc(), until;
		struct timespec t;

		if (pthread_mutex_trylock(&shared_mutex) == 0)
			return true;
		until = mono_ns() + LOOK_MS * UINT64_C(1000000);
		t.tv_sec = (time_t)(until / 1000000000);
		t.tv_nsec = (long)(until % 1000000000);
		if (pthread_mutex_clocklock(&shared_mutex, CLOCK_MONOTONIC, &t) == 0)
			return true;
		if (!agent_running(v))
			return false;
		if (now >= v->next_steal)
			agent_housekeeping(v, now);
	}
}

static void lock_work(struct agent_vcpu *v, struct probe_run *run)
{
	if (run->p[3] != SHM_LOCK_MUTEX) {
		probe_lock.work(v, run);
		return;
	}
	while (agent_running(v)) {
		uint64_t start = platform_tsc(), got;

		if (!mutex_take(v))
			return;
		got = platform_tsc();
		spin_iterations(run->p[0]);
		pthread_mutex_unlock(&shared_mutex);
		if (got - start > run->threshold)
			agent_emit_busy(v, REC_LOCK, start, run->done, got);
		run->done++;
		if (got >= v->next_steal)
			agent_housekeeping(v, got);
		spin_iterations(run->p[1]);
	}
}

const struct probe_ops linux_lock = {
	.id = PROBE_LOCK,
	.start = lock_start,
	.work = lock_work,
};
