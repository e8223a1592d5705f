// SPDX-License-Identifier: GPL-3.0-or-later
// Placement words: from "pinned" to the CPUs of each vCPU.
#include <string.h>

#include "plan/priv.h"

/* Whether a guest leaves none of these CPUs to others only because it is not pinned. */
static bool is_pinned(const struct exp_guest *g)
{
	return g->placement == PLACE_PINNED || g->placement == PLACE_SPREAD ||
	       g->placement == PLACE_SIBLINGS || g->placement == PLACE_STACKED;
}

bool plan_base_cpus(struct planning *p, const char *name, const struct cpuset *cpus,
	const char *beside, const char *away, struct scenario_pos pos, struct cpuset *out)
{
	auto_free char *who = xasprintf("'%s'", name);
	const char *ref = beside[0] ? beside : away;
	bool pinned = false;
	char buf[256];

	*out = p->lab;
	if (!cpuset_empty(cpus))
		*out = *cpus;
	if (!plan_cpus_are_there(p, who, cpus, "", pos))
		return false;
	for (size_t i = 0; ref[0] && i < p->c->n_guests; i++) {
		if (strcmp(p->c->guests[i].name, ref) != 0)
			continue;
		pinned = is_pinned(&p->c->guests[i]);
		*out = beside[0] ? p->guest_cpus[i] : cpuset_minus(&p->lab, &p->guest_cpus[i]);
	}
	if (!cpuset_empty(out))
		return true;
	if (beside[0])
		PLAN_REFUSE(
			p, pos, "'%s' is placed beside '%s', which has no CPU here", name, beside);
	else if (pinned)
		PLAN_REFUSE(p, pos,
			"'%s' is placed away from '%s', whose vCPUs are on all lab CPUs (%s); give the lab more CPUs",
			name, away, plan_cpus_text(&p->lab, buf));
	else
		PLAN_REFUSE(p, pos,
			"'%s' is placed away from '%s', which uses all lab CPUs (%s); give the lab more CPUs, or pin '%s'",
			name, away, plan_cpus_text(&p->lab, buf), away);
	return false;
}

static bool place_siblings(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	struct cpuset left = *base;
	unsigned vcpu = 0;
	char buf[256];

	while (vcpu < g->vcpus && !cpuset_empty(&left)) {
		int cpu = plan_quietest(p, &left);
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &left);

		left = cpuset_minus(&left, &core);
		if (cpuset_count(&core) < 2)
			continue;
		cpuset_for_each (thread, &core)
			if (vcpu < g->vcpus)
				plan_put(p, g, vcpu++, thread);
	}
	if (vcpu == g->vcpus)
		return true;
	if (!topology_has_smt(p->t))
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed on SMT siblings, but this box has no SMT (one thread per core)",
			e->name);
	else
		PLAN_REFUSE(p, e->pos,
			"guest '%s' is placed on SMT siblings: %u vCPUs need as many sibling threads among %s; ask for more lab CPUs with smt=\"whole\"",
			e->name, g->vcpus, plan_cpus_text(base, buf));
	return false;
}

static bool place_guest(struct planning *p, const struct exp_guest *e, const struct cpuset *base,
	struct plan_guest *g)
{
	int cpu;

	if (e->as_placed) { /* where that is only libvirt knows */
		for (unsigned i = 0; i < g->vcpus; i++) {
			struct cpuset there =
				e->pins ? cpuset_and(&e->pins[i], &p->t->allowed) : p->t->allowed;

			g->vcpu_cpus[i] = cpuset_empty(&there) ? p->t->allowed : there;
		}
		return true;
	}
	switch (e->placement) {
	case PLACE_FLOAT:
		for (unsigned i = 0; i < g->vcpus; i++)
			g->vcpu_cpus[i] = *base;
		return true;
	case PLACE_PINNED:
		return plan_place_pinned(p, e, base, g);
	case PLACE_STACKED:
		cpu = plan_quietest(p, base);
		for (unsigned i = 0; i < g->vcpus; i++)
			plan_put(p, g, i, cpu);
		return true;
	case PLACE_SIBLINGS:
		return place_siblings(p, e, base, g);
	case PLACE_SPREAD:
		for (unsigned i = 0; i < g->vcpus; i++)
			plan_put(p, g, i, plan_quietest(p, base));
		return true;
	case PLACE_LLC:
		return plan_place_on_llc(p, e, base, g);
	case PLACE_NODE:
	case PLACE_REMOTE:
		return plan_place_on_node(p, e, base, g);
	}
	return false;
}

static void place_emulator(struct planning *p, const struct exp_guest *e, struct plan_guest *g)
{
	auto_free char *who = xasprintf("'%s'", e->name);

	plan_cpus_are_there(p, who, &e->emulator_cpus, " for its emulator", e->pos);
	if (e->emulator_as_is)
		return;
	if (!cpuset_empty(&e->emulator_cpus))
		g->emulator_cpus = e->emulator_cpus;
	else if (e->emulator == EMULATOR_LAB)
		g->emulator_cpus = p->lab;
	else if (e->emulator == EMULATOR_HOUSEKEEPING)
		g->emulator_cpus = p->plan->housekeeping_cpus;
	else
		for (unsigned i = 0; i < g->vcpus; i++)
			g->emulator_cpus = cpuset_or(&g->emulator_cpus, &g->vcpu_cpus[i]);
}

/* The CPUs of one copy; the note about copies that lie apart is given once. */
static void add_cpus(struct planning *p, size_t i, const struct plan_guest *g)
{
	const struct exp_guest *e = &p->c->guests[i];
	struct cpuset own = {{0}};
	size_t before = p->plan->notes.n;

	for (unsigned v = 0; v < g->vcpus; v++)
		own = cpuset_or(&own, &g->vcpu_cpus[v]);
	p->guest_cpus[i] = cpuset_or(&p->guest_cpus[i], &own);
	if (e->placement != PLACE_PINNED || p->apart)
		return;
	plan_note_pinned(p, e, &own);
	p->apart = p->plan->notes.n > before;
}

/* All copies of guest element `i`. */
static void place_copies(struct planning *p, size_t i)
{
	const struct exp_guest *e = &p->c->guests[i];
	struct cpuset base;

	p->apart = false;
	if (!p->count[i] ||
		!plan_base_cpus(p, e->name, &e->cpus, e->beside, e->away, e->pos, &base))
		return;
	for (size_t k = 0; k < p->count[i]; k++) {
		struct plan_guest *g = &p->plan->guests[p->first[i] + k];

		if (!place_guest(p, e, &base, g))
			return;
		place_emulator(p, e, g);
		add_cpus(p, i, g);
	}
}

bool plan_place_guests(struct planning *p)
{
	/* Those that stand beside or away from another after the others. */
	for (int later = 0; later < 2; later++)
		for (size_t i = 0; i < p->c->n_guests; i++)
			if ((p->c->guests[i].beside[0] || p->c->guests[i].away[0]) == later)
				place_copies(p, i);
	return !p->failed;
}

bool plan_place_noises(struct planning *p)
{
	for (size_t i = 0; i < p->c->n_noises; i++) {
		const struct exp_noise *e = &p->c->noises[i];
		struct plan_noise *n = &p->plan->noises[i];

		if (!plan_base_cpus(p, e->name, &e->cpus, e->beside, e->away, e->pos, &n->cpus))
			continue;
		n->pin_each = e->placement == PLACE_PINNED || e->placement == PLACE_SPREAD;
		if (e->placement == PLACE_STACKED)
			n->cpus = cpuset_of((unsigned)plan_quietest(p, &n->cpus));
		if (kind_of(&words_noise_kind, e->kind)->traits & NOISE_IS_PLAYED)
			plan_stalls(p, i);
	}
	return !p->failed;
}
