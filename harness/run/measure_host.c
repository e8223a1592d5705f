// SPDX-License-Identifier: GPL-3.0-or-later
/* A measure's command on the host: a process in a control group of its own, on the housekeeping
 * CPUs, and a thread that reads what it prints. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/words.h"
#include "host/cgroup.h"
#include "image/image.h"
#include "run/measure.h"

#define LOOK_MS	   50  /* how late an order to stop is seen */
#define LINGER_MS  100 /* what the command left behind may still print for so long */
#define READ_BYTES 65536

struct measure_host {
	struct measure_run *m;
	struct strv words;
	char *program, *folder;
	struct cpuset cpus;
	struct cgroup_handle *group; /* NULL: this user may make none */
	struct reaper *reaper;
	pthread_t thread;
	volatile bool stop;
	pid_t pid;
};

static char *find_program(const char *word, const char *folder)
{
	char *path;

	if (!strchr(word, '/'))
		return program_find(word);
	path = *word == '/' ? xstrdup(word) : xasprintf("%s/%s", folder, word);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static int find(const struct plan_measure *m, const char *folder, struct strv *words, char **out,
	struct err *e)
{
	int rc = words_split(m->command, words, e);

	if (!rc && !words->n)
		rc = err_set(e, EINVAL, "its command is empty");
	if (rc)
		return e->exit = EXIT_USAGE, rc;
	*out = find_program(words->items[0], folder);
	if (*out)
		return 0;
	return err_set_exit(e, EXIT_HOST, ENOENT, "its program %s is not on this host (%s)",
		words->items[0],
		strchr(words->items[0], '/')
			? "it must be executable; a relative path is below the scenario's folder"
			: "not in $PATH");
}

int measure_host_find(const struct plan_measure *m, const char *folder, struct err *e)
{
	auto_free char *path = NULL;
	auto_struct(strv) words = {0};

	return find(m, folder, &words, &path, e);
}

static _Noreturn void child(const struct measure_host *h, char **argv)
{
	static const char text[] = "its program cannot be run\n";

	if (!cpuset_empty(&h->cpus))
		cpuset_bind_thread(0, &h->cpus);
	child_wait_gate();
	if (chdir(h->folder) == 0)
		execv(h->program, argv);
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(126);
	_exit(127);
}

/* It waits at a gate until it is in its control group. */
static int spawn(struct measure_host *h, const int out[2], const int err[2], struct err *e)
{
	char *argv[WORDS_MAX + 1] = {NULL};
	struct child_setup setup = {.files = {CHILD_NULL, out[1], err[1]}, .death_signal = SIGKILL};
	int gate[2];

	for (size_t i = 0; i < h->words.n; i++)
		argv[i] = h->words.items[i];
	if (pipe2(gate, O_CLOEXEC))
		return err_sys(e, "no pipe");
	setup.keep = gate[0];
	h->pid = child_fork(&setup, e);
	if (h->pid == 0)
		child(h, argv);
	close(gate[0]);
	if (h->pid > 0 && h->group)
		cgroup_add_process(h->group, h->pid, NULL);
	if (h->pid > 0)
		reaper_add_pid(h->reaper, h->pid);
	close(gate[1]);
	return MIN(h->pid, 0);
}

void measure_text_add(struct measure_text *t, const char *data, size_t len)
{
	if (!t->text)
		t->text = xcalloc(1, MEASURE_KEEP + 1);
	if (len > MEASURE_KEEP) {
		t->lost += len - MEASURE_KEEP;
		data += len - MEASURE_KEEP;
		len = MEASURE_KEEP;
	}
	if (t->len + len > MEASURE_KEEP) {
		size_t drop = MIN(MAX(t->len + len - MEASURE_KEEP, MEASURE_KEEP / 2), t->len);

		memmove(t->text, t->text + drop, t->len - drop);
		t->len -= drop;
		t->lost += drop;
	}
	memcpy(t->text + t->len, data, len);
	t->len += len;
	t->text[t->len] = '\0';
}

/* What there is now. False at the end of the stream. */
static bool take(struct measure_run *m, int fd, struct measure_text *to)
{
	char buf[READ_BYTES];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		pthread_mutex_lock(&m->lock);
		measure_text_add(to, buf, (size_t)n);
		pthread_mutex_unlock(&m->lock);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void end(struct measure_host *h, int status)
{
	pthread_mutex_lock(&h->m->lock);
	h->m->wait_status = status;
	h->m->info->end_ns = now_ns();
	h->m->ended = true;
	pthread_mutex_unlock(&h->m->lock);
}

/* Until the command has ended, and its streams with it or LINGER_MS later. */
static int watch(struct measure_host *h, int out, int err)
{
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	bool ended = false;
	int status = 0, left = LINGER_MS;

	while (!h->stop && (!ended || ((fds[0].fd >= 0 || fds[1].fd >= 0) && left > 0))) {
		poll(fds, 2, ended ? 10 : LOOK_MS);
		left -= ended ? 10 : 0;
		if (fds[0].fd >= 0 && !take(h->m, out, &h->m->out))
			fds[0].fd = -1;
		if (fds[1].fd >= 0 && !take(h->m, err, &h->m->err))
			fds[1].fd = -1;
		if (!ended)
			ended = waitpid(h->pid, &status, WNOHANG) == h->pid;
		if (!ended && fds[0].fd < 0 && fds[1].fd < 0)
			sleep_ns(5 * NS_PER_MS);
	}
	kill(-h->pid, SIGKILL);
	if (!ended)
		while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
			;
	return status;
}

static void *thread_main(void *arg)
{
	struct measure_host *h = arg;
	int out[2] = {-1, -1}, err[2] = {-1, -1}, status = 127 << 8;
	struct err e = ERR_INIT;

	prctl(PR_SET_NAME, "stealscope-msr");
	h->m->info->start_ns = now_ns();
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		err_sys(&e, "no pipe");
	else
		spawn(h, out, err, &e);
	for (int i = 0; i < 2; i++)
		if ((i ? err : out)[1] >= 0)
			close((i ? err : out)[1]);
	if (h->pid > 0) {
		fcntl(out[0], F_SETFL, O_NONBLOCK);
		fcntl(err[0], F_SETFL, O_NONBLOCK);
		status = watch(h, out[0], err[0]);
	}
	if (e.code)
		measure_text_add(&h->m->err, e.msg, strlen(e.msg));
	if (out[0] >= 0)
		close(out[0]);
	if (err[0] >= 0)
		close(err[0]);
	end(h, status);
	return NULL;
}

static int make_group(struct session *s, struct measure_host *h, struct err *e)
{
	auto_free char *name = xasprintf("measure.%s", h->m->plan->name);
	struct cgroup_limits none = {0};
	int rc = cgroup_make(s->info.run, name, &none, &h->group, e);

	if (rc != -EPERM)
		return rc;
	*e = (struct err)ERR_INIT;
	return 0;
}

int measure_host_start(struct session *s, struct measure_run *m, struct err *e)
{
	struct measure_host *h = xcalloc(1, sizeof(*h));
	int rc;

	m->host = h;
	h->m = m;
	h->cpus = s->plan->housekeeping_cpus;
	h->reaper = s->reaper;
	h->folder = run_scenario_folder(s);
	rc = find(m->plan, h->folder, &h->words, &h->program, e);
	if (!rc)
		rc = make_group(s, h, e);
	if (!rc) {
		rc = pthread_create(&h->thread, NULL, thread_main, h);
		if (rc)
			rc = err_set(e, rc, "no thread for it: %s", strerror(rc));
		else
			return 0;
	}
	h->thread = 0;
	return rc;
}

void measure_host_stop(struct measure_run *m)
{
	auto_free struct measure_host *h = m->host;

	if (!h)
		return;
	h->stop = true;
	if (h->thread)
		pthread_join(h->thread, NULL);
	cgroup_destroy(h->group, NULL);
	strv_release(&h->words);
	free(h->program);
	free(h->folder);
	m->host = NULL;
}
