// SPDX-License-Identifier: GPL-3.0-or-later
// <measure>: one for each copy of the guest that runs it.
#include <string.h>

#include "plan/plan_map.h"
#include "plan/priv.h"
#include "scenario/units.h"

static void add(struct planning *p, const struct exp_measure *e, const char *guest)
{
	struct plan *plan = p->plan;

	ARRAY_GROW(plan->measures, plan->n_measures);
	plan->measures[plan->n_measures++] = (struct plan_measure){
		.name = xstrdup(e->name),
		.unit = xstrdup(e->unit),
		.command = xstrdup(e->command),
		.pattern = xstrdup(e->pattern),
		.json = xstrdup(e->json),
		.guest = guest ? xstrdup(guest) : NULL,
		.of = xstrdup(e->of[0] ? e->of
			      : guest  ? guest
				       : ""),
		.better = e->better,
		.timeout_ns = e->timeout_ns ? e->timeout_ns : plan->duration_ns,
		.line = e->pos.line,
	};
}

void plan_measures(struct planning *p)
{
	for (size_t i = 0; i < p->c->n_measures; i++) {
		const struct exp_measure *e = &p->c->measures[i];

		if (!strcmp(e->on, "host"))
			add(p, e, NULL);
		for (size_t g = 0; g < p->c->n_guests; g++)
			for (size_t k = 0; !strcmp(e->on, p->c->guests[g].name) && k < p->count[g];
				k++)
				add(p, e, p->plan->guests[p->first[g] + k].name);
	}
}

void plan_print_measures(const struct plan *p, FILE *f)
{
	char a[32];

	for (size_t i = 0; i < p->n_measures; i++) {
		const struct plan_measure *m = &p->measures[i];

		auto_free char *line =
			xasprintf("  %-12s measure in %s, %s is better: \"%s\" on %s, within %s",
				m->name, m->unit[0] ? m->unit : "no unit",
				m->better == MEASURE_HIGHER ? "more" : "less", m->command,
				m->guest ? m->guest : "the host", format_time(m->timeout_ns, a));

		plan_print_line(f, line, 15);
	}
}
