// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/vms.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "host/vm_args.h"

void kvm_vcpus_release(struct kvm_vcpus *k)
{
	free(k->items);
	*k = (struct kvm_vcpus){0};
}

static void add_vcpu(struct vm *vm, pid_t tid, int id)
{
	ARRAY_GROW(vm->vcpus, vm->n_vcpus);
	vm->vcpus[vm->n_vcpus++] = (struct vm_vcpu){.id = id, .tid = tid};
}

static int by_id(const void *a, const void *b)
{
	const struct vm_vcpu *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* What VMMs call their vCPU threads. */
static int number_in_name(const char *comm, enum vm_accel *accel)
{
	static const struct {
		const char *format;
		enum vm_accel accel;
	} forms[] = {
		{"CPU %u/KVM%n", VM_ACCEL_KVM}, /* QEMU with debug-threads=on */
		{"CPU %u/TCG%n", VM_ACCEL_TCG}, {"fc_vcpu %u%n", VM_ACCEL_KVM}, /* Firecracker */
		{"vcpu%u%n", VM_ACCEL_KVM},	   /* cloud-hypervisor */
		{"crosvm_vcpu%u%n", VM_ACCEL_KVM}, /* crosvm */
		{"kvm-vcpu-%u%n", VM_ACCEL_KVM},   /* kvmtool */
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		unsigned id;
		int n = 0;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (sscanf(comm, forms[i].format, &id, &n) != 1 || !n || comm[n])
			continue;
#pragma GCC diagnostic pop
		*accel = forms[i].accel;
		return (int)id;
	}
	if (strcmp(comm, "ALL CPUs/TCG"))
		return VM_VCPU_UNKNOWN;
	*accel = VM_ACCEL_TCG;
	return VM_VCPU_ALL;
}

enum which { BY_NAME, ALL_BUT_MAIN, ALL_THREADS };

/* The number that a thread had when it was looked at last; thread and number most often come in the
 * same order, so what was found stands before what is sought. */
static int number_before(const struct vm *was, pid_t tid, size_t *at)
{
	for (size_t k = 0; was && k < was->n_vcpus; k++) {
		size_t i = (*at + k) % was->n_vcpus;

		if (was->vcpus[i].tid != tid)
			continue;
		*at = i + 1;
		return was->vcpus[i].id;
	}
	return VM_VCPU_UNKNOWN;
}

static int number_by_comm(pid_t pid, pid_t tid, enum vm_accel *accel)
{
	auto_free char *path = xasprintf("/proc/%d/task/%d/comm", (int)pid, (int)tid);
	auto_free char *comm = read_file(path, 256, NULL, NULL);

	if (!comm)
		return VM_VCPU_UNKNOWN;
	comm[strcspn(comm, "\n")] = '\0';
	return number_in_name(comm, accel);
}

/* Add threads of the process. By name: of the kind that `vm` is, or that the first one shows. `was`:
 * the same VM as found last, or NULL. */
static void read_threads(struct vm *vm, const struct vm *was, enum which which)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)vm->pid);
	size_t at = 0;

	for (auto_struct(folder) f = {.dir = opendir(dir)}; folder_next(&f);) {
		enum vm_accel accel = was ? was->accel : VM_ACCEL_UNKNOWN;
		pid_t tid = (pid_t)atoi(f.name);
		int id = VM_VCPU_UNKNOWN;

		if (!isdigit((unsigned char)f.name[0]))
			continue;
		if (which == BY_NAME) {
			id = number_before(was, tid, &at);
			if (id == VM_VCPU_UNKNOWN)
				id = number_by_comm(vm->pid, tid, &accel);
			if (id == VM_VCPU_UNKNOWN ||
				(vm->accel != VM_ACCEL_UNKNOWN && vm->accel != accel))
				continue;
			vm->accel = accel;
		}
		if (which != ALL_BUT_MAIN || tid != vm->pid)
			add_vcpu(vm, tid, id);
	}
	if (vm->n_vcpus)
		qsort(vm->vcpus, vm->n_vcpus, sizeof(*vm->vcpus), by_id);
}

/* What is read of a process once. */
struct process {
	pid_t pid;
	char *argv;
	size_t len;
};

static struct vm vm_new(const struct process *p, enum vm_accel accel, unsigned nth)
{
	auto_free char *name = vm_args_name(p->argv, p->len);
	struct vm vm = {.pid = p->pid, .nth = nth, .accel = accel};

	vm.program = vm_args_program(p->argv, p->len);
	vm.start = process_start_ticks(p->pid);
	vm.name = name ? xstrdup(name) : xasprintf("%s-%d", vm.program, (int)p->pid);
	if (nth) {
		char *first = vm.name;

		vm.name = xasprintf("%s (VM %u)", first, nth + 1);
		free(first);
	}
	return vm;
}

static void list_add(struct vm_list *l, struct vm vm)
{
	ARRAY_GROW(l->items, l->n);
	l->items[l->n++] = vm;
}

void vm_release(struct vm *vm)
{
	free(vm->name);
	free(vm->program);
	for (size_t i = 0; i < vm->n_vcpus; i++)
		free(vm->vcpus[i].allowed);
	free(vm->vcpus);
}

/* The VMs of a process by the kernel's list, which is in order of pid. False: it has none. */
static bool add_by_kernel(const struct kvm_vcpus *k, const struct process *p, struct vm_list *out)
{
	bool qemu = vm_args_qemu(p->argv);
	size_t first = out->n;

	for (size_t i = 0; i < k->n; i++) {
		const struct kvm_vcpu *v = &k->items[i];
		unsigned id = v->id;

		if (v->pid != p->pid)
			continue;
		if (out->n == first || out->items[out->n - 1].nth != v->vm)
			list_add(out, vm_new(p, VM_ACCEL_KVM, v->vm));
		if (qemu)
			id = vm_args_cpu_index(p->argv, p->len, id);
		if (v->tid)
			add_vcpu(&out->items[out->n - 1], v->tid, (int)id);
	}
	return out->n > first;
}

/* The same VM in a list made before; NULL: there is none. */
static const struct vm *same_vm(const struct vm_list *before, const struct vm *vm)
{
	for (size_t i = 0; before && i < before->n; i++) {
		const struct vm *x = &before->items[i];

		if (x->pid == vm->pid && x->start == vm->start && x->nth == vm->nth)
			return x;
	}
	return NULL;
}

/* Without the kernel's word. A QEMU of one thread is one that starts, or a helper it forked. */
static bool add_by_name(const struct kvm_vcpus *k, const struct process *p,
	const struct vm_list *before, struct vm_list *out)
{
	bool qemu = vm_args_qemu(p->argv);
	struct vm vm;

	if (qemu ? vm_args_probe(p->argv, p->len) : k->known)
		return false;
	if (k->known && vm_args_kvm_only(p->argv, p->len))
		return false;
	vm = vm_new(p, k->known ? VM_ACCEL_TCG : VM_ACCEL_UNKNOWN, 0);
	read_threads(&vm, same_vm(before, &vm), BY_NAME);
	if (qemu && !vm.n_vcpus)
		read_threads(&vm, NULL, ALL_BUT_MAIN);
	if (vm.n_vcpus)
		list_add(out, vm);
	else
		vm_release(&vm);
	return vm.n_vcpus > 0;
}

/* -ESRCH when it is gone. `any`: its threads, where it has no VM. */
static int add_process(const struct kvm_vcpus *k, pid_t pid, bool any, const struct vm_list *before,
	struct vm_list *out)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid), *argv = NULL;
	struct process p = {.pid = pid};
	struct vm vm;

	argv = p.argv = read_file(path, 1 << 20, &p.len, NULL);
	if (!argv)
		return -ESRCH;
	if (add_by_kernel(k, &p, out) || add_by_name(k, &p, before, out) || !any)
		return 0;
	vm = vm_new(&p, VM_ACCEL_NONE, 0);
	read_threads(&vm, NULL, ALL_THREADS);
	if (!vm.n_vcpus) {
		vm_release(&vm);
		return -ESRCH;
	}
	list_add(out, vm);
	return 0;
}

/* All pids of the box, in order; the last is 0. Caller frees. */
static pid_t *all_pids(void)
{
	pid_t *pids = NULL;
	size_t n = 0;

	for (auto_struct(folder) f = {.dir = opendir("/proc")}; folder_next(&f);) {
		if (!isdigit((unsigned char)f.name[0]))
			continue;
		ARRAY_GROW(pids, n);
		pids[n++] = (pid_t)atoi(f.name);
	}
	ARRAY_GROW(pids, n);
	return pids;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The pids of VMs that are known: by the kernel, or since `before`. As all_pids(). */
static pid_t *known_pids(const struct kvm_vcpus *k, const struct vm_list *before)
{
	pid_t *pids = xcalloc(k->n + before->n + 1, sizeof(*pids));
	size_t n = 0, last = 0;

	for (size_t i = 0; i < k->n; i++)
		pids[n++] = k->items[i].pid;
	for (size_t i = 0; i < before->n; i++)
		pids[n++] = before->items[i].pid;
	qsort(pids, n, sizeof(*pids), by_number);
	for (size_t i = 1; i < n; i++)
		if (pids[i] != pids[last])
			pids[++last] = pids[i];
	pids[n ? last + 1 : 0] = 0;
	return pids;
}

int vms_find(const struct kvm_vcpus *k, const struct vm_list *before, bool whole,
	struct vm_list *out, struct err *e)
{
	auto_free pid_t *pids = whole || !before ? all_pids() : known_pids(k, before);
	struct vm_list list = {0};

	if (!pids)
		return err_sys(e, "cannot read /proc");
	for (pid_t *p = pids; *p; p++)
		add_process(k, *p, false, before, &list);
	*out = list;
	return 0;
}

static pid_t parent_of(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	auto_free char *text = read_file(path, 4096, NULL, NULL);
	const char *end = text ? strrchr(text, ')') : NULL; /* a name may hold anything */
	int parent = 0;

	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

/* Bounded, because parents may change while it climbs. */
static bool descends_from(pid_t pid, pid_t root)
{
	for (int i = 0; pid > 1 && i < 64; i++) {
		pid = parent_of(pid);
		if (pid == root)
			return true;
	}
	return false;
}

/* A thread's number names its process too. */
static pid_t process_of(pid_t tid)
{
	auto_free char *path = xasprintf("/proc/%d/status", (int)tid);
	auto_free char *text = read_file(path, 64 << 10, NULL, NULL);
	const char *line = text ? strstr(text, "\nTgid:") : NULL;

	return line ? (pid_t)atoi(line + strlen("\nTgid:")) : tid;
}

int vms_of_pid(
	const struct kvm_vcpus *k, pid_t pid, bool children, struct vm_list *out, struct err *e)
{
	struct vm_list list = {0};
	int rc = add_process(k, process_of(pid), true, NULL, &list);
	auto_free pid_t *pids = children ? all_pids() : NULL;

	if (rc)
		return err_set(e, ESRCH, "there is no process %d, or it has no threads to watch",
			(int)pid);
	for (pid_t *p = pids; p && *p; p++)
		if (descends_from(*p, pid))
			add_process(k, *p, true, NULL, &list);
	*out = list;
	return 0;
}

void vms_release(struct vm_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		vm_release(&l->items[i]);
	free(l->items);
	*l = (struct vm_list){0};
}
