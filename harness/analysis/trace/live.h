/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who takes a running VM's CPU, interval by interval: the totals that the host agent dumps (counts
 * mode) become rates per vCPU, culprits and one line of advice. Pure: bytes in, figures out.
 *
 * Use: live_make(), live_track() for each thread, then per interval live_feed() what the agent
 * wrote and live_view(). Memory is bounded by the threads tracked
 * now, LIVE_ENDED and the culprits named.
 */
#ifndef SS_ANALYSIS_TRACE_LIVE_H
#define SS_ANALYSIS_TRACE_LIVE_H

#include "abi/host_trace.h"
#include "analysis/trace/culprit.h"

#define LIVE_CULPRITS 8 /* kept per vCPU and interval, largest first */
/* So many vCPUs that have ended, at least, are in the view over all of the time. */
#define LIVE_ENDED 512

/* Below this, a vCPU's waiting is nothing to do about: half a percent of a CPU, less than a guest
 * would notice. ms/s. docs/blame.md has it. */
#define LIVE_ADVICE_FROM 5

struct live;

/* `info` names guests, other VMs, cgroups and noises, as in run.json; borrowed: VMs may be added to
 * it meanwhile. */
struct live *live_make(const struct run_info *info);
void live_free(struct live *l); /* NULL is fine */

/* A thread to be shown: `guest` counts through info->guests and then info->vms; `vcpu` as in struct
 * run_vm_vcpu. `since_ns`: when the agent began to trace it, 0 = with the trace. */
void live_track(struct live *l, uint32_t tid, size_t guest, int vcpu, const struct cpuset *allowed,
	uint64_t since_ns);
/* It may run elsewhere now; or it has ended: the next view is the last one that shows it. */
void live_allow(struct live *l, uint32_t tid, const struct cpuset *allowed);
/* As it was told last; NULL: not tracked. Until the next call that may change it. */
const struct cpuset *live_allowed(struct live *l, uint32_t tid);
void live_end(struct live *l, uint32_t tid);
/* A thread that is not shown: only its name as a culprit. */
void live_name(struct live *l, uint32_t tid, size_t guest, int vcpu);
/* Guests whose numbers shall be given to others: `going` is true of them, by number, up to `n`. Those of which a view to come may
 * have a thread are taken out of it; of the others nothing here knows any more. `exists` as in culprits_sweep(). */
void live_recycle(struct live *l, bool *going, size_t n, bool (*exists)(uint32_t tid));
/* How many names there are, of culprits that came so far, less those given up. */
size_t live_names(const struct live *l);
/* And pages, as culprits_pages() has them. */
size_t live_pages(const struct live *l);
/* CPUs onto which the kernel moves no thread by itself. */
void live_isolated(struct live *l, const struct cpuset *cpus);

/* What the agent wrote since the last call; whole records only are taken. Returns the bytes taken,
 * the rest is to be given again with what follows. -EBADMSG when this is no trace. */
ssize_t live_feed(struct live *l, const void *data, size_t len, struct err *e);

struct live_culprit {
	const char *name;
	enum culprit_kind kind;
	double ms_per_s;
	double share; /* % of the vCPU's waiting */
};

struct live_vcpu {
	size_t guest;
	int vcpu; /* -1: perhaps no vCPU, -2: all of them */
	uint32_t tid;
	const struct cpuset *allowed;
	bool gone;		 /* no figure came for it, or it ended in this interval */
	double run, wait, sleep; /* ms/s, traced */
	double run_delay;	 /* ms/s: what the guest sees as steal */
	double throttled;	 /* ms/s of the wait, held by its own quota */
	double migrations;	 /* 1/s */
	struct live_culprit who[LIVE_CULPRITS];
	size_t n_who;
	double named; /* % of the waiting that has a culprit with a name */
};

struct live_view {
	uint64_t from_ns, to_ns; /* the interval, host clock */
	struct live_vcpu *vcpus; /* in the order tracked */
	size_t n;
	double box_steal;   /* ms/s per CPU, mean; NaN unknown */
	const double *idle; /* ms/s that each of n_cpus idled; NaN unknown */
	unsigned n_cpus;
	const struct cpuset *isolated;
	uint64_t lost; /* records lost by the agent so far */
	/* vCPUs that ended so long ago that the view over all of the time does not have them; 0 in others. */
	size_t forgotten;
};

/* The figures since the last view (the first time: since tracing began). Owned by `l`, valid until
 * the next call. With `whole`, over all of the time instead. */
const struct live_view *live_view(struct live *l, bool whole);

/* The vCPUs of one VM together. Rates are means over its vCPUs. */
struct live_vm {
	size_t guest;
	size_t *rows; /* into view->vcpus, the one that waits most first */
	size_t n;
	double run, wait, run_delay, throttled;
	bool numbered; /* every row's number is known */
	bool gone;     /* all of them are */
};

/* The VMs of a view; the one with the vCPU that waits most comes first. Release with
 * live_vms_free(). */
struct live_vm *live_vms(const struct live_view *v, size_t *n);
void live_vms_free(struct live_vm *vms, size_t n);

#endif
