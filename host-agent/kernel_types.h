/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The few kernel structures the eBPF programs read, and every difference between kernel versions in
 * one place. The members are relocated by name at load time (CO-RE), so neither this kernel's BTF
 * nor a generated vmlinux.h is needed to build. Order and completeness of members mean nothing
 * here.
 *
 * Quirks handled below, with the kernel that brought them:
 *   5.14  task_struct.state became __state
 *   5.16  task_struct.cpu moved to thread_info.cpu
 *   5.18  sched_switch got prev_state as 4th argument: only the first three are ever used, and the
 *         state is read from the task, which also is right where a pending signal undid the sleep
 *   6.12  delayed dequeue: a sleeper may stay on the run queue (se.sched_delayed)
 *   6.18  a throttled thread is taken off by itself (task_struct.throttled); before, its whole
 *         cfs_rq was (cfs_rq.throttle_count)
 */
#ifndef SS_HOST_AGENT_KERNEL_TYPES_H
#define SS_HOST_AGENT_KERNEL_TYPES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define __VMLINUX_H__ /* the types below stand in for <stdint.h> */
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
typedef __s64 int64_t;

#define KERNEL_TYPE __attribute__((preserve_access_index))

#define KT_PF_KTHREAD	0x00200000u /* linux/sched.h: PF_KTHREAD */
#define KT_TASK_STOPPED 0x000cu	    /* __TASK_STOPPED | __TASK_TRACED, unchanged since 2.6 */
#define KT_TASK_DEAD	0x0080u	    /* linux/sched.h: TASK_DEAD, since 4.14 */

struct thread_info {
	uint32_t cpu;
} KERNEL_TYPE;

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_arrival; /* run queue clock when it last got a CPU */
	unsigned long long
		last_queued; /* run queue clock since when it waits, 0 when it does not */
} KERNEL_TYPE;

struct rq {
	uint64_t clock;
} KERNEL_TYPE;

struct cfs_rq {
	struct rq *rq;
	int throttle_count;
} KERNEL_TYPE;

struct sched_entity {
	struct cfs_rq *cfs_rq;
	unsigned char sched_delayed;
} KERNEL_TYPE;

struct kernfs_node {
	uint64_t id;
} KERNEL_TYPE;

struct cgroup {
	struct kernfs_node *kn;
} KERNEL_TYPE;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
} KERNEL_TYPE;

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
} KERNEL_TYPE;

enum cgroup_subsys_id {
	cpu_cgrp_id = 1,
};

struct mm_struct;

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int on_cpu;
	int on_rq;
	struct sched_entity se;
	struct sched_info sched_info;
	int pid;
	int tgid;
	struct mm_struct *mm;
	uint64_t start_time;
	char comm[16];
	struct css_set *cgroups;
	bool throttled;
} KERNEL_TYPE;

struct task_struct___before_5_14 {
	long state;
} KERNEL_TYPE;

struct task_struct___before_5_16 {
	unsigned int cpu;
} KERNEL_TYPE;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL_TYPE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL_TYPE;

/* Reads by address: they work on any pointer, a stale one gives zeros or garbage, never a fault. */

static __always_inline unsigned int kt_task_state(struct task_struct *p)
{
	if (bpf_core_field_exists(p->__state))
		return BPF_CORE_READ(p, __state);
	return (unsigned int)BPF_CORE_READ((struct task_struct___before_5_14 *)p, state);
}

static __always_inline unsigned int kt_task_cpu(struct task_struct *p)
{
	if (bpf_core_field_exists(p->thread_info.cpu))
		return BPF_CORE_READ(p, thread_info.cpu);
	return BPF_CORE_READ((struct task_struct___before_5_16 *)p, cpu);
}

/* ~0 where the kernel was built without CONFIG_SCHED_INFO. */
static __always_inline uint64_t kt_run_delay(struct task_struct *p)
{
	if (!bpf_core_field_exists(p->sched_info))
		return ~0ull;
	return BPF_CORE_READ(p, sched_info.run_delay);
}

/* The clock of the run queue the task stands in, as sched_info takes it; 0 where it cannot be
 * read. */
static __always_inline uint64_t kt_rq_clock(struct task_struct *p)
{
	if (!bpf_core_field_exists(p->se.cfs_rq) ||
		!bpf_core_field_exists(((struct cfs_rq *)0)->rq))
		return 0;
	return BPF_CORE_READ(p, se.cfs_rq, rq, clock);
}

/* On a run queue and wanting to run. */
static __always_inline bool kt_task_queued(struct task_struct *p)
{
	if (!BPF_CORE_READ(p, on_rq))
		return false;
	if (bpf_core_field_exists(p->se.sched_delayed) && BPF_CORE_READ(p, se.sched_delayed))
		return false;
	return true;
}

/* Whether CPU bandwidth control holds this (waiting) thread back. False where it cannot be
 * known. */
static __always_inline bool kt_task_throttled(struct task_struct *p)
{
	struct cfs_rq *cfs_rq;

	if (bpf_core_field_exists(p->throttled))
		return BPF_CORE_READ(p, throttled);
	if (!bpf_core_field_exists(p->se.cfs_rq) ||
		!bpf_core_field_exists(((struct cfs_rq *)0)->throttle_count))
		return false;
	cfs_rq = BPF_CORE_READ(p, se.cfs_rq);
	return cfs_rq && BPF_CORE_READ(cfs_rq, throttle_count) > 0;
}

/* Inode number of the task's cgroup: of the cpu controller where `v1`, else of the unified tree. */
static __always_inline uint64_t kt_cgroup_id(struct task_struct *p, bool v1)
{
	struct css_set *set;
	struct cgroup_subsys_state *css = 0;
	unsigned int index;

	if (!bpf_core_field_exists(p->cgroups))
		return 0;
	set = BPF_CORE_READ(p, cgroups);
	if (!v1)
		return BPF_CORE_READ(set, dfl_cgrp, kn, id);
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id))
		return 0;
	index = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	bpf_probe_read_kernel(&css, sizeof(css), (char *)&set->subsys + index * sizeof(css));
	return BPF_CORE_READ(css, cgroup, kn, id);
}

#endif
