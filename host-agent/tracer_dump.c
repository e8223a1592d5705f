// SPDX-License-Identifier: GPL-3.0-or-later
/* The tracer's sums: of each thread, and who had the CPU while it waited. */
#include <bpf/bpf.h>
#include <errno.h>
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
		th->conflicts, th->state, th->run_delay,
		th->state == THREAD_RUNNING && th->arrived ? th->to_book_ns : 0};
	return true;
}

/*
 * Blame. A row is what came to a cell since the last dump: what stands in the map of the round that ends
 * with this dump (and is emptied), and what threads hold themselves now, less what they held the last
 * time. So it costs what happened, not what ever happened, and takes memory for that only.
 */

#define BATCH 1024

static void add_row(struct blame_rows *b, uint32_t victim, uint32_t culprit, uint32_t kind,
	uint64_t ns, uint64_t times)
{
	if (!times)
		return;
	if (kind == BLAME_TASK && !culprit)
		kind = BLAME_IDLE;
	ARRAY_GROW(b->rows, b->n);
	b->rows[b->n++] = (struct blame_row){{victim, culprit, kind}, (int64_t)ns, (int64_t)times};
}

static void add_rows(struct blame_rows *b, const struct blame_rows *from, int sign)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct blame_row *r = &from->rows[i];

		ARRAY_GROW(b->rows, b->n);
		b->rows[b->n++] = (struct blame_row){r->key, sign * r->ns, sign * r->times};
	}
}

/* What of it is not told yet: most threads hold the most of what they held the last time. */
static void add_held(struct tracer *t, const struct tracer_thread *th, struct blame_rows *b)
{
	struct blame_held *was = &t->held[th->slot];

	for (unsigned k = 0; k < TRACER_LEDGER; k++) {
		const struct tracer_culprit *now = &th->culprits[k];
		struct tracer_culprit *old = &was->culprits[k];

		if (now->times == old->times && now->ns == old->ns && now->tid == old->tid &&
			now->kind == old->kind)
			continue;
		add_row(b, th->tid, now->tid, now->kind, now->ns, now->times);
		add_row(b, th->tid, old->tid, old->kind, -old->ns, -(uint64_t)old->times);
		*old = *now;
	}
	add_row(b, th->tid, 0, BLAME_OTHERS, th->others_ns - was->others_ns,
		th->others_times - was->others_times);
	was->others_ns = th->others_ns;
	was->others_times = th->others_times;
}

/* The unfinished wait of a thread: its CPU's ledger less its base, the rest on who has the CPU. */
static void add_open_wait(const struct tracer_cpu *c, const struct tracer_thread *th, uint64_t now,
	struct blame_rows *b)
{
	uint64_t charged = th->charged;

	if (th->state != THREAD_WAITING)
		return;
	for (unsigned i = 0; th->based && i < TRACER_LEDGER && charged < now; i++) {
		uint64_t ns = c->ledger.ns[i] - th->base_ns[i];

		if (!ns || ns > INT64_MAX) /* this base is newer than the copy of the ledger */
			continue;
		ns = MIN(ns, now - charged);
		charged += ns;
		add_row(b, th->tid, th->throttled ? 0 : c->ledger.who[i].tid,
			th->throttled ? BLAME_THROTTLED : c->ledger.who[i].kind, ns,
			c->ledger.times[i] - th->base_times[i]);
	}
	if (charged < now)
		add_row(b, th->tid, th->throttled ? 0 : c->occupant,
			th->throttled ? BLAME_THROTTLED : BLAME_TASK, now - charged, 1);
}

static void make_held(struct tracer *t)
{
	if (t->n_held >= t->n_slots)
		return;
	t->held = xrealloc(t->held, t->n_slots * sizeof(*t->held));
	memset(t->held + t->n_held, 0, (t->n_slots - t->n_held) * sizeof(*t->held));
	t->n_held = t->n_slots;
}

void tracer_keep_blame(struct tracer *t, const struct tracer_thread *th)
{
	if (!t->skel->rodata->counts_mode)
		return;
	make_held(t);
	add_held(t, th, &t->kept);
	t->held[th->slot] = (struct blame_held){0};
	add_open_wait(&tracer_cpus(t)[th->cpu], th, now_ns(), &t->kept);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct blame_row *)a)->key, &((const struct blame_row *)b)->key,
		sizeof(struct blame_key));
}

static void put_blame(struct sink *s, const struct blame_row *row, uint64_t now)
{
	struct trace_blame r = {.culprit_tid = row->key.culprit,
		.kind = row->key.kind,
		.ns = (uint64_t)row->ns,
		.times = (uint64_t)row->times};

	r.h = trace_head(now, row->key.victim, 0, TRACE_BLAME_ADDED, sizeof(r));
	sink_put(s, &r, sizeof(r));
}

/* From here on culprits go into the other map. */
static void end_round(struct tracer *t)
{
	t->skel->bss->round_began = t->skel->bss->blame_cells;
	__atomic_add_fetch(&t->skel->bss->blame_round, 1, __ATOMIC_SEQ_CST);
}

static void empty_map(struct bpf_map *map, struct blame_rows *b)
{
	struct blame_key *keys = xcalloc(BATCH, sizeof(*keys));
	struct blame_cell *cells = xcalloc(BATCH, sizeof(*cells));
	uint32_t at = 0, n;
	bool first = true;
	int rc = 0;

	while (!rc) {
		n = BATCH;
		rc = bpf_map_lookup_and_delete_batch(
			bpf_map__fd(map), first ? NULL : &at, &at, keys, cells, &n, NULL);
		first = false;
		/* ENOENT is the end, with the last ones; after the others, too, some were taken. */
		if (rc && errno != ENOENT && errno != ENOMEM && errno != ENOSPC)
			break;
		for (uint32_t i = 0; i < n; i++)
			add_row(b, keys[i].victim, keys[i].culprit, keys[i].kind, cells[i].ns,
				cells[i].times);
	}
	free(keys);
	free(cells);
}

static void sum_up(struct blame_rows *b)
{
	size_t n = 0;

	if (b->n)
		qsort(b->rows, b->n, sizeof(*b->rows), by_key);
	for (size_t i = 0; i < b->n; i++) {
		if (!n || by_key(&b->rows[n - 1], &b->rows[i])) {
			b->rows[n++] = b->rows[i];
			continue;
		}
		b->rows[n - 1].ns += b->rows[i].ns;
		b->rows[n - 1].times += b->rows[i].times;
	}
	b->n = n;
}

struct snapshot {
	struct tracer_cpu *cpus;
	struct tracer_thread *threads;
	uint64_t now;
};

static void dump_blame(struct tracer *t, const struct snapshot *at, struct sink *s)
{
	bool odd = t->skel->bss->blame_round & 1;
	struct blame_rows b = {0}, open = {0};

	make_held(t);
	for (unsigned i = 0; i < t->n_slots; i++) {
		const struct tracer_thread *th = &at->threads[i];

		if (!th->tid)
			continue;
		add_held(t, th, &b);
		add_open_wait(&at->cpus[th->cpu], th, at->now, &open);
	}
	empty_map(odd ? t->skel->maps.blame_even : t->skel->maps.blame_odd, &b);
	if (t->stopped)
		empty_map(odd ? t->skel->maps.blame_odd : t->skel->maps.blame_even, &b);
	add_rows(&b, &t->kept, 1);
	add_rows(&b, &open, 1);
	add_rows(&b, &t->told, -1);
	sum_up(&b);
	free(t->told.rows);
	t->told = open;
	t->kept.n = 0;
	for (size_t i = 0; i < b.n; i++)
		if (b.rows[i].ns || b.rows[i].times)
			put_blame(s, &b.rows[i], at->now);
	free(b.rows);
}

/* One instant for all: the CPU may be taken from hostd between any two lines, and what the threads
 * waited and whom it is blamed on must add up. The copies are made at once when the round ends: what a
 * thread pushes out in between is told by the next dump only. What is under way then, into the map that
 * is read, is told twice, and taken off by the next. */
void tracer_dump(struct tracer *t, struct sink *s)
{
	bool counts = t->skel->rodata->counts_mode;
	struct snapshot at = {.cpus = xmalloc(t->n_cpus * sizeof(*at.cpus)),
		.threads = xmalloc(MAX(t->n_slots, 1u) * sizeof(*at.threads))};

	if (counts)
		end_round(t);
	at.now = t->stopped ? t->stopped : now_ns();
	memcpy(at.cpus, tracer_cpus(t), t->n_cpus * sizeof(*at.cpus));
	memcpy(at.threads, tracer_threads(t), t->n_slots * sizeof(*at.threads));
	if (counts && !t->stopped)
		sleep_ns(NS_PER_MS); /* an event under way on another CPU ends in far less */
	tracer_drain(t, s);	     /* names come before those who are called so */
	for (unsigned i = 0; i < t->n_slots; i++)
		if (at.threads[i].tid)
			dump_thread(&at.threads[i], at.now, s);
	if (counts)
		dump_blame(t, &at, s);
	free(at.cpus);
	free(at.threads);
}

bool tracer_is_full(const struct tracer *t)
{
	return t->skel->bss->blame_cells - t->skel->bss->round_began > TRACER_BLAME_CELLS / 2;
}
