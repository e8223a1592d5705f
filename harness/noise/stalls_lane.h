/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One CPU of the victim's: the real-time thread that stalls it, and the queue to it. */
#ifndef SS_NOISE_STALLS_LANE_H
#define SS_NOISE_STALLS_LANE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "abi/played.h"
#include "base/cpuset.h"
#include "base/util.h"

#define LANE_SLOTS 4096u

/*
 * A ring with three marks, of one feeder and one player: [tail, done) was played and waits for the log,
 * [done, head) is to be played. The player never waits for the feeder but by `items`.
 */
struct lane {
	unsigned cpu;
	pthread_t thread;
	sem_t items;
	_Atomic uint64_t head, done;
	uint64_t tail; /* the feeder's */
	struct played slots[LANE_SLOTS];
	/* The player's own. */
	uint64_t busy_until_ns; /* the planned end of the last one played */
	double lead_ns,
		overhead_ns; /* it wakes so much too late; a stall costs so much more than it spins */
	uint64_t cpu_ns;     /* of the thread, when its last stall began */
	uint64_t spun_ns;
};

/* Start its thread: SCHED_FIFO on its CPU alone. Gives up (noise_give_up()) when it cannot. */
void lane_start(struct lane *l, int priority);
bool lane_full(const struct lane *l);
/* `due_ns` on the host's clock. */
void lane_put(struct lane *l, uint64_t due_ns, uint64_t length_ns);
/* The next one that ended; NULL: none. Valid until the next call. */
const struct played *lane_take(struct lane *l);
/* All that was put was played. */
bool lane_idle(const struct lane *l);

#endif
