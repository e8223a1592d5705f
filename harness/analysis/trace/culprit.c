/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Naming who had the CPU. */
#include "analysis/trace/culprit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/culprit_names.h"

#define PAGE_TIDS 1024u
#define IRQS	  1024u

struct culprits {
	const struct run_info *info;
	struct culprit_names names;
	uint32_t *by_tid[TID_MAX / PAGE_TIDS];
	size_t n_pages;	   /* of these */
	uint32_t *irqs[2]; /* by number below IRQS, hard and soft, id + 1 */
};

static const char *const kind_names[CULPRIT_KINDS] = {
	[CULPRIT_UNKNOWN] = "unknown",
	[CULPRIT_VM] = "vm",
	[CULPRIT_VM_THREAD] = "vm-thread",
	[CULPRIT_NATIVE] = "native",
	[CULPRIT_NATIVE_THREAD] = "native-thread",
	[CULPRIT_SIBLING] = "sibling",
	[CULPRIT_OWN_THREAD] = "own-thread",
	[CULPRIT_NOISE] = "noise",
	[CULPRIT_CGROUP] = "cgroup",
	[CULPRIT_PROCESS] = "process",
	[CULPRIT_KTHREAD] = "kernel-thread",
	[CULPRIT_IRQ] = "irq",
	[CULPRIT_SOFTIRQ] = "softirq",
	[CULPRIT_QUOTA] = "quota",
	[CULPRIT_STOPPED] = "stopped",
	[CULPRIT_IDLE] = "idle",
	[CULPRIT_HARNESS] = "harness",
	[CULPRIT_BOX] = "box",
	[CULPRIT_OWN_LOAD] = "own-load",
};

const char *culprit_kind_name(enum culprit_kind k)
{
	return (unsigned)k < CULPRIT_KINDS ? kind_names[k] : "unknown";
}

static uint32_t intern(struct culprits *c, enum culprit_kind kind, int guest, char *name)
{
	return culprit_names_add(&c->names, kind, guest, name);
}

static void set_tid(struct culprits *c, uint32_t tid, uint32_t id)
{
	uint32_t **page;

	if (!tid || tid >= TID_MAX)
		return;
	page = &c->by_tid[tid / PAGE_TIDS];
	if (!*page) {
		*page = xcalloc(PAGE_TIDS, sizeof(**page));
		c->n_pages++;
	}
	(*page)[tid % PAGE_TIDS] = id;
}

/* A native guest is a process of the host, not a VM. */
static bool is_native(const struct run_guest *g)
{
	return word_is(&words_guest_kind, g->kind, GUEST_NATIVE);
}

/* The VM behind the guests of the run, or NULL. */
static const struct run_vm *vm_of(const struct culprits *c, size_t guest)
{
	return guest >= c->info->n_guests && guest - c->info->n_guests < c->info->n_vms
		       ? &c->info->vms[guest - c->info->n_guests]
		       : NULL;
}

static void set_vcpu(struct culprits *c, uint32_t tid, unsigned guest, unsigned vcpu)
{
	const struct run_guest *g = &c->info->guests[guest];
	bool native = is_native(g);

	set_tid(c, tid,
		intern(c, native ? CULPRIT_NATIVE : CULPRIT_VM, (int)guest,
			xasprintf("%s %s vcpu%u", native ? "native" : "vm", g->name, vcpu)));
}

/* What else belongs to a guest of the run. */
static uint32_t intern_thread(struct culprits *c, int guest, const char *native_what)
{
	const struct run_vm *vm = vm_of(c, (size_t)guest);
	const struct run_guest *g;

	if (vm && !strcmp(vm->accel, "none"))
		return intern(c, CULPRIT_PROCESS, guest, xasprintf("process %s", vm->name));
	if (vm)
		return intern(
			c, CULPRIT_VM_THREAD, guest, xasprintf("vm %s %s", vm->name, vm->program));
	g = &c->info->guests[guest];
	if (is_native(g))
		return intern(c, CULPRIT_NATIVE_THREAD, guest,
			xasprintf("native %s %s", g->name, native_what));
	return intern(c, CULPRIT_VM_THREAD, guest, xasprintf("vm %s qemu", g->name));
}

struct culprits *culprits_make(const struct run_info *info)
{
	struct culprits *c = xcalloc(1, sizeof(*c));

	c->info = info;
	intern(c, CULPRIT_UNKNOWN, -1, xstrdup("unknown"));
	intern(c, CULPRIT_IDLE, -1, xstrdup("idle CPU (waking up)"));
	intern(c, CULPRIT_QUOTA, -1, xstrdup("its own CPU quota"));
	intern(c, CULPRIT_UNKNOWN, -1, xstrdup("others (too many to name)"));
	intern(c, CULPRIT_STOPPED, -1, xstrdup("a stop signal"));
	for (size_t g = 0; g < info->n_guests; g++)
		for (unsigned v = 0; v < info->guests[g].n_vcpus; v++)
			if (info->guests[g].vcpus[v].tid > 0)
				set_vcpu(c, (uint32_t)info->guests[g].vcpus[v].tid, (unsigned)g, v);
	for (size_t i = 0; i < info->n_vms; i++)
		for (size_t v = 0; v < info->vms[i].n_vcpus; v++)
			culprits_vcpu(c, (uint32_t)info->vms[i].vcpus[v].tid, info->n_guests + i,
				info->vms[i].vcpus[v].id);
	return c;
}

void culprits_free(struct culprits *c)
{
	if (!c)
		return;
	culprit_names_release(&c->names);
	for (uint32_t i = 0; i < TID_MAX / PAGE_TIDS; i++)
		free(c->by_tid[i]);
	free(c->irqs[0]);
	free(c->irqs[1]);
	free(c);
}

void culprits_track(struct culprits *c, uint32_t tid, uint32_t id)
{
	unsigned guest = id >> 8, vcpu = id & 255;

	if (guest < c->info->n_guests)
		set_vcpu(c, tid, guest, vcpu);
}

/* A thread of another VM. One that only may be a vCPU is called a thread of its, no more. */
static uint32_t intern_vm_thread(struct culprits *c, size_t guest, int vcpu)
{
	const char *vm = vm_of(c, guest)->name;

	if (vcpu == -1)
		return intern_thread(c, (int)guest, "");
	return intern(c, CULPRIT_VM, (int)guest,
		vcpu >= 0 ? xasprintf("vm %s vcpu%d", vm, vcpu) : xasprintf("vm %s vcpus", vm));
}

void culprits_vcpu(struct culprits *c, uint32_t tid, size_t guest, int vcpu)
{
	if (vm_of(c, guest))
		set_tid(c, tid, intern_vm_thread(c, guest, vcpu));
	else if (guest < c->info->n_guests && vcpu >= 0)
		set_vcpu(c, tid, (unsigned)guest, (unsigned)vcpu);
}

void culprits_forget(struct culprits *c, uint32_t tid)
{
	set_tid(c, tid, CULPRIT_ID_UNKNOWN);
}

static int guest_of_pid(const struct run_info *info, uint32_t pid)
{
	for (size_t g = 0; pid && g < info->n_guests; g++)
		if (info->guests[g].pid == (int)pid)
			return (int)g;
	for (size_t i = info->n_vms; pid && i-- > 0;) /* the last one of a pid lives */
		if (info->vms[i].pid == (int)pid)
			return (int)(info->n_guests + i);
	return -1;
}

/* "vhost-1234" works for the QEMU process 1234; kvm's helpers are named alike. */
static int guest_of_helper(const struct run_info *info, const char *comm)
{
	static const char *const prefixes[] = {"vhost-", "kvm-pit/", "kvm-nx-lpage-re-"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(comm, prefixes[i], strlen(prefixes[i])))
			return guest_of_pid(
				info, (uint32_t)strtoul(comm + strlen(prefixes[i]), NULL, 10));
	return -1;
}

static const char *noise_of_cgroup(const struct run_info *info, uint64_t id)
{
	for (size_t i = 0; id && i < info->n_noises; i++)
		if (info->noises[i].cgroup_id == id)
			return info->noises[i].name;
	return NULL;
}

/* A noise without a control group is known by the name that it gave its processes. */
static const char *noise_of_comm(const struct run_info *info, const char *comm)
{
	for (size_t i = 0; i < info->n_noises; i++)
		if (!info->noises[i].cgroup_id &&
			!strncmp(info->noises[i].name, comm, TRACE_COMM - 1))
			return info->noises[i].name;
	return NULL;
}

static const char *path_of_cgroup(const struct run_info *info, uint64_t id)
{
	for (size_t i = 0; id && i < info->n_cgroups; i++)
		if (info->cgroups[i].id == id)
			return strcmp(info->cgroups[i].path, "/") ? info->cgroups[i].path : NULL;
	return NULL;
}

/* A native guest's programs live in a group RUN/GUEST. */
static int native_of_cgroup(const struct run_info *info, const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;
	size_t len = info->run ? strlen(info->run) : 0;

	for (size_t g = 0; name && len && g < info->n_guests; g++)
		if (is_native(&info->guests[g]) && !strcmp(info->guests[g].name, name + 1) &&
			(size_t)(name - path) >= len && !strncmp(name - len, info->run, len))
			return (int)g;
	return -1;
}

/* Many workers do one kernel job: "kworker/3:1-events" is "kworker". */
static char *kthread_name(const char *comm)
{
	return strncmp(comm, "kworker/", 8) ? xasprintf("kernel thread %s", comm)
					    : xstrdup("kernel thread kworker");
}

/* QEMU names its threads; a VM that is not of this run is known by its process. */
static char *foreign_vm(const struct trace_task *t, const char *comm, enum culprit_kind *kind)
{
	unsigned vcpu;

	*kind = CULPRIT_VM;
	if (sscanf(comm, "CPU %u/", &vcpu) == 1)
		return xasprintf("vm of pid %u vcpu%u", t->tgid, vcpu);
	*kind = CULPRIT_VM_THREAD;
	/* Not qemu-img and its like. */
	return strncmp(comm, "qemu-system", 11) && strncmp(comm, "qemu-kvm", 8)
		       ? NULL
		       : xasprintf("vm of pid %u qemu", t->tgid);
}

static uint32_t classify(struct culprits *c, const struct trace_task *t, const char *comm)
{
	const char *noise = noise_of_cgroup(c->info, t->cgroup_id);
	const char *path = path_of_cgroup(c->info, t->cgroup_id);
	int guest = guest_of_pid(c->info, t->tgid);
	enum culprit_kind kind;
	char *vm;

	if (guest < 0 && t->flags & TRACE_TASK_KTHREAD)
		guest = guest_of_helper(c->info, comm);
	if (guest >= 0)
		return intern_thread(c, guest, "agent");
	guest = native_of_cgroup(c->info, path);
	if (guest >= 0)
		return intern_thread(c, guest, "program");
	if (t->flags & TRACE_TASK_KTHREAD)
		return intern(c, CULPRIT_KTHREAD, -1, kthread_name(comm));
	if (!noise)
		noise = noise_of_comm(c->info, comm);
	if (noise)
		return intern(c, CULPRIT_NOISE, -1, xasprintf("noise %s", noise));
	if (!strncmp(comm, "stealscope", 10))
		return intern(c, CULPRIT_HARNESS, -1, xstrdup(comm));
	vm = foreign_vm(t, comm, &kind);
	if (vm)
		return intern(c, kind, -1, vm);
	if (path)
		return intern(c, CULPRIT_CGROUP, -1, xasprintf("cgroup %s", path));
	return intern(c, CULPRIT_PROCESS, -1, xasprintf("process %s", comm));
}

static bool is_vcpu(const struct culprits *c, uint32_t tid)
{
	uint32_t id = culprit_of_tid(c, tid);

	enum culprit_kind kind = culprit_names_of(&c->names, id)->kind;

	return kind == CULPRIT_VM || kind == CULPRIT_NATIVE;
}

void culprits_task(struct culprits *c, const struct trace_task *t)
{
	char comm[TRACE_COMM + 1] = {0};

	memcpy(comm, t->comm, TRACE_COMM);
	if (t->h.tid && !is_vcpu(c, t->h.tid))
		set_tid(c, t->h.tid, classify(c, t, comm));
}

uint32_t culprit_of_tid(const struct culprits *c, uint32_t tid)
{
	const uint32_t *page;

	if (!tid)
		return CULPRIT_ID_IDLE;
	page = tid < TID_MAX ? c->by_tid[tid / PAGE_TIDS] : NULL;
	return page ? page[tid % PAGE_TIDS] : CULPRIT_ID_UNKNOWN;
}

uint32_t culprit_of_irq(struct culprits *c, uint32_t other, bool soft)
{
	/* include/linux/interrupt.h, unchanged since 4.x. */
	static const char *const vectors[] = {"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK",
		"IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"};
	uint32_t **cache = &c->irqs[soft], id;

	if (!*cache)
		*cache = xcalloc(IRQS, sizeof(**cache));
	if (other < IRQS && (*cache)[other])
		return (*cache)[other] - 1;
	if (soft)
		id = intern(c, CULPRIT_SOFTIRQ, -1,
			xasprintf(
				"softirq %s", other < ARRAY_SIZE(vectors) ? vectors[other] : "?"));
	else
		id = intern(c, CULPRIT_IRQ, -1, xasprintf("irq %u", other));
	if (other < IRQS)
		(*cache)[other] = id + 1;
	return id;
}

const char *culprit_name(const struct culprits *c, uint32_t id)
{
	return culprit_names_of(&c->names, id)->name;
}

enum culprit_kind culprit_seen_by(const struct culprits *c, uint32_t id, size_t guest)
{
	const struct culprit *k = culprit_names_of(&c->names, id);

	if (k->guest != (int)guest)
		return k->kind;
	return k->kind == CULPRIT_VM || k->kind == CULPRIT_NATIVE ? CULPRIT_SIBLING
								  : CULPRIT_OWN_THREAD;
}

uint32_t culprits_n(const struct culprits *c)
{
	return c->names.n;
}

size_t culprits_pages(const struct culprits *c)
{
	return c->n_pages;
}

uint32_t culprits_names(const struct culprits *c)
{
	return c->names.n - c->names.n_spare;
}

void culprits_sweep(
	struct culprits *c, const bool *going, size_t n, bool (*exists)(uint32_t tid), bool *used)
{
	for (uint32_t p = 0; p < TID_MAX / PAGE_TIDS; p++) {
		bool any = false;

		for (uint32_t i = 0; c->by_tid[p] && i < PAGE_TIDS; i++) {
			uint32_t *id = &c->by_tid[p][i];
			int guest = culprit_names_of(&c->names, *id)->guest;

			if ((guest >= 0 && (size_t)guest < n && going[guest]) ||
				(*id && exists && !exists(p * PAGE_TIDS + i)))
				*id = CULPRIT_ID_UNKNOWN;
			used[*id] = true;
			any |= *id != CULPRIT_ID_UNKNOWN;
		}
		if (c->by_tid[p] && !any) {
			free(c->by_tid[p]);
			c->by_tid[p] = NULL;
			c->n_pages--;
		}
	}
	for (unsigned soft = 0; soft < 2; soft++)
		for (uint32_t i = 0; c->irqs[soft] && i < IRQS; i++)
			if (c->irqs[soft][i])
				used[c->irqs[soft][i] - 1] = true;
	culprit_names_sweep(&c->names, used);
}
