/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insiders' view of attach: attach.c has the agent and its stream, attach_vms.c whom it watches. */
#ifndef SS_RUN_ATTACH_PRIV_H
#define SS_RUN_ATTACH_PRIV_H

#include "collect/hostd.h"
#include "run/attach.h"

/* A VM met so far; number i of these is info.vms[i] (whose vCPUs are those it has now). */
struct attached_vm {
	pid_t pid;
	uint64_t start;
	unsigned nth;
	bool watched, gone;
};

struct attach {
	const struct attach_what *what;
	struct run_info info;
	struct attached_vm *vms;
	struct kvm_vcpus kernel;
	struct hostd *hostd;
	struct live *live;
	bool started;
	size_t untracked;
	int fd;
	off_t taken;
};

/* Look at the box anew: VMs and vCPUs that came are traced, those that went are not any more. */
int attach_refresh(struct attach *a, struct err *e);

#endif
