/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A late wake-up whose vCPU ran, and yet the guest was not there: where did that time go?
 *
 * - In the guest's own run queue: its kernel says so (records of Linux guests).
 * - On its way from the interrupt to the record: handling of exits, emulation, code of the guest. How
 *   long that takes is known from the wake-ups of this vCPU so far, or, while they are few, of all vCPUs
 *   of guests that are of its kind and do the same: half of them needed no more than the median of the time that they ran. Up to PATH_TIMES of it is taken for the way; a longer one
 *   was something else, and only the median of it is known.
 * - Below: taken by the box's own hypervisor, whose counter is sampled about once a second. Of a
 *   stretch no more is given to it than it took on that CPU between two samples.
 * - What is left is unexplained: no source splits exits, emulation and guest code any further.
 */

#include "analysis/priv.h"

#define PATH_MIN_SAMPLES 20 /* fewer tell nothing of what is usual */
#define PATH_TIMES	 6  /* this multiple of the median holds 99.9 % of quiet wake-ups here */
#define PATH_FRESH	 64 /* wake-ups until the median is taken anew */

static uint64_t ran_between(const struct thread *t, uint64_t from, uint64_t to, uint16_t *cpu)
{
	uint64_t ran = 0, longest = 0, i;

	for (const struct piece *p = t ? timeline_piece_at(t, from, &i) : NULL; p && p->start < to;
		p = timeline_piece_next(t, &i)) {
		uint64_t low = MAX(p->start, from), high = MIN(p->end, to);

		if (p->state != THREAD_RUNNING || high <= low)
			continue;
		ran += high - low;
		if (high - low > longest) {
			longest = high - low;
			*cpu = p->cpu;
		}
	}
	return ran;
}

static void take_one(struct usual_path *u, uint64_t ns)
{
	hist_add(&u->ran, ns);
	if (u->ran.total < PATH_MIN_SAMPLES)
		return;
	if (!u->median_ns || u->ran.total - u->taken_at >= PATH_FRESH) {
		u->median_ns = MAX(hist_quantile(&u->ran, 0.5), 1);
		u->taken_at = u->ran.total;
	}
}

static void take(struct vcpu_build *v, enum late_kind kind, uint64_t ns)
{
	take_one(&v->path[kind], ns);
	if (v->alike)
		take_one(&v->alike[kind], ns);
}

void late_calibrate(struct vcpu_build *v, const struct sample *s)
{
	uint16_t cpu;
	uint64_t ran = v->thread ? ran_between(v->thread, s->due_ns, s->host_ns, &cpu) : 0;

	if (v->thread)
		take(v, LATE_TIMER, ran - MIN(ran, s->guest_ns));
}

/* A gap's way is that back from where the vCPU was: one in which it never stopped running has
 * none. */
static void calibrate_gap(struct vcpu_build *v, const struct late *l)
{
	if (l->kind == LATE_GAP && l->running_ns < l->lateness_ns / 2)
		take(v, LATE_GAP, l->running_ns);
}

/* Its own or that of its like; where too few gaps were seen, the way from a timer's interrupt stands in. */
static const struct usual_path *usual(const struct vcpu_build *v, enum late_kind kind)
{
	const struct usual_path *of_kind[2] = {&v->path[kind], &v->path[LATE_TIMER]};

	for (unsigned i = 0; i < 2; i++) {
		if (of_kind[i]->median_ns)
			return of_kind[i];
		if (v->alike && v->alike[i ? LATE_TIMER : kind].median_ns)
			return &v->alike[i ? LATE_TIMER : kind];
	}
	return of_kind[0];
}

void late_split_ran(struct vcpu_build *v, struct late *l, uint64_t guest_ns)
{
	const struct usual_path *u = usual(v, l->kind);
	uint64_t ran = l->running_ns, rest;

	if (!ran)
		return;
	calibrate_gap(v, l);
	l->guest_queue_ns = MIN(ran, guest_ns);
	rest = ran - l->guest_queue_ns;
	l->running_ns = rest <= u->median_ns * PATH_TIMES ? rest : u->median_ns;
	rest -= l->running_ns;
	l->unexplained_ns += rest;
	l->ran_unexplained_ns = rest;
}

bool late_claim_box(struct build *b, struct vcpu_build *v, const struct late *l)
{
	struct box_cpu *c;
	uint16_t cpu = 0;

	if (!l->ran_unexplained_ns)
		return false;
	ran_between(v->thread, l->deadline_ns, l->woke_ns, &cpu);
	c = &b->box[cpu % CPUSET_MAX];
	if (c->n_claims == BOX_CLAIMS) /* the next reading is far away: nobody will know */
		return false;
	if (!c->claims)
		c->claims = xcalloc(BOX_CLAIMS, sizeof(*c->claims));
	c->claims[c->n_claims++] = (struct box_claim){v, *l};
	return true;
}

static void give_box(struct build *b, const struct box_claim *claim, uint64_t ns)
{
	claim->v->out->late_explained_ns += ns;
	for (unsigned list = 0; list < 3; list++)
		for (size_t i = 0; i < b->n_worst[list]; i++) {
			struct late *l = &b->worst[list][i];

			if (l->guest != claim->l.guest || l->vcpu != claim->l.vcpu ||
				l->woke_ns != claim->l.woke_ns || l->kind != claim->l.kind)
				continue;
			l->box_steal_ns = ns;
			l->unexplained_ns -= ns;
			l->ran_unexplained_ns -= ns;
		}
}

void late_box_reading(struct build *b, struct box_cpu *c, uint64_t taken_ns)
{
	uint64_t wanted = 0;

	for (size_t i = 0; i < c->n_claims; i++)
		wanted += c->claims[i].l.ran_unexplained_ns;
	for (size_t i = 0; i < c->n_claims; i++) {
		struct late *l = &c->claims[i].l;
		double share = wanted > taken_ns ? (double)taken_ns / (double)wanted : 1;
		uint64_t ns = MIN(
			(uint64_t)((double)l->ran_unexplained_ns * share), l->ran_unexplained_ns);

		if (ns)
			give_box(b, &c->claims[i], ns);
		l->box_steal_ns = ns;
		l->unexplained_ns -= ns;
		l->ran_unexplained_ns -= ns;
		if (b->each_late)
			b->each_late(b->each_arg, b->a, l);
	}
	c->n_claims = 0;
}
