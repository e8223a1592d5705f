/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insiders' view of attach: attach.c has the agent and its stream, attach_vms.c whom it watches,
 * attach_track.c their threads. */
#ifndef SS_RUN_ATTACH_PRIV_H
#define SS_RUN_ATTACH_PRIV_H

#include "base/memory_file.h"
#include "collect/hostd.h"
#include "domain/xen.h"
#include "run/attach.h"
#include "xen/watch.h"

/* A VM met so far; number i of these is info.vms[i] (whose vCPUs are those it has now). */
struct attached_vm {
	pid_t pid;
	uint64_t start;
	unsigned nth;
	bool watched, gone;
	bool taken; /* in this look: a VM may be in two lists */
	bool spare; /* nobody's: for who comes next */
};

/* A vCPU that the agent was asked to trace, and has not answered yet. */
struct asked {
	size_t vm;
	int vcpu;
	pid_t tid;
	uint64_t since; /* as live_track() has it */
	struct cpuset allowed;
};

struct attach {
	const struct attach_what *what;
	struct run_info info;
	struct attached_vm *vms;
	struct kvm_vcpus kernel;
	struct vm_list last;   /* as attach_refresh() found it */
	uint64_t whole_ns;     /* when it looked at all processes last */
	struct hostd *hostd;   /* NULL on Xen */
	struct lab_conn *conn; /* Xen: who knows the domains */
	struct xen_watch *xen; /* Xen: in hostd's place */
	struct live *live;
	bool started;
	size_t place; /* in `vms`, behind the VM looked up last */
	/* Of those gone, of names, of pages of threads: what recycle() left last. */
	size_t kept_vms, kept_names, kept_pages;
	size_t untracked;		 /* of this look */
	bool full;			 /* ... there is no room for more */
	struct asked asked[HOSTD_AHEAD]; /* number n is asked[n % HOSTD_AHEAD] */
	size_t n_asked, n_answered;
	struct err ask_failed; /* the first of the answers that is an error */
	struct memory_file stream;
};

/* attach_xen.c: the same on Xen. */
int attach_xen_begin(struct attach *a, struct err *e);
int attach_xen_dump(struct attach *a, struct err *e);
int attach_xen_list(struct attach *a, struct vm_list *all, struct err *e);
/* -ENOSPC with "threads to trace" when no more are followed. */
int attach_xen_track(struct attach *a, const struct vm *vm, const struct vm_vcpu *v, struct err *e);
void attach_xen_end(struct attach *a);

/* attach_track.c: the threads of VM number `i`. What is asked for is traced when attach_answers() has taken the answers; the first
 * that is an error is a->ask_failed. */
int attach_track(
	struct attach *a, size_t i, const struct vm *vm, const struct vm_vcpu *v, struct err *e);
void attach_answers(struct attach *a);
/* Where it may run now: looked at each time, hardly ever another. */
void attach_look_where(struct attach *a, const struct vm_vcpu *v);
/* `tid`: less than 0 where it was left out. */
void attach_end_thread(struct attach *a, size_t i, int tid);
/* Threads of a VM that began while this was watching had the CPU before it was known whose they are, and have a name of
 * their own: those that are no vCPU, too, are its. What a thread that begins later is called follows from its process. */
void attach_name_threads(struct attach *a, size_t i, const struct vm *vm);

/* Look at the box anew: VMs and vCPUs that came are traced, those that went are not any more. */
int attach_refresh(struct attach *a, struct err *e);

#endif
