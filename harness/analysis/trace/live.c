// SPDX-License-Identifier: GPL-3.0-or-later
#include "analysis/trace/live.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/cells.h"

/* Totals of one thread since tracing began, as last dumped. */
struct totals {
	uint64_t run_ns, wait_ns, sleep_ns, run_delay_ns, migrations;
};

struct live_thread {
	uint32_t tid;
	size_t guest;
	int vcpu;
	struct cpuset allowed;
	struct totals now, before, first;
	uint64_t since_ns;  /* traced since; 0 = since the trace began */
	uint64_t dumped_ns; /* when `now` was dumped */
	bool ended;
	bool shown_ended;
	bool delay_begun;
	struct cells cells; /* a process with many threads is one */
};

struct cpu_totals {
	bool have;
	uint64_t idle_now, idle_before, idle_first;
	uint64_t steal_now, steal_before, steal_first;
};

struct live {
	const struct run_info *info;
	struct culprits *culprits;
	struct live_thread *threads;
	size_t n_threads;
	uint32_t *place; /* by tid: where in `threads` + 1; touched where tids are only */
	struct cpu_totals cpus[CPUSET_MAX];
	double idle[CPUSET_MAX];
	unsigned n_cpus;
	struct cpuset isolated;
	bool header_seen;
	uint64_t start_ns, now_ns, before_ns;
	uint64_t lost;
	size_t forgotten;
	struct live_view view;
};

struct live *live_make(const struct run_info *info)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->info = info;
	l->place = xcalloc(TID_MAX, sizeof(*l->place));
	l->culprits = culprits_make(info);
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_threads; i++)
		cells_release(&l->threads[i].cells);
	free(l->threads);
	free(l->place);
	free(l->view.vcpus);
	culprits_free(l->culprits);
	free(l);
}

void live_track(struct live *l, uint32_t tid, size_t guest, int vcpu, const struct cpuset *allowed,
	uint64_t since_ns)
{
	ARRAY_GROW(l->threads, l->n_threads);
	l->threads[l->n_threads++] = (struct live_thread){.tid = tid,
		.guest = guest,
		.vcpu = vcpu,
		.allowed = *allowed,
		.since_ns = since_ns};
	l->place[tid % TID_MAX] = (uint32_t)l->n_threads;
	culprits_vcpu(l->culprits, tid, guest, vcpu);
}

void live_name(struct live *l, uint32_t tid, size_t guest, int vcpu)
{
	culprits_vcpu(l->culprits, tid, guest, vcpu);
}

void live_isolated(struct live *l, const struct cpuset *cpus)
{
	l->isolated = *cpus;
}

/* The numbers of threads are used again: one that has ended is not meant. */
static struct live_thread *find_thread(struct live *l, uint32_t tid)
{
	uint32_t at = l->place[tid % TID_MAX];

	return at && l->threads[at - 1].tid == tid && !l->threads[at - 1].ended
		       ? &l->threads[at - 1]
		       : NULL;
}

const struct cpuset *live_allowed(struct live *l, uint32_t tid)
{
	const struct live_thread *t = find_thread(l, tid);

	return t ? &t->allowed : NULL;
}

void live_allow(struct live *l, uint32_t tid, const struct cpuset *allowed)
{
	struct live_thread *t = find_thread(l, tid);

	if (t)
		t->allowed = *allowed;
}

void live_end(struct live *l, uint32_t tid)
{
	struct live_thread *t = find_thread(l, tid);

	if (t)
		t->ended = true;
	culprits_forget(l->culprits, tid);
}

void live_recycle(struct live *l, bool *going, size_t n, bool (*exists)(uint32_t tid))
{
	auto_free bool *used = xcalloc(culprits_n(l->culprits), sizeof(*used));

	for (size_t i = 0; i < l->n_threads; i++) {
		const struct live_thread *t = &l->threads[i];

		if (t->guest < n)
			going[t->guest] = false;
		for (size_t k = 0; k < t->cells.n; k++)
			used[t->cells.items[k].culprit] = true;
	}
	culprits_sweep(l->culprits, going, n, exists, used);
}

size_t live_names(const struct live *l)
{
	return culprits_names(l->culprits);
}

size_t live_pages(const struct live *l)
{
	return culprits_pages(l->culprits);
}

static void take_thread_counter(struct live *l, const struct trace_counter *c)
{
	struct live_thread *t = find_thread(l, c->h.tid);

	if (!t)
		return;
	switch (c->key) {
	case CTR_TRACED_RUN_NS:
		t->now.run_ns = c->value;
		t->dumped_ns = c->h.ts_ns;
		break;
	case CTR_TRACED_WAIT_NS:
		t->now.wait_ns = c->value;
		break;
	case CTR_TRACED_SLEEP_NS:
		t->now.sleep_ns = c->value;
		break;
	case CTR_TRACED_MIGRATIONS:
		t->now.migrations = c->value;
		break;
	case CTR_RUN_DELAY_NS:
		t->now.run_delay_ns = c->value;
		if (!t->delay_begun)
			t->before.run_delay_ns = t->first.run_delay_ns = c->value;
		t->delay_begun = true;
		break;
	default:
		break;
	}
}

static void take_cpu_counter(struct live *l, const struct trace_counter *c)
{
	struct cpu_totals *cpu = &l->cpus[c->h.cpu % CPUSET_MAX];

	if (c->key == CTR_BOX_IDLE_NS) {
		cpu->idle_now = c->value;
		if (!cpu->have)
			cpu->idle_before = cpu->idle_first = c->value;
		cpu->have = true;
		l->n_cpus = MAX(l->n_cpus, c->h.cpu % CPUSET_MAX + 1u);
	} else if (c->key == CTR_BOX_STEAL_NS) {
		cpu->steal_now = c->value;
		if (!cpu->steal_first)
			cpu->steal_before = cpu->steal_first = c->value;
	}
}

static void take_blame(struct live *l, const struct trace_blame *b)
{
	struct live_thread *t = find_thread(l, b->h.tid);
	uint32_t who = CULPRIT_ID_UNKNOWN;

	if (!t)
		return;
	switch (b->kind) {
	case BLAME_TASK:
		who = culprit_of_tid(l->culprits, b->culprit_tid);
		break;
	case BLAME_IRQ:
	case BLAME_SOFTIRQ:
		who = culprit_of_irq(l->culprits, b->culprit_tid, b->kind == BLAME_SOFTIRQ);
		break;
	case BLAME_THROTTLED:
		who = CULPRIT_ID_QUOTA;
		break;
	case BLAME_IDLE:
		who = CULPRIT_ID_IDLE;
		break;
	case BLAME_OTHERS:
		who = CULPRIT_ID_OTHERS;
		break;
	default:
		break;
	}
	cells_add(&t->cells, who, b->ns);
}

static void take_record(struct live *l, const struct trace_hdr *h)
{
	size_t len = (size_t)h->len8 * 8;

	if (h->type == TRACE_TASK && len >= sizeof(struct trace_task))
		culprits_task(l->culprits, (const struct trace_task *)h);
	else if (h->type == TRACE_BLAME_ADDED && len >= sizeof(struct trace_blame))
		take_blame(l, (const struct trace_blame *)h);
	if (len < sizeof(struct trace_counter))
		return;
	if (h->type == TRACE_COUNTER) {
		const struct trace_counter *c = (const struct trace_counter *)h;

		l->now_ns = MAX(l->now_ns, h->ts_ns);
		if (c->scope == COUNTER_THREAD)
			take_thread_counter(l, c);
		else if (c->scope == COUNTER_CPU)
			take_cpu_counter(l, c);
	} else if (h->type == TRACE_LOST) {
		l->lost += ((const struct trace_counter *)h)->value;
	}
}

ssize_t live_feed(struct live *l, const void *data, size_t len, struct err *e)
{
	const char *p = data;
	size_t at = 0;

	if (!l->header_seen) {
		const struct trace_file_header *f = data;

		if (len < sizeof(*f))
			return 0;
		if (f->magic != TRACE_FILE_MAGIC || f->header_size < sizeof(*f) ||
			f->header_size > len)
			return err_set(
				e, EBADMSG, "the host agent's stream does not begin as a trace");
		l->header_seen = true;
		l->start_ns = l->before_ns = f->start_host_ns;
		at = f->header_size;
	}
	while (len - at >= sizeof(struct trace_hdr)) {
		const struct trace_hdr *h = (const struct trace_hdr *)(p + at);
		size_t n = (size_t)h->len8 * 8;

		if (n < sizeof(*h))
			return err_set(e, EBADMSG, "a record of the host agent has no length");
		if (n > len - at)
			break;
		take_record(l, h);
		at += n;
	}
	return (ssize_t)at;
}

static int by_rate(const void *a, const void *b)
{
	const struct live_culprit *x = a, *y = b;

	return x->ms_per_s < y->ms_per_s   ? 1
	       : x->ms_per_s > y->ms_per_s ? -1
					   : strcmp(x->name, y->name);
}

static void view_culprits(
	struct live *l, const struct live_thread *t, double s, bool whole, struct live_vcpu *out)
{
	auto_free struct live_culprit *all = xcalloc(t->cells.n, sizeof(*all));
	double sum = 0, named = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->cells.n; i++) {
		const struct cell *c = &t->cells.items[i];
		int64_t grown = (int64_t)(c->now - (whole ? 0 : c->before));
		double ms = grown > 0 ? (double)grown / 1e6 / s : 0;

		if (ms <= 0)
			continue;
		all[n++] = (struct live_culprit){.name = culprit_name(l->culprits, c->culprit),
			.kind = culprit_seen_by(l->culprits, c->culprit, t->guest),
			.ms_per_s = ms};
		sum += ms;
		if (c->culprit != CULPRIT_ID_UNKNOWN && c->culprit != CULPRIT_ID_OTHERS)
			named += ms;
		if (c->culprit == CULPRIT_ID_QUOTA)
			out->throttled = ms;
	}
	qsort(all, n, sizeof(*all), by_rate);
	for (size_t i = 0; i < n && i < LIVE_CULPRITS; i++) {
		out->who[i] = all[i];
		out->who[i].share = 100 * all[i].ms_per_s / sum;
	}
	out->n_who = MIN(n, (size_t)LIVE_CULPRITS);
	out->named = sum > 0 ? fmin(100, 100 * named / sum) : 100;
}

static double rate(uint64_t now, uint64_t before, double s)
{
	return now > before ? (double)(now - before) / 1e6 / s : 0;
}

static void view_box(struct live *l, bool whole)
{
	uint64_t from = whole ? l->start_ns : l->before_ns;
	double s = l->now_ns > from ? (double)(l->now_ns - from) / 1e9 : 1, steal = 0, taken;
	unsigned n = 0;

	for (unsigned cpu = 0; cpu < l->n_cpus; cpu++) {
		struct cpu_totals *c = &l->cpus[cpu];

		l->idle[cpu] = NAN;
		if (!c->have)
			continue;
		l->idle[cpu] = rate(c->idle_now, whole ? c->idle_first : c->idle_before, s);
		/* A counter that ran backwards or grew faster than time says nothing. */
		taken = rate(c->steal_now, whole ? c->steal_first : c->steal_before, s);
		if (c->steal_now >= (whole ? c->steal_first : c->steal_before) && taken < 1100) {
			n++;
			steal += taken;
		}
		if (whole)
			continue;
		c->idle_before = c->idle_now;
		c->steal_before = c->steal_now;
	}
	l->view.idle = l->idle;
	l->view.n_cpus = l->n_cpus;
	l->view.isolated = &l->isolated;
	l->view.box_steal = n ? steal / n : NAN;
}

static struct live_vcpu view_thread(struct live *l, struct live_thread *t, bool whole)
{
	uint64_t from = MAX(whole ? l->start_ns : l->before_ns, t->since_ns);
	uint64_t to = t->ended ? t->dumped_ns : l->now_ns;
	double s = to > from ? (double)(to - from) / 1e9 : 1;
	const struct totals zero = {.run_delay_ns = t->first.run_delay_ns};
	const struct totals *b = whole ? &zero : &t->before;
	struct live_vcpu x = {.guest = t->guest,
		.vcpu = t->vcpu,
		.tid = t->tid,
		.allowed = &t->allowed,
		.gone = t->ended || t->dumped_ns <= from,
		.run = rate(t->now.run_ns, b->run_ns, s),
		.wait = rate(t->now.wait_ns, b->wait_ns, s),
		.sleep = rate(t->now.sleep_ns, b->sleep_ns, s),
		.run_delay = rate(t->now.run_delay_ns, b->run_delay_ns, s),
		.migrations = (double)(t->now.migrations - b->migrations) / s};

	view_culprits(l, t, s, whole, &x);
	return x;
}

/* Of those that have ended only the last ones are shown once more, in the end: else memory grows with who came and went. */
static void forget_old(struct live *l)
{
	size_t ended = 0, n = 0;

	for (size_t i = 0; i < l->n_threads; i++)
		ended += l->threads[i].shown_ended && l->threads[i].dumped_ns;
	if (ended <= 2 * LIVE_ENDED)
		return;
	for (size_t i = 0; i < l->n_threads; i++) {
		struct live_thread *t = &l->threads[i];
		uint32_t *place = &l->place[t->tid % TID_MAX];
		bool here = *place == i + 1;

		if (t->shown_ended && (ended > LIVE_ENDED || !t->dumped_ns)) {
			ended -= t->dumped_ns != 0;
			l->forgotten += t->dumped_ns != 0; /* the others no view had */
			cells_release(&t->cells);
			*place = here ? 0 : *place;
			continue;
		}
		*place = here ? (uint32_t)n + 1 : *place;
		l->threads[n++] = *t;
	}
	l->n_threads = n;
}

const struct live_view *live_view(struct live *l, bool whole)
{
	struct live_view *v = &l->view;

	forget_old(l);
	v->vcpus = xrealloc(v->vcpus, (l->n_threads + 1) * sizeof(*v->vcpus));
	v->n = 0;
	v->from_ns = whole ? l->start_ns : l->before_ns;
	v->to_ns = l->now_ns;
	v->lost = l->lost;
	v->forgotten = whole ? l->forgotten : 0;
	view_box(l, whole);
	for (size_t i = 0; i < l->n_threads; i++) {
		struct live_thread *t = &l->threads[i];

		/* One that came since the last dump has no figures yet. */
		if (t->dumped_ns && (whole || !t->shown_ended))
			v->vcpus[v->n++] = view_thread(l, t, whole);
		if (whole)
			continue;
		t->shown_ended = t->ended;
		t->before = t->now;
		cells_told(&t->cells);
	}
	if (!whole)
		l->before_ns = l->now_ns;
	return v;
}
