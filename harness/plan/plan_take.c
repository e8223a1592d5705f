// SPDX-License-Identifier: GPL-3.0-or-later
// Taking CPUs into the lab: under one cache, on one node, on separate cores, as far as that goes.
#include <stdlib.h>

#include "plan/priv.h"

struct cpuset plan_usable(const struct planning *p, const struct cpuset *all)
{
	return p->c->lab.smt == SMT_FIRST ? topology_first_threads(p->t, all) : *all;
}

/* How many lab CPUs `s` gives before an SMT sibling has to be taken. */
static unsigned room(const struct planning *p, const struct cpuset *s, bool whole)
{
	struct cpuset cores = whole ? *s : topology_first_threads(p->t, s);

	return cpuset_count(&cores);
}

/* The next core of `left` to take: in order, that of CPU 0 last, so that CPU 0 can keep house. */
static int next_core(const struct planning *p, const struct cpuset *left)
{
	struct cpuset zero = plan_core_of(p->t, 0, left);
	struct cpuset others = cpuset_minus(left, &zero);
	int cpu = cpuset_next(&others, 0);

	return cpu >= 0 ? cpu : cpuset_next(left, 0);
}

/* Up to `n` CPUs of `from`, core by core. Returns how many are still wanted. */
static unsigned take_cores(struct planning *p, const struct cpuset *from, unsigned n, bool whole)
{
	struct cpuset left = cpuset_minus(from, &p->lab);

	while (n && !cpuset_empty(&left)) {
		int cpu = next_core(p, &left);
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &left);

		left = cpuset_minus(&left, &core);
		cpuset_for_each (thread, &core) {
			if (!n || (!whole && thread != cpu))
				break;
			cpuset_add(&p->lab, (unsigned)thread);
			n--;
		}
	}
	return n;
}

/* CPUs that lie together, and how many of them to take. */
struct group {
	struct cpuset cpus;
	unsigned room, share;
};

/* From as few of the groups as hold `n`, in order, and from these evenly: then guests of equal size
 * find room in one of them each. */
static void share_out(struct group *g, size_t n_groups, unsigned n)
{
	size_t used = 0;

	for (unsigned room = 0; used < n_groups && room < n; used++)
		room += g[used].room;
	while (n) {
		struct group *least = NULL;

		for (size_t i = 0; i < used; i++)
			if (g[i].share < g[i].room && (!least || g[i].share < least->share))
				least = &g[i];
		if (!least)
			break;
		least->share++;
		n--;
	}
}

/* The same as take_cores(), by the caches. A core of which a thread is taken is left alone. */
static unsigned take_near(struct planning *p, const struct cpuset *from, unsigned n, bool whole)
{
	struct cpuset left = *from;
	auto_free struct group *g = NULL;
	size_t n_groups = 0;

	cpuset_for_each (cpu, &p->lab) {
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &left);

		left = cpuset_minus(&left, &core);
	}
	while (!cpuset_empty(&left)) {
		struct group one = {
			.cpus = plan_llc_cpus(p->t, (unsigned)next_core(p, &left), &left)};

		one.room = room(p, &one.cpus, whole);
		left = cpuset_minus(&left, &one.cpus);
		ARRAY_GROW(g, n_groups);
		g[n_groups++] = one;
	}
	share_out(g, n_groups, n);
	for (size_t i = 0; i < n_groups; i++)
		n -= g[i].share - take_cores(p, &g[i].cpus, g[i].share, whole);
	return n;
}

/* A cache of `here` with room for `n`: one that does not need CPU 0's core, if possible. */
static bool find_llc(const struct planning *p, const struct cpuset *here, unsigned n, bool whole,
	struct cpuset *out)
{
	struct cpuset zero = plan_core_of(p->t, 0, here);
	bool found = false;

	for (struct cpuset left = *here; !cpuset_empty(&left);) {
		struct cpuset cache = plan_llc_cpus(p->t, (unsigned)cpuset_next(&left, 0), &left);
		struct cpuset rest = cpuset_minus(&cache, &zero);

		left = cpuset_minus(&left, &cache);
		if (room(p, &cache, whole) < n)
			continue;
		if (!found || room(p, &rest, whole) >= n)
			*out = cache;
		found = true;
		if (room(p, &rest, whole) >= n)
			break;
	}
	return found;
}

/* All of it on this node, if there is room: under one of its caches, or on any of its CPUs. */
static bool take_from_node(struct planning *p, const struct cpuset *here, unsigned n, bool whole,
	bool siblings, bool one_llc)
{
	struct cpuset cpus = *here;

	if (room(p, here, whole || siblings) < n ||
		(one_llc && !find_llc(p, here, n, whole || siblings, &cpus)))
		return false;
	n = take_near(p, &cpus, n, whole);
	take_cores(p, &cpus, n, true);
	return true;
}

/* One node that has room for all, with a CPU left for the house and memory of its own if possible.
 * `siblings`: SMT siblings count as room. */
static bool take_from_one_node(
	struct planning *p, const struct cpuset *from, unsigned n, bool whole, bool siblings)
{
	for (unsigned pass = 0; pass < 8; pass++) {
		bool memory = pass < 4, one_llc = pass % 2 == 0;
		unsigned spare = pass % 4 < 2;

		for (size_t i = 0; i <= p->t->n_nodes; i++) {
			struct cpuset here = plan_node_cpus(p->t, i, from);
			struct cpuset all = plan_node_cpus(p->t, i, &p->t->allowed);

			if (plan_gives_memory(p, i) == memory && cpuset_count(&all) >= n + spare &&
				take_from_node(p, &here, n, whole, siblings, one_llc))
				return true;
		}
	}
	return false;
}

/* Guests that float over one node or cache want their CPUs there, siblings or not. */
static bool wants_one_node(const struct planning *p)
{
	for (size_t i = 0; i < p->x->n_configs; i++) {
		const struct exp_config *c = &p->x->configs[i];

		for (size_t k = 0; k < c->n_guests; k++)
			if (c->guests[k].placement == PLACE_NODE ||
				c->guests[k].placement == PLACE_REMOTE ||
				c->guests[k].placement == PLACE_LLC)
				return true;
	}
	return false;
}

/* Over nodes: first threads of cores, then the others where siblings may be taken. */
static void take_from_nodes(struct planning *p, const struct cpuset *from, unsigned n, bool whole)
{
	auto_free struct group *g = xcalloc(p->t->n_nodes + 1, sizeof(*g));
	size_t n_groups = 0;
	unsigned wanted = n;

	for (int memory = 1; memory >= 0; memory--) {
		for (size_t i = 0; i <= p->t->n_nodes; i++) {
			struct group one = {.cpus = plan_node_cpus(p->t, i, from)};

			one.room = room(p, &one.cpus, whole);
			if (one.room && plan_gives_memory(p, i) == memory)
				g[n_groups++] = one;
		}
	}
	share_out(g, n_groups, n);
	for (size_t i = 0; i < n_groups; i++)
		n -= g[i].share - take_near(p, &g[i].cpus, g[i].share, whole);
	if (n && p->c->lab.smt != SMT_FIRST) {
		strv_add(&p->plan->notes,
			"the lab has SMT siblings: %u CPUs are asked for, on %u cores; siblings slow each other without steal",
			wanted, wanted - n);
		for (size_t i = 0; i < n_groups && n; i++)
			n = take_cores(p, &g[i].cpus, n, true);
	}
}

void plan_take(struct planning *p, const struct cpuset *from, unsigned n, bool whole)
{
	if (take_from_one_node(p, from, n, whole, false))
		return;
	if (wants_one_node(p) && p->c->lab.smt != SMT_FIRST &&
		take_from_one_node(p, from, n, whole, true))
		return;
	take_from_nodes(p, from, n, whole);
	if (plan_count_nodes(p->t, &p->lab) > 1)
		strv_add(&p->plan->notes, "the lab CPUs lie on more than one NUMA node");
}

/* The caches of `all`, node by node. Caller frees. */
static struct cpuset *list_llcs(const struct planning *p, const struct cpuset *all, size_t *n)
{
	struct cpuset *list = NULL;

	*n = 0;
	for (size_t i = 0; i <= p->t->n_nodes; i++) {
		struct cpuset left = plan_node_cpus(p->t, i, all);

		while (!cpuset_empty(&left)) {
			unsigned cpu = (unsigned)cpuset_next(&left, 0);
			struct cpuset cache = plan_llc_cpus(p->t, cpu, &left);
			const struct topo_cpu *c = topology_cpu(p->t, cpu);

			left = cpuset_minus(&left, &cache);
			if (!c || c->llc < 0)
				continue;
			ARRAY_GROW(list, *n);
			list[(*n)++] = cache;
		}
	}
	return list;
}

/* The first `want` caches of list[from..to) that have room for `each`; false if there are fewer. */
static bool choose(const struct planning *p, const struct cpuset *list, size_t from, size_t to,
	unsigned want, unsigned each, struct cpuset *out)
{
	unsigned found = 0;

	*out = (struct cpuset){{0}};
	for (size_t i = from; i < to && found < want; i++) {
		struct cpuset fit = plan_usable(p, &list[i]);

		if (cpuset_count(&fit) < each)
			continue;
		*out = cpuset_or(out, &list[i]);
		found++;
	}
	return found == want;
}

struct cpuset plan_choose_llcs(
	struct planning *p, const struct cpuset *all, unsigned n_llc, unsigned each)
{
	struct cpuset out = {{0}};
	size_t n, from, to;
	auto_free struct cpuset *list = list_llcs(p, all, &n);
	bool found = false;

	/* On one node, else anywhere, else whatever room they have. */
	for (from = 0; from < n && !found; from = to) {
		size_t node = plan_node_of(p->t, (unsigned)cpuset_next(&list[from], 0));

		for (to = from + 1; to < n; to++)
			if (plan_node_of(p->t, (unsigned)cpuset_next(&list[to], 0)) != node)
				break;
		found = choose(p, list, from, to, n_llc, each, &out);
	}
	if (!found && !choose(p, list, 0, n, n_llc, each, &out) &&
		!choose(p, list, 0, n, n_llc, 1, &out))
		out = (struct cpuset){{0}};
	return out;
}

void plan_take_evenly(
	struct planning *p, const struct cpuset *from, unsigned n, bool whole, unsigned n_llc)
{
	size_t n_list;
	auto_free struct cpuset *list = list_llcs(p, from, &n_list);

	for (size_t i = 0; i < n_list && n_llc; i++, n_llc--) {
		unsigned share = (n + n_llc - 1) / n_llc,
			 left = take_cores(p, &list[i], share, whole);

		if (p->c->lab.smt != SMT_FIRST)
			left = take_cores(p, &list[i], left, true);
		n -= share - left;
	}
	if (plan_count_nodes(p->t, &p->lab) > 1)
		strv_add(&p->plan->notes, "the lab CPUs lie on more than one NUMA node");
}
