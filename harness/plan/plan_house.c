// SPDX-License-Identifier: GPL-3.0-or-later
// Which CPUs keep house.
#include "plan/priv.h"

static struct cpuset smt_shadow(const struct planning *p)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, &p->lab) {
		struct cpuset core = plan_core_of(p->t, (unsigned)cpu, &p->t->allowed);

		s = cpuset_or(&s, &core);
	}
	return s;
}

static struct cpuset near_lab(const struct planning *p, const struct cpuset *among)
{
	struct cpuset s = {{0}};

	cpuset_for_each (cpu, &p->lab) {
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

void plan_housekeeping(struct planning *p)
{
	struct cpuset shadow = smt_shadow(p),
		      common = cpuset_minus(&p->t->allowed, &p->t->isolated);
	struct cpuset free = cpuset_minus(&common, &p->lab);
	struct cpuset quiet = cpuset_minus(&free, &shadow);
	struct cpuset best = near_lab(p, &quiet);
	struct strv *notes = &p->plan->notes;
	char buf[256];

	if (cpuset_empty(&best))
		best = quiet;
	if (cpuset_empty(&best) && !cpuset_empty(&free)) {
		best = free;
		strv_add(notes,
			"housekeeping (%s) shares physical cores with the lab: its work slows the lab's SMT siblings",
			plan_cpus_text(&free, buf));
	}
	if (cpuset_empty(&best)) {
		best = cpuset_empty(&common) ? p->t->allowed : common;
		strv_add(notes,
			"no CPU is left for housekeeping: the harness, its tracer and QEMU's other threads run on the lab's %s too",
			plan_cpus_text(&best, buf));
	}
	p->plan->housekeeping_cpus = cpuset_subset(&best, &p->lab)
					     ? best
					     : first_few(&best, 2 + (unsigned)p->c->n_guests / 8);
}
