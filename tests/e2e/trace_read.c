// SPDX-License-Identifier: GPL-3.0-or-later
/* See trace_read.h. */
#include "trace_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

struct read_thread *read_find(struct read_trace *t, uint32_t tid)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].tid == tid)
			return &t->threads[i];
	return NULL;
}

bool read_is_named(const struct read_trace *t, uint32_t tid)
{
	for (size_t i = 0; i < t->n_named; i++)
		if (t->named[i] == tid)
			return true;
	return tid == 0;
}

uint64_t read_blamed(const struct read_thread *th, uint32_t tid)
{
	for (size_t i = 0; i < th->n_blame; i++)
		if (th->blame[i].tid == tid)
			return th->blame[i].ns;
	return 0;
}

static void add_blame(struct read_thread *th, uint32_t tid, uint64_t ns)
{
	for (size_t i = 0; i < th->n_blame; i++) {
		if (th->blame[i].tid != tid)
			continue;
		th->blame[i].ns += ns;
		return;
	}
	ARRAY_GROW(th->blame, th->n_blame);
	th->blame[th->n_blame++] = (struct read_blame){tid, ns};
}

static void charge(struct read_thread *th, uint32_t tid, uint64_t ts)
{
	if (ts <= th->charged_ns)
		return;
	add_blame(th, tid, ts - th->charged_ns);
	th->charged_ns = ts;
}

static void add_cell(struct read_thread *th, const struct trace_blame *cell)
{
	th->cells_ns += cell->ns;
	if (cell->kind == BLAME_TASK)
		add_blame(th, cell->culprit_tid, cell->ns);
	if (cell->kind == BLAME_OTHERS)
		th->others_ns += cell->ns;
	if (cell->kind == BLAME_THROTTLED)
		th->throttled_ns += cell->ns;
}

static void charge_cpu(struct read_trace *t, unsigned cpu, uint64_t ts)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].state == THREAD_WAITING && t->threads[i].cpu == cpu)
			charge(&t->threads[i], t->occupant[cpu], ts);
}

static void join_run_delay(struct read_thread *th, const struct trace_state *r)
{
	if (!th->joined) {
		th->joined = true;
		th->wait_at_first = th->ns[THREAD_WAITING];
		th->waits_at_first = th->waits;
		th->delay_at_first = r->run_delay_ns;
	}
	th->wait_at_last = th->ns[THREAD_WAITING];
	th->waits_at_last = th->waits;
	th->delay_at_last = r->run_delay_ns;
}

static void on_state(struct read_trace *t, const struct trace_state *r)
{
	struct read_thread *th = read_find(t, r->h.tid);
	uint64_t ts = r->h.ts_ns;

	if (!th || r->state > THREAD_EXITED || r->h.cpu >= READ_MAX_CPUS) {
		strv_add(&t->faults, "STATE of a thread that is not tracked, or out of range");
		return;
	}
	if (th->state == THREAD_UNKNOWN)
		th->first_ns = ts;
	else if (ts < th->since_ns)
		strv_add(&t->faults, "thread %u goes back in time by %" PRIu64 " ns", th->tid,
			th->since_ns - ts);
	else
		th->ns[th->state] += ts - th->since_ns;
	if (th->state == r->state && !(r->flags & (TRACE_STATE_MIGRATED)))
		strv_add(&t->faults, "thread %u: state %u follows itself %.3f ms after it began",
			th->tid, r->state, (ts - th->first_ns) / 1e6);
	if (th->state == THREAD_WAITING)
		charge_cpu(t, th->cpu, ts);
	if (th->state == THREAD_RUNNING)
		join_run_delay(th, r);
	th->inferred += !!(r->flags & TRACE_STATE_INFERRED);
	th->migrations += !!(r->flags & TRACE_STATE_MIGRATED);
	th->waits += r->state == THREAD_WAITING && !(r->flags & TRACE_STATE_MIGRATED);
	if (r->state == THREAD_RUNNING) {
		charge_cpu(t, r->h.cpu, ts);
		t->occupant[r->h.cpu] = th->tid;
	}
	th->state = r->state;
	th->cpu = r->h.cpu;
	th->since_ns = ts;
	th->charged_ns = ts;
}

static void on_occupy(struct read_trace *t, const struct trace_occupy *r)
{
	if (r->h.cpu >= READ_MAX_CPUS)
		return;
	charge_cpu(t, r->h.cpu, r->h.ts_ns);
	t->occupant[r->h.cpu] = r->h.tid;
}

static void first_and_last(uint64_t pair[2], uint64_t value, bool first)
{
	if (first)
		pair[0] = value;
	pair[1] = value;
}

static void on_counter(struct read_trace *t, const struct trace_counter *r)
{
	struct read_thread *th = r->scope == COUNTER_THREAD ? read_find(t, r->h.tid) : NULL;

	if (!th)
		return;
	switch (r->key) {
	case CTR_RUN_DELAY_NS:
		first_and_last(th->run_delay, r->value, !th->seen_delay);
		th->seen_delay = true;
		break;
	case CTR_TRACED_CLOCK_WAIT_NS:
		first_and_last(th->clock_wait, r->value, !th->seen_clock);
		th->seen_clock = true;
		break;
	case CTR_TRACED_SLEEP_BOOKED_NS:
		first_and_last(th->booked, r->value, !th->seen_booked);
		th->seen_booked = true;
		break;
	case CTR_TRACED_CONFLICTS:
		th->conflicts = r->value;
		break;
	case CTR_TRACED_RUN_NS:
	case CTR_TRACED_WAIT_NS:
	case CTR_TRACED_SLEEP_NS:
		th->total[r->key - CTR_TRACED_RUN_NS] = r->value;
		th->total_ts = r->h.ts_ns;
		break;
	default:
		break;
	}
}

static void on_record(struct read_trace *t, const struct trace_hdr *h)
{
	const void *at = h;
	struct read_thread *th;

	switch (h->type) {
	case TRACE_TRACK:
		if (t->n_threads < READ_MAX_THREADS &&
			((const struct trace_track *)at)->id < READ_FILLER)
			t->threads[t->n_threads++].tid = h->tid;
		break;
	case TRACE_STATE:
		on_state(t, at);
		break;
	case TRACE_OCCUPY:
		on_occupy(t, at);
		break;
	case TRACE_IRQ:
		t->irqs++;
		break;
	case TRACE_TASK:
		ARRAY_GROW(t->named, t->n_named);
		t->named[t->n_named++] = h->tid;
		break;
	case TRACE_COUNTER:
		on_counter(t, at);
		break;
	case TRACE_LOST:
		t->lost += ((const struct trace_counter *)at)->value;
		break;
	case TRACE_THROTTLE:
		th = read_find(t, h->tid);
		if (th)
			th->throttles += ((const struct trace_state *)at)->state;
		break;
	case TRACE_BLAME_ADDED:
		th = read_find(t, h->tid);
		if (th)
			add_cell(th, (const void *)at);
		break;
	case TRACE_END:
		t->ended = true;
		if (((const struct trace_counter *)at)->value != t->records)
			strv_add(&t->faults,
				"TRACE_END counts %" PRIu64 " records, there are %" PRIu64,
				((const struct trace_counter *)at)->value, t->records);
		break;
	default:
		break;
	}
}

int read_trace(const char *path, struct read_trace *t, struct err *e)
{
	size_t size, at;
	auto_free char *data = read_file(path, (size_t)1 << 30, &size, e);

	*t = (struct read_trace){.bytes = 0};
	if (!data)
		return -e->code;
	for (size_t i = 0; i < READ_MAX_CPUS; i++)
		t->occupant[i] = NOBODY;
	t->bytes = size;
	if (size < sizeof(t->header))
		return err_set(e, EINVAL, "%s is too short", path);
	memcpy(&t->header, data, sizeof(t->header));
	if (t->header.magic != TRACE_FILE_MAGIC || t->header.header_size != sizeof(t->header))
		return err_set(e, EINVAL, "%s is no trace", path);
	for (at = sizeof(t->header); at + sizeof(struct trace_hdr) <= size;) {
		const struct trace_hdr *h = (const void *)(data + at);

		if (h->len8 < 2 || at + h->len8 * 8u > size)
			break;
		on_record(t, h);
		t->records++;
		at += h->len8 * 8u;
	}
	if (at != size)
		strv_add(&t->faults, "%zu bytes are left over", size - at);
	return 0;
}

void read_trace_release(struct read_trace *t)
{
	for (size_t i = 0; i < t->n_threads; i++)
		free(t->threads[i].blame);
	free(t->named);
	strv_release(&t->faults);
}
