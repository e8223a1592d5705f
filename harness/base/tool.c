// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

#define MEMORY_MAX (UINT64_C(2) << 30)
#define LOOK_MS	   20

/* What it reads may be hostile: a program led astray shall not take the box with it. */
static void set_limits(unsigned timeout_ms)
{
	struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
	struct rlimit cpu = {timeout_ms / 1000 + 1, timeout_ms / 1000 + 2}, none = {0, 0};

	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
}

static _Noreturn void child(const char *const *argv, unsigned timeout_ms)
{
	set_limits(timeout_ms);
	execvp(argv[0], (char *const *)argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* False at the end of the stream. */
static bool take(int fd, struct strbuf *b)
{
	char buf[16384];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		strbuf_addn(b, buf, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int collect(const char *name, int out, int err, unsigned timeout_ms, struct strbuf text[2],
	struct err *e)
{
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	uint64_t until = now_ns() + timeout_ms * NS_PER_MS;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		poll(fds, 2, LOOK_MS);
		for (int i = 0; i < 2; i++)
			if (fds[i].fd >= 0 && fds[i].revents && !take(fds[i].fd, &text[i]))
				fds[i].fd = -1;
		if (text[0].len > TOOL_OUTPUT_MAX || text[1].len > TOOL_OUTPUT_MAX)
			return err_set(e, E2BIG, "%s says more than can be read", name);
		if (now_ns() > until)
			return err_set(e, ETIMEDOUT, "%s had not ended after %u s", name,
				timeout_ms / 1000);
	}
	return 0;
}

int tool_run(const char *const *argv, unsigned timeout_ms, struct tool_result *out, struct err *e)
{
	struct child_setup setup = {.files = {CHILD_NULL}, .keep = -1, .death_signal = SIGKILL};
	struct strbuf text[2] = {{0}};
	int o[2], x[2], rc;
	pid_t pid;

	*out = (struct tool_result){0};
	if (pipe2(o, O_CLOEXEC))
		return err_sys(e, "no pipe for %s", argv[0]);
	if (pipe2(x, O_CLOEXEC)) {
		rc = err_sys(e, "no pipe for %s", argv[0]);
		close(o[0]);
		close(o[1]);
		return rc;
	}
	setup.files[1] = o[1];
	setup.files[2] = x[1];
	pid = child_fork(&setup, e);
	if (pid == 0)
		child(argv, timeout_ms);
	close(o[1]);
	close(x[1]);
	rc = pid < 0 ? (int)pid : collect(argv[0], o[0], x[0], timeout_ms, text, e);
	close(o[0]);
	close(x[0]);
	if (pid > 0) {
		if (rc)
			kill(-pid, SIGKILL);
		while (waitpid(pid, &out->status, 0) < 0 && errno == EINTR)
			;
	}
	out->out = text[0].text ? text[0].text : xstrdup("");
	out->err = text[1].text ? text[1].text : xstrdup("");
	if (!rc && WIFEXITED(out->status) && WEXITSTATUS(out->status) == 127)
		rc = err_set(e, ENOENT, "the program %s is not installed", argv[0]);
	return rc;
}

void tool_result_release(struct tool_result *r)
{
	free(r->out);
	free(r->err);
	*r = (struct tool_result){0};
}
