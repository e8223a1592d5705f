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

/* Whether an executable of that name is in PATH. */
bool noise_program_found(const char *name);

/* One per file. */
void noise_busy(const struct plan_noise *n, unsigned index);
void noise_membw(const struct plan_noise *n, unsigned index);
void noise_cache(const struct plan_noise *n, unsigned index);
void noise_fork(const struct plan_noise *n, unsigned index);
void noise_stress_ng(const struct plan_noise *n, unsigned index);
int noise_stress_ng_available(struct err *e);

#endif
