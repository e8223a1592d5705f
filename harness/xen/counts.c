// SPDX-License-Identifier: GPL-3.0-or-later
#include "xen/counts.h"

#include <stdlib.h>

#include "base/util.h"
#include "xen/states.h"

struct cell {
	uint32_t tid;	    /* who had the CPU */
	uint32_t kind;	    /* enum blame_kind */
	uint64_t ns, times; /* since the last dump */
};

struct vcpu {
	uint32_t tid;
	uint16_t cpu;
	uint8_t state; /* enum thread_state */
	bool throttled;
	uint64_t since; /* all before it is in the sums */
	uint64_t run, wait, sleep, throttled_ns, migrations;
	struct cell *cells;
	size_t n_cells;
	size_t last; /* the cell charged last in this wait, or n_cells */
};

struct xen_counts {
	struct vcpu *vcpus;
	size_t n;
	uint32_t occupant[XENTRACE_CPUS];
	uint64_t begin, now;
};

struct xen_counts *xen_counts_make(uint64_t begin_ns)
{
	struct xen_counts *c = xcalloc(1, sizeof(*c));

	c->begin = begin_ns;
	return c;
}

void xen_counts_free(struct xen_counts *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->vcpus[i].cells);
	free(c->vcpus);
	free(c);
}

/* NULL: one more than are tracked at a time. */
static struct vcpu *find(struct xen_counts *c, uint32_t tid)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->vcpus[i].tid == tid)
			return &c->vcpus[i];
	if (c->n == XEN_TRACKED_MAX)
		return NULL;
	ARRAY_GROW(c->vcpus, c->n);
	c->vcpus[c->n] = (struct vcpu){.tid = tid};
	return &c->vcpus[c->n++];
}

static size_t cell_of(struct vcpu *v, uint32_t kind, uint32_t tid)
{
	size_t i = 0;

	while (i < v->n_cells && (v->cells[i].kind != kind || v->cells[i].tid != tid))
		i++;
	if (i < v->n_cells)
		return i;
	if (v->n_cells == XEN_CULPRITS_MAX)
		return XEN_CULPRITS_MAX - 1;
	if (v->n_cells == XEN_CULPRITS_MAX - 1) {
		kind = BLAME_OTHERS;
		tid = 0;
	}
	ARRAY_GROW(v->cells, v->n_cells);
	v->cells[v->n_cells] = (struct cell){.tid = tid, .kind = kind};
	return v->n_cells++;
}

/* Its time up to `now` into its sums, and the waiting to who has its CPU. */
static void charge(const struct xen_counts *c, struct vcpu *v, uint64_t now)
{
	uint32_t tid = c->occupant[v->cpu];
	uint64_t ns = now > v->since ? now - v->since : 0;
	size_t at;

	v->since = MAX(v->since, MAX(now, c->begin));
	if (v->state == THREAD_RUNNING)
		v->run += ns;
	else if (v->state == THREAD_SLEEPING)
		v->sleep += ns;
	if (v->state != THREAD_WAITING || !ns)
		return;
	v->wait += ns;
	if (v->throttled)
		v->throttled_ns += ns;
	at = v->throttled ? cell_of(v, BLAME_THROTTLED, 0)
	     : tid	  ? cell_of(v, BLAME_TASK, tid)
			  : cell_of(v, BLAME_IDLE, 0);
	v->cells[at].ns += ns;
	v->cells[at].times += at != v->last;
	v->last = at;
}

static void charge_cpu(struct xen_counts *c, uint16_t cpu, uint64_t now)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->vcpus[i].state == THREAD_WAITING && c->vcpus[i].cpu == cpu)
			charge(c, &c->vcpus[i], now);
}

static void on_state(struct xen_counts *c, const struct trace_state *r)
{
	struct vcpu *v = find(c, r->h.tid);

	if (!v)
		return;
	charge(c, v, r->h.ts_ns);
	if (v->state != THREAD_UNKNOWN && v->cpu != r->h.cpu)
		v->migrations++;
	v->state = r->state;
	v->cpu = r->h.cpu;
	v->last = SIZE_MAX;
	charge_cpu(c, v->cpu, r->h.ts_ns);
	if (r->state == THREAD_RUNNING)
		c->occupant[v->cpu] = v->tid;
	else if (r->flags & TRACE_STATE_PREEMPTED)
		c->occupant[v->cpu] = r->other_tid;
}

void xen_counts_record(void *arg, const struct trace_hdr *h)
{
	struct xen_counts *c = arg;
	struct vcpu *v;

	if (h->cpu >= XENTRACE_CPUS)
		return;
	c->now = MAX(c->now, h->ts_ns);
	switch (h->type) {
	case TRACE_STATE:
		on_state(c, (const struct trace_state *)h);
		break;
	case TRACE_OCCUPY:
		charge_cpu(c, h->cpu, h->ts_ns);
		c->occupant[h->cpu] = h->tid;
		break;
	case TRACE_THROTTLE:
		v = find(c, h->tid);
		if (v) {
			charge(c, v, h->ts_ns);
			v->throttled = ((const struct trace_state *)h)->state == 1;
		}
		break;
	case TRACE_LOST:
		for (size_t i = 0; i < c->n; i++) {
			charge(c, &c->vcpus[i], h->ts_ns);
			c->vcpus[i].state = THREAD_UNKNOWN;
			c->vcpus[i].throttled = false;
		}
		break;
	default:
		break;
	}
}

struct out {
	void (*record)(void *arg, const struct trace_hdr *h);
	void *arg;
};

static void put(
	const struct out *o, const struct vcpu *v, uint64_t ts, uint16_t key, uint64_t value)
{
	struct trace_counter r = {.h = {ts, v->tid, v->cpu, TRACE_COUNTER, sizeof(r) / 8},
		.scope = COUNTER_THREAD,
		.key = key,
		.value = value};

	o->record(o->arg, &r.h);
}

void xen_counts_dump(struct xen_counts *c, uint64_t now_ns,
	void (*record)(void *arg, const struct trace_hdr *h), void *arg)
{
	const struct out o = {record, arg};

	c->now = MAX(c->now, now_ns);
	for (size_t i = 0; i < c->n; i++) {
		struct vcpu *v = &c->vcpus[i];

		charge(c, v, c->now);
		put(&o, v, c->now, CTR_RUN_DELAY_NS, v->wait - v->throttled_ns);
		put(&o, v, c->now, CTR_TRACED_RUN_NS, v->run);
		put(&o, v, c->now, CTR_TRACED_WAIT_NS, v->wait);
		put(&o, v, c->now, CTR_TRACED_SLEEP_NS, v->sleep);
		put(&o, v, c->now, CTR_TRACED_MIGRATIONS, v->migrations);
		for (size_t k = 0; k < v->n_cells; k++) {
			struct trace_blame r = {
				.h = {c->now, v->tid, v->cpu, TRACE_BLAME_ADDED, sizeof(r) / 8},
				.culprit_tid = v->cells[k].tid,
				.kind = v->cells[k].kind,
				.ns = v->cells[k].ns,
				.times = v->cells[k].times};

			record(arg, &r.h);
		}
		v->n_cells = 0;
		v->last = SIZE_MAX;
	}
}
