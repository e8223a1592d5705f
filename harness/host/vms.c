// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/vms.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void vm_free(struct vm *vm)
{
	free(vm->name);
	free(vm->vcpus);
	*vm = (struct vm){0};
}

static struct cpuset affinity(pid_t tid)
{
	struct cpuset s = {{0}};

	cpuset_of_thread(tid, &s);
	return s;
}

static int by_id(const void *a, const void *b)
{
	const struct vm_vcpu *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* vCPU threads are named "CPU 3/KVM" (debug-threads=on, as libvirt sets it). With `all`, every
 * thread counts, numbered in the order of its id. */
static void read_threads(struct vm *vm, bool all)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)vm->pid);
	DIR *d = opendir(dir);

	if (!d)
		return;
	for (struct dirent *entry; (entry = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s/comm", dir, entry->d_name);
		auto_free char *comm = NULL;
		unsigned id = (unsigned)vm->n_vcpus;
		char kind[8] = "";

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		comm = read_file(path, 256, NULL, NULL);
		if (!comm || (!all && sscanf(comm, "CPU %u/%7s", &id, kind) != 2))
			continue;
		ARRAY_GROW(vm->vcpus, vm->n_vcpus);
		vm->vcpus[vm->n_vcpus].id = id;
		vm->vcpus[vm->n_vcpus].tid = (pid_t)atoi(entry->d_name);
		vm->vcpus[vm->n_vcpus].allowed = affinity(vm->vcpus[vm->n_vcpus].tid);
		vm->n_vcpus++;
	}
	closedir(d);
	if (vm->n_vcpus)
		qsort(vm->vcpus, vm->n_vcpus, sizeof(*vm->vcpus), by_id);
}

/* QEMU's "-name guest=x,debug-threads=on" or "-name x" from an argv block of `len` bytes. */
static char *name_of(const char *argv, size_t len, pid_t pid)
{
	for (size_t at = 0; at < len; at += strlen(argv + at) + 1) {
		const char *name;
		size_t n;

		if (strcmp(argv + at, "-name") || at + 6 >= len)
			continue;
		name = argv + at + 6;
		if (!strncmp(name, "guest=", 6))
			name += 6;
		n = strcspn(name, ",");
		return xasprintf("%.*s", (int)MIN(n, (size_t)200), name);
	}
	return xasprintf("qemu-%d", (int)pid);
}

static bool is_qemu(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *base = slash ? slash + 1 : argv0;

	return !strncmp(base, "qemu-system", 11) || !strcmp(base, "qemu-kvm") ||
	       !strcmp(base, "kvm");
}

int vm_of_pid(pid_t pid, struct vm *out, struct err *e)
{
	auto_free char *path = xasprintf("/proc/%d/cmdline", (int)pid);
	size_t len = 0;
	auto_free char *argv = read_file(path, 1 << 20, &len, e);
	struct vm vm = {.pid = pid};

	if (!argv)
		return err_set(e, ESRCH, "there is no process %d", (int)pid);
	vm.name = is_qemu(argv) ? name_of(argv, len, pid) : xasprintf("pid-%d", (int)pid);
	read_threads(&vm, false);
	if (!vm.n_vcpus)
		read_threads(&vm, true);
	if (!vm.n_vcpus) {
		vm_free(&vm);
		return err_set(e, ESRCH, "process %d has no threads to watch", (int)pid);
	}
	*out = vm;
	return 0;
}

int vms_find(struct vm_list *out, struct err *e)
{
	DIR *d = opendir("/proc");
	struct vm_list list = {0};

	if (!d)
		return err_sys(e, "cannot read /proc");
	for (struct dirent *entry; (entry = readdir(d));) {
		auto_free char *path = NULL, *argv = NULL;
		struct vm vm = {0};

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		path = xasprintf("/proc/%s/cmdline", entry->d_name);
		argv = read_file(path, 1 << 20, NULL, NULL);
		if (!argv || !is_qemu(argv) || vm_of_pid((pid_t)atoi(entry->d_name), &vm, NULL))
			continue;
		ARRAY_GROW(list.items, list.n);
		list.items[list.n++] = vm;
	}
	closedir(d);
	*out = list;
	return 0;
}

void vms_release(struct vm_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		vm_free(&l->items[i]);
	free(l->items);
	*l = (struct vm_list){0};
}
