// SPDX-License-Identifier: GPL-3.0-or-later
/* What can be wrong with one guest: its keys against each other, its probes, memory, files, its domain. */
#include <string.h>

#include "abi/guest_shm.h"
#include "scenario/build.h"

#define MIB (UINT64_C(1) << 20)

/* The vCPUs a probe runs on; of a number not known yet, two. */
static struct shm_vcpus probe_vcpus(const struct exp_guest *g, const struct exp_probe *p)
{
	return p->vcpus.open ? exp_vcpus_of(&p->vcpus, g->vcpus == EXP_AUTO ? 2 : g->vcpus)
			     : p->vcpus.set;
}

static void check_probe(const struct exp_config *c, const struct exp_guest *g,
	const struct exp_probe *p, struct scenario_msgs *msgs)
{
	const char *name = word_of(&words_probe, p->kind);
	const struct shm_vcpus on = probe_vcpus(g, p);
	unsigned n = shm_vcpus_count(&on, SHM_MAX_VCPUS);

	if (g->vcpus != EXP_AUTO && shm_vcpus_count(&on, g->vcpus) != n)
		SAY_OF(c, msgs, p->pos,
			"<%s vcpus> names a vCPU that guest '%s' does not have; it has 0 to %u",
			name, g->name, g->vcpus - 1);
	if (p->kind == PROBE_LOCK && n < 2)
		SAY_OF(c, msgs, p->pos,
			"the lock probe needs two vCPUs to share a lock; set vcpus=\"2\" or more");
	if (p->kind == PROBE_MEMORY && g->kind != GUEST_NATIVE &&
		p->bytes * n > g->memory_bytes / 2)
		SAY_OF(c, msgs, p->pos,
			"<memory size> of all its vCPUs is more than half of the guest's memory; give the guest more memory, or walk over less");
	if (p->kind == PROBE_JOB && p->command[0] && g->kind == GUEST_METAL)
		SAY_OF(c, msgs, p->pos,
			"a metal guest runs no programs; use kind=\"linux\", or leave command out");
	if (g->kind == GUEST_METAL &&
		(p->timer_policy || p->priority || p->slack_ns || p->relative || p->affinity ||
			p->barrier || p->lock_kind))
		SAY_OF(c, msgs, p->pos,
			"a metal guest has no scheduler: policy, priority, slack, sleep, affinity, barrier and type=\"mutex\" need kind=\"linux\" or \"native\"");
	if (p->kind == PROBE_TIMER && p->priority && p->timer_policy != SHM_POLICY_FIFO &&
		p->timer_policy != SHM_POLICY_RR)
		SAY_OF(c, msgs, p->pos,
			"<timer priority> without a real-time policy; set policy=\"fifo\" or \"rr\"");
	if (p->barrier && p->command[0])
		SAY_OF(c, msgs, p->pos,
			"<job barrier> is for the loop; leave barrier or command out");
	if (p->kind == PROBE_STEAL && g->kind == GUEST_NATIVE)
		SAY_OF(c, msgs, p->pos, "a native guest has no steal counter; remove <steal>");
	if (p->period_ns > c->duration_ns)
		SAY_OF(c, msgs, p->pos,
			"<%s period> is longer than the measurement; shorten it or set a longer duration",
			name);
}

static void check_probes(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	struct shm_vcpus busy = {{0}};

	for (size_t i = 0; i < g->n_probes; i++) {
		const struct exp_probe *p = &g->probes[i];
		const struct shm_vcpus on = probe_vcpus(g, p);
		bool twice = false;

		check_probe(c, g, p, msgs);
		if (p->kind == PROBE_TIMER || p->kind == PROBE_STEAL)
			continue;
		for (unsigned v = 0; v < SHM_MAX_VCPUS; v++) {
			twice |= shm_vcpus_has(&busy, v) && shm_vcpus_has(&on, v);
			if (shm_vcpus_has(&on, v))
				shm_vcpus_add(&busy, v);
		}
		if (twice)
			SAY_OF(c, msgs, p->pos,
				"two of gap, job, lock, memory on one vCPU of guest '%s'; give them different vcpus=",
				g->name);
	}
	if (!g->n_probes && !guest_is_outside(g))
		SAY_OF(c, msgs, g->pos, "guest '%s' has no probe left; keep one", g->name);
}

static void check_guest_memory(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (g->kind == GUEST_LINUX && g->memory_bytes < 96 * MIB)
		SAY_OF(c, msgs, g->pos,
			"a Linux guest needs 96MiB of memory at least; 256MiB is the default");
	if (g->memory_bytes % MIB)
		SAY_OF(c, msgs, g->pos, "memory must be a whole number of MiB; write as 64MiB");
	if (!g->hugepage_bytes)
		return;
	if (g->hugepage_bytes != 2 * MIB && g->hugepage_bytes != 1024 * MIB)
		SAY_OF(c, msgs, g->pos, "huge pages have 2MiB or 1GiB; write one of these");
	else if (g->memory_bytes % g->hugepage_bytes)
		SAY_OF(c, msgs, g->pos, "memory must be a multiple of the huge page size");
}

/* "KEY VALUE; KEY VALUE": what a key may be; values are libvirt's and the kernel's to judge. */
static void check_tune(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	static const char *const keys[] = {"vcpupin.", "iothreadpin.", "policy.", "emulatorpin ",
		"schedinfo.cpu_shares ", "schedinfo.vcpu_quota ", "schedinfo.vcpu_period ",
		"numatune.nodeset "};
	const char *p = g->tune;

	while (*p) {
		size_t len = strcspn(p, ";"), key, k = 0;

		for (; *p == ' '; len--)
			p++;
		key = strcspn(p, " ");
		while (k < ARRAY_SIZE(keys) && strncmp(p, keys[k], strlen(keys[k])) != 0)
			k++;
		if (len && (k == ARRAY_SIZE(keys) || key + 1 >= len))
			SAY_OF(c, msgs, g->pos,
				"tune=\"%s\": '%.*s' is not KEY VALUE; write as \"vcpupin.0 1; emulatorpin 2-3\"",
				g->tune, (int)MIN(len, (size_t)60), p);
		p += len;
		p += *p == ';';
	}
	if (*g->tune && g->use == USE_COPY)
		SAY_OF(c, msgs, g->pos,
			"tune= changes a domain that runs; leave use=\"copy\" or tune out");
}

static void check_domain(
	const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (!g->domain[0])
		SAY_OF(c, msgs, g->pos,
			"kind=\"domain\" without domain=; write the name that `virsh list --all` shows");
	check_tune(c, g, msgs);
	if (g->n_probes)
		SAY_OF(c, msgs, g->probes[0].pos,
			"a domain that exists has no agent in it: <%s> cannot run there; remove it",
			word_of(&words_probe, g->probes[0].kind));
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *other = &c->guests[i];

		if (other == g)
			break;
		if (other->kind == GUEST_DOMAIN && !strcmp(other->domain, g->domain) &&
			(g->use != USE_COPY && other->use != USE_COPY))
			SAY_OF(c, msgs, g->pos,
				"domain '%s' is guest '%s' already; name it once, or use=\"copy\"",
				g->domain, other->name);
	}
}

void check_guest(const struct exp_config *c, const struct exp_guest *g, struct scenario_msgs *msgs)
{
	if (g->priority && g->policy == SCHED_AS_IS)
		SAY_OF(c, msgs, g->pos,
			"priority without a real-time policy; set policy=\"fifo\" or \"rr\"");
	if (g->limits.quota_ns > g->limits.period_ns)
		SAY_OF(c, msgs, g->pos,
			"a quota longer than its period is no limit for one vCPU; write at most the period");
	if (g->node != EXP_AUTO && g->placement != PLACE_NODE && g->placement != PLACE_REMOTE)
		SAY_OF(c, msgs, g->pos, "node= needs placement=\"node\" or \"remote\"");
	if (g->memory_node != EXP_AUTO && g->placement != PLACE_REMOTE)
		SAY_OF(c, msgs, g->pos, "memory-node= needs placement=\"remote\"");
	if (g->placement == PLACE_REMOTE && g->node != EXP_AUTO && g->node == g->memory_node)
		SAY_OF(c, msgs, g->pos,
			"node and memory-node are the same, which is not remote; name two nodes");
	if (g->kind == GUEST_NATIVE && g->placement == PLACE_REMOTE)
		SAY_OF(c, msgs, g->pos,
			"placement=\"remote\" is for virtual machines; use node for a native guest");
	if (g->placement == PLACE_SIBLINGS && g->vcpus < 2)
		SAY_OF(c, msgs, g->pos, "placement=\"siblings\" needs at least 2 vCPUs");
	for (size_t i = 0; i < g->n_files; i++)
		if (g->kind == GUEST_METAL || (g->kind == GUEST_NATIVE && g->files[i].target[0]))
			SAY_OF(c, msgs, g->files[i].pos,
				g->kind == GUEST_METAL
					? "<file> is for Linux guests; set kind=\"linux\" or remove it"
					: "a native guest uses the host's files where they are; leave target out");
	if (g->kind == GUEST_DOMAIN) {
		check_domain(c, g, msgs);
		return;
	}
	check_guest_memory(c, g, msgs);
	if (g->kind == GUEST_DISK)
		check_disk(c, g, msgs);
	check_probes(c, g, msgs);
}
