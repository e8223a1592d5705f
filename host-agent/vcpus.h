/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which threads of this box are vCPUs, from the kernel itself: whatever program made the VM, and
 * however its threads are called. */
#ifndef SS_HOST_AGENT_VCPUS_H
#define SS_HOST_AGENT_VCPUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One vCPU of a process. */
struct vcpu_seen {
	uint32_t tgid, tid; /* tid 0: no thread has run it, or that one is gone */
	uint32_t id;	    /* KVM's vcpu_id */
	uint32_t vm;	    /* a process may have several VMs: 0, 1, ... */
};

struct tracer;
struct vcpus;
/* The walk is one of the tracer's programs: `t` outlives it. -ENOTSUP with the reason where the kernel's types
 * of KVM are nowhere described, or eBPF cannot walk files. */
int vcpus_open(const struct tracer *t, struct vcpus **out, struct err *e);
void vcpus_close(struct vcpus *v); /* NULL is fine */
/* Those there are now, in order of tgid, vm, id. *out is owned by `v`, valid until the next call. */
int vcpus_list(struct vcpus *v, const struct vcpu_seen **out, size_t *n, struct err *e);

#endif
