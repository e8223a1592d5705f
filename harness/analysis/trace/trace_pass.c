/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host trace, once through: states in order to the timeline, counters and names as they
 * come. */
#include <stdlib.h>
#include <string.h>

#include "analysis/priv.h"
#include "analysis/trace/trace_walk.h"

static struct vcpu_build *vcpu_of_tid(struct build *b, uint32_t tid)
{
	const struct thread *t = timeline_find(b->timeline, tid);

	return t ? build_vcpu(b, t->guest, t->vcpu) : NULL;
}

/* As counter_span_add(), with readings just outside the window taken for its ends. */
static void add_reading(struct build *b, struct counter_span *c, const struct trace_counter *r)
{
	const struct analysis *a = b->a;
	uint64_t ns = r->h.ts_ns;

	if (ns + COUNTER_SLACK_NS < a->window_start_ns || ns > a->window_end_ns + COUNTER_SLACK_NS)
		return;
	/* Of several before the window the last, of several after it the first. */
	if (!c->have || (ns <= a->window_start_ns && ns > c->first_ns)) {
		*c = (struct counter_span){true, r->value, ns, r->value, ns};
		return;
	}
	if (c->last_ns >= a->window_end_ns)
		return;
	c->last = r->value;
	c->last_ns = ns;
}

static void on_run_delay(struct build *b, struct vcpu_build *v, const struct trace_counter *r)
{
	add_reading(b, &v->delay, r);
	if (b->a->trace_mode != TRACE_MODE_EVENTS && v->delay_prev_ns &&
		r->h.ts_ns > v->delay_prev_ns && r->value >= v->delay_prev) {
		double grown = (double)(r->value - v->delay_prev);

		series_span(&v->acc[SERIES_RUN_DELAY], v->delay_prev_ns, r->h.ts_ns, grown);
		if (v->fine[SERIES_RUN_DELAY].n)
			series_span(
				&v->fine[SERIES_RUN_DELAY], v->delay_prev_ns, r->h.ts_ns, grown);
	}
	v->delay_prev = r->value;
	v->delay_prev_ns = r->h.ts_ns;
}

static void on_thread_counter(struct build *b, const struct trace_counter *r)
{
	struct vcpu_build *v = vcpu_of_tid(b, r->h.tid);

	if (!v)
		return;
	switch (r->key) {
	case CTR_RUN_DELAY_NS:
		on_run_delay(b, v, r);
		break;
	case CTR_TRACED_CLOCK_WAIT_NS:
		add_reading(b, &v->clock_wait, r);
		break;
	case CTR_TRACED_CONFLICTS:
		add_reading(b, &v->hidden, r);
		break;
	case CTR_TRACED_SLEEP_BOOKED_NS:
		add_reading(b, &v->sleep_booked, r);
		break;
	case CTR_TRACED_RUN_NS:
		add_reading(b, &v->traced_run, r);
		break;
	case CTR_TRACED_WAIT_NS:
		add_reading(b, &v->traced_wait, r);
		break;
	case CTR_TRACED_SLEEP_NS:
		add_reading(b, &v->traced_sleep, r);
		break;
	}
}

static void on_box_steal(struct build *b, struct box_cpu *cpu, const struct trace_counter *r)
{
	uint64_t from, grown;
	bool sound;

	cpu->steal.step_ns = NS_PER_S / 100; /* kernels account it at ticks */
	cpu->steal.slack_ns = COUNTER_SLACK_NS;
	sound = time_counter_add(&cpu->steal, b->a, r->h.ts_ns, r->value, &from, &grown);
	late_box_reading(b, cpu, sound ? grown : 0);
}

static void on_counter(struct build *b, const struct trace_counter *r)
{
	struct box_cpu *cpu;

	switch (r->scope) {
	case COUNTER_THREAD:
		on_thread_counter(b, r);
		break;
	case COUNTER_KVM:
		for (size_t g = 0; r->key == CTR_KVM_EXITS && g < b->a->n_guests; g++)
			if (b->a->info.guests[g].pid == (int)r->h.tid)
				add_reading(b, &b->guests[g].exits, r);
		break;
	case COUNTER_CGROUP:
		/* The number of a vCPU's cgroup is the vCPU's: guest << 8 | vcpu. */
		if (r->key == CTR_CGROUP_THROTTLED_NS && r->owner >> 8 < b->a->n_guests &&
			(r->owner & 255) < b->a->guests[r->owner >> 8].n_vcpus)
			add_reading(b, &build_vcpu(b, r->owner >> 8, r->owner & 255)->throttled, r);
		break;
	case COUNTER_CPU:
		if (r->h.cpu >= CPUSET_MAX)
			break;
		cpu = &b->box[r->h.cpu];
		if (r->key == CTR_BOX_IDLE_NS)
			box_idle_reading(b, cpu, r->h.ts_ns, r->value);
		if (r->key == CTR_BOX_STEAL_NS)
			on_box_steal(b, cpu, r);
		break;
	case COUNTER_SELF:
		if (r->key == CTR_SELF_CPU_NS)
			add_reading(b, &b->self_cpu, r);
		break;
	}
}

/* Where it stands, or would. */
static struct counted *counted_place(const struct build *b, const struct counted *key)
{
	uint32_t slot = (key->victim * 31u + key->who + key->kind * 7u) * 2654435761u >> 10;

	for (;; slot++) {
		struct counted *c = &b->counted[slot & (b->counted_size - 1)];

		if (!c->used ||
			(c->victim == key->victim && c->who == key->who && c->kind == key->kind))
			return c;
	}
}

static void counted_grow(struct build *b)
{
	struct counted *old = b->counted;
	uint32_t n = b->counted_size;

	b->counted_size = n ? 2 * n : COUNTED_BEGIN;
	b->counted = xcalloc(b->counted_size, sizeof(*b->counted));
	for (uint32_t i = 0; i < n; i++)
		if (old[i].used)
			*counted_place(b, &old[i]) = old[i];
	free(old);
}

/* Its cell; NULL: there is no room. */
static struct counted *counted_cell(struct build *b, const struct counted *key)
{
	uint32_t most = COUNTED_MOST / 2;
	struct counted *c;

	if (key->who ==
		CULPRIT_ID_OTHERS) /* in their stead; never all places, for a search ends at a free one */
		most += COUNTED_MOST / 4;
	if (2 * b->n_counted >= b->counted_size && b->counted_size < COUNTED_MOST)
		counted_grow(b);
	c = counted_place(b, key);
	if (c->used)
		return c;
	if (b->n_counted >= most)
		return NULL;
	b->n_counted++;
	*c = *key;
	c->used = true;
	return c;
}

/* Whether a record is of the window's begin or before, of the window, or later. Sums since the trace
 * began serve from a little outside too; what came since the last dump is counted up to the dump that
 * ends the window, and no further. */
enum when { BEFORE, WITHIN, AFTER };
static enum when when_of(struct build *b, const struct trace_blame *r)
{
	uint64_t ts = r->h.ts_ns, start = b->a->window_start_ns, end = b->a->window_end_ns;

	if (r->h.type != TRACE_BLAME_ADDED)
		return ts <= start + COUNTER_SLACK_NS ? BEFORE
		       : ts <= end + COUNTER_SLACK_NS ? WITHIN
						      : AFTER;
	if (ts <= start)
		return BEFORE;
	if (ts > end && !b->blame_end_ns)
		b->blame_end_ns = ts;
	return ts <= end || ts == b->blame_end_ns ? WITHIN : AFTER;
}

/* What stands at the window's start is taken off what stands at its end. What came since the last
 * record is added to its culprit, by the name that it has now: its tid may be used again. */
static void on_blame(struct build *b, const struct trace_blame *r)
{
	struct counted key = {.victim = r->h.tid, .who = r->culprit_tid, .kind = r->kind}, *c;
	bool added = r->h.type == TRACE_BLAME_ADDED;
	enum when when = when_of(b, r);
	uint64_t ns, times;

	if (b->a->trace_mode != TRACE_MODE_COUNTS || when == AFTER)
		return;
	if (added) {
		key.who = counted_culprit(b, &key);
		key.kind = COUNTED_BY_NUMBER;
	}
	c = counted_cell(b, &key);
	if (!c && added) { /* of these there are as many as victims */
		key.who = CULPRIT_ID_OTHERS;
		c = counted_cell(b, &key);
	}
	if (!c) {
		b->a->bad_records++;
		return;
	}
	ns = r->ns + (added ? c->ns : 0);
	times = r->times + (added ? c->times : 0);
	if (when == BEFORE) {
		c->base_ns = ns;
		c->base_times = times;
	}
	c->ns = ns;
	c->times = times;
}

static void on_track(struct build *b, const struct trace_track *r)
{
	size_t guest = r->id >> 8;
	unsigned vcpu = r->id & 255;
	struct vcpu_build *v;

	if (guest >= b->a->n_guests || vcpu >= b->a->guests[guest].n_vcpus)
		return;
	culprits_track(b->names, r->h.tid, r->id);
	v = build_vcpu(b, guest, vcpu);
	if (v->thread)
		return;
	v->out->tid = (int)r->h.tid;
	v->thread = timeline_add(b->timeline, r->h.tid, guest, vcpu);
	if (!v->thread || b->a->trace_mode != TRACE_MODE_EVENTS)
		return;
	v->thread->taken = &b->guests[guest].taken;
	v->thread->wait_series = &v->acc[SERIES_WAIT];
	v->thread->delay_series = &v->acc[SERIES_RUN_DELAY];
	if (v->fine[SERIES_WAIT].n) {
		v->thread->wait_fine = &v->fine[SERIES_WAIT];
		v->thread->delay_fine = &v->fine[SERIES_RUN_DELAY];
	}
}

static void on_note(struct build *b, const struct trace_note *r)
{
	char text[sizeof(r->text) + 1] = {0};

	memcpy(text, r->text, sizeof(r->text));
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	if (b->a->warnings.n < 200)
		strv_add(&b->a->warnings, "host agent: %s", text);
}

static void on_other(void *arg, const struct trace_hdr *h)
{
	struct build *b = arg;

	switch (h->type) {
	case TRACE_LOST:
		b->a->lost_host += ((const struct trace_counter *)h)->value;
		break;
	case TRACE_TRACK:
		on_track(b, (const struct trace_track *)h);
		break;
	case TRACE_COUNTER:
		on_counter(b, (const struct trace_counter *)h);
		break;
	case TRACE_BLAME:
	case TRACE_BLAME_ADDED:
		on_blame(b, (const struct trace_blame *)h);
		break;
	case TRACE_NOTE:
		on_note(b, (const struct trace_note *)h);
		break;
	}
}

/* Threads run.json knows are tracked from the start: their TRACK may have been cut or lost. */
static void track_known(struct build *b)
{
	for (size_t g = 0; g < b->a->n_guests; g++) {
		for (unsigned i = 0; i < b->a->guests[g].n_vcpus; i++) {
			struct trace_track r = {.id = (uint32_t)(g << 8 | i)};

			r.h.tid = (uint32_t)b->a->guests[g].vcpus[i].tid;
			if (b->a->guests[g].vcpus[i].tid > 0)
				on_track(b, &r);
		}
	}
}

void trace_thread_leaving(void *arg, struct thread *t, uint64_t now, uint64_t run_delay_ns)
{
	struct build *b = arg;
	struct vcpu_build *v = build_vcpu(b, t->guest, t->vcpu);

	if (v->thread != t)
		return;
	if (v->drained_ns <= now && !b->guests[t->guest].done)
		guest_advance(b, t->guest, now);
	join_leaving(b, v, now, run_delay_ns);
	if (v->played)
		played_leaving(b, v, t, now);
}

void trace_pass(struct build *b)
{
	struct trace_walk walk = {b->trace, b->timeline, b->names, on_other, b};

	track_known(b);
	b->trace_end_ns = trace_walk(&walk);
	b->a->bad_records += timeline_disorder(b->timeline);
}
