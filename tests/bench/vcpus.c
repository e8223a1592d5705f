// SPDX-License-Identifier: GPL-3.0-or-later
/* Threads that are named as QEMU names vCPUs and wake now and then, for a look at many of them:
 * `exec -a qemu-system-x86_64 bench-vcpus N PERIOD_MS`. Ends with its parent. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STACK (64 << 10)

static unsigned long period_ms;

static void *vcpu(void *arg)
{
	char name[16];

	snprintf(name, sizeof(name), "CPU %lu/TCG", (unsigned long)arg);
	prctl(PR_SET_NAME, name);
	usleep((useconds_t)((unsigned long)arg * 7919 % (period_ms * 1000))); /* not all at once */
	for (;;)
		usleep((useconds_t)(period_ms * 1000));
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	pthread_attr_t small;

	period_ms = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (!n || !period_ms || period_ms > 1000000)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK);
	for (unsigned long i = 0; i < n; i++) {
		pthread_t t;

		if (pthread_create(&t, &small, vcpu, (void *)i)) {
			fprintf(stderr, "bench-vcpus: no thread %lu\n", i);
			return 1;
		}
	}
	for (;;)
		pause();
}
