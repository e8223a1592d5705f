/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What no plan may do, on any box: asserted from the plan and the topology alone. */
#ifndef SS_TESTS_PLAN_RULES_H
#define SS_TESTS_PLAN_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "plan/plan_make.h"
#include "plan/plan_print.h"

#define MUST(good, what)                                                                           \
	do {                                                                                       \
		if (!(good))                                                                       \
			fail_msg("%s: %s / %s: guest or noise %s: %s", box, p->scenario,           \
				p->variant, name, what);                                           \
	} while (0)

static inline bool has_note(const struct plan *p, const char *part)
{
	for (size_t i = 0; i < p->notes.n; i++)
		if (strstr(p->notes.items[i], part))
			return true;
	return false;
}

/* On CPUs that are there, online, and this process's to use. */
static inline void rule_cpus(const char *box, const struct topology *t, const struct plan *p,
	const char *name, const struct cpuset *cpus)
{
	MUST(!cpuset_empty(cpus), "has no CPU");
	MUST(cpuset_subset(cpus, &t->online), "a CPU that is not online");
	MUST(cpuset_subset(cpus, &t->allowed), "a CPU that this process may not use");
	cpuset_for_each (cpu, cpus)
		MUST(topology_cpu(t, (unsigned)cpu) && topology_cpu(t, (unsigned)cpu)->online,
			"a CPU that the box does not have");
}

/* Memory bound to nodes is on nodes that have some, which this process may use. */
static inline void rule_memory(
	const char *box, const struct topology *t, const struct plan *p, const struct plan_guest *g)
{
	const char *name = g->name;

	cpuset_for_each (id, &g->memory_nodes) {
		const struct topo_node *node = NULL;

		for (size_t i = 0; i < t->n_nodes; i++)
			if (cpuset_has(&t->nodes[i].ids, (unsigned)id))
				node = &t->nodes[i];
		MUST(node, "memory on a node that is not there");
		MUST(node->memory_bytes, "memory on a node without memory");
		MUST(cpuset_has(&t->allowed_nodes, (unsigned)id),
			"memory on a node that this process may not use");
	}
}

/* Each vCPU of a pinned guest on one CPU; and no two of these, of any guests, on one core while a
 * core of the lab has none. */
static inline void rule_pinned(
	const char *box, const struct topology *t, const struct plan *p, const struct exp_config *c)
{
	unsigned *on_core = calloc(t->n_cpus + 1, sizeof(*on_core)), most = 0, free_cores = 0;
	const char *name = "of them all";
	bool all_lab = true;

	for (size_t i = 0; i < p->n_guests; i++) {
		const struct plan_guest *g = &p->guests[i];
		struct cpuset cores = {{0}};
		bool pinned = false;

		for (size_t k = 0; k < c->n_guests; k++)
			if (c->guests[k].pos.line == g->line) {
				pinned |= c->guests[k].placement == PLACE_PINNED;
				all_lab &= pinned && cpuset_empty(&c->guests[k].cpus) &&
					   !c->guests[k].beside[0] && !c->guests[k].away[0];
			}
		for (unsigned v = 0; pinned && v < g->vcpus; v++) {
			const struct topo_cpu *cpu =
				topology_cpu(t, (unsigned)cpuset_next(&g->vcpu_cpus[v], 0));

			name = g->name;
			MUST(cpuset_count(&g->vcpu_cpus[v]) == 1, "a pinned vCPU on several CPUs");
			MUST(!cpuset_has(&cores, (unsigned)cpu->core),
				"two of its vCPUs on one core");
			cpuset_add(&cores, (unsigned)cpu->core);
			on_core[cpu->core]++;
			most = most > on_core[cpu->core] ? most : on_core[cpu->core];
		}
	}
	cpuset_for_each (cpu, &p->lab_cpus)
		free_cores += !on_core[topology_cpu(t, (unsigned)cpu)->core];
	name = "of them all";
	MUST(!all_lab || most < 2 || !free_cores, "two pinned vCPUs on one core while one is free");
	free(on_core);
}

static inline void rule_width(const char *box, const struct topology *t, const struct plan *p)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	plan_print(p, t, f);
	fclose(f);
	for (const char *line = text; *line;
		line += line[strcspn(line, "\n")] ? strcspn(line, "\n") + 1 : 0)
		if (strcspn(line, "\n") > 100)
			fail_msg("%s: more than 100 columns: %.120s", box, line);
	free(text);
}

static inline void plan_rules(
	const char *box, const struct topology *t, const struct plan *p, const struct exp_config *c)
{
	rule_cpus(box, t, p, "the lab", &p->lab_cpus);
	rule_cpus(box, t, p, "housekeeping", &p->housekeeping_cpus);
	for (size_t i = 0; i < p->n_guests; i++) {
		const struct plan_guest *g = &p->guests[i];

		/* That of somebody's domain stays where it is unless the scenario says more. */
		if (!g->domain || !cpuset_empty(&g->emulator_cpus))
			rule_cpus(box, t, p, g->name, &g->emulator_cpus);
		for (unsigned v = 0; v < g->vcpus; v++)
			rule_cpus(box, t, p, g->name, &g->vcpu_cpus[v]);
		rule_memory(box, t, p, g);
	}
	for (size_t i = 0; i < p->n_noises; i++)
		rule_cpus(box, t, p, p->noises[i].name, &p->noises[i].cpus);
	rule_pinned(box, t, p, c);
	rule_width(box, t, p);
}

#endif
