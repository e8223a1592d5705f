/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watch VMs that are running already: the host agent in counts mode on their vCPU threads, nothing
 * of theirs touched. Used by `blame`. */
#ifndef SS_RUN_ATTACH_H
#define SS_RUN_ATTACH_H

#include "analysis/trace/live.h"
#include "host/vms.h"

struct attach;

/* Start the agent (`hostd`: its program) on all vCPUs of `victims`; `all` names every VM of the
 * box, so that culprits have names. Both are copied. */
int attach_begin(const char *hostd, const struct vm_list *victims, const struct vm_list *all,
	struct attach **out, struct err *e);
/* The figures since the last call; `whole`: since the beginning. */
int attach_view(struct attach *a, bool whole, const struct live_view **out, struct err *e);
const struct live *attach_live(const struct attach *a);
const struct run_info *attach_info(const struct attach *a);
/* CPU time of the agent so far, ns. */
uint64_t attach_cost_ns(const struct attach *a);
/* Detach: nothing is left behind. NULL is fine. */
void attach_end(struct attach *a);

#endif
