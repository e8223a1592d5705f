// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How a thread is preempted on its way to sleep, each time and on any kernel since 6.9, one without preemption
 * included: wait4() announces sleep, then looks for a child that has ended; reaping it wakes who polls its
 * pidfd, here a thread of higher real-time priority on the same CPU; and before it is done, the kernel drops
 * what /proc kept of the child, where it lets others run. The state that the other then reads of the first
 * is "sleeping", which it is not.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "trace_announced.h"

#define STANDS_NS NS_PER_MS
#define SLEEPS_NS (4 * NS_PER_MS)

static struct announced *shared;
static int children[2]; /* a pipe: their pidfds */

struct announced *announced_map(void)
{
	struct announced *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return s == MAP_FAILED ? NULL : s;
}

static void real_time(int priority)
{
	struct sched_param p = {.sched_priority = priority};

	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p);
}

/* The letter that the kernel tells of a thread's state. */
static char state_of(int stat)
{
	char text[512];
	ssize_t n = pread(stat, text, sizeof(text) - 1, 0);
	char *end;

	text[n > 0 ? n : 0] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : '?';
}

static void *preempt(void *unused)
{
	auto_free char *path = xasprintf("/proc/self/task/%d/stat", (int)getpid());
	int stat = open(path, O_RDONLY | O_CLOEXEC), fd;

	(void)unused;
	real_time(2);
	shared->by = (uint32_t)syscall(SYS_gettid);
	while (read(children[0], &fd, sizeof(fd)) == sizeof(fd)) {
		/* No event is asked for, so what it returns for is that the child was reaped. */
		struct pollfd p = {.fd = fd};
		bool reaped = poll(&p, 1, 100) == 1;
		uint64_t begin = now_ns();

		if (reaped && state_of(stat) == 'S') {
			while (now_ns() - begin < STANDS_NS)
				;
			shared->times++;
			shared->ns += now_ns() - begin;
		}
		close(fd);
	}
	return NULL;
}

static void reap_one(void)
{
	pid_t pid = fork();
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	struct stat st;
	int fd;

	if (!pid)
		_exit(0);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || stat(path, &st) || write(children[1], &fd, sizeof(fd)) != sizeof(fd))
		_exit(1);
	waitpid(pid, NULL, 0);
}

void announced_run(struct announced *s)
{
	pthread_t other;

	shared = s;
	if (pipe2(children, O_CLOEXEC) || pthread_create(&other, NULL, preempt, NULL))
		_exit(1);
	real_time(1);
	for (;;) {
		if (s->go)
			reap_one();
		else
			s->idle = true;
		sleep_ns(SLEEPS_NS);
	}
}

void announced_go(struct announced *s, bool go)
{
	s->go = go;
	s->idle = false;
	for (int i = 0; !go && !s->idle && i < 5000; i++)
		sleep_ns(NS_PER_MS);
}
