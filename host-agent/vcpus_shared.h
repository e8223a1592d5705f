/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the walk over vCPU files (vcpus.bpf.h) gives its reader. */
#ifndef SS_HOST_AGENT_VCPUS_SHARED_H
#define SS_HOST_AGENT_VCPUS_SHARED_H

/* One file of a process that is a vCPU. */
struct vcpu_row {
	uint64_t vcpu, kvm; /* kernel addresses: to tell vCPUs and VMs apart, never shown */
	uint32_t tgid;	    /* the process that has the file */
	uint32_t tid;	    /* the thread that ran it last; 0: none did, or that one is gone */
	uint32_t id;	    /* KVM's number of it: on x86 its APIC id */
	uint32_t pad;
};

#endif
