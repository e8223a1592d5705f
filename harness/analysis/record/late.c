/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Anatomy of one late wake-up: what its vCPU's thread did between the deadline and the waking, and
 * who was in its way. The worst are kept whole. */
#include <stdlib.h>

#include "analysis/priv.h"

#define AROUND_NS 5000000u /* timeline shown before the deadline */
#define MAX_WHO	  64	   /* culprits told apart within one late wake-up */

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
	if (t)
		copy_pieces(b, &an->l, t);
	*slot = an->l;
}

/* Without a trace all that is known is what the guest's own kernel says. */
static void split_untraced(struct late *l, uint64_t guest_ns)
{
	l->guest_queue_ns = MIN(guest_ns, l->lateness_ns);
	l->unexplained_ns = l->lateness_ns - l->guest_queue_ns;
	if (l->guest_queue_ns)
		l->who[l->n_who++] =
			(struct late_culprit){"its own load", CULPRIT_OWN_LOAD, l->guest_queue_ns};
}

void late_explain(struct build *b, struct vcpu_build *v, const struct sample *s)
{
	struct anatomy an = {0};
	bool claimed;

	if (!s->in_window)
		return;
	an.l = (struct late){.kind = s->kind,
		.guest = v->guest,
		.vcpu = v->index,
		.deadline_ns = s->from_ns,
		.woke_ns = s->host_ns,
		.lateness_ns = s->host_ns - s->from_ns,
		.clock_error_ns = s->error_ns};
	split(&an, v->thread);
	if (v->thread)
		late_split_ran(v, &an.l, s->guest_ns);
	else
		split_untraced(&an.l, s->guest_ns);
	v->out->late_count++;
	v->out->late_ns += an.l.lateness_ns;
	v->out->late_own_ns += an.l.guest_queue_ns;
	v->out->late_explained_ns += an.l.lateness_ns - an.l.unexplained_ns;
	name_culprits(b, &an);
	claimed = late_claim_box(b, v, &an.l);
	if (b->each_late && !claimed)
		b->each_late(b->each_arg, b->a, &an.l);
	keep_worst(b, &an, v->thread);
}
