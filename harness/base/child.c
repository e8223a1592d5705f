// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/process.h"
#include "base/util.h"

static void forget_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void forget_files(const struct child_setup *s)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++)
		if (dup2(s->files[i] == CHILD_NULL ? null : s->files[i], i) < 0)
			_exit(EXIT_FAILED);
	if (s->keep < 0)
		close_range(CHILD_KEPT_FD, ~0U, 0);
	else if (s->keep == CHILD_KEPT_FD ? fcntl(s->keep, F_SETFD, 0)
					  : dup2(s->keep, CHILD_KEPT_FD) < 0)
		_exit(EXIT_FAILED);
	else
		close_range(CHILD_KEPT_FD + 1, ~0U, 0);
	beneath_forget();
}

static void become(const struct child_setup *s, pid_t harness)
{
	struct sched_param param = {0};

	if (s->death_signal) {
		prctl(PR_SET_PDEATHSIG, (unsigned long)s->death_signal);
		if (getppid() != harness) /* it ended before prctl() */
			_exit(EXIT_DONE);
		setpgid(0, s->group);
	} else {
		setsid(); /* Ctrl-C and a closed terminal are not for it */
	}
	forget_signals();
	sched_setscheduler(0, SCHED_OTHER, &param);
	forget_files(s);
}

pid_t child_fork(const struct child_setup *s, struct err *e)
{
	pid_t harness = getpid(), pid = fork();

	if (pid < 0)
		return err_sys(e, "cannot start a process");
	if (pid == 0)
		become(s, harness);
	return pid;
}

void child_wait_gate(void)
{
	char byte;

	read_some(CHILD_KEPT_FD, &byte, 1);
	close(CHILD_KEPT_FD);
}

int child_pidfd(pid_t pid, struct err *e)
{
	int fd = process_open(pid);

	if (fd >= 0)
		return fd;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err_set(e, -fd, "process %d cannot be watched (pidfd): %s", (int)pid, strerror(-fd));
}
