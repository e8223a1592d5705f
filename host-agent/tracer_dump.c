// SPDX-License-Identifier: GPL-3.0-or-later
/* The tracer's sums: of each thread, and who had the CPU while it waited. */
#include <stdlib.h>
#include <string.h>

#include "host-agent/priv.h"

struct counter_row {
	enum counter_key key;
	uint64_t value;
};

static void put_rows(
	struct sink *s, uint32_t tid, uint64_t now, const struct counter_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink_counter(s, now, tid, 0, COUNTER_THREAD, rows[i].key, 0, rows[i].value);
}

static void dump_thread(const struct tracer_thread *th, uint64_t now, struct sink *s)
{
	uint64_t open = now > th->since ? now - th->since : 0;
	const struct counter_row rows[] = {
		{CTR_TRACED_RUN_NS, th->run_ns + (th->state == THREAD_RUNNING ? open : 0)},
		{CTR_TRACED_WAIT_NS, th->wait_ns + (th->state == THREAD_WAITING ? open : 0)},
		{CTR_TRACED_SLEEP_NS, th->sleep_ns + (th->state == THREAD_SLEEPING ? open : 0)},
		{CTR_TRACED_WAITS, th->waits},
		{CTR_TRACED_MIGRATIONS, th->migrations},
	};

	put_rows(s, th->tid, now, rows, ARRAY_SIZE(rows));
}

bool tracer_read(struct tracer *t, pid_t tid, struct tracer_seen *out)
{
	const struct tracer_thread *th = tracer_thread_of(t, tid);

	if (!th)
		return false;
	*out = (struct tracer_seen){th->clock_wait_ns,
		th->sleep_booked_ns - (th->state == THREAD_WAITING ? th->booked_ahead_ns : 0),
		th->conflicts, th->state == THREAD_SLEEPING, th->run_delay};
	return true;
}

/* Cells to be added up: the map's, what threads hold themselves, what those that wait now have not been
 * charged with yet. */
struct blame_row {
	struct blame_key key;
	struct blame_cell cell;
};

struct blame_rows {
	struct blame_row *rows;
	size_t n;
};

static void add_row(struct blame_rows *b, uint32_t victim, uint32_t culprit, uint32_t kind,
	uint64_t ns, uint64_t times)
{
	if (!times)
		return;
	if (kind == BLAME_TASK && !culprit)
		kind = BLAME_IDLE;
	ARRAY_GROW(b->rows, b->n);
	b->rows[b->n++] = (struct blame_row){{victim, culprit, kind}, {ns, times}};
}

/* The unfinished wait of a thread: its CPU's ledger less its base, the rest on who has the CPU. */
static void add_open_wait(
	struct tracer *t, const struct tracer_thread *th, uint64_t now, struct blame_rows *b)
{
	const struct tracer_cpu *c = &tracer_cpus(t)[th->cpu];
	uint64_t charged = th->charged, ns;

	if (th->state != THREAD_WAITING)
		return;
	for (unsigned i = 0; th->based && i < TRACER_LEDGER; i++) {
		ns = c->ledger.ns[i] - th->base_ns[i];
		if (!ns || charged + ns > now)
			continue;
		charged += ns;
		add_row(b, th->tid, th->throttled ? 0 : c->ledger.tid[i],
			th->throttled ? BLAME_THROTTLED : c->ledger.kind[i], ns,
			c->ledger.times[i] - th->base_times[i]);
	}
	if (charged < now)
		add_row(b, th->tid, th->throttled ? 0 : c->occupant,
			th->throttled ? BLAME_THROTTLED : BLAME_TASK, now - charged, 1);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct blame_row *)a)->key, &((const struct blame_row *)b)->key,
		sizeof(struct blame_key));
}

static void put_blame(struct sink *s, const struct blame_row *row)
{
	struct trace_blame r = {.culprit_tid = row->key.culprit,
		.kind = row->key.kind,
		.ns = row->cell.ns,
		.times = row->cell.times};

	r.h = trace_head(now_ns(), row->key.victim, 0, TRACE_BLAME, sizeof(r));
	sink_put(s, &r, sizeof(r));
}

static void dump_blame(
	struct tracer *t, const struct tracer_thread *threads, uint64_t now, struct sink *s)
{
	unsigned left = TRACER_BLAME_CELLS * 2; /* a table in motion could restart the walk */
	struct blame_key key, *at = NULL;
	struct blame_rows b = {0};
	struct blame_cell cell;
	struct bpf_map *map = t->skel->maps.blame;

	for (unsigned i = 0; i < t->n_slots; i++) {
		const struct tracer_thread *th = &threads[i];

		if (!th->tid)
			continue;
		for (unsigned k = 0; k < TRACER_LEDGER; k++)
			add_row(&b, th->tid, th->culprit_tid[k], th->culprit_kind[k],
				th->culprit_ns[k], th->culprit_times[k]);
		add_open_wait(t, th, now, &b);
	}
	while (left-- && !bpf_map__get_next_key(map, at, &key, sizeof(key))) {
		at = &key;
		if (!bpf_map__lookup_elem(map, &key, sizeof(key), &cell, sizeof(cell), 0))
			add_row(&b, key.victim, key.culprit, key.kind, cell.ns, cell.times);
	}
	if (b.n)
		qsort(b.rows, b.n, sizeof(*b.rows), by_key);
	for (size_t i = 0; i < b.n; i++) {
		if (i + 1 < b.n && !by_key(&b.rows[i], &b.rows[i + 1])) {
			b.rows[i + 1].cell.ns += b.rows[i].cell.ns;
			b.rows[i + 1].cell.times += b.rows[i].cell.times;
		} else {
			put_blame(s, &b.rows[i]);
		}
	}
	free(b.rows);
}

/* One instant for all: the CPU may be taken from hostd between any two lines, and what the threads
 * waited and whom it is blamed on must add up. (While the tracer runs, cells go on growing.) */
void tracer_dump(struct tracer *t, struct sink *s)
{
	size_t size = t->n_slots * sizeof(struct tracer_thread);
	struct tracer_thread *threads = xcalloc(1, MAX(size, (size_t)1));
	uint64_t now;

	tracer_drain(t, s);
	now = t->stopped ? t->stopped : now_ns();
	memcpy(threads, tracer_threads(t), size);
	for (unsigned i = 0; i < t->n_slots; i++)
		if (threads[i].tid)
			dump_thread(&threads[i], now, s);
	if (t->skel->rodata->counts_mode)
		dump_blame(t, threads, now, s);
	free(threads);
}
