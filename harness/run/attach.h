/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watch VMs that are running already: the host agent in counts mode on their vCPU threads, nothing
 * of theirs touched. VMs and vCPUs that come and go meanwhile are followed. Used by `blame`. */
#ifndef SS_RUN_ATTACH_H
#define SS_RUN_ATTACH_H

#include "analysis/trace/live.h"
#include "host/vms.h"

struct attach;

/* Whom to watch: a name, a process or all. */
struct attach_what {
	const char *name; /* the VMs of this name */
	pid_t pid;	  /* this process */
	bool children;	  /* ... and all of its descendants */
	bool all;	  /* every VM of the box */
	const char *xen;  /* libvirt's URI of this box's Xen; NULL: KVM */
};

/* Start the agent (`hostd`: its program), or, where what->xen names one, xentrace. `what` is borrowed. -ENOENT (EXIT_USAGE) when there is no
 * such VM; with `all` there may be none yet. */
int attach_begin(
	const char *hostd, const struct attach_what *what, struct attach **out, struct err *e);
/* The figures since the last call; `whole`: since the beginning. VMs that came or went are taken
 * into account first. */
int attach_view(struct attach *a, bool whole, const struct live_view **out, struct err *e);
const struct run_info *attach_info(const struct attach *a);
/* How many watched VMs are there now. */
size_t attach_alive(const struct attach *a);
/* The names of watched VMs of which no vCPU has run yet. */
void attach_asleep(const struct attach *a, struct strv *out);
/* vCPUs that are not watched, because the agent traces no more at once. */
size_t attach_untracked(const struct attach *a);
/* NULL: the kernel itself says which threads are vCPUs. Else why it does not. */
const char *attach_doubt(const struct attach *a);
/* CPU time of the agent so far, ns. */
uint64_t attach_cost_ns(const struct attach *a);
/* Detach: nothing is left behind. NULL is fine. */
void attach_end(struct attach *a);
AUTO_PTR(attach_end, struct attach *)

#endif
