/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The virtual machines that run on this box, whoever started them, and which of their threads are
 * vCPUs. The kernel knows (struct kvm_vcpus, asked of stealscope-hostd): any VMM, whatever its
 * threads are called. Names of threads count only where it cannot be asked, and for QEMU's
 * emulation (TCG), of which the kernel knows nothing. Where neither tells, a thread's number is
 * VM_VCPU_UNKNOWN: it may be a vCPU.
 */
#ifndef SS_HOST_VMS_H
#define SS_HOST_VMS_H

#include <sys/types.h>

#include "base/cpuset.h"
#include "base/util.h"
#include "terms/words.h"

/* All vCPUs of KVM on this box, as the kernel has them. */
struct kvm_vcpu {
	pid_t pid, tid; /* tid 0: no thread has run it yet */
	unsigned id;	/* KVM's number: on x86 the APIC id */
	unsigned vm;	/* a process may have several VMs: 0, 1, ... */
};

struct kvm_vcpus {
	bool known; /* false: the kernel does not tell, and why */
	char why[256];
	struct kvm_vcpu *items; /* in order of pid, vm, id */
	size_t n;
};
void kvm_vcpus_release(struct kvm_vcpus *k);

#define VM_VCPU_UNKNOWN (-1) /* perhaps a vCPU; its number is not known */
#define VM_VCPU_ALL	(-2) /* one thread for all vCPUs (TCG, thread=single) */

struct vm_vcpu {
	int id; /* as QEMU and libvirt count, or VM_VCPU_* */
	pid_t tid;
	struct cpuset
		*allowed; /* where it may run; NULL: its thread's affinity, cpuset_of_thread() */
};

struct vm {
	char *name;    /* libvirt's domain, QEMU's -name ...; "qemu-PID" without one. Any bytes */
	char *program; /* "qemu", "firecracker" */
	pid_t pid;
	uint64_t start; /* of the process, clock ticks since boot */
	unsigned nth;	/* which VM of its process */
	enum vm_accel accel;
	bool capped;	       /* Xen: its domain has a cap */
	struct vm_vcpu *vcpus; /* in order of id; none while no vCPU has run */
	size_t n_vcpus;
};

struct vm_list {
	struct vm *items;
	size_t n;
};
void vm_release(struct vm *vm); /* what it holds, not itself */
void vms_release(struct vm_list *l);

/* All VMs, in the order of their pids. A process that ends meanwhile is left out. `before`: a list
 * made some seconds ago, or NULL: threads that are in it are not asked for their names again. Not
 * `whole`: of the box's processes only those that the kernel or `before` names are looked at, and an
 * emulated VM that is new is not found. */
int vms_find(const struct kvm_vcpus *k, const struct vm_list *before, bool whole,
	struct vm_list *out, struct err *e);
/* One process: its VMs, or all its threads (VM_ACCEL_NONE) when it has none. With `children`, those
 * of all its descendants too. -ESRCH: no such process. */
int vms_of_pid(
	const struct kvm_vcpus *k, pid_t pid, bool children, struct vm_list *out, struct err *e);

#endif
