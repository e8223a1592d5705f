/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kinds share. For harness/noise only. */
#ifndef SS_NOISE_PRIV_H
#define SS_NOISE_PRIV_H

#include "noise/noise.h"

/* Call `chunk` for ever: without a pause at 100 % duty, else in bursts of n->burst_ns of this
 * thread's own CPU time (10 ms by default), one burst per burst/duty of real time by absolute
 * deadlines. A burst that others delayed is made up for within one period, not later: noise asks
 * for a share of a CPU, it does not save up work. `chunk` should take well under 100 us. */
_Noreturn void noise_duty_loop(const struct plan_noise *n, void (*chunk)(void *ctx), void *ctx);

/* The body of one thread or process of a noise, in its child; never returns normally. `index` is its
 * number in the noise. One per kind, in a file of its own. */
typedef void noise_work(const struct plan_noise *n, unsigned index);
#define NOISE(id, ...)		 noise_work noise_##id;
#define NOISE_OF_GUESTS(id, ...) /* is no process */
#include "terms/noises.def"

/* In a process of the noise: it cannot do its work, for `errno`. */
_Noreturn void noise_give_up(const char *what);

/* The work of a kind by its name; NULL when there is no such kind of process. */
noise_work *noise_work_find(const char *kind);

/* CPU time of this thread; asleep until `ns` of CLOCK_MONOTONIC, whatever signals come. */
uint64_t noise_thread_cpu_ns(void);
void noise_sleep_until(uint64_t ns);

#endif
