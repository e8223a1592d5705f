/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watch running VMs for a while and make their lists of advice. Nothing is changed. */
#ifndef SS_RUN_ADVISE_H
#define SS_RUN_ADVISE_H

#include <signal.h>

#include "analysis/advice/advice.h"

struct advise_options {
	const char *hostd;   /* the host agent's program */
	const char *connect; /* "auto" or a libvirt URI */
	const char *domain;  /* NULL = every VM of the box */
	uint64_t for_ns;
	const volatile sig_atomic_t *interrupted;
};

struct advised_vm {
	char *name;
	char *uri;     /* of the libvirt that knows it; NULL = none does */
	char *unknown; /* why nothing can be changed; NULL = it can */
	unsigned vcpus;
	double wait, worst; /* ms/s: mean of its vCPUs, the one that waits most */
	struct advice *list;
	size_t n;
	struct advice_present present;
};

struct advised {
	struct advised_vm *vms; /* the one that waits most first */
	size_t n;
	struct strv running;		 /* the names of all running VMs */
	double watched_s, agent_percent; /* of one CPU */
};

struct run_lab;
struct live_facts;
/* One clear line for a domain that is not there, does not run, is emulated. Release `f` whatever comes out. */
int advise_look(struct run_lab **labs, const char *connect, const char *domain,
	struct live_facts *f, struct err *e);
/* The same line. Release whatever comes out. */
int advise_watch(const struct advise_options *o, struct advised *out, struct err *e);
void advised_release(struct advised *a);

/* ---- for trials: what stands around the runs */

struct advise_guard;
/* One trial a host at a time: -EBUSY (EXIT_HOST) when another advisor lives. Reads the tuning of the
 * domain, to know later whether its owner changed it: so before it is watched. `persistent`: refuses a domain
 * without a configuration. */
int advise_guard(const char *connect, const char *domain, bool persistent,
	struct advise_guard **out, struct err *e);
void advise_unguard(struct advise_guard *g); /* NULL is fine */
/* NULL: its tuning is what it was; else what somebody else changed, a sentence. Caller frees. Takes a
 * struct advise_guard. */
char *advise_touched(void *guard);
/* Those of `running` that stand beside the domain in its libvirt, and run on KVM; the others. */
void advise_neighbours(
	struct advise_guard *g, const struct strv *running, struct strv *seen, struct strv *unseen);
/* Make the changes for good; with `config` in the domain's configuration too, and what that had for each of them
 * is added. */
int advise_keep(struct advise_guard *g, const struct advice *a, struct strv *config, struct err *e);

#endif
