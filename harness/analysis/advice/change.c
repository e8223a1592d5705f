// SPDX-License-Identifier: GPL-3.0-or-later
/* What the rows of the table are made with: sums over a VM, changes, who pays. */
#include "analysis/advice/priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAYS_FROM 5 /* ms/s that somebody runs there from which he is named */

double advice_taken_by(const struct live_vcpu *x, enum culprit_kind kind)
{
	double ms = 0;

	for (size_t i = 0; i < x->n_who; i++)
		if (x->who[i].kind == kind)
			ms += x->who[i].ms_per_s;
	return ms;
}

double advice_taken_by_others(const struct live_vcpu *x)
{
	static const enum culprit_kind kinds[] = {CULPRIT_VM, CULPRIT_VM_THREAD, CULPRIT_NATIVE,
		CULPRIT_NATIVE_THREAD, CULPRIT_NOISE, CULPRIT_CGROUP, CULPRIT_PROCESS};
	double ms = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		ms += advice_taken_by(x, kinds[i]);
	return ms;
}

/* Mean over the vCPUs of the VM that is spoken of. */
static double mean(const struct advice_in *in, double (*of)(const struct live_vcpu *, int), int arg)
{
	double sum = 0;
	unsigned n = 0;

	for (size_t i = 0; i < in->view->n; i++) {
		const struct live_vcpu *x = &in->view->vcpus[i];

		if (x->guest != in->x->guest || x->gone)
			continue;
		sum += of(x, arg);
		n++;
	}
	return n ? sum / n : 0;
}

static double taken(const struct live_vcpu *x, int kind)
{
	return advice_taken_by(x, (enum culprit_kind)kind);
}

static double throttled(const struct live_vcpu *x, int unused)
{
	(void)unused;
	return x->throttled;
}

static double waiting(const struct live_vcpu *x, int unused)
{
	(void)unused;
	return x->wait;
}

double advice_mean_taken(const struct advice_in *in, enum culprit_kind kind)
{
	return mean(in, taken, (int)kind);
}

double advice_mean_throttled(const struct advice_in *in)
{
	return mean(in, throttled, 0);
}

void advice_wait(const struct advice_in *in, struct advice *out)
{
	out->wait = mean(in, waiting, 0);
}

void advice_change(struct advice *out, char *key, char *had, char *want)
{
	if (!strcmp(had, want)) {
		free(key);
		free(had);
		free(want);
		return;
	}
	ARRAY_GROW(out->changes, out->n_changes);
	out->changes[out->n_changes++] = (struct advice_change){key, had, want};
}

/* ---- who pays */

/* A vCPU of another VM that may run there. */
static bool add_vms(const struct advice_in *in, const struct cpuset *cpus, struct strv *who)
{
	bool any = false;

	for (size_t i = 0; in->guest_name && i < in->view->n; i++) {
		const struct live_vcpu *x = &in->view->vcpus[i];
		struct cpuset common = cpuset_and(x->allowed, cpus);

		if (x->guest == in->x->guest || x->gone || cpuset_empty(&common) ||
			x->run + x->wait < PAYS_FROM)
			continue;
		any = true;
		if (who->n < 4)
			strv_add(who, "vm %s vcpu%d (runs %.0f ms/s)",
				in->guest_name(in->info, x->guest), x->vcpu, x->run);
		else if (who->n == 4)
			strv_add(who, "more VMs");
	}
	return any;
}

char *advice_payers(const struct advice_in *in, const struct cpuset *cpus)
{
	struct strv who = {0};
	bool vms = add_vms(in, cpus, &who);
	char *text = NULL;

	cpuset_for_each (cpu, cpus) {
		double idle = (unsigned)cpu < in->view->n_cpus ? in->view->idle[cpu] : NAN;

		if (!vms && isfinite(idle) && idle < 1000 - 10 * PAYS_FROM && who.n < 4)
			strv_add(&who, "what runs on CPU %d (it idled %.0f ms/s)", cpu, idle);
	}
	if (who.n)
		text = strv_join(&who, ", ");
	strv_release(&who);
	return text;
}

/* ---- places */

void advice_place(const struct advice_in *in, const struct loads *l, const struct cpuset *at,
	struct advice *out)
{
	struct cpuset to = {{0}}, from = {{0}};

	out->wait = loads_wait_now(l);
	for (unsigned v = 0; v < l->n_vcpus; v++) {
		from = cpuset_or(&from, &in->present->pins[v]);
		to = cpuset_or(&to, &at[v]);
		if (!cpuset_equal(&in->present->pins[v], &at[v]))
			advice_change(out, xasprintf("vcpupin.%u", v),
				cpuset_text(&in->present->pins[v]), cpuset_text(&at[v]));
	}
	if (!out->n_changes)
		return;
	out->then = loads_wait_at(l, at, 1);
	from = cpuset_minus(&to, &from);
	out->pays = advice_payers(in, cpuset_empty(&from) ? &to : &from);
}

void advice_pin_apart(const struct advice_in *in, struct advice *out)
{
	auto_free struct cpuset *at = NULL;
	struct loads l;

	advice_wait(in, out);
	if (!loads_make(in, &l))
		return;
	at = loads_apart(&l, in->topology);
	advice_place(in, &l, at, out);
	loads_release(&l);
}

/* Room for all its vCPUs among CPUs that are the same by `of`. */
static struct cpuset place_with_room(const struct advice_in *in, const struct loads *l,
	int (*of)(const struct topo_cpu *), int place)
{
	struct cpuset set = {{0}};
	double room = 0, want = 0;

	for (unsigned v = 0; v < l->n_vcpus; v++)
		want += l->demand[v];
	cpuset_for_each (cpu, &l->usable) {
		const struct topo_cpu *c = topology_cpu(in->topology, (unsigned)cpu);

		if (!c || of(c) != place)
			continue;
		cpuset_add(&set, (unsigned)cpu);
		room += 1000 - l->others[cpu];
	}
	if (room < want || cpuset_count(&set) < l->n_vcpus)
		set = (struct cpuset){{0}};
	return set;
}

static int node_of(const struct topo_cpu *c)
{
	return c->node;
}

static int llc_of(const struct topo_cpu *c)
{
	return c->llc;
}

/* Whether the vCPUs' pins meet several places, and the best place that has room. */
static bool gather(const struct advice_in *in, const struct loads *l,
	int (*of)(const struct topo_cpu *), struct cpuset *to, int *place)
{
	struct cpuset pins = {{0}};
	int first = -1;
	bool several = false;

	for (unsigned v = 0; v < l->n_vcpus; v++)
		pins = cpuset_or(&pins, &in->present->pins[v]);
	cpuset_for_each (cpu, &pins) {
		const struct topo_cpu *c = topology_cpu(in->topology, (unsigned)cpu);
		int p = c ? of(c) : -1;

		if (p < 0)
			continue;
		several |= first >= 0 && p != first;
		first = first < 0 ? p : first;
	}
	if (!several)
		return false;
	cpuset_for_each (cpu, &pins) {
		const struct topo_cpu *c = topology_cpu(in->topology, (unsigned)cpu);

		*place = c ? of(c) : -1;
		if (*place < 0)
			continue;
		*to = place_with_room(in, l, of, *place);
		if (!cpuset_empty(to))
			return true;
	}
	return false;
}

/* Its memory is where its vCPUs are not. */
static void gather_memory(const struct advice_in *in, int node, struct advice *out)
{
	const struct advice_present *p = in->present;
	struct cpuset ids;

	if (node < 0 || (size_t)node >= in->topology->n_nodes || cpuset_empty(&p->memory_nodes) ||
		!p->memory_moves)
		return;
	ids = cpuset_of((unsigned)in->topology->nodes[node].id);
	advice_change(
		out, xstrdup("numatune.nodeset"), cpuset_text(&p->memory_nodes), cpuset_text(&ids));
}

/* vCPUs on one node, memory bound to another: the memory goes where they are. */
static bool memory_is_remote(const struct advice_in *in, int *node)
{
	struct cpuset ids;

	*node = -1;
	for (unsigned v = 0; v < in->present->vcpus; v++)
		cpuset_for_each (cpu, &in->present->pins[v]) {
			const struct topo_cpu *c = topology_cpu(in->topology, (unsigned)cpu);

			if (!c || c->node < 0 || (*node >= 0 && c->node != *node))
				return false;
			*node = c->node;
		}
	if (*node < 0 || cpuset_empty(&in->present->memory_nodes))
		return false;
	ids = in->topology->nodes[*node].ids;
	return !cpuset_subset(&in->present->memory_nodes, &ids);
}

/* Memory that cannot move while the domain runs is one node's: its vCPUs go there, or nowhere. */
static int node_of_fixed_memory(const struct advice_in *in)
{
	const struct advice_present *p = in->present;

	for (size_t i = 0; !p->memory_moves && i < in->topology->n_nodes; i++)
		if (!cpuset_empty(&p->memory_nodes) &&
			cpuset_subset(&p->memory_nodes, &in->topology->nodes[i].ids))
			return (int)i;
	return -1;
}

static bool to_fixed_memory(
	const struct advice_in *in, const struct loads *l, int node, struct advice *out)
{
	struct cpuset to = place_with_room(in, l, node_of, node);
	auto_free struct cpuset *at = xcalloc(l->n_vcpus, sizeof(*at));

	if (cpuset_empty(&to))
		return false;
	for (unsigned v = 0; v < l->n_vcpus; v++)
		at[v] = to;
	out->because = xasprintf(
		"bring its vCPUs to node %d, where its memory is: libvirt moves the memory of a running domain only where <numatune> says mode='restrictive' (speed, not waiting: --measure tells)",
		in->topology->nodes[node].id);
	advice_place(in, l, at, out);
	out->then = NAN;
	return true;
}

bool advice_into_one_place(const struct advice_in *in, struct advice *out)
{
	auto_free struct cpuset *at = NULL;
	struct cpuset to;
	struct loads l;
	int place = -1, node, fixed;
	bool nodes, remote;

	if (!in->topology || !in->present || in->x->run < ADVICE_FREE_FROM)
		return false;
	advice_wait(in, out);
	remote = memory_is_remote(in, &node);
	if (remote && in->present->memory_moves) {
		out->because = xasprintf(
			"bring its memory to node %d, where its vCPUs run: it is bound to another (speed, not waiting: --measure tells)",
			in->topology->nodes[node].id);
		gather_memory(in, node, out);
		return out->n_changes > 0;
	}
	if (!loads_make(in, &l))
		return false;
	fixed = node_of_fixed_memory(in);
	nodes = gather(in, &l, node_of, &to, &place);
	if (fixed >= 0 && (remote || (nodes && place != fixed))) {
		to_fixed_memory(in, &l, fixed, out);
	} else if (nodes || gather(in, &l, llc_of, &to, &place)) {
		at = xcalloc(l.n_vcpus, sizeof(*at));
		for (unsigned v = 0; v < l.n_vcpus; v++)
			at[v] = to;
		out->because = xasprintf(
			"into one %s: its vCPUs may use several, and CPUs of one have room for all (speed, not waiting: --measure tells)",
			nodes ? "node" : "last-level cache");
		advice_place(in, &l, at, out);
		if (nodes)
			gather_memory(in, place, out);
		out->then = NAN;
	}
	loads_release(&l);
	return out->n_changes > 0;
}

int advice_idle_core(const struct advice_in *in)
{
	const struct live_view *v = in->view;

	cpuset_for_each (cpu, &in->topology->allowed) {
		const struct topo_cpu *c = topology_cpu(in->topology, (unsigned)cpu);
		bool free_core = c && !cpuset_has(in->x->allowed, (unsigned)cpu);

		for (int s = free_core ? cpuset_next(&c->siblings, 0) : -1; s >= 0 && free_core;
			s = cpuset_next(&c->siblings, s + 1))
			free_core = (unsigned)s < v->n_cpus && v->idle[s] > ADVICE_FREE_FROM;
		if (free_core)
			return cpu;
	}
	return -1;
}
