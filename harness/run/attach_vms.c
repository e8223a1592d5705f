// SPDX-License-Identifier: GPL-3.0-or-later
/* Whom blame watches: the VMs of the box as they come and go. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "host/vm_args.h"
#include "run/attach_priv.h"
#include "xen/xentrace.h"

#define WHOLE_EVERY_NS (10 * NS_PER_S)
#define RECYCLE_FROM   (4 * LIVE_ENDED) /* VMs that have gone: half of them are in no view */
#define RECYCLE_NAMES  8192		/* and of others that are new */
#define RECYCLE_PAGES  256		/* and of pages: of 262,144 numbers of threads, 1 MiB */

static bool is_chosen(const struct attach *a, const struct vm *vm)
{
	auto_free char *shown = vm_shown_name(vm->name);

	if (a->xen && vm->pid == XEN_DOM0 && a->what->all)
		return false; /* it is the host */
	return a->what->all || (a->what->name && (!strcmp(a->what->name, vm->name) ||
							 !strcmp(a->what->name, shown)));
}

/* What it is may change: a shell becomes a QEMU, a QEMU that starts becomes a VM of KVM. */
static void describe(struct run_vm *out, const struct vm *vm)
{
	free(out->name);
	free(out->program);
	free(out->accel);
	out->name = vm_shown_name(vm->name);
	out->program = vm_shown_name(vm->program);
	out->accel = xstrdup(word_of(&words_vm_accel, vm->accel));
	out->pid = (int)vm->pid;
}

/* A place for one that is new: behind those that had its pid before, for culprits are of the last one that has a pid. */
static size_t new_place(struct attach *a, const struct vm *vm)
{
	size_t n = a->info.n_vms, at = n;

	for (size_t i = 0; i < n; i++)
		if (a->vms[i].spare)
			at = i;
		else if (a->vms[i].pid == vm->pid)
			at = n;
	if (at == n) {
		ARRAY_GROW(a->vms, n);
		ARRAY_GROW(a->info.vms, n);
		a->info.n_vms++;
	}
	a->vms[at] = (struct attached_vm){.pid = vm->pid, .start = vm->start, .nth = vm->nth};
	return at;
}

/* The VM's number, a new one for a VM that was not there before. */
static size_t place_of(struct attach *a, const struct vm *vm)
{
	size_t n = a->info.n_vms, at = n;

	/* They come in the order that they had the last time: behind the one before, most often. */
	for (size_t i = 0; i < n && at == n; i++) {
		const struct attached_vm *known = &a->vms[(a->place + i) % n];

		if (!known->spare && known->pid == vm->pid && known->start == vm->start &&
			known->nth == vm->nth)
			at = (a->place + i) % n;
	}
	if (at == n)
		at = new_place(a, vm);
	a->place = at + 1;
	describe(&a->info.vms[at], vm);
	return at;
}

/* Most often number `at` of one list is number `at` of the other, too. */
static bool has_vcpu(const struct vm *vm, const struct run_vm_vcpu *v, size_t at)
{
	for (size_t k = 0; k < vm->n_vcpus; k++) {
		const struct vm_vcpu *x = &vm->vcpus[(at + k) % vm->n_vcpus];

		if (x->tid == abs(v->tid) && x->id == v->id)
			return true;
	}
	return false;
}

static bool had_vcpu(const struct run_vm *vm, const struct vm_vcpu *v, size_t at)
{
	for (size_t k = 0; k < vm->n_vcpus; k++) {
		const struct run_vm_vcpu *x = &vm->vcpus[(at + k) % vm->n_vcpus];

		if (x->tid == v->tid && x->id == v->id)
			return true;
	}
	return false;
}

/* Its vCPUs that are no more. */
static void end_missing(struct attach *a, const struct vm *vm)
{
	size_t i = place_of(a, vm);
	const struct run_vm *known = &a->info.vms[i];

	a->vms[i].gone = false;
	for (size_t v = 0; v < known->n_vcpus; v++)
		if (!has_vcpu(vm, &known->vcpus[v], v))
			attach_end_thread(a, i, known->vcpus[v].tid);
}

/* Its vCPUs as they are now. */
static int take_vm(struct attach *a, const struct vm *vm, bool chosen, struct err *e)
{
	size_t i = place_of(a, vm);
	struct run_vm *known = &a->info.vms[i];
	struct run_vm before = *known;
	int rc = 0;

	if (a->vms[i].taken)
		return 0;
	a->vms[i].taken = true;
	a->vms[i].watched |= chosen;
	if (a->started && !before.n_vcpus)
		attach_name_threads(a, i, vm);
	known->vcpus = NULL;
	known->n_vcpus = 0;
	for (size_t v = 0; v < vm->n_vcpus; v++) {
		ARRAY_GROW(known->vcpus, known->n_vcpus);
		known->vcpus[known->n_vcpus++] =
			(struct run_vm_vcpu){vm->vcpus[v].id, (int)vm->vcpus[v].tid};
	}
	for (size_t v = 0; v < vm->n_vcpus && !rc; v++) {
		const struct vm_vcpu *now = &vm->vcpus[v];

		if (had_vcpu(&before, now, v))
			attach_look_where(a, now);
		else if (a->vms[i].watched)
			rc = attach_track(a, i, vm, now, e);
		else
			live_name(a->live, (uint32_t)now->tid, i, now->id);
	}
	free(before.vcpus);
	return rc;
}

/* First of all: the number of a thread that has ended may be another's now, in another VM. */
static void drop_gone(struct attach *a, const struct vm_list *tree, const struct vm_list *all)
{
	for (size_t i = 0; i < a->info.n_vms; i++) {
		a->vms[i].gone = true;
		a->vms[i].taken = false;
	}
	for (size_t i = 0; i < tree->n; i++)
		end_missing(a, &tree->items[i]);
	for (size_t i = 0; i < all->n; i++)
		end_missing(a, &all->items[i]);
	for (size_t i = 0; i < a->info.n_vms; i++) {
		struct run_vm *vm = &a->info.vms[i];

		for (size_t v = 0; a->vms[i].gone && v < vm->n_vcpus; v++)
			attach_end_thread(a, i, vm->vcpus[v].tid);
		if (a->vms[i].gone)
			vm->n_vcpus = 0;
	}
}

static bool thread_exists(uint32_t tid)
{
	return !kill((pid_t)tid, 0) || errno != ESRCH;
}

/* On a box where VMs and processes come and go for days their places are used again, and their names forgotten: those of which no view
 * knows, and which have ended (a VM's other threads may take CPUs still). */
static void recycle(struct attach *a)
{
	size_t n = a->info.n_vms, gone = 0;
	auto_free bool *going = NULL;

	for (size_t i = 0; i < n; i++)
		gone += a->vms[i].gone && !a->vms[i].spare;
	if (gone < a->kept_vms + RECYCLE_FROM &&
		live_names(a->live) < a->kept_names + RECYCLE_NAMES &&
		live_pages(a->live) < a->kept_pages + RECYCLE_PAGES)
		return;
	going = xcalloc(n, sizeof(*going));
	for (size_t i = 0; i < n; i++)
		going[i] = a->vms[i].gone && !a->vms[i].spare &&
			   (a->xen || !a->vms[i].start ||
				   process_start_ticks(a->vms[i].pid) != a->vms[i].start);
	live_recycle(a->live, going, n, a->xen ? NULL : thread_exists);
	for (size_t i = 0; i < n; i++) {
		if (!going[i])
			continue;
		a->vms[i].spare = true;
		a->info.vms[i].pid = 0;
		gone--;
	}
	a->kept_vms = gone;
	a->kept_names = live_names(a->live);
	a->kept_pages = live_pages(a->live);
}

static int take_list(struct attach *a, const struct vm_list *l, bool chosen, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < l->n && !rc; i++)
		rc = take_vm(a, &l->items[i], chosen || is_chosen(a, &l->items[i]), e);
	attach_answers(a);
	if (!rc && a->ask_failed.code) {
		*e = a->ask_failed;
		rc = -e->code;
	}
	return rc;
}

static void say_nobody(const struct attach *a, const struct vm_list *all, struct err *e)
{
	auto_struct(strbuf) names = {0};

	for (size_t i = 0; i < all->n; i++) {
		auto_free char *shown = vm_shown_name(all->items[i].name);

		if (names.len < 600)
			strbuf_add(&names, "%s%s", i ? ", " : "", shown);
	}
	err_set_exit(e, EXIT_USAGE, ENOENT, "no VM '%s' runs here; %s%s", a->what->name,
		names.len ? "running: " : "none is running", names.len ? names.text : "");
}

static int list_vms(struct attach *a, struct vm_list *all, struct err *e)
{
	uint64_t now = now_ns();
	bool whole;
	int rc;

	kvm_vcpus_release(&a->kernel);
	rc = hostd_vcpus(a->hostd, &a->kernel, e);
	/* A box may have thousands of processes, and the kernel names the VMs among them, but for
	 * the emulated ones. */
	whole = !a->kernel.known || !a->whole_ns || now - a->whole_ns >= WHOLE_EVERY_NS;
	if (whole)
		a->whole_ns = now;
	return rc ? rc : vms_find(&a->kernel, &a->last, whole, all, e);
}

int attach_refresh(struct attach *a, struct err *e)
{
	struct vm_list all = {0}, tree = {0};
	bool first = !a->started;
	int rc;

	a->full = false;
	a->untracked = 0;
	rc = a->xen ? attach_xen_list(a, &all, e) : list_vms(a, &all, e);
	if (!rc && a->what->pid) {
		rc = vms_of_pid(&a->kernel, a->what->pid, a->what->children, &tree, e);
		if (rc && first) {
			e->exit = EXIT_USAGE;
		} else if (rc) { /* it has ended, that is all */
			*e = (struct err)ERR_INIT;
			rc = 0;
		}
	}
	if (!rc) {
		drop_gone(a, &tree, &all);
		recycle(a);
		rc = take_list(a, &tree, true, e);
	}
	if (!rc)
		rc = take_list(a, &all, false, e);
	if (!rc && first && a->what->name && !attach_alive(a)) {
		say_nobody(a, &all, e);
		rc = -ENOENT;
	}
	vms_release(&tree);
	vms_release(&a->last);
	a->last = all;
	return rc;
}

size_t attach_alive(const struct attach *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->info.n_vms; i++)
		n += a->vms[i].watched && !a->vms[i].gone;
	return n;
}

void attach_asleep(const struct attach *a, struct strv *out)
{
	for (size_t i = 0; i < a->info.n_vms; i++)
		if (a->vms[i].watched && !a->vms[i].gone && !a->info.vms[i].n_vcpus)
			strv_add(out, "%s", a->info.vms[i].name);
}
