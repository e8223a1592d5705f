// SPDX-License-Identifier: GPL-3.0-or-later
// Plans as data: releasing them, and small questions about a topology.
#include "plan/plan.h"

#include <stdlib.h>

#include "plan/priv.h"

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n_guests; i++) {
		struct plan_guest *g = &p->guests[i];

		free(g->name);
		free(g->vcpu_cpus);
		for (size_t k = 0; k < g->n_probes; k++)
			free(g->probes[k].command);
		free(g->probes);
		free(g->kernel);
		free(g->disk.image);
		free(g->disk.ready);
		free(g->domain);
		free(g->tune);
		strv_release(&g->files);
	}
	free(p->guests);
	for (size_t i = 0; i < p->n_noises; i++) {
		free(p->noises[i].name);
		free(p->noises[i].kind);
		free(p->noises[i].args);
		if (p->noises[i].stalls) {
			free(p->noises[i].stalls->trace);
			free(p->noises[i].stalls->map);
			free(p->noises[i].stalls->victim);
			free(p->noises[i].stalls->cpus);
			free(p->noises[i].stalls);
		}
	}
	free(p->noises);
	for (size_t i = 0; i < p->n_measures; i++) {
		struct plan_measure *m = &p->measures[i];

		free(m->name);
		free(m->unit);
		free(m->command);
		free(m->pattern);
		free(m->json);
		free(m->guest);
		free(m->of);
	}
	free(p->measures);
	free(p->scenario);
	free(p->variant);
	free(p->point);
	strv_release(&p->notes);
	*p = (struct plan){0};
}

void plan_list_release(struct plan_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		plan_release(&l->plans[i]);
	free(l->plans);
	*l = (struct plan_list){0};
}

struct cpuset plan_core_of(const struct topology *t, unsigned cpu, const struct cpuset *among)
{
	const struct topo_cpu *c = topology_cpu(t, cpu);
	struct cpuset self = cpuset_of(cpu);

	if (c)
		self = cpuset_or(&self, &c->siblings);
	return cpuset_and(&self, among);
}

size_t plan_node_of(const struct topology *t, unsigned cpu)
{
	const struct topo_cpu *c = topology_cpu(t, cpu);

	return c && c->node >= 0 && (size_t)c->node < t->n_nodes ? (size_t)c->node : t->n_nodes;
}

struct cpuset plan_node_cpus(const struct topology *t, size_t node, const struct cpuset *among)
{
	struct cpuset s = {{0}};

	if (node < t->n_nodes)
		return cpuset_and(&t->nodes[node].cpus, among);
	cpuset_for_each (cpu, among)
		if (plan_node_of(t, (unsigned)cpu) == t->n_nodes)
			cpuset_add(&s, (unsigned)cpu);
	return s;
}

struct cpuset plan_llc_cpus(const struct topology *t, unsigned cpu, const struct cpuset *among)
{
	const struct topo_cpu *c = topology_cpu(t, cpu);
	struct cpuset s = {{0}}, near = plan_node_cpus(t, plan_node_of(t, cpu), among);

	/* A cache may reach over nodes (sub-NUMA clustering does not, firmware may): not here. */
	cpuset_for_each (i, &near) {
		const struct topo_cpu *other = topology_cpu(t, (unsigned)i);

		if (c && other && other->llc == c->llc)
			cpuset_add(&s, (unsigned)i);
	}
	return s;
}

unsigned plan_count_llcs(const struct topology *t, const struct cpuset *cpus)
{
	struct cpuset seen = {{0}};

	cpuset_for_each (cpu, cpus) {
		const struct topo_cpu *c = topology_cpu(t, (unsigned)cpu);

		if (c && c->llc >= 0)
			cpuset_add(&seen, (unsigned)c->llc);
	}
	return cpuset_count(&seen);
}

unsigned plan_count_nodes(const struct topology *t, const struct cpuset *cpus)
{
	unsigned n = 0;

	for (size_t i = 0; i < t->n_nodes; i++) {
		struct cpuset here = plan_node_cpus(t, i, cpus);

		n += !cpuset_empty(&here);
	}
	return n;
}

struct cpuset plan_probe_vcpus(const struct plan_probe *p)
{
	struct cpuset s = {{0}};

	memcpy(s.bits, p->vcpus.bits, sizeof(p->vcpus.bits));
	return s;
}

char *plan_cpus_text(const struct cpuset *s, char buf[256])
{
	char list[CPUSET_TEXT];
	size_t len;

	cpuset_format(s, list, sizeof(list));
	len = strlen(list);
	if (len > 240) {
		len = 236;
		while (len && list[len] != ',')
			len--;
		strcpy(list + len, ",...");
	}
	snprintf(buf, 256, "CPU%s %.240s", cpuset_count(s) == 1 ? "" : "s", list);
	return buf;
}

const char *plan_limit_text(const struct planning *p, char buf[512])
{
	buf[0] = '\0';
	if (p->t->limit)
		snprintf(buf, 512, " (limited by %s)", p->t->limit);
	return buf;
}

bool plan_cpus_are_there(struct planning *p, const char *who, const struct cpuset *cpus,
	const char *what_for, struct scenario_pos pos)
{
	struct cpuset off = cpuset_minus(cpus, &p->t->online);
	struct cpuset barred = cpuset_minus(cpus, &p->t->allowed);
	char buf[256], mine[256], limit[512];

	if (!cpuset_empty(&off))
		PLAN_REFUSE(p, pos, "%s asks for %s%s, not online on this box", who,
			plan_cpus_text(&off, buf), what_for);
	else if (!cpuset_empty(&barred))
		PLAN_REFUSE(p, pos,
			"%s asks for %s%s, which this process may not use%s; it may use %s", who,
			plan_cpus_text(&barred, buf), what_for, plan_limit_text(p, limit),
			plan_cpus_text(&p->t->allowed, mine));
	return cpuset_empty(&barred);
}

uint64_t plan_look_ns(const struct plan *p)
{
	uint64_t vcpus = 0, cpus = MAX(cpuset_count(&p->lab_cpus), 1u);

	for (size_t i = 0; i < p->n_guests; i++)
		vcpus += p->guests[i].outside ? 0 : p->guests[i].vcpus;
	return MIN(MAX(vcpus / (8 * cpus), 1u), 20u) * 10 * NS_PER_MS;
}
