/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Domains that exist already: somebody else's. Looked at, held on to, started and shut down again;
 * copied. What changes their tuning is tuning.h. */
#ifndef SS_DOMAIN_LIVE_H
#define SS_DOMAIN_LIVE_H

#include "domain/tuning.h"

struct live_facts {
	bool running;
	bool paused;	   /* or otherwise stopped in mid-flight: see `state` */
	const char *state; /* "running", "paused", "shut off" ... */
	bool managed_save; /* `virsh managedsave`: its memory lies on disk */
	bool persistent;
	bool kvm;	   /* else emulated by QEMU */
	char *passthrough; /* "a PCI device", ... of the host; NULL = none */
	char *writes;	   /* a disk that it writes to, by its target; NULL = none */
	unsigned vcpus;	   /* online, or when it starts */
	struct cpuset pins[SHM_MAX_VCPUS]; /* where each may run; empty = not known */
	uint64_t memory_bytes;
	char uuid[37];
};

/* What libvirt says of a domain. ENOENT with EXIT_HOST when there is none of that name. */
int live_look(struct lab_conn *c, const char *name, struct live_facts *out, struct err *e);
void live_facts_release(struct live_facts *f);

/* Hold on to a running domain: domain_alive(), domain_pid(), domain_vcpu_tids() then work on it. Let
 * go with domain_detach(), never with domain_stop(), which kills. */
int domain_attach(struct lab_conn *c, const struct tuning *t, struct domain **out, struct err *e);
void domain_detach(struct domain *d); /* NULL is fine */

/* Start a domain that is shut off, for the run. What says so is saved before (tuning_recover() shuts
 * it down again, whoever dies) and in *out, its tuning read. The caller saves nothing more before
 * tuning_apply() but calls tuning_save() again after tuning_want(). */
int live_start(struct lab_conn *c, const char *name, struct strv *done, struct tuning **out,
	struct err *e);
/* Why a domain runs no more, as a clause. *lives_on: it was migrated away, or saved: its live XML is in
 * force elsewhere, or will be again. */
const char *live_why_ended(struct lab_conn *c, const struct tuning *t, bool *lives_on);

/* copy.c: the XML of a copy, to be started with domain_start(): name and UUID are new, so are the
 * MACs, with their links down; its disks lie on throw-away overlays below `folder`; placed as `g`
 * says. What cannot be copied, the caller has refused by its facts. */
char *live_copy_xml(struct lab_conn *c, const struct plan_guest *g, const char *run,
	const char *owner, const char *folder, struct err *e);

#endif
