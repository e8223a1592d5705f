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
		for (size_t k = 0; k < g->n_probes; k++)
			free(g->probes[k].command);
		free(g->probes);
		free(g->kernel);
		strv_release(&g->files);
	}
	free(p->guests);
	for (size_t i = 0; i < p->n_noises; i++) {
		free(p->noises[i].name);
		free(p->noises[i].kind);
		free(p->noises[i].args);
	}
	free(p->noises);
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

	return c && c->node >= 0 && (size_t)c->node < t->n_nodes ? (size_t)c->node : 0;
}

struct cpuset plan_node_cpus(const struct topology *t, size_t node, const struct cpuset *among)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, among)
		if (plan_node_of(t, (unsigned)cpu) == node)
			cpuset_add(&s, (unsigned)cpu);
	return s;
}

char *plan_cpus_text(const struct cpuset *s, char buf[256])
{
	char list[4096];

	cpuset_format(s, list, sizeof(list));
	snprintf(buf, 256, "CPU%s %.240s", cpuset_count(s) == 1 ? "" : "s", list);
	return buf;
}
