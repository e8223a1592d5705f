// SPDX-License-Identifier: GPL-3.0-or-later
// Which CPUs are the lab.
#include <math.h>
#include <string.h>

#include "plan/priv.h"

static bool is_single(enum placement p)
{
	return p == PLACE_PINNED || p == PLACE_STACKED || p == PLACE_SPREAD || p == PLACE_SIBLINGS;
}

static bool config_is_single(const struct exp_config *c)
{
	for (size_t i = 0; i < c->n_guests; i++)
		if (!is_single(c->guests[i].placement))
			return false;
	for (size_t i = 0; i < c->n_noises; i++)
		if (!is_single(c->noises[i].placement))
			return false;
	return true;
}

/* Whether every thread gets one CPU: only then are isolated CPUs, where nothing is balanced, fit.
 * Of all variants, so that they have the same CPUs and can be compared. */
static bool all_single(const struct planning *p)
{
	for (size_t i = 0; i < p->x->n_configs; i++)
		if (!config_is_single(&p->x->configs[i]))
			return false;
	return true;
}

static bool config_has_siblings(const struct exp_config *c)
{
	for (size_t i = 0; i < c->n_guests; i++)
		if (c->guests[i].placement == PLACE_SIBLINGS)
			return true;
	return false;
}

static bool wants_whole_cores(const struct planning *p)
{
	if (p->c->lab.smt != SMT_AUTO)
		return p->c->lab.smt == SMT_WHOLE;
	for (size_t i = 0; i < p->x->n_configs; i++)
		if (config_has_siblings(&p->x->configs[i]))
			return true;
	return false;
}

/* vCPUs of all guests but the one whose number follows the overcommit. */
static unsigned fixed_vcpus(const struct exp_config *c, const struct exp_guest **auto_guest)
{
	unsigned total = 0;

	*auto_guest = NULL;
	for (size_t i = 0; i < c->n_guests; i++) {
		const struct exp_guest *g = &c->guests[i];

		if (g->count == EXP_AUTO || g->vcpus == EXP_AUTO)
			*auto_guest = g;
		else
			total += g->count * g->vcpus;
	}
	return total;
}

/* vCPUs that one step of the count (or of vcpus) adds. */
static unsigned auto_step(const struct exp_guest *g)
{
	return g->vcpus == EXP_AUTO ? 1 : g->vcpus;
}

static struct cpuset cpus_of_kind(
	const struct topology *t, const struct cpuset *among, enum topo_kind kind)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, among) {
		const struct topo_cpu *c = topology_cpu(t, (unsigned)cpu);

		if (c && c->kind == kind)
			cpuset_add(&s, (unsigned)cpu);
	}
	return s;
}

static struct cpuset node_filter(struct planning *p, const struct cpuset *all)
{
	const struct exp_lab *lab = &p->c->lab;

	if (lab->node == EXP_AUTO)
		return *all;
	for (size_t i = 0; i < p->t->n_nodes; i++)
		if (cpuset_has(&p->t->nodes[i].ids, lab->node))
			return plan_node_cpus(p->t, i, all);
	PLAN_REFUSE(p, lab->pos, "the lab asks for NUMA node %u, which this box does not have",
		lab->node);
	return (struct cpuset){{0}};
}

/* Isolated CPUs or the others, as asked and as fits. */
static struct cpuset isolation_filter(
	const struct planning *p, const struct cpuset *all, unsigned at_least)
{
	struct cpuset isolated = cpuset_and(all, &p->t->isolated);
	struct cpuset others = cpuset_minus(all, &p->t->isolated);
	struct cpuset fit = plan_usable(p, &isolated);

	if (p->c->lab.isolated == ISOLATED_REQUIRE)
		return isolated;
	if (p->c->lab.isolated == ISOLATED_AUTO && all_single(p) && !cpuset_empty(&isolated) &&
		cpuset_count(&fit) >= at_least)
		return isolated;
	return others;
}

/* A guest whose memory is to be on its node cannot be on one without. */
static struct cpuset memory_filter(
	const struct planning *p, const struct cpuset *all, unsigned at_least)
{
	struct cpuset with = {{0}}, fit;
	bool wanted = false;

	for (size_t i = 0; i < p->x->n_configs; i++)
		for (size_t k = 0; k < p->x->configs[i].n_guests; k++)
			wanted |= p->x->configs[i].guests[k].placement == PLACE_NODE;
	if (!wanted || p->c->lab.node != EXP_AUTO)
		return *all;
	for (size_t i = 0; i < p->t->n_nodes; i++) {
		struct cpuset here = plan_node_cpus(p->t, i, all);

		if (plan_gives_memory(p, i))
			with = cpuset_or(&with, &here);
	}
	fit = plan_usable(p, &with);
	return !cpuset_empty(&fit) && cpuset_count(&fit) >= at_least ? with : *all;
}

/* The last-level caches that the lab asks for. */
static struct cpuset llc_filter(struct planning *p, const struct cpuset *all, unsigned at_least)
{
	unsigned want = p->c->lab.llc, has = plan_count_llcs(p->t, all);
	unsigned each = MAX(1u, (at_least + want - 1) / want);
	struct cpuset chosen = plan_choose_llcs(p, all, want, each);

	if (!cpuset_empty(&chosen))
		return chosen;
	if (!has)
		PLAN_REFUSE(p, p->c->lab.pos,
			"the lab asks for last-level caches, but no cores of this box share one, or it does not tell");
	else
		PLAN_REFUSE(p, p->c->lab.pos,
			"the lab asks for %u last-level caches, its CPUs on this box lie under %u",
			want, has);
	return chosen;
}

static struct cpuset kind_filter(struct planning *p, const struct cpuset *all, unsigned at_least)
{
	struct cpuset fast = cpus_of_kind(p->t, all, TOPO_CORE_PERFORMANCE);
	struct cpuset slow = cpus_of_kind(p->t, all, TOPO_CORE_EFFICIENCY);
	struct cpuset fit = plan_usable(p, &fast);

	if (p->c->lab.cores == CORES_EFFICIENCY)
		return slow;
	if (p->c->lab.cores == CORES_PERFORMANCE)
		return cpuset_empty(&fast) && cpuset_empty(&slow) ? *all : fast;
	if (!cpuset_empty(&fast) && cpuset_count(&fit) >= at_least)
		return fast;
	if (!cpuset_empty(&fast) && !cpuset_empty(&slow))
		strv_add(&p->plan->notes,
			"the lab mixes performance and efficiency cores: equal work takes unequal time");
	return *all;
}

/* count or vcpus auto on n CPUs; *exact says whether the overcommit comes out as asked. */
static unsigned auto_count(const struct exp_config *c, const struct exp_guest *g, unsigned fixed,
	unsigned n, bool *exact)
{
	double want = (c->lab.overcommit * n - fixed) / auto_step(g);
	double count = want < 0 ? 0 : round(want);

	*exact = fabs(want - count) < 0.01;
	return (unsigned)MIN(count, 1e6);
}

/* How many CPUs the lab takes when `available` could be had. */
static unsigned lab_size(struct planning *p, unsigned available)
{
	const struct exp_lab *lab = &p->c->lab;
	const struct exp_guest *g;
	unsigned fixed = fixed_vcpus(p->c, &g), n;
	bool exact = true;

	if (lab->cpus.min) {
		n = MIN(lab->cpus.max, MAX(available, lab->cpus.min));
		if (!g)
			return n;
		for (unsigned k = n; k >= lab->cpus.min; k--) {
			p->auto_count = auto_count(p->c, g, fixed, k, &exact);
			if (exact)
				return k;
		}
		p->auto_count = auto_count(p->c, g, fixed, n, &exact);
		return n;
	}
	if (lab->overcommit > 0)
		return (unsigned)MAX(1.0, MIN(round(fixed / lab->overcommit), 1e6));
	return MAX(1u, MIN(fixed, available));
}

static bool explicit_lab(struct planning *p)
{
	const struct exp_lab *lab = &p->c->lab;
	const struct exp_guest *g;
	bool exact;

	if (!plan_cpus_are_there(p, "the lab", &lab->cpuset, "", lab->pos))
		return false;
	p->lab = lab->cpuset;
	fixed_vcpus(p->c, &g);
	if (g)
		p->auto_count =
			auto_count(p->c, g, fixed_vcpus(p->c, &g), cpuset_count(&p->lab), &exact);
	return true;
}

static const char *asked_cores(const struct exp_lab *lab)
{
	return lab->isolated == ISOLATED_REQUIRE ? "isolated "
	       : lab->cores == CORES_PERFORMANCE ? "performance "
	       : lab->cores == CORES_EFFICIENCY	 ? "efficiency "
						 : "";
}

static bool choose_lab(struct planning *p)
{
	const struct exp_lab *lab = &p->c->lab;
	struct cpuset all = node_filter(p, &p->t->allowed), fit;
	unsigned n, available;
	char mine[256], limit[512];

	if (lab->smt == SMT_WHOLE && !topology_has_smt(p->t))
		PLAN_REFUSE(p, lab->pos,
			"the lab takes whole SMT cores, but this box has no SMT (one thread per core)");
	if (p->failed)
		return false;
	/* At least this many, before isolation and kinds narrow the choice. */
	n = lab_size(p, lab->cpus.min);
	all = isolation_filter(p, &all, n);
	all = kind_filter(p, &all, n);
	all = memory_filter(p, &all, n);
	if (lab->llc != EXP_AUTO)
		all = llc_filter(p, &all, n);
	if (p->failed)
		return false;
	fit = plan_usable(p, &all);
	available = cpuset_count(&fit);
	n = lab_size(p, available);
	if (n > available && p->t->limit) {
		PLAN_REFUSE(p, lab->pos,
			"the lab needs %u %sCPUs%s, this process may use %u of %s%s; ask for fewer, or let it use more",
			n, asked_cores(lab), lab->smt == SMT_FIRST ? " on separate cores" : "",
			available, plan_cpus_text(&p->t->allowed, mine), plan_limit_text(p, limit));
		return false;
	}
	if (n > available) {
		PLAN_REFUSE(p, lab->pos,
			"the lab needs %u %sCPUs%s, this box has %u; ask for fewer, or run it on a larger box",
			n, asked_cores(lab), lab->smt == SMT_FIRST ? " on separate cores" : "",
			available);
		return false;
	}
	if (lab->llc != EXP_AUTO)
		plan_take_evenly(p, &all, n, wants_whole_cores(p), lab->llc);
	else
		plan_take(p, &all, n, wants_whole_cores(p));
	return true;
}

static void note_limits(struct planning *p)
{
	char buf[256];

	if (p->t->limit)
		strv_add(&p->plan->notes, "this process may use %s only, limited by %s",
			plan_cpus_text(&p->t->allowed, buf), p->t->limit);
}

static void note_isolation(struct planning *p)
{
	struct cpuset open = cpuset_minus(&p->lab, &p->t->isolated);
	struct cpuset isolated = cpuset_and(&p->lab, &p->t->isolated);
	char buf[256];

	if (!cpuset_empty(&open) && !p->t->xen) /* a dom0's tasks are told of by plan_xen() */
		strv_add(&p->plan->notes,
			"%s %s not isolated: other tasks of this box may run there",
			plan_cpus_text(&open, buf), cpuset_count(&open) == 1 ? "is" : "are");
	if (!cpuset_empty(&isolated) && !all_single(p))
		strv_add(&p->plan->notes,
			"%s: isolated, so the kernel balances nothing there; a floating vCPU stays where it started",
			plan_cpus_text(&isolated, buf));
}

bool plan_lab(struct planning *p)
{
	const struct exp_guest *g;
	double overcommit;
	unsigned vcpus, fixed;

	if (cpuset_empty(&p->t->allowed)) {
		PLAN_REFUSE(p, p->c->pos, "no CPU of this box is known");
		return false;
	}
	if (!(cpuset_empty(&p->c->lab.cpuset) ? choose_lab(p) : explicit_lab(p)))
		return false;
	plan_housekeeping(p);
	note_limits(p);
	note_isolation(p);
	vcpus = fixed = fixed_vcpus(p->c, &g);
	vcpus += g ? p->auto_count * auto_step(g) : 0;
	overcommit = (double)vcpus / cpuset_count(&p->lab);
	if (p->c->lab.overcommit > 0 && fabs(overcommit / p->c->lab.overcommit - 1) > 0.01 &&
		(strstr(p->c->point, "lab.overcommit=") || vcpus == fixed))
		PLAN_REFUSE(p, p->c->lab.pos,
			"overcommit %.3g cannot be had: %u vCPU%s on %u CPU%s make it %.3g; ask for more lab CPUs or another overcommit%s",
			p->c->lab.overcommit, vcpus, vcpus == 1 ? "" : "s", cpuset_count(&p->lab),
			cpuset_count(&p->lab) == 1 ? "" : "s", overcommit,
			p->c->point[0] ? ", or the point is not what its name says" : "");
	else if (p->c->lab.overcommit > 0 && fabs(overcommit / p->c->lab.overcommit - 1) > 0.01)
		strv_add(&p->plan->notes,
			"overcommit is %.3g, not %.3g: vCPUs and CPUs come in whole numbers",
			overcommit, p->c->lab.overcommit);
	p->plan->overcommit = overcommit;
	p->plan->lab_cpus = p->lab;
	return !p->failed;
}
