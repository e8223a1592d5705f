/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What could be changed so that a VM waits less for a CPU: one table of candidates. Pure: what was
 * watched, the box, and the present tuning in; an ordered list out. `blame` says the first row that
 * fits in one line (advice_line()), `advise` lists all of them, each with what it should gain.
 *
 * The gain is computed from what was watched: each vCPU wants to run for run / (run + sleep) of the
 * time; who else runs on a CPU is what is left of it after idling and this VM's own share. On its
 * new CPUs a vCPU that wants d of the time, beside others that want o, waits
 *
 *     min(o', d o' / (1 - o')),    o' = min(o, k W / (k W + 1))
 *
 * of the time: with k others and a weight of 1 / W theirs it never gets less than its fair share, and
 * a busy one waits as long as the others run.
 */
#ifndef SS_ANALYSIS_ADVICE_ADVICE_H
#define SS_ANALYSIS_ADVICE_ADVICE_H

#include "analysis/trace/live.h"
#include "host/topology.h"

/* A domain's present CPU tuning, as far as rows change it. */
struct advice_present {
	unsigned vcpus;
	struct cpuset *pins; /* of each vCPU */
	struct cpuset emulator;
	struct advice_io {
		unsigned id;
		struct cpuset cpus;
	} * io;
	size_t n_io;
	uint64_t shares;	    /* 0 = not known */
	int64_t quota_us;	    /* of each vCPU; 0 or less = none */
	uint64_t period_us;	    /* 0 = not known */
	struct cpuset memory_nodes; /* empty = not bound: libvirt could not unbind it again */
	bool memory_moves;	    /* while the domain runs (tuning_memory_moves) */
};
void advice_present_release(struct advice_present *p);

struct advice_in {
	const struct live_view *view;
	const struct live_vcpu
		*x; /* the vCPU that is spoken of: of a VM, the one that waits most */
	const char *(*guest_name)(const struct run_info *info, size_t guest); /* NULL: no names */
	const struct run_info *info;
	const struct topology *topology;      /* NULL = not known: nothing is computed */
	const struct advice_present *present; /* NULL = not known: nothing can be changed */
};

enum advice_flag {
	ADVICE_LINE = 1,   /* said by blame too */
	ADVICE_POLICY = 2, /* somebody set it: never tried unless it is named */
	ADVICE_SAID = 4,   /* nothing that could be changed here: said instead of a change */
	ADVICE_AGAINST_ITSELF =
		8, /* tried when it is named, though it changes nothing: how often does that win? */
};

/* A change of one row of the tuning (domain/tuning.h): its inverse is `had`. */
struct advice_change {
	char *key, *had, *want;
};

struct advice {
	const struct advice_row *row;
	char *because; /* with the figure it rests on */
	struct advice_change *changes;
	size_t n_changes;
	double wait,
		then; /* ms/s, mean of the VM's vCPUs: now, and as computed; NAN = not computed */
	char *pays;   /* who may pay for it; NULL = nobody can */
};

struct advice_row {
	const char *name;    /* "pin-apart" */
	const char *title;   /* "pin its vCPUs apart" */
	const char *inverse; /* how it is taken back */
	unsigned flags;
	/* Whether it fits; then `because`, and what else is known, is filled in. */
	bool (*make)(const struct advice_in *in, struct advice *out);
};
extern const struct advice_row advice_rows[];
extern const size_t n_advice_rows;
/* NULL when there is none. */
const struct advice_row *advice_row(const char *name);

/* All that fit: what can be changed first, by gain; then what is only said; "nothing" stands where
 * the gain ends (LIVE_ADVICE_FROM). Free with advice_free(). */
struct advice *advice_make(const struct advice_in *in, size_t *n);
void advice_free(struct advice *a, size_t n);
/* ms/s; NAN when it is not computed. */
double advice_gain(const struct advice *a);
/* The first that is worth a trial without being named: a change, no policy, a gain from
 * LIVE_ADVICE_FROM on. NULL: nothing to gain. */
const struct advice *advice_best(const struct advice *a, size_t n);

/* What to do about one vCPU: one line, because of which figure. NULL where there is nothing to advise: it
 * waits less than LIVE_ADVICE_FROM, it is gone, or it may be no vCPU. Caller frees. */
char *advice_line(const struct live_view *v, const struct live_vcpu *x);

/* ---- loads.c: for rows */

struct loads {
	unsigned n_cpus, n_vcpus;
	double *others;	    /* ms/s on each CPU, not of this VM */
	double *own;	    /* ms/s on each CPU of this VM's vCPUs */
	double *demand;	    /* ms/s that each vCPU wants to run */
	double *wait;	    /* ms/s of each */
	struct cpuset *now; /* where each may run */
	struct cpuset usable;
};
/* False when too little is known: no topology, no present tuning, a vCPU without figures. */
bool loads_make(const struct advice_in *in, struct loads *l);
void loads_release(struct loads *l);
/* Mean wait of its vCPUs: as watched; each on the CPUs `at`, with `weight` times its present weight. */
double loads_wait_now(const struct loads *l);
double loads_wait_at(const struct loads *l, const struct cpuset *at, double weight);
/* A CPU of its own for each vCPU as far as there are enough: the emptiest first. Caller frees. */
struct cpuset *loads_apart(const struct loads *l, const struct topology *t);
#endif
