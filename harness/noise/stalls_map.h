/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the CPUs of a trace to the vCPUs of the victim. */
#ifndef SS_NOISE_STALLS_MAP_H
#define SS_NOISE_STALLS_MAP_H

#include "plan/plan.h"

/* No stall that is longer is played. */
#define STALLS_PLAYED_MAX_NS (10 * NS_PER_S)

struct stalls_map {
	int16_t vcpu[STALLS_CPU_MAX + 1]; /* by recorded CPU; -1 = none of the victim's */
};

/* As `map` says; else the trace's CPUs in their order (its head names them, or they count from 0). */
int stalls_map_make(const struct plan_stalls *s, struct stalls_map *out, struct err *e);
int stalls_map_find(const struct stalls_map *m, unsigned cpu);

#endif
