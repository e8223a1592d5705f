// SPDX-License-Identifier: GPL-3.0-or-later
/* fork/exec churn: short-lived processes, each new to the scheduler and placed by it. */
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
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp) == 0)
		waitpid(pid, NULL, 0);
	else
		usleep(1000);
}

void noise_fork(const struct plan_noise *n, unsigned index)
{
	(void)index;
	noise_duty_loop(n, spawn_one, NULL);
}
