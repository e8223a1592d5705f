// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan_map.h"

#include <stdlib.h>

static void map_add(struct plan_map *m, const struct cpuset *cpus, const char *who)
{
	size_t i;

	m->used = cpuset_or(&m->used, cpus);
	for (i = 0; i < m->n_groups; i++)
		if (cpuset_equal(&m->groups[i].cpus, cpus))
			break;
	if (i == m->n_groups) {
		ARRAY_GROW(m->groups, m->n_groups);
		m->groups[m->n_groups++].cpus = *cpus;
	}
	strv_add(&m->groups[i].who, "%s", who);
}

/* "victim/0-3" for vCPUs that share their set, one name per run of them. */
static void add_guest(struct plan_map *m, const struct plan_guest *g)
{
	unsigned first = 0;
	char who[128];

	for (unsigned v = 1; v <= g->vcpus; v++) {
		if (v < g->vcpus && cpuset_equal(&g->vcpu_cpus[v], &g->vcpu_cpus[first]))
			continue;
		if (v - first == 1)
			snprintf(who, sizeof(who), "%s/%u", g->name, first);
		else
			snprintf(who, sizeof(who), "%s/%u-%u", g->name, first, v - 1);
		map_add(m, &g->vcpu_cpus[first], who);
		first = v;
	}
}

static void add_noise(struct plan_map *m, const struct plan_noise *n)
{
	unsigned n_cpus = cpuset_count(&n->cpus);
	char who[128];

	if (!n->pin_each) {
		snprintf(who, sizeof(who), "%s x%u", n->name, n->threads);
		map_add(m, &n->cpus, n->threads == 1 ? n->name : who);
		return;
	}
	for (unsigned i = 0; i < n->threads && n_cpus; i++) {
		struct cpuset one = cpuset_of((unsigned)cpuset_nth(&n->cpus, i % n_cpus));

		snprintf(who, sizeof(who), "%s[%u]", n->name, i);
		map_add(m, &one, who);
	}
}

void plan_map_make(const struct plan *p, const struct topology *t, struct plan_map *m)
{
	*m = (struct plan_map){.p = p, .t = t};
	for (size_t i = 0; i < m->p->n_guests; i++)
		add_guest(m, &m->p->guests[i]);
	for (size_t i = 0; i < m->p->n_noises; i++)
		add_noise(m, &m->p->noises[i]);
	m->used = cpuset_or(&m->used, &m->p->housekeeping_cpus);
	m->used = cpuset_or(&m->used, &m->p->lab_cpus);
}

void plan_map_release(struct plan_map *m)
{
	for (size_t i = 0; i < m->n_groups; i++)
		strv_release(&m->groups[i].who);
	free(m->groups);
}
