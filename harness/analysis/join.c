/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest samples against the trace. Samples wait until their vCPU's thread leaves the state it was
 * in: then its history up to that instant is complete, and run_delay at the end of a RUNNING
 * stretch is what KVM had put into steal during it (abi/host_trace.h).
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/build.h"

#define AROUND_NS 5000000u /* timeline shown before the deadline */
#define MAX_WHO	  64	   /* culprits told apart within one late wake-up */

/* ---- steal against run_delay */

static void vote(struct vcpu_build *v, const struct sample *s, uint64_t delay)
{
	struct vote vo = {s->steal_ns, delay, s->host_ns};

	if (v->n_first_votes < VOTES)
		v->first_votes[v->n_first_votes++] = vo;
	v->last_votes[v->n_votes++ % VOTES] = vo;
	v->out->joins.steal_joined++;
	/* As the one before, so that one torn sample does not discredit all others. */
	v->out->joins.steal_agree += v->n_votes == 1 || vo.steal - vo.delay == v->vote_difference;
	v->vote_difference = vo.steal - vo.delay;
}

/* The vote whose difference most others share (the earliest of these): a sample taken across a
 * preemption has the steal of another stretch and is outvoted. */
static const struct vote *majority(const struct vote *votes, unsigned n)
{
	const struct vote *best = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned same = 0;

		for (unsigned k = 0; k < n; k++)
			same += votes[k].steal - votes[k].delay == votes[i].steal - votes[i].delay;
		if (same > most || (same == most && best && votes[i].host_ns < best->host_ns)) {
			most = same;
			best = &votes[i];
		}
	}
	return best;
}

/* ---- anatomy of a late wake-up */

struct anatomy {
	struct late l;
	uint32_t who[MAX_WHO];
	uint64_t ns[MAX_WHO];
	unsigned n_who;
};

static void add_who(struct anatomy *an, uint32_t culprit, uint64_t ns)
{
	unsigned i = 0;

	while (i < an->n_who && an->who[i] != culprit)
		i++;
	if (i == MAX_WHO)
		return;
	if (i == an->n_who) {
		an->who[i] = culprit;
		an->ns[an->n_who++] = 0;
	}
	an->ns[i] += ns;
}

static void split(struct anatomy *an, const struct thread *t)
{
	struct late *l = &an->l;
	uint64_t known = 0, i;

	for (const struct piece *p = t ? timeline_piece_at(t, l->deadline_ns, &i) : NULL;
		p && p->start < l->woke_ns; p = timeline_piece_next(t, &i)) {
		uint64_t low = MAX(p->start, l->deadline_ns), high = MIN(p->end, l->woke_ns);
		uint64_t ns = high > low ? high - low : 0;

		if (p->culprit == CULPRIT_ID_STOPPED || p->culprit == CULPRIT_ID_QUOTA)
			l->throttled_ns += ns;
		else if (p->state == THREAD_SLEEPING)
			l->fired_late_ns += ns;
		else if (p->state == THREAD_RUNNING)
			l->running_ns += ns;
		else if (p->state == THREAD_WAITING)
			l->wait_ns += ns;
		else
			continue;
		known += ns;
		if (p->state == THREAD_WAITING || p->culprit == CULPRIT_ID_STOPPED)
			add_who(an, p->culprit, ns);
	}
	l->unexplained_ns = l->lateness_ns - MIN(known, l->lateness_ns);
}

static void name_culprits(struct build *b, struct anatomy *an)
{
	struct late *l = &an->l;

	while (l->n_who < ANALYSIS_LATE_WHO) {
		unsigned most = 0;

		for (unsigned i = 1; i < an->n_who; i++)
			if (an->ns[i] > an->ns[most])
				most = i;
		if (!an->n_who || !an->ns[most])
			return;
		l->who[l->n_who++] = (struct late_culprit){culprit_name(b->names, an->who[most]),
			culprit_seen_by(b->names, an->who[most], l->guest), an->ns[most]};
		an->ns[most] = 0;
	}
}

static void copy_pieces(struct build *b, struct late *l, const struct thread *t)
{
	uint64_t from = l->deadline_ns > AROUND_NS ? l->deadline_ns - AROUND_NS : 0, i;

	l->pieces = xcalloc(ANALYSIS_MAX_PIECES, sizeof(*l->pieces));
	for (const struct piece *p = timeline_piece_at(t, from, &i);
		p && p->start < l->woke_ns + AROUND_NS; p = timeline_piece_next(t, &i)) {
		bool waits = p->state == THREAD_WAITING;

		if (l->n_pieces == ANALYSIS_MAX_PIECES)
			break;
		l->pieces[l->n_pieces++] = (struct late_piece){.start_ns = MAX(p->start, from),
			.end_ns = MIN(p->end, l->woke_ns + AROUND_NS),
			.state = p->state,
			.throttled = p->culprit == CULPRIT_ID_QUOTA,
			.cpu = p->cpu,
			.occupant = waits ? culprit_name(b->names, p->culprit) : NULL,
			.kind = waits ? culprit_seen_by(b->names, p->culprit, l->guest)
				      : CULPRIT_UNKNOWN};
	}
}

/* What the box's own hypervisor took from the CPUs of this stretch, as far as samples tell. */
static uint64_t box_steal(const struct build *b, const struct thread *t, const struct late *l)
{
	const struct box_cpu *c = &b->box[t->cpu % CPUSET_MAX];
	uint64_t n = MIN(c->n, BOX_SAMPLES), taken = 0;

	for (uint64_t i = c->n - n + 1; n && i < c->n; i++) {
		uint64_t from = (i - 1) % BOX_SAMPLES, to = i % BOX_SAMPLES;

		if (c->ts[to] > l->deadline_ns && c->ts[from] < l->woke_ns &&
			c->value[to] > c->value[from])
			taken += c->value[to] - c->value[from];
	}
	return MIN(taken, l->lateness_ns);
}

static void keep_worst(struct build *b, struct anatomy *an, const struct thread *t)
{
	unsigned list = b->a->guests[an->l.guest].is_noise ? 2 : an->l.kind == LATE_GAP ? 1 : 0;
	struct late *worst = b->worst[list], *slot;
	size_t n = b->n_worst[list], least = 0;

	for (size_t i = 1; i < n; i++)
		if (worst[i].lateness_ns < worst[least].lateness_ns)
			least = i;
	if (n == ANALYSIS_WORST && worst[least].lateness_ns >= an->l.lateness_ns)
		return;
	slot = n == ANALYSIS_WORST ? &worst[least] : &worst[b->n_worst[list]++];
	free(slot->pieces);
	name_culprits(b, an);
	if (t) {
		an->l.box_steal_ns = box_steal(b, t, &an->l);
		copy_pieces(b, &an->l, t);
	}
	*slot = an->l;
}

static void explain(struct build *b, struct vcpu_build *v, const struct sample *s)
{
	struct anatomy an = {0};

	if (!s->in_window)
		return;
	an.l = (struct late){.kind = s->kind,
		.guest = v->guest,
		.vcpu = v->index,
		.deadline_ns = s->from_ns,
		.woke_ns = s->host_ns,
		.lateness_ns = s->host_ns - s->from_ns,
		.clock_error_ns = s->error_ns};
	split(&an, v->thread); /* no thread traced: all unexplained */
	v->out->late_count++;
	v->out->late_ns += an.l.lateness_ns;
	v->out->late_explained_ns += an.l.lateness_ns - an.l.unexplained_ns;
	if (b->each_late) {
		struct anatomy named = an;

		name_culprits(b, &named);
		b->each_late(b->each_arg, b->a, &named.l);
	}
	keep_worst(b, &an, v->thread);
}

/* ---- */

void join_push(struct build *b, struct vcpu_build *v, const struct sample *s)
{
	if (!v->thread) {
		if (s->from_ns)
			explain(b, v, s);
		return;
	}
	if (v->pending_head - v->pending_tail == v->pending_cap) {
		uint32_t cap = v->pending_cap ? v->pending_cap * 2 : 256;
		struct sample *bigger;

		if (v->pending_cap >= PENDING_MAX) {
			b->a->bad_records++;
			return;
		}
		bigger = xmalloc(cap * sizeof(*bigger));
		for (uint32_t i = v->pending_tail; i != v->pending_head; i++)
			bigger[i - v->pending_tail] = v->pending[i & (v->pending_cap - 1)];
		v->pending_head -= v->pending_tail;
		v->pending_tail = 0;
		free(v->pending);
		v->pending = bigger;
		v->pending_cap = cap;
	}
	v->pending[v->pending_head++ & (v->pending_cap - 1)] = *s;
}

void join_leaving(void *arg, struct thread *t, uint64_t now, uint64_t run_delay_ns)
{
	struct build *b = arg;
	struct vcpu_build *v = build_vcpu(b, t->guest, t->vcpu);

	if (v->thread != t)
		return;
	if (run_delay_ns != UINT64_MAX && t->state == THREAD_RUNNING)
		counter_span_add(&v->traced_delay, b->a, now, run_delay_ns);
	if (v->drained_ns <= now && !b->guests[t->guest].done)
		guest_advance(b, t->guest, now);
	while (v->pending_tail != v->pending_head) {
		const struct sample *s = &v->pending[v->pending_tail & (v->pending_cap - 1)];

		if (s->host_ns > now)
			break;
		if (s->steal_ns != SHM_STEAL_NONE && s->in_window && t->state == THREAD_RUNNING &&
			run_delay_ns != UINT64_MAX && s->host_ns >= t->state_since + s->error_ns &&
			s->host_ns + s->error_ns <= now)
			vote(v, s, run_delay_ns);
		if (s->from_ns)
			explain(b, v, s);
		v->pending_tail++;
	}
}

/* Both are read in one go by the host agent, over and over: their growth over the same span. */
static void join_clock_wait(struct vcpu_build *v)
{
	struct vcpu_joins *j = &v->out->joins;
	const struct counter_span *w = &v->clock_wait, *d = &v->delay;

	if (!w->have || !d->have || w->last_ns <= w->first_ns || d->last_ns <= d->first_ns ||
		w->last < w->first || d->last < d->first)
		return;
	j->have_clock_wait = true;
	j->clock_wait_ns = w->last - w->first;
	j->hidden = v->hidden.have ? v->hidden.last - v->hidden.first : 0;
	j->sleep_booked_ns =
		v->sleep_booked.have ? v->sleep_booked.last - v->sleep_booked.first : 0;
	j->clock_run_delay_ns = d->last - d->first;
	j->clock_span_ns = w->last_ns - w->first_ns;
}

/* Counters only: the schedstat samples nearest to the ends, each with what may have accrued
 * between. */
static void join_by_counters(struct vcpu_build *v)
{
	struct vcpu_joins *j = &v->out->joins;
	double steal = counter_span_rate(&v->steal, 1), delay = counter_span_rate(&v->delay, 1);
	double span = v->steal.have ? (double)(v->steal.last_ns - v->steal.first_ns) : 0;

	if (!(steal >= 0) || !(delay >= 0))
		return;
	j->have_steal = true;
	j->steal_ns = v->steal.last - v->steal.first;
	j->run_delay_ns = (uint64_t)(delay * span / 1e9);
	j->steal_span_ns = (uint64_t)span;
}

void join_finish(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		struct vcpu_build *v = &b->vcpus[i];
		struct vcpu_joins *j = &v->out->joins;
		const struct vote *first = majority(v->first_votes, v->n_first_votes);
		const struct vote *last = majority(v->last_votes, (unsigned)MIN(v->n_votes, VOTES));
		const struct thread *t = v->thread;

		/* Never reached by the trace: late all the same, and nothing is known. */
		for (; v->pending_tail != v->pending_head; v->pending_tail++) {
			const struct sample *s =
				&v->pending[v->pending_tail & (v->pending_cap - 1)];

			if (s->from_ns)
				explain(b, v, s);
		}
		if (first && last && last->host_ns > first->host_ns &&
			last->steal >= first->steal && last->delay >= first->delay) {
			j->have_steal = j->steal_exact = true;
			j->steal_ns = last->steal - first->steal;
			j->run_delay_ns = last->delay - first->delay;
			j->steal_span_ns = last->host_ns - first->host_ns;
		} else {
			join_by_counters(v);
		}
		join_clock_wait(v);
		if (t && t->have_delay && t->delay_last_ns > t->delay_first_ns &&
			t->delay_last >= t->delay_first) {
			j->have_wait = true;
			j->wait_ns = t->waits_to_last;
			j->wait_run_delay_ns = t->delay_last - t->delay_first;
			j->waits = t->n_waits_to_last;
		}
	}
}
