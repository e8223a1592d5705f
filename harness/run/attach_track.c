// SPDX-License-Identifier: GPL-3.0-or-later
/* The threads of the VMs that blame watches: traced, named, looked at, let go. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/attach_priv.h"

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
void attach_answers(struct attach *a)
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

void attach_look_where(struct attach *a, const struct vm_vcpu *v)
{
	const struct cpuset *was = live_allowed(a->live, (uint32_t)v->tid);
	struct cpuset now;

	if (!was || (v->allowed ? cpuset_equal(v->allowed, was) : cpuset_is_of_thread(v->tid, was)))
		return;
	now = allowed_of(v);
	live_allow(a->live, (uint32_t)v->tid, &now);
}

int attach_track(
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

void attach_end_thread(struct attach *a, size_t i, int tid)
{
	if (tid < 0) {
		tid = -tid;
	} else if (a->xen) {
		xen_watch_untrack(a->xen, (unsigned)a->vms[i].pid);
	} else if (a->vms[i].watched) {
		attach_answers(a);
		hostd_untrack(a->hostd, tid, NULL);
	}
	live_end(a->live, (uint32_t)tid);
}

void attach_name_threads(struct attach *a, size_t i, const struct vm *vm)
{
	auto_free char *dir = xasprintf("/proc/%d/task", (int)vm->pid);

	if (a->xen)
		return;
	for (auto_struct(folder) f = folder_open(dir); folder_next(&f);)
		if (isdigit((unsigned char)f.name[0]))
			live_name(a->live, (uint32_t)atoi(f.name), i, VM_VCPU_UNKNOWN);
}
