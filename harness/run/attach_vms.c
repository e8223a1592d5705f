// SPDX-License-Identifier: GPL-3.0-or-later
/* Whom blame watches: the VMs of the box as they come and go. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* There is no room for one more: it has a name as a culprit, and is asked for again at the next look. */
static void leave_out(struct attach *a, const struct asked *q)
{
	struct run_vm *vm = &a->info.vms[q->vm];

	a->full = true;
	a->untracked++;
	live_name(a->live, (uint32_t)q->tid, q->vm, q->vcpu);
	for (size_t v = 0; v < vm->n_vcpus; v++)
		if (vm->vcpus[v].tid == q->tid)
			vm->vcpus[v].tid = -q->tid; /* not known yet */
}

/* What came of tracing a thread: `rc` and `e` are the agent's answer. One that ended a moment ago,
 * or one too many, is no error. */
static int tracked(struct attach *a, const struct asked *q, int rc, struct err *e)
{
	auto_free char *proc = xasprintf("/proc/%d", (int)q->tid);

	if (rc && hostd_was_full(e)) {
		leave_out(a, q);
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (rc && access(proc, F_OK)) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (rc)
		return err_wrap(e, "%s", a->info.vms[q->vm].name);
	live_track(a->live, (uint32_t)q->tid, q->vm, q->vcpu, &q->allowed, q->since);
	return 0;
}

/* The answer to the thread asked for first; the first error is kept until all have answered. */
static void take_oldest(struct attach *a)
{
	const struct asked *q = &a->asked[a->n_answered++ % HOSTD_AHEAD];
	struct err why = ERR_INIT;

	if (tracked(a, q, hostd_track_answer(a->hostd, &why), &why) && !a->ask_failed.code)
		a->ask_failed = why;
}

/* No other command goes between those asked for and their answers. */
static void take_all(struct attach *a)
{
	while (a->n_answered < a->n_asked)
		take_oldest(a);
}

static struct cpuset allowed_of(const struct vm_vcpu *v)
{
	struct cpuset s = {{0}};

	if (v->allowed)
		return *v->allowed;
	cpuset_of_thread(v->tid, &s);
	return s;
}

/* Where it may run now: looked at each time, hardly ever another. */
static void look_where(struct attach *a, const struct vm_vcpu *v)
{
	const struct cpuset *was = live_allowed(a->live, (uint32_t)v->tid);
	struct cpuset now;

	if (!was || (v->allowed ? cpuset_equal(v->allowed, was) : cpuset_is_of_thread(v->tid, was)))
		return;
	now = allowed_of(v);
	live_allow(a->live, (uint32_t)v->tid, &now);
}

static int track(
	struct attach *a, size_t i, const struct vm *vm, const struct vm_vcpu *v, struct err *e)
{
	auto_free char *name = xasprintf("%.20s/vcpu%d", a->info.vms[i].name, v->id);
	struct asked q = {i, v->id, v->tid, a->started ? now_ns() : 0, allowed_of(v)};
	int rc;

	if (a->full) {
		leave_out(a, &q);
		return 0;
	}
	if (a->xen)
		return tracked(a, &q, attach_xen_track(a, vm, v, e), e);
	if (a->n_asked - a->n_answered == HOSTD_AHEAD)
		take_oldest(a);
	rc = hostd_track_ask(
		a->hostd, v->tid, (uint32_t)(i << 8) | ((unsigned)v->id & 255), name, e);
	if (!rc)
		a->asked[a->n_asked++ % HOSTD_AHEAD] = q;
	return rc;
}

/* `tid`: less than 0 where it was left out. */
static void end_thread(struct attach *a, size_t i, int tid)
{
	if (tid < 0) {
		tid = -tid;
	} else if (a->xen) {
		xen_watch_untrack(a->xen, (unsigned)a->vms[i].pid);
	} else if (a->vms[i].watched) {
		take_all(a);
		hostd_untrack(a->hostd, tid, NULL);
	}
	live_end(a->live, (uint32_t)tid);
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
			end_thread(a, i, known->vcpus[v].tid);
}

/* Threads of a VM that began while this was watching had the CPU before it was known whose they are, and have a name of
 * their own: those that are no vCPU, too, are its. What a thread that begins later is called follows from its process. */
static void name_threads(struct attach *a, size_t i, const struct vm *vm)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)vm->pid);

	if (a->xen)
		return;
	for (auto_struct(folder) f = folder_open(dir); folder_next(&f);)
		if (isdigit((unsigned char)f.name[0]))
			live_name(a->live, (uint32_t)atoi(f.name), i, VM_VCPU_UNKNOWN);
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
		name_threads(a, i, vm);
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
			look_where(a, now);
		else if (a->vms[i].watched)
			rc = track(a, i, vm, now, e);
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
			end_thread(a, i, vm->vcpus[v].tid);
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
	take_all(a);
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
