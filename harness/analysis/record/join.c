/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest samples against the trace. Samples wait until their vCPU's thread leaves the state it was
 * in: then its history up to that instant is complete, and run_delay at the end of a RUNNING
 * stretch is what KVM had put into steal during it (abi/host_trace.h).
 */
#include <stdlib.h>

#include "analysis/priv.h"

static void count_vote(struct vcpu_build *v, struct vote vo)
{
	if (v->n_first_votes < VOTES)
		v->first_votes[v->n_first_votes++] = vo;
	v->last_votes[v->n_votes++ % VOTES] = vo;
	v->out->joins.steal_joined++;
	/* As the one before, so that one torn sample does not discredit all others. */
	v->out->joins.steal_agree += v->n_votes == 1 || vo.steal - vo.delay == v->vote_difference;
	v->vote_difference = vo.steal - vo.delay;
}

/*
 * A guest takes the time of a sample first, and reads steal some us later. Where it lost its CPU in between, its steal is
 * that of a later stretch of RUNNING: it is held until a stretch ends with as much.
 */
static void settle_held(struct vcpu_build *v, uint64_t delay)
{
	uint64_t want = v->held.steal - v->vote_difference;

	if (!v->has_held || delay < want)
		return;
	if (delay == want)
		v->held.delay = delay;
	v->has_held = false;
	count_vote(v, v->held);
}

static void vote(struct vcpu_build *v, const struct sample *s, uint64_t delay)
{
	struct vote vo = {s->steal_ns, delay, s->host_ns};
	uint64_t ahead = vo.steal - delay - v->vote_difference;

	if (!v->n_votes || ahead == 0 || ahead > INT64_MAX) {
		count_vote(v, vo);
		return;
	}
	settle_held(v, UINT64_MAX); /* one is held at most */
	v->held = vo;
	v->has_held = true;
}

/* The vote whose difference most others share, the earliest or the latest of these: a sample taken across a
 * preemption has the steal of another stretch and is outvoted. Of few samples all stand at both ends. */
static const struct vote *majority(const struct vote *votes, unsigned n, bool latest)
{
	const struct vote *best = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned same = 0;

		for (unsigned k = 0; k < n; k++)
			same += votes[k].steal - votes[k].delay == votes[i].steal - votes[i].delay;
		if (same > most ||
			(same == most && best && (votes[i].host_ns < best->host_ns) != latest)) {
			most = same;
			best = &votes[i];
		}
	}
	return best;
}

void join_push(struct build *b, struct vcpu_build *v, const struct sample *s)
{
	if (!v->thread) {
		if (s->from_ns)
			late_explain(b, v, s);
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

void join_leaving(struct build *b, struct vcpu_build *v, uint64_t now, uint64_t run_delay_ns)
{
	const struct thread *t = v->thread;

	if (run_delay_ns != UINT64_MAX && t->state == THREAD_RUNNING) {
		counter_span_add(&v->traced_delay, b->a, now, run_delay_ns);
		settle_held(v, run_delay_ns);
	}
	while (v->pending_tail != v->pending_head) {
		const struct sample *s = &v->pending[v->pending_tail & (v->pending_cap - 1)];

		if (s->host_ns > now)
			break;
		if (s->steal_ns != SHM_STEAL_NONE && s->in_window && t->state == THREAD_RUNNING &&
			run_delay_ns != UINT64_MAX && s->host_ns >= t->state_since + s->error_ns &&
			s->host_ns + s->error_ns <= now)
			vote(v, s, run_delay_ns);
		if (s->due_ns && s->in_window)
			late_calibrate(v, s);
		if (s->from_ns)
			late_explain(b, v, s);
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
	double steal = time_counter_rate(&v->steal), delay = counter_span_rate(&v->delay, 1);
	double span = (double)v->steal.covered_ns;

	if (!(steal >= 0) || !(delay >= 0))
		return;
	j->have_steal = true;
	j->steal_ns = v->steal.grown_ns;
	j->run_delay_ns = (uint64_t)(delay * span / 1e9);
	j->steal_span_ns = (uint64_t)span;
}

void join_finish(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++) {
		struct vcpu_build *v = &b->vcpus[i];
		struct vcpu_joins *j = &v->out->joins;
		const struct thread *t = v->thread;
		const struct vote *first, *last;

		settle_held(v, UINT64_MAX);
		first = majority(v->first_votes, v->n_first_votes, false);
		last = majority(v->last_votes, (unsigned)MIN(v->n_votes, VOTES), true);
		/* Never reached by the trace: late all the same, and nothing is known. */
		for (; v->pending_tail != v->pending_head; v->pending_tail++) {
			const struct sample *s =
				&v->pending[v->pending_tail & (v->pending_cap - 1)];

			if (s->from_ns)
				late_explain(b, v, s);
		}
		/* A counter that ran backwards has no growth to compare. One that jumped has: either
		 * run_delay jumped with it (a kernel that books sleep as waiting), or the two disagree. */
		if (first && last && !v->steal.backwards && last->host_ns > first->host_ns &&
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
