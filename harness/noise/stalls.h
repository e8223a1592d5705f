/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the harness and the player of stalls share. For harness/noise and its callers. */
#ifndef SS_NOISE_STALLS_H
#define SS_NOISE_STALLS_H

#include "plan/plan.h"

/*
 * Before anything starts: that the trace can be read and says something to the victim, that this user
 * may run real-time threads here, that the kernel leaves them as much as the trace takes. -errno with
 * a sentence and EXIT_HOST or EXIT_USAGE. `s` has its trace resolved.
 */
int stalls_look(const struct plan_stalls *s, struct err *e);

/* The real-time time that the kernel gives in each period; UINT64_MAX: all of it. */
uint64_t stalls_rt_runtime_ns(uint64_t *period_ns);

#endif
