// SPDX-License-Identifier: GPL-3.0-or-later
// <noise kind="stalls">: which stalls are played on which CPUs.
#include "plan/priv.h"

#include <stdlib.h>
#include <string.h>

#include "scenario/units.h"

/* A player that nobody ends does so itself: after the run and what may still come of it. */
#define GRACE_NS (120 * NS_PER_S)

static uint64_t until_of(const struct planning *p)
{
	uint64_t most = p->plan->duration_ns;

	for (size_t i = 0; i < p->plan->n_measures; i++)
		most = MAX(most, p->plan->measures[i].timeout_ns);
	return p->plan->warmup_ns + most + GRACE_NS;
}

/* The CPU of each vCPU of the victim and its copies; false with a message when one is not known. */
static bool add_cpus(
	struct planning *p, const struct exp_noise *e, size_t guest, struct plan_stalls *s)
{
	for (size_t k = 0; k < p->count[guest]; k++) {
		const struct plan_guest *g = &p->plan->guests[p->first[guest] + k];

		for (unsigned v = 0; v < g->vcpus; v++) {
			if (cpuset_count(&g->vcpu_cpus[v]) != 1) {
				p->failed = true;
				scenario_msgs_add(p->msgs, BLAME_SCENARIO, e->pos, plan_variant(p),
					"stalls cannot be played to '%s': its vCPU %u may run on several CPUs and would flee them; pin it (placement=\"pinned\")",
					g->name, v);
				return false;
			}
			ARRAY_GROW(s->cpus, s->n_cpus);
			s->cpus[s->n_cpus++] = (unsigned)cpuset_next(&g->vcpu_cpus[v], 0);
		}
	}
	return true;
}

void plan_stalls(struct planning *p, size_t noise)
{
	const struct exp_noise *e = &p->c->noises[noise];
	const struct exp_stalls *x = &e->stalls;
	struct plan_noise *n = &p->plan->noises[noise];
	struct plan_stalls *s = xcalloc(1, sizeof(*s));
	struct cpuset shared;

	n->stalls = s;
	n->pin_each = false;
	s->trace = x->trace[0] ? xstrdup(x->trace) : NULL;
	s->map = xstrdup(x->map);
	s->victim = xstrdup(e->beside);
	s->until_ns = until_of(p);
	for (size_t i = 0; i < p->c->n_guests; i++)
		if (!strcmp(p->c->guests[i].name, e->beside) && !add_cpus(p, e, i, s))
			return;
	if (!s->n_cpus) {
		PLAN_REFUSE(
			p, e->pos, "there is no '%s' to play stalls to: its count is 0", e->beside);
		return;
	}
	s->how = (struct stalls_how){.trace = s->trace,
		.speed = x->speed,
		.scale = x->scale,
		.from_ns = x->from_ns,
		.loop = x->loop,
		.cpus = (unsigned)s->n_cpus,
		.rate_ms_per_s = (double)x->rate_ns / 1e6,
		.length_ns = x->length_ns,
		.shape = (enum stalls_shape)x->shape,
		.correlation = x->correlation,
		.seed = x->seed ? x->seed : p->c->seed};
	shared = cpuset_and(&n->cpus, &p->plan->housekeeping_cpus);
	if (!cpuset_empty(&shared))
		strv_add(&p->plan->notes,
			"the stalls of '%s' also stop the harness, on housekeeping CPUs; give the lab fewer CPUs",
			n->name);
}

void plan_add_stalls(struct strbuf *f, const struct plan_noise *n)
{
	const struct stalls_how *how = &n->stalls->how;
	char a[32];

	strbuf_add(f, "  %-12s stalls for %s, ", n->name, n->stalls->victim);
	if (n->stalls->trace)
		strbuf_add(f, "from %.60s", n->stalls->trace);
	else
		strbuf_add(f, "made: %.3g ms/s of %s on average", how->rate_ms_per_s,
			format_time(how->length_ns, a));
	if (how->speed != 1)
		strbuf_add(f, ", %.3g times as fast", how->speed);
	if (how->scale != 1)
		strbuf_add(f, ", %.3g of each", how->scale);
}
