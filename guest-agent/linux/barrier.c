// SPDX-License-Identifier: GPL-3.0-or-later
/* Probe `job` with a barrier in Linux: each unit of the loop ends when all vCPUs have done theirs.
 * One late vCPU makes all of them late. */
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"
#include "guest-agent/probe/spin.h"

#define LOOK_MS 50 /* how late a stop is seen while waiting */
#define CHUNK	16384

static pthread_mutex_t barrier_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint32_t barrier_count, barrier_generation;

static unsigned sharers(const struct agent_vcpu *v)
{
	for (unsigned i = 0; i < v->host->nr_probes; i++) {
		const struct shm_probe *p = &v->host->probes[i];

		if (p->id == PROBE_JOB && shm_vcpus_has(&p->vcpus, v->index))
			return shm_vcpus_count(&p->vcpus, v->host->nr_vcpus);
	}
	return 1;
}

/* True for the last one to arrive; the others get the generation to wait for the end of. */
static bool barrier_arrive(unsigned n, uint32_t *generation)
{
	bool last;

	pthread_mutex_lock(&barrier_mutex);
	*generation = barrier_generation;
	last = ++barrier_count == n;
	if (last) {
		barrier_count = 0;
		barrier_generation++;
	}
	pthread_mutex_unlock(&barrier_mutex);
	return last;
}

/* Whoever was told to stop is no longer waited for. */
static void barrier_leave(uint32_t generation)
{
	pthread_mutex_lock(&barrier_mutex);
	if (barrier_generation == generation)
		barrier_count--;
	pthread_mutex_unlock(&barrier_mutex);
}

/* False when it was told to stop meanwhile. */
static bool barrier_wait(struct agent_vcpu *v, unsigned n)
{
	struct timespec t = {0, LOOK_MS * 1000000l};
	uint32_t generation;

	if (barrier_arrive(n, &generation)) {
		syscall(SYS_futex, &barrier_generation, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL,
			0);
		return true;
	}
	while (__atomic_load_n(&barrier_generation, __ATOMIC_ACQUIRE) == generation) {
		uint64_t now = platform_tsc();

		if (!agent_running(v)) {
			barrier_leave(generation);
			return false;
		}
		if (now >= v->next_steal)
			agent_housekeeping(v, now);
		syscall(SYS_futex, &barrier_generation, FUTEX_WAIT_PRIVATE, generation, &t, NULL,
			0);
	}
	return true;
}

void barrier_work(struct agent_vcpu *v, struct probe_run *run)
{
	unsigned n = sharers(v);

	while (agent_running(v)) {
		uint64_t start = platform_tsc(), left = run->p[0];

		while (left && agent_running(v)) {
			uint64_t part = left < CHUNK ? left : CHUNK, now;

			spin_iterations(part);
			left -= part;
			now = platform_tsc();
			if (now >= v->next_steal)
				agent_housekeeping(v, now);
		}
		if (left || !barrier_wait(v, n))
			return;
		agent_emit_busy(v, REC_JOB, start, run->done, 0);
		run->done++;
	}
}
