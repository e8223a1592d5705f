/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Part of tracer.bpf.c, so that the kernel's BTF is read once for both. Which threads are vCPUs, as the kernel knows it: a walk over the open files of all processes. A
 * vCPU is an anonymous inode named "kvm-vcpu:N", its private data a struct kvm_vcpu. (Only kernel
 * code names anonymous inodes; a user's file of that name lies in another file system.)
 *
 * struct kvm_vcpu may be a module's: then its members' offsets come from hostd (vcpus.c), who finds
 * them in the module's BTF. libbpf could do so only with CAP_SYS_ADMIN.
 */
#include "host-agent/vcpus_shared.h"

#define ANON_INODE_FS_MAGIC 0x09041934 /* linux/magic.h */
#define VCPU_FILE	    "kvm-vcpu:"

struct qstr {
	const unsigned char *name;
} KERNEL_TYPE;

struct dentry {
	struct qstr d_name;
} KERNEL_TYPE;

struct path {
	struct dentry *dentry;
} KERNEL_TYPE;

struct super_block {
	unsigned long s_magic;
} KERNEL_TYPE;

struct inode {
	struct super_block *i_sb;
} KERNEL_TYPE;

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
} KERNEL_TYPE;

struct upid {
	int nr;
} KERNEL_TYPE;

struct hlist_node;

struct hlist_head {
	struct hlist_node *first;
} KERNEL_TYPE;

struct pid {
	struct hlist_head tasks[1]; /* [PIDTYPE_PID]: the thread, NULL once it is gone */
	struct upid numbers[1];	    /* [0]: in the first pid namespace */
} KERNEL_TYPE;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct file *file;
} KERNEL_TYPE;

struct kvm {
	void *mm;
} KERNEL_TYPE;

struct kvm_vcpu {
	struct kvm *kvm;
	struct pid *pid;
	int vcpu_id;
} KERNEL_TYPE;

/* Offsets in struct kvm_vcpu, and of `mm` in struct kvm, where KVM is a module. Set before loading. */
const volatile bool kvm_is_module = false;
const volatile uint32_t off_id = 0, off_pid = 0, off_kvm = 0, off_kvm_mm = 0;

#define kvm_offset(in_module, type, member)                                                        \
	(kvm_is_module ? in_module : (uint32_t)bpf_core_field_offset(struct type, member))

static __always_inline void say_kvm_described(void)
{
	kvm_described = kvm_is_module || bpf_core_type_exists(struct kvm_vcpu);
}

static __always_inline bool is_vcpu_file(struct file *file)
{
	char name[sizeof(VCPU_FILE)] = "";

	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != ANON_INODE_FS_MAGIC)
		return false;
	bpf_probe_read_kernel(
		&name, sizeof(name) - 1, BPF_CORE_READ(file, f_path.dentry, d_name.name));
	for (unsigned i = 0; i < sizeof(VCPU_FILE) - 1; i++)
		if (name[i] != VCPU_FILE[i])
			return false;
	return true;
}

static __always_inline uint64_t pointer_at(uint64_t base, uint32_t offset)
{
	uint64_t p = 0;

	bpf_probe_read_kernel(&p, sizeof(p), (const void *)(base + offset));
	return p;
}

SEC("iter/task_file")
int list_vcpus(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct vcpu_row row = {0};
	struct pid *pid;

	if (!task || !file || !is_vcpu_file(file))
		return 0;
	row.vcpu = (uint64_t)BPF_CORE_READ(file, private_data);
	row.kvm = pointer_at(row.vcpu, kvm_offset(off_kvm, kvm_vcpu, kvm));
	/* A file that a fork took along belongs to the parent still: KVM lets only the process run
	 * it whose memory the VM has. */
	if (!row.kvm || pointer_at(row.kvm, kvm_offset(off_kvm_mm, kvm, mm)) !=
				(uint64_t)BPF_CORE_READ(task, mm))
		return 0;
	row.tgid = BPF_CORE_READ(task, tgid);
	bpf_probe_read_kernel(&row.id, sizeof(row.id),
		(const void *)(row.vcpu + kvm_offset(off_id, kvm_vcpu, vcpu_id)));
	pid = (struct pid *)pointer_at(row.vcpu, kvm_offset(off_pid, kvm_vcpu, pid));
	if (pid && BPF_CORE_READ(pid, tasks[0].first))
		row.tid = BPF_CORE_READ(pid, numbers[0].nr);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}
