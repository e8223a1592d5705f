/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread state machine and the attribution of waits. */
#include "analysis/trace/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/trace/occupants.h"

#define MAX_CPUS  8192u	 /* as CPUSET_MAX */
#define TID_TABLE 16384u /* hash of tracked tids; at most half full */

struct cpu {
	uint32_t occupant; /* culprit */
	uint64_t since;
	struct thread *waiters;
	struct occupants had; /* it, and who came before */
};

struct timeline {
	uint64_t start, end, last;
	struct culprits *names;
	struct timeline_sink sink;
	struct cpu cpus[MAX_CPUS];
	struct thread **threads;
	size_t n_threads;
	struct thread *table[TID_TABLE];
	uint64_t disorder;
};

struct timeline *timeline_make(uint64_t window_start, uint64_t window_end, struct culprits *names,
	struct timeline_sink sink)
{
	struct timeline *tl = xcalloc(1, sizeof(*tl));

	tl->start = window_start;
	tl->end = window_end;
	tl->names = names;
	tl->sink = sink;
	return tl;
}

void timeline_free(struct timeline *tl)
{
	if (!tl)
		return;
	for (size_t i = 0; i < tl->n_threads; i++) {
		free(tl->threads[i]->pieces);
		free(tl->threads[i]->blame);
		free(tl->threads[i]);
	}
	for (unsigned i = 0; i < MAX_CPUS; i++)
		occupants_release(&tl->cpus[i].had);
	free(tl->threads);
	free(tl);
}

static size_t slot_of(const struct timeline *tl, uint32_t tid)
{
	size_t slot = tid * 2654435761u % TID_TABLE;

	while (tl->table[slot] && tl->table[slot]->tid != tid)
		slot = (slot + 1) % TID_TABLE;
	return slot;
}

struct thread *timeline_find(const struct timeline *tl, uint32_t tid)
{
	return tl->table[slot_of(tl, tid)];
}

struct thread *timeline_add(struct timeline *tl, uint32_t tid, size_t guest, unsigned vcpu)
{
	struct thread *t = timeline_find(tl, tid);

	if (t || tl->n_threads >= TID_TABLE / 2)
		return t;
	t = xcalloc(1, sizeof(*t));
	t->tid = tid;
	t->guest = guest;
	t->vcpu = vcpu;
	t->pieces = xcalloc(TIMELINE_PIECES, sizeof(*t->pieces));
	t->last_blamed = UINT32_MAX;
	tl->table[slot_of(tl, tid)] = t;
	ARRAY_GROW(tl->threads, tl->n_threads);
	tl->threads[tl->n_threads++] = t;
	return t;
}

uint64_t timeline_disorder(const struct timeline *tl)
{
	return tl->disorder;
}

static void blame(struct thread *t, uint32_t culprit, uint64_t ns)
{
	if (culprit >= t->n_blame) {
		uint32_t n = (culprit / 16 + 1) * 16;

		t->blame = xrealloc(t->blame, n * sizeof(*t->blame));
		memset(t->blame + t->n_blame, 0, (n - t->n_blame) * sizeof(*t->blame));
		t->n_blame = n;
	}
	t->blame[culprit].ns += ns;
	if (t->last_blamed != culprit)
		t->blame[culprit].times++;
	t->last_blamed = culprit;
}

/* The window's share of [from, to) in this state. */
static void account_sums(
	struct timeline *tl, struct thread *t, uint64_t from, uint64_t to, uint32_t culprit)
{
	uint64_t low = MAX(from, tl->start), high = MIN(to, tl->end), ns;

	if (low >= high)
		return;
	ns = high - low;
	switch (t->state) {
	case THREAD_RUNNING:
		t->sums.run_ns += ns;
		break;
	case THREAD_SLEEPING:
		t->sums.sleep_ns += ns;
		break;
	case THREAD_WAITING:
		t->sums.wait_ns += ns;
		if (culprit == CULPRIT_ID_QUOTA)
			t->sums.throttled_ns += ns;
		else if (culprit == CULPRIT_ID_IDLE)
			t->sums.wasted_ns += ns;
		blame(t, culprit, ns);
		taken_span(t->taken, culprit, low, high);
		break;
	default:
		t->sums.unknown_ns += ns;
		return;
	}
	if (t->wait_series)
		series_span(t->wait_series, low, high, t->state == THREAD_WAITING ? (double)ns : 0);
	if (t->wait_fine)
		series_span(t->wait_fine, low, high, t->state == THREAD_WAITING ? (double)ns : 0);
}

/* Take [t->piece_since, to) into sums and history. */
static void close_piece(struct timeline *tl, struct thread *t, uint64_t to, uint32_t culprit)
{
	struct piece *last = t->n_pieces ? &t->pieces[(t->n_pieces - 1) % TIMELINE_PIECES] : NULL;

	if (to <= t->piece_since)
		return;
	if (t->state == THREAD_WAITING && t->throttled)
		culprit = CULPRIT_ID_QUOTA;
	if (t->state != THREAD_WAITING)
		culprit = t->stopped ? CULPRIT_ID_STOPPED : CULPRIT_ID_UNKNOWN;
	account_sums(tl, t, t->piece_since, to, culprit);
	if (last && last->end == t->piece_since && last->state == t->state && last->cpu == t->cpu &&
		last->culprit == culprit && last->throttled == t->throttled)
		last->end = to;
	else
		t->pieces[t->n_pieces++ % TIMELINE_PIECES] =
			(struct piece){t->piece_since, to, culprit, t->cpu, t->state, t->throttled};
	t->piece_since = to;
}

/* Charge all who wait on a CPU up to `now` to who has it. */
static void charge(struct timeline *tl, struct cpu *c, uint64_t now)
{
	for (struct thread *t = c->waiters; t; t = t->next_waiter)
		close_piece(tl, t, now, c->occupant);
}

static void unlink_waiter(struct timeline *tl, struct thread *t)
{
	struct thread **p = &tl->cpus[t->cpu].waiters;

	while (*p && *p != t)
		p = &(*p)->next_waiter;
	if (*p)
		*p = t->next_waiter;
	t->next_waiter = NULL;
}

static void occupy(struct timeline *tl, uint16_t cpu, uint32_t culprit, uint64_t now)
{
	struct cpu *c = &tl->cpus[cpu];

	if (c->occupant == culprit || now < c->since) /* told late, and others came after */
		return;
	charge(tl, c, now);
	c->occupant = culprit;
	c->since = now;
	occupants_add(&c->had, now, culprit);
}

/* A RUNNING stretch ended and run_delay was read: it contains every wait up to that stretch. */
static void note_delay(struct timeline *tl, struct thread *t, uint64_t now, uint64_t delay)
{
	if (delay == UINT64_MAX || now < tl->start || now > tl->end)
		return;
	if (!t->have_delay) {
		t->have_delay = true;
		t->delay_first = delay;
		t->delay_first_ns = now;
		t->waits_done = t->n_waits = 0;
	} else if (delay >= t->delay_last) {
		double grown = (double)(delay - t->delay_last);

		if (t->delay_series)
			series_span(t->delay_series, t->delay_last_ns, now, grown);
		if (t->delay_fine)
			series_span(t->delay_fine, t->delay_last_ns, now, grown);
	}
	t->delay_last = delay;
	t->delay_last_ns = now;
	t->waits_to_last = t->waits_done;
	t->n_waits_to_last = t->n_waits;
}

/* Everything that changes when `t` goes from its state to another (or another run queue) at
 * `now`. */
static void leave_state(struct timeline *tl, struct thread *t, uint64_t now, uint64_t delay)
{
	uint64_t span = now > t->state_since ? now - t->state_since : 0;

	close_piece(tl, t, now, tl->cpus[t->cpu].occupant);
	if (tl->sink.leaving)
		tl->sink.leaving(tl->sink.arg, t, now, delay);
	if (t->state == THREAD_RUNNING)
		note_delay(tl, t, now, delay);
	if (t->state == THREAD_WAITING) {
		t->wait_so_far += span;
		unlink_waiter(tl, t);
	}
}

static void count_event(const struct timeline *tl, struct thread *t, const struct trace_state *s)
{
	if (s->h.ts_ns < tl->start || s->h.ts_ns >= tl->end)
		return;
	if (s->state == THREAD_WAITING && t->state == THREAD_SLEEPING)
		t->sums.wakeups++;
	if (s->state == THREAD_WAITING && s->flags & TRACE_STATE_PREEMPTED)
		t->sums.preemptions++;
	if (t->state != THREAD_UNKNOWN && t->cpu != s->h.cpu)
		t->sums.migrations++;
}

static void enter_state(
	struct timeline *tl, struct thread *t, const struct trace_state *s, uint64_t now)
{
	uint32_t own = culprit_of_tid(tl->names, t->tid);

	count_event(tl, t, s);
	if (s->state == THREAD_RUNNING) {
		t->waits_done += t->wait_so_far;
		t->n_waits += t->state == THREAD_WAITING;
		t->throttled = false;
	}
	if (s->state != THREAD_WAITING)
		t->wait_so_far = 0;
	t->stopped = s->state == THREAD_SLEEPING && s->flags & TRACE_STATE_STOPPED;
	t->state = s->state;
	t->cpu = s->h.cpu;
	t->state_since = t->piece_since = now;
	t->sums.have = true;
	t->last_blamed = UINT32_MAX;
	if (s->state == THREAD_RUNNING) {
		occupy(tl, t->cpu, own, now);
	} else if (s->flags & TRACE_STATE_PREEMPTED || s->state == THREAD_SLEEPING ||
		   s->state == THREAD_EXITED) {
		if (!(s->flags & TRACE_STATE_INITIAL))
			occupy(tl, t->cpu, culprit_of_tid(tl->names, s->other_tid), now);
	}
	if (s->state == THREAD_WAITING) {
		/* Nobody waited here before: who has the CPU is not known until an OCCUPY says so,
		 * except that it is not this thread. */
		if (tl->cpus[t->cpu].occupant == own)
			occupy(tl, t->cpu, CULPRIT_ID_UNKNOWN, now);
		t->next_waiter = tl->cpus[t->cpu].waiters;
		tl->cpus[t->cpu].waiters = t;
	}
}

static void on_state(struct timeline *tl, const struct trace_state *s, uint64_t now)
{
	struct thread *t = timeline_find(tl, s->h.tid);

	if (!t || s->state > THREAD_EXITED)
		return;
	if (s->flags & TRACE_STATE_INITIAL && t->state != THREAD_UNKNOWN)
		return; /* an event told first */
	if (now < t->state_since)
		now = t->state_since;
	if (t->state == THREAD_UNKNOWN)
		t->piece_since = t->piece_since ? t->piece_since : now;
	leave_state(tl, t, now, s->run_delay_ns);
	enter_state(tl, t, s, now);
}

static void on_irq(struct timeline *tl, const struct trace_irq *irq, uint64_t now)
{
	struct cpu *c = &tl->cpus[irq->h.cpu];
	uint64_t began = irq->ns < now ? now - irq->ns : 0;

	if (!c->waiters)
		return;
	charge(tl, c, began);
	for (struct thread *t = c->waiters; t; t = t->next_waiter)
		close_piece(tl, t, now,
			culprit_of_irq(tl->names, irq->other, irq->flags & TRACE_IRQ_SOFT));
}

static void on_throttle(struct timeline *tl, const struct trace_state *s, uint64_t now)
{
	struct thread *t = timeline_find(tl, s->h.tid);
	bool on = s->state == 1;

	if (!t || t->throttled == on)
		return;
	close_piece(tl, t, now, tl->cpus[t->cpu].occupant);
	t->throttled = on;
}

/* Records are missing: nothing is known of anybody until their next STATE. */
static void on_lost(struct timeline *tl, uint64_t now)
{
	for (size_t i = 0; i < tl->n_threads; i++) {
		struct thread *t = tl->threads[i];

		if (t->state == THREAD_UNKNOWN)
			continue;
		leave_state(tl, t, now, UINT64_MAX);
		t->state = THREAD_UNKNOWN;
		t->state_since = t->piece_since = MAX(now, t->piece_since);
		/* What run_delay grew by meanwhile has no traced waits to be compared with. */
		t->have_delay = false;
		t->waits_done = t->n_waits = t->wait_so_far = 0;
	}
	for (unsigned i = 0; i < MAX_CPUS; i++)
		occupy(tl, (uint16_t)i, CULPRIT_ID_UNKNOWN, now);
}

/*
 * Told late. Where the kernel hides events, the tracer learns of a thread's state when it next gets a CPU, and puts it in
 * with its true time (TRACE_STATE_INFERRED): on a box with hundreds of guests that is a tenth of a second later, more than
 * order.c waits for. The thread was accounted in no other way since, so its own time comes out as if in order; who had the
 * CPU that it then waited for is looked up.
 */
static void charge_late(struct timeline *tl, struct thread *t)
{
	const struct occupants *had = &tl->cpus[t->cpu].had;
	uint32_t own = culprit_of_tid(tl->names, t->tid), who = CULPRIT_ID_UNKNOWN;
	const struct occupant *next;
	uint64_t i;

	if (occupants_find(had, t->piece_since, &i))
		who = occupants_get(had, i)->culprit;
	while ((next = occupants_get(had, ++i))) {
		close_piece(tl, t, next->since, who == own ? CULPRIT_ID_UNKNOWN : who);
		who = next->culprit;
	}
}

static bool late_state(struct timeline *tl, const struct trace_state *s)
{
	struct thread *t = timeline_find(tl, s->h.tid);
	uint64_t at = s->h.ts_ns;

	if (!(s->flags & TRACE_STATE_INFERRED) || s->state > THREAD_EXITED || !t ||
		t->state == THREAD_UNKNOWN || at < t->piece_since)
		return false;
	on_state(tl, s, at);
	if (t->state == THREAD_WAITING)
		charge_late(tl, t);
	return true;
}

/* Where others came after, it is known who had the CPU meanwhile. */
static bool late_occupy(struct timeline *tl, const struct trace_hdr *h)
{
	uint64_t i;

	if (!occupants_find(&tl->cpus[h->cpu].had, h->ts_ns, &i))
		return false;
	occupy(tl, h->cpu, culprit_of_tid(tl->names, h->tid), h->ts_ns);
	return true;
}

static bool late(struct timeline *tl, const struct trace_hdr *h)
{
	return h->type == TRACE_STATE	 ? late_state(tl, (const struct trace_state *)h)
	       : h->type == TRACE_OCCUPY ? late_occupy(tl, h)
					 : false;
}

void timeline_record(struct timeline *tl, const struct trace_hdr *h)
{
	uint64_t now = h->ts_ns;

	if (h->cpu >= MAX_CPUS)
		return;
	if (now < tl->last) {
		if (late(tl, h))
			return;
		tl->disorder++;
		now = tl->last;
	}
	tl->last = now;
	switch (h->type) {
	case TRACE_STATE:
		on_state(tl, (const struct trace_state *)h, now);
		break;
	case TRACE_OCCUPY:
		occupy(tl, h->cpu, culprit_of_tid(tl->names, h->tid), now);
		break;
	case TRACE_IRQ:
		on_irq(tl, (const struct trace_irq *)h, now);
		break;
	case TRACE_THROTTLE:
		on_throttle(tl, (const struct trace_state *)h, now);
		break;
	case TRACE_LOST:
		on_lost(tl, now);
		break;
	}
}

void timeline_finish(struct timeline *tl, uint64_t end)
{
	for (size_t i = 0; i < tl->n_threads; i++)
		if (tl->threads[i]->state != THREAD_UNKNOWN || tl->threads[i]->piece_since)
			leave_state(tl, tl->threads[i], MAX(end, tl->threads[i]->piece_since),
				UINT64_MAX);
}

static const struct piece *piece(const struct thread *t, uint64_t i)
{
	return i < t->n_pieces ? &t->pieces[i % TIMELINE_PIECES] : NULL;
}

const struct piece *timeline_piece_at(const struct thread *t, uint64_t from, uint64_t *index)
{
	uint64_t low = t->n_pieces > TIMELINE_PIECES ? t->n_pieces - TIMELINE_PIECES : 0,
		 high = t->n_pieces;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (piece(t, mid)->end <= from)
			low = mid + 1;
		else
			high = mid;
	}
	*index = low;
	return piece(t, low);
}

const struct piece *timeline_piece_next(const struct thread *t, uint64_t *index)
{
	return piece(t, ++*index);
}
