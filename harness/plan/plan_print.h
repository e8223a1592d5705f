/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The map of a plan for people: who runs on which CPU, with NUMA nodes and SMT shown. */
#ifndef SS_PLAN_PLAN_PRINT_H
#define SS_PLAN_PLAN_PRINT_H

#include <stdio.h>

#include "host/topology.h"
#include "plan/plan.h"

/* At most 100 columns; ends with a newline. */
void plan_print(const struct plan *p, const struct topology *t, FILE *f);

#endif
