/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who takes a running VM's CPU, interval by interval: the totals that the host agent dumps (counts
 * mode) become rates per vCPU, culprits and one line of advice. Pure: bytes in, figures out.
 *
 * Use: live_make(), live_track() for each thread, then per interval live_feed() what the agent
 * wrote and live_view(). Memory is bounded by the threads tracked and the culprits named.
 */
#ifndef SS_ANALYSIS_TRACE_LIVE_H
#define SS_ANALYSIS_TRACE_LIVE_H

#include "abi/host_trace.h"
#include "analysis/trace/culprit.h"

#define LIVE_CULPRITS 8 /* kept per vCPU and interval, largest first */

struct live;

/* `info` names guests (name, pid), cgroups and noises, as in run.json; borrowed. */
struct live *live_make(const struct run_info *info);
void live_free(struct live *l); /* NULL is fine */

/* A thread to be shown: `guest` indexes info->guests. */
void live_track(
	struct live *l, uint32_t tid, size_t guest, unsigned vcpu, const struct cpuset *allowed);

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
	unsigned vcpu;
	uint32_t tid;
	bool gone;		 /* no figure came for it */
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
	double box_steal; /* ms/s per CPU, mean; NaN unknown */
	int idlest_cpu;	  /* the CPU that idled most; -1 unknown */
	double idlest;	  /* ms/s it idled */
	uint64_t lost;	  /* records lost by the agent so far */
};

/* The figures since the last view (the first time: since tracing began). Owned by `l`, valid until
 * the next call. With `whole`, over all of the time instead. */
const struct live_view *live_view(struct live *l, bool whole);

/* What to do about it: one line, because of which figure. Caller frees. */
char *live_advice(
	const struct live_view *v, const struct live_vcpu *x, const struct cpuset *allowed);
const struct cpuset *live_allowed(const struct live *l, size_t i); /* of view row i */

#endif
