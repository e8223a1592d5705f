// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A box whose hypervisor is Xen: what it cannot give is refused with its reason, and what is different
 * there stands in the plan. This process lives in dom0, one domain among the others.
 */
#include "plan/priv.h"

#define WEIGHT_OF_ALL 256 /* credit2's for a domain of which nothing is said */
#define SHARES_OF_ALL 1024
#define WEIGHT_MAX    65535
#define METAL_MAX     (UINT64_C(2) << 30)

unsigned plan_xen_weight(const struct plan_cpu_limits *l)
{
	return (unsigned)(l->shares * WEIGHT_OF_ALL / SHARES_OF_ALL);
}

unsigned plan_xen_cap(const struct plan_guest *g)
{
	const struct plan_cpu_limits *l = &g->vcpu_limits;

	return l->quota_us && l->period_us ? (unsigned)(100 * l->quota_us * g->vcpus / l->period_us)
					   : 0;
}

/* A reason for each that is asked for; NULL = Xen has it. */
static const char *no_kind(const struct exp_guest *e)
{
	switch (e->kind) {
	case GUEST_METAL:
	case GUEST_LINUX:
		return NULL;
	case GUEST_NATIVE:
		return "a native guest would run in dom0 and feel dom0's share of the CPUs, not the box's; kind metal or linux is meant";
	case GUEST_DISK:
		return "the agent's page of a disk image is QEMU's shared memory, which a domain of Xen does not have; kind metal or linux is meant";
	default:
		return "a domain that exists is changed live by libvirt's driver for QEMU only; `blame` watches it as it is";
	}
}

static const char *no_accel(const struct exp_guest *e)
{
	return e->accel == ACCEL_TCG || e->accel == ACCEL_KVM
		       ? "Xen itself runs its guests (metal as PVH, linux as PV): leave accel out"
		       : NULL;
}

static const char *no_policy(const struct exp_guest *e)
{
	return e->policy == SCHED_AS_IS
		       ? NULL
		       : "Xen schedules vCPUs by credit and weight and has no real-time policy for one of them: leave policy out, or use shares";
}

static const char *no_memory(const struct exp_guest *e)
{
	if (e->kind == GUEST_METAL && e->memory_bytes > METAL_MAX)
		return "the page shared with a metal guest lies behind its memory and below the 3 GiB that PVH has in one piece: memory=\"2GiB\" is the most";
	return e->memory_node == EXP_AUTO
		       ? NULL
		       : "libvirt's driver for Xen puts no memory on a node: leave the memory node out";
}

static const char *no_hugepages(const struct exp_guest *e)
{
	return e->hugepage_bytes
		       ? "Xen chooses the size of a guest's pages itself: leave hugepages out"
		       : NULL;
}

static const char *no_shares(const struct exp_guest *e)
{
	uint64_t weight = e->limits.shares * WEIGHT_OF_ALL / SHARES_OF_ALL;

	return e->limits.shares && (weight < 1 || weight > WEIGHT_MAX)
		       ? "credit2's weights go from 1 to 65535, a quarter of shares: 4 to 262140 shares are possible"
		       : NULL;
}

static const char *(*const refusals[])(const struct exp_guest *e) = {
	no_kind, no_accel, no_policy, no_memory, no_hugepages, no_shares};

static void refuse(struct planning *p)
{
	for (size_t i = 0; i < p->c->n_guests; i++) {
		const struct exp_guest *e = &p->c->guests[i];

		for (size_t k = 0; k < sizeof(refusals) / sizeof(*refusals); k++) {
			const char *why = refusals[k](e);

			if (why)
				PLAN_REFUSE(p, e->pos, "guest '%s' on Xen: %s", e->name, why);
		}
	}
	for (size_t i = 0; i < p->c->n_noises; i++)
		PLAN_REFUSE(p, p->c->noises[i].pos,
			"noise '%s' on Xen: a %s is a process, and processes run in dom0 on dom0's CPUs only; kind=\"guest\" is noise there",
			p->c->noises[i].name, word_of(&words_noise_kind, p->c->noises[i].kind));
}

/* What libvirt is told instead of shares, quota and period: one weight and one cap for the domain. */
static void note_limits(struct planning *p, const struct plan_guest *g)
{
	const struct plan_cpu_limits *l = &g->vcpu_limits;

	if (l->shares)
		strv_add(&p->plan->notes, "guest '%s': weight %u for shares %llu", g->name,
			plan_xen_weight(l), (unsigned long long)l->shares);
	if (l->quota_us && l->period_us)
		strv_add(&p->plan->notes,
			"guest '%s': cap %u %% of a CPU, of the whole domain, for its quota; Xen has a period of its own (10 ms)",
			g->name, plan_xen_cap(g));
}

void plan_xen(struct planning *p)
{
	char buf[256];

	refuse(p);
	p->plan->housekeeping_cpus = p->t->dom0;
	for (size_t i = 0; i < p->plan->n_guests; i++) {
		struct plan_guest *g = &p->plan->guests[i];

		g->memory_nodes = (struct cpuset){{0}};
		g->emulator_cpus = p->t->dom0;
		note_limits(p, g);
	}
	if (cpuset_equal(&p->t->dom0, &p->t->online))
		strv_add(&p->plan->notes,
			"dom0 may run on every CPU of the box, and so may all that keeps house: pin it (dom0_vcpus_pin on Xen's command line)");
	else
		strv_add(&p->plan->notes, "dom0 keeps house on %s",
			plan_cpus_text(&p->t->dom0, buf));
}
