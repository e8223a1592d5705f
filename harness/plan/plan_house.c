// SPDX-License-Identifier: GPL-3.0-or-later
// Which CPUs keep house.
#include "plan/priv.h"

#include <string.h>

static struct cpuset smt_shadow(const struct planning *p, const struct cpuset *work)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, work) {
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &p->t->allowed);

		s = cpuset_or(&s, &core);
	}
	return s;
}

static struct cpuset near(
	const struct planning *p, const struct cpuset *work, const struct cpuset *among)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, work) {
		struct cpuset node = plan_node_cpus(p->t, plan_node_of(p->t, (unsigned)cpu), among);

		s = cpuset_or(&s, &node);
	}
	return s;
}

/* At most this many keep house: few caches are disturbed, yet many emulators find room. */
static struct cpuset first_few(const struct cpuset *s, unsigned n)
{
	struct cpuset few = {{0}};

	cpuset_for_each (cpu, s) {
		if (n-- == 0)
			break;
		cpuset_add(&few, (unsigned)cpu);
	}
	return few;
}

/* Who may run anywhere is in nobody's way. */
static void add_held(const struct planning *p, const struct cpuset *cpus, struct cpuset *held)
{
	struct cpuset there = cpuset_and(cpus, &p->t->allowed);

	if (!cpuset_equal(&there, &p->t->allowed))
		*held = cpuset_or(held, &there);
}

/* Of "vcpupin.N CPUS; ...". */
static bool tuned_cpus(const char *at, struct cpuset *out)
{
	const char *from = strchr(at, ' '), *end = at + strcspn(at, ";");
	auto_free char *cpus =
		from && from < end ? xasprintf("%.*s", (int)(end - from - 1), from + 1) : NULL;

	return cpus && !cpuset_parse(cpus, out, NULL);
}

/* The CPUs of domains that are left where they are: by their pins, and by what a tune makes of these. Of all
 * variants, so that they are compared beside the same housekeeping. */
static struct cpuset held_by_domains(const struct planning *p)
{
	struct cpuset held = {{0}}, there;

	for (size_t i = 0; i < p->x->n_configs; i++)
		for (size_t k = 0; k < p->x->configs[i].n_guests; k++) {
			const struct exp_guest *g = &p->x->configs[i].guests[k];

			for (unsigned v = 0; g->as_placed && g->pins && v < g->vcpus; v++)
				add_held(p, &g->pins[v], &held);
			for (const char *at = g->tune; at && (at = strstr(at, "vcpupin.")); at++)
				if (tuned_cpus(at, &there))
					add_held(p, &there, &held);
		}
	return held;
}

static bool lab_is_used(const struct planning *p)
{
	bool used = false;

	for (size_t i = 0; i < p->x->n_configs; i++) {
		const struct exp_config *c = &p->x->configs[i];

		used |= c->n_noises > 0;
		for (size_t k = 0; k < c->n_guests; k++)
			used |= !c->guests[k].as_placed;
	}
	return used;
}

/* The best CPUs that are not at work; empty when all are. */
static struct cpuset beside(struct planning *p, const struct cpuset *work)
{
	struct cpuset shadow = smt_shadow(p, work),
		      common = cpuset_minus(&p->t->allowed, &p->t->isolated);
	struct cpuset free = cpuset_minus(&common, work);
	struct cpuset quiet = cpuset_minus(&free, &shadow);
	struct cpuset best = near(p, work, &quiet);
	char buf[256];

	if (cpuset_empty(&best))
		best = quiet;
	if (cpuset_empty(&best) && !cpuset_empty(&free)) {
		best = free;
		strv_add(&p->plan->notes,
			"housekeeping (%s) shares physical cores with what is measured, and slows it there",
			plan_cpus_text(&free, buf));
	}
	return best;
}

void plan_housekeeping(struct planning *p)
{
	struct cpuset held = held_by_domains(p), none = {{0}},
		      common = cpuset_minus(&p->t->allowed, &p->t->isolated);
	struct cpuset work = cpuset_or(&held, lab_is_used(p) ? &p->lab : &none);
	struct cpuset best = beside(p, cpuset_empty(&work) ? &p->lab : &work);
	struct strv *notes = &p->plan->notes;
	char buf[256];

	if (cpuset_empty(&best) && !cpuset_empty(&held)) {
		best = beside(p, &p->lab);
		if (!cpuset_empty(&best))
			strv_add(notes,
				"housekeeping (%s) shares CPUs with a domain that is left where it is: no other CPU is left",
				plan_cpus_text(&best, buf));
	}
	if (cpuset_empty(&best)) {
		best = cpuset_empty(&common) ? p->t->allowed : common;
		p->plan->housekeeping_cpus = best;
		strv_add(notes,
			"no CPU is left for housekeeping: the harness, its tracer and QEMU's other threads run on the lab's %s too",
			plan_cpus_text(&best, buf));
		return;
	}
	p->plan->housekeeping_cpus = first_few(&best, 2 + (unsigned)p->c->n_guests / 8);
}
