/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The planner: what a scenario asks for, on the CPUs and memory that a box has. Pure: the same
 * experiment and topology give the same plans. */
#ifndef SS_PLAN_PLAN_MAKE_H
#define SS_PLAN_PLAN_MAKE_H

#include "host/topology.h"
#include "plan/plan.h"
#include "scenario/experiment.h"

/* One plan per configuration of the experiment, in its order: plans[i] is of configs[i]. */
struct plan_list {
	struct plan *plans;
	size_t n;
};

/*
 * 0, or -ENODEV when this box cannot give what is asked (exit status 4), or -EINVAL when no box
 * can; then *msgs has every reason, with file and line, and *out is untouched.
 */
int plan_make(const struct experiment *x, const struct topology *t, struct plan_list *out,
	struct scenario_msgs *msgs);

void plan_list_release(struct plan_list *l);

#endif
