/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The virtual machines that run on this box, whoever started them: QEMU processes and their vCPU
 * threads, found in /proc alone, so that no management tool has to be asked. */
#ifndef SS_HOST_VMS_H
#define SS_HOST_VMS_H

#include <sys/types.h>

#include "base/cpuset.h"
#include "base/util.h"

struct vm_vcpu {
	unsigned id;
	pid_t tid;
	struct cpuset allowed; /* its affinity */
};

struct vm {
	char *name; /* libvirt's domain or QEMU's -name; "qemu-PID" without one */
	pid_t pid;
	struct vm_vcpu *vcpus; /* in order of id */
	size_t n_vcpus;
};

struct vm_list {
	struct vm *items;
	size_t n;
};

/* All of them, by pid. A process that ends meanwhile is left out. */
int vms_find(struct vm_list *out, struct err *e);
void vms_release(struct vm_list *l);

/* One process as a "VM": its vCPU threads, or all its threads (ids in order) when it has none. */
int vm_of_pid(pid_t pid, struct vm *out, struct err *e);

#endif
