// SPDX-License-Identifier: GPL-3.0-or-later
#include "noise/stalls_lane.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "noise/priv.h"

#define LEAD_FIRST_NS 20000.0
#define LEAD_MOST_NS  300000.0
#define LEAD_STEP     16.0	      /* so many stalls till the lead has followed */
#define LATE_MOST_NS  (2 * NS_PER_MS) /* begun later it is another stall than was asked for */
#define CUT_NS	      NS_PER_MS	      /* another had the CPU for so long while it spun */
#define STACK_SIZE    (256u * 1024)

static double bounded(double v, double most)
{
	return v > most ? most : v < -most ? -most : v;
}

/* The way into a stall and out of it takes CPU time too, from the victim as the stall does. */
static void learn(struct lane *l, double late_ns, uint64_t cpu_ns)
{
	double over = l->cpu_ns ? (double)(cpu_ns - l->cpu_ns) - (double)l->spun_ns : 0;

	l->lead_ns += bounded(late_ns, 100000) / LEAD_STEP;
	l->lead_ns = l->lead_ns < 0 ? 0 : bounded(l->lead_ns, LEAD_MOST_NS);
	if (l->cpu_ns && over >= 0 && over < 100000)
		l->overhead_ns += (over - l->overhead_ns) / LEAD_STEP;
}

static void play(struct lane *l, struct played *p)
{
	uint64_t now = now_ns(), until, cpu_before, cpu_after;
	uint64_t overhead = (uint64_t)l->overhead_ns, lead = (uint64_t)l->lead_ns;
	bool slept;

	if (p->due_ns < l->busy_until_ns) {
		p->outcome = PLAYED_OVERLAP;
		return;
	}
	if (now > p->due_ns + LATE_MOST_NS) {
		p->outcome = PLAYED_MISSED;
		return;
	}
	slept = p->due_ns > now + lead;
	if (slept)
		noise_sleep_until(p->due_ns - lead);
	now = now_ns();
	cpu_before = noise_thread_cpu_ns();
	learn(l, slept ? (double)now - (double)p->due_ns : 0, cpu_before);
	p->start_ns = now;
	until = now + (p->length_ns > overhead ? p->length_ns - overhead : 0);
	while ((now = now_ns()) < until)
		__builtin_ia32_pause();
	cpu_after = noise_thread_cpu_ns();
	p->end_ns = now_ns();
	l->cpu_ns = cpu_before;
	l->spun_ns = cpu_after - cpu_before;
	p->got_ns = l->spun_ns + overhead;
	p->outcome = p->got_ns + CUT_NS < p->end_ns - p->start_ns ? PLAYED_CUT : PLAYED_DONE;
	l->busy_until_ns = p->due_ns + p->length_ns;
}

static void *player(void *arg)
{
	struct lane *l = arg;

	for (;;) {
		while (sem_wait(&l->items) && errno == EINTR)
			;
		play(l, &l->slots[l->done % LANE_SLOTS]);
		atomic_fetch_add_explicit(&l->done, 1, memory_order_release);
	}
	return NULL;
}

void lane_start(struct lane *l, int priority)
{
	struct sched_param param = {.sched_priority = priority};
	cpu_set_t mask;
	pthread_attr_t attr;

	CPU_ZERO(&mask);
	CPU_SET(l->cpu, &mask);
	l->lead_ns = LEAD_FIRST_NS;
	sem_init(&l->items, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setaffinity_np(&attr, sizeof(mask), &mask);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	errno = pthread_create(&l->thread, &attr, player, l);
	if (errno)
		noise_give_up("its real-time thread cannot be started");
	pthread_attr_destroy(&attr);
}

bool lane_full(const struct lane *l)
{
	return l->head - l->tail == LANE_SLOTS;
}

void lane_put(struct lane *l, uint64_t due_ns, uint64_t length_ns)
{
	l->slots[l->head % LANE_SLOTS] = (struct played){
		.due_ns = due_ns, .length_ns = length_ns, .want_ns = length_ns, .cpu = l->cpu};
	atomic_fetch_add_explicit(&l->head, 1, memory_order_release);
	sem_post(&l->items);
}

const struct played *lane_take(struct lane *l)
{
	if (l->tail == atomic_load_explicit(&l->done, memory_order_acquire))
		return NULL;
	return &l->slots[l->tail++ % LANE_SLOTS];
}

bool lane_idle(const struct lane *l)
{
	return l->tail == l->head;
}
