// SPDX-License-Identifier: GPL-3.0-or-later
/* fork/exec churn: short-lived processes, each new to the scheduler and placed by it. */
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "noise/priv.h"

static void spawn_one(void *ctx)
{
	static char name[] = "true";
	char *argv[] = {name, NULL}, *envp[] = {NULL};
	pid_t pid;

	(void)ctx;
	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp);
	if (!errno)
		waitpid(pid, NULL, 0);
	else if (errno == EAGAIN || errno == ENOMEM)
		usleep(1000); /* a limit that others share: it may pass */
	else
		noise_give_up("cannot run /bin/true");
}

void noise_fork(const struct plan_noise *n, unsigned index)
{
	(void)index;
	noise_duty_loop(n, spawn_one, NULL);
}
