// SPDX-License-Identifier: GPL-3.0-or-later
/* The VMs of the box that are not of this run, so that a culprit among them has its name and its
 * vCPU's number: run.json carries them, as it carries the names of control groups. */
#include <string.h>

#include "domain/xen.h"
#include "host/vm_args.h"
#include "host/vms.h"
#include "run/priv.h"

static bool is_own(const struct run_info *info, pid_t pid)
{
	for (size_t i = 0; i < info->n_guests; i++)
		if (info->guests[i].pid == (int)pid)
			return true;
	return false;
}

static struct run_vm *entry_for(struct run_info *info, const struct vm *vm)
{
	auto_free char *name = vm_shown_name(vm->name);
	size_t n = info->n_vms;

	for (size_t i = 0; i < n; i++)
		if (info->vms[i].pid == (int)vm->pid && !strcmp(info->vms[i].name, name))
			return &info->vms[i];
	ARRAY_GROW(info->vms, n);
	info->vms[n] = (struct run_vm){.name = xstrdup(name),
		.program = vm_shown_name(vm->program),
		.accel = xstrdup(word_of(&words_vm_accel, vm->accel)),
		.pid = (int)vm->pid};
	info->n_vms++;
	return &info->vms[n];
}

static void add_vcpu(struct run_vm *to, const struct vm_vcpu *v)
{
	for (size_t i = 0; i < to->n_vcpus; i++)
		if (to->vcpus[i].tid == (int)v->tid)
			return;
	ARRAY_GROW(to->vcpus, to->n_vcpus);
	to->vcpus[to->n_vcpus++] = (struct run_vm_vcpu){v->id, (int)v->tid};
}

void other_vms_note(struct session *s)
{
	auto_struct(kvm_vcpus) kernel = {.known = false};
	struct vm_list list = {0};

	bool xen = lab_is_xen(s->conn);

	if (s->hostd)
		hostd_vcpus(s->hostd, &kernel, NULL);
	if (!(xen ? lab_xen_vms(s->conn, &list, NULL) : vms_find(&kernel, NULL, true, &list, NULL)))
		for (size_t i = 0; i < list.n; i++) {
			const struct vm *vm = &list.items[i];
			struct run_vm *to =
				is_own(&s->info, vm->pid) ? NULL : entry_for(&s->info, vm);

			for (size_t v = 0; to && v < vm->n_vcpus; v++)
				add_vcpu(to, &vm->vcpus[v]);
		}
	vms_release(&list);
}
