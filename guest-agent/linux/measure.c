// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Measures: programs that the host wants run once, when the shared page says so. What they print
 * goes to the host as records of vCPU 0, 24 bytes each; a full ring is waited for, nothing of it is
 * dropped.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define LOOK_MS	  20
#define LINGER_MS 100 /* what it left behind may still print for so long */
#define READ_MAX  4096

struct measure {
	struct vcpu *c;
	unsigned number;
	char *command;
};

static void emit(struct measure *m, enum shm_output kind, const char *data, size_t len, int status)
{
	struct agent_vcpu *v = &m->c->agent;
	uint64_t values[4] = {m->number | (uint64_t)kind << 8 | (uint64_t)len << 16 |
			      (uint64_t)(uint32_t)status << 32};
	struct stamp at;

	memcpy(&values[1], data, len);
	for (;;) {
		pthread_mutex_lock(&m->c->irq);
		/* Half a ring stays free for the probes. */
		if (v->ring.head - v->ring.shm->tail <= v->ring.mask / 2)
			break;
		pthread_mutex_unlock(&m->c->irq);
		usleep(LOOK_MS * 1000);
	}
	at = agent_stamp(v);
	agent_emit(v, REC_OUTPUT, PROBE_NONE, &at, values);
	pthread_mutex_unlock(&m->c->irq);
}

static void emit_text(struct measure *m, enum shm_output kind, const char *text, size_t len)
{
	for (size_t at = 0; at < len; at += SHM_OUTPUT_BYTES) {
		size_t part = len - at < SHM_OUTPUT_BYTES ? len - at : SHM_OUTPUT_BYTES;

		emit(m, kind, text + at, part, 0);
	}
}

static void child(const struct measure *m, char **words, const int out[2], const int err[2])
{
	struct policy plain = {0};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;
	char text[512];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	policy_apply(&plain, &m->c->all, &m->c->all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(out[1], 1);
	dup2(err[1], 2);
	execvp(words[0], words);
	snprintf(text, sizeof(text), "%s: %s\n", words[0], strerror(errno));
	if (write(2, text, strlen(text)) < 0)
		_exit(126);
	_exit(127);
}

/* False at the end of the stream. */
static bool take(struct measure *m, int fd, enum shm_output kind)
{
	char buf[READ_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		emit_text(m, kind, buf, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int watch(struct measure *m, pid_t pid, int out, int err)
{
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	int status = 0, left = LINGER_MS / LOOK_MS;
	bool ended = false;

	while (!ended || ((fds[0].fd >= 0 || fds[1].fd >= 0) && left > 0)) {
		int n = poll(fds, 2, LOOK_MS);

		if (ended && n == 0)
			left--;
		if (fds[0].fd >= 0 && fds[0].revents && !take(m, out, SHM_OUTPUT_OUT))
			fds[0].fd = -1;
		if (fds[1].fd >= 0 && fds[1].revents && !take(m, err, SHM_OUTPUT_ERR))
			fds[1].fd = -1;
		if (!ended)
			ended = waitpid(pid, &status, WNOHANG) == pid;
	}
	kill(-pid, SIGKILL);
	return status;
}

static void run(struct measure *m)
{
	char *words[WORDS_MAX];
	int out[2], err[2], status = 127 << 8;
	pid_t pid;

	if (!split_words(m->command, words) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		emit(m, SHM_OUTPUT_END, "", 0, status);
		return;
	}
	pid = fork();
	if (pid == 0)
		child(m, words, out, err);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	if (pid > 0)
		status = watch(m, pid, out[0], err[0]);
	close(out[0]);
	close(err[0]);
	emit(m, SHM_OUTPUT_END, "", 0, status);
}

static void *measure_main(void *arg)
{
	struct measure *m = arg;

	prctl(PR_SET_NAME, "measure");
	thread_bind(&m->c->all);
	while (!m->c->agent.host->measures)
		usleep(LOOK_MS * 1000);
	run(m);
	free(m->command);
	free(m);
	return NULL;
}

void measures_start(struct vcpu *first)
{
	const char *line = process.config;

	while (line && *line) {
		size_t len = strcspn(line, "\n");
		struct measure *m;
		unsigned number;
		pthread_t thread;
		int at = 0;

		if (sscanf(line, "measure %u %n", &number, &at) == 1 && at && (size_t)at < len &&
			(m = calloc(1, sizeof(*m)))) {
			m->c = first;
			m->number = number;
			m->command = strndup(line + at, len - (size_t)at);
			if (pthread_create(&thread, NULL, measure_main, m))
				say("no thread for measure %u", number);
		}
		line += len + (line[len] == '\n');
	}
}
