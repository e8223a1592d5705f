// SPDX-License-Identifier: GPL-3.0-or-later
/* The eBPF side of hostd, user part. See tracer.h. */
#include "host-agent/tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "host-agent/priv.h"

/* A record is in its bunch this long after its time, unless the box's own hypervisor takes the CPU in between. */
#define LATE_NS NS_PER_MS

/* What comes aside: new names come before those who are called so, the others in their place. */
static void put_aside(struct tracer *t, const void *record, size_t size)
{
	const struct trace_task *r = record;

	if (r->h.type == TRACE_TASK && !(r->flags & TRACE_TASK_EXEC))
		sink_put(t->sink, record, size);
	else
		merge_add(t->merge, record, size);
}

static int on_record(void *ctx, void *data, size_t size)
{
	put_aside(ctx, data, size);
	return 0;
}

static int map_ring(struct tracer *t, struct err *e)
{
	t->ring = ring_buffer__new(bpf_map__fd(t->skel->maps.ring), on_record, t, NULL);
	return t->ring ? 0 : err_sys(e, "cannot map the ring");
}

/* Run the walk over all tasks. Its records come in order, but with thousands of tasks it takes ms: what happens meanwhile goes
 * between them. */
static int walk(struct tracer *t, struct err *e)
{
	auto_close int fd = bpf_iter_create(bpf_link__fd(t->skel->links.walk_tasks));
	auto_free char *buf = xmalloc(64 << 10);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "cannot walk the tasks");
	while ((n = read(fd, buf + used, (64 << 10) - used)) > 0) {
		used += (size_t)n;
		size_t whole = used - used % sizeof(struct trace_state);

		if (whole)
			memcpy(merge_stream(t->merge, whole), buf, whole);
		memmove(buf, buf + whole, used - whole);
		used -= whole;
	}
	return n < 0 ? err_sys(e, "cannot walk the tasks") : 0;
}

int tracer_open(bool counts, bool queue, struct tracer **out, struct err *e)
{
	struct tracer *t = xcalloc(1, sizeof(*t));
	int rc;

	t->stats_fd = -1;
	t->merge = merge_make();
	rc = tracer_load(t, counts, queue, e);
	if (!rc)
		rc = map_ring(t, e);
	if (!rc)
		rc = walk(t, e); /* who occupies each CPU now */
	if (rc) {
		tracer_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tracer_close(struct tracer *t)
{
	if (!t)
		return;
	ring_buffer__free(t->ring);
	tracer_bpf__destroy(t->skel);
	if (t->stats_fd >= 0)
		close(t->stats_fd);
	merge_free(t->merge);
	free(t->ends);
	free(t->kept.rows);
	free(t->told.rows);
	free(t->held);
	free(t);
}

struct tracer_cpu *tracer_cpus(struct tracer *t)
{
	return (struct tracer_cpu *)t->skel->bss->room;
}

struct tracer_thread *tracer_threads(struct tracer *t)
{
	return (struct tracer_thread *)((char *)t->skel->bss->room + t->skel->rodata->threads_at);
}

/* Where the slot of `tid` is noted, or 0 in its stead: at the end of its chain. */
static uint16_t *place_of(struct tracer *t, uint32_t tid)
{
	uint16_t *at = &t->skel->bss->places[tid & t->skel->rodata->last_place];

	while (*at && tracer_threads(t)[*at - 1].tid != tid)
		at = &tracer_threads(t)[*at - 1].next;
	return at;
}

struct tracer_thread *tracer_thread_of(struct tracer *t, pid_t tid)
{
	uint16_t slot = *place_of(t, (uint32_t)tid);

	return slot ? &tracer_threads(t)[slot - 1] : NULL;
}

/* Events do not find it any more. Those under way may stand in its chain still: they end in far less than this waits. */
static void take_from_chain(struct tracer *t, struct tracer_thread *th)
{
	__atomic_store_n(place_of(t, th->tid), th->next, __ATOMIC_RELEASE);
	sleep_ns(NS_PER_MS);
}

static struct tracer_thread *free_slot(struct tracer *t)
{
	struct tracer_thread *all = tracer_threads(t);

	if (!t->n_free && t->n_slots < t->max_threads) {
		t->skel->bss->layers = t->n_slots / TRACER_GROUPS + 1;
		return &all[t->n_slots++];
	}
	for (unsigned i = 0; i < t->max_threads; i++)
		if (!all[i].tid || (!t->n_free && all[i].state == THREAD_EXITED)) {
			t->n_free -= !all[i].tid;
			return &all[i];
		}
	return NULL;
}

int tracer_track(struct tracer *t, pid_t tid, struct err *e)
{
	struct tracer_thread *th = tracer_thread_of(t, tid);
	if (tid < 1 || (uint32_t)tid >= TRACER_TIDS)
		return err_set(e, EINVAL, "%d is no thread", (int)tid);
	if (th && th->state != THREAD_EXITED)
		return 0;
	if (!th)
		th = free_slot(t);
	if (!th)
		return err_set(e, ENOSPC, "more than %u threads to trace", t->max_threads);
	if (th->tid) {
		tracer_keep_blame(t, th);
		take_from_chain(t, th);
	}
	*th = (struct tracer_thread){.tid = (uint32_t)tid,
		.slot = (uint32_t)(th - tracer_threads(t)),
		.since = now_ns()};
	__atomic_store_n(place_of(t, th->tid), (uint16_t)(th->slot + 1), __ATOMIC_SEQ_CST);
	return t->running ? walk(t, e) : 0;
}

int tracer_untrack(struct tracer *t, pid_t tid, struct err *e)
{
	struct tracer_thread *th = tracer_thread_of(t, tid);

	if (!th)
		return err_set(e, ENOENT, "thread %d is not traced", (int)tid);
	take_from_chain(t, th);
	if (th->state == THREAD_WAITING) {
		struct tracer_cpu *c = &tracer_cpus(t)[th->cpu];

		__atomic_sub_fetch(&c->waiting[tracer_wait_word(th->slot)],
			tracer_wait_one(th->slot), __ATOMIC_SEQ_CST);
		__atomic_sub_fetch(&c->waiters, 1, __ATOMIC_SEQ_CST);
	}
	tracer_keep_blame(t, th);
	*th = (struct tracer_thread){0};
	t->n_free++;
	return 0;
}

void tracer_watch_throttle(struct tracer *t)
{
	t->skel->bss->watch_throttle = 1;
}

int tracer_start(struct tracer *t, struct err *e)
{
	if (t->stopped) /* who occupies the CPUs was not followed since */
		for (unsigned i = 0; i < t->n_cpus; i++)
			tracer_cpus(t)[i].occupant_task = 0;
	t->stopped = 0;
	__atomic_store_n(&t->skel->bss->active, TRACER_ACTIVE, __ATOMIC_SEQ_CST);
	t->running = true;
	return walk(t, e);
}

void tracer_stop(struct tracer *t, struct sink *s)
{
	__atomic_store_n(&t->skel->bss->active, TRACER_STOPPED, __ATOMIC_SEQ_CST);
	t->stopped = now_ns();
	t->running = false;
	sleep_ns(NS_PER_MS); /* events under way */
	tracer_drain(t, s);
}

int tracer_poll_fd(const struct tracer *t)
{
	return ring_buffer__epoll_fd(t->ring);
}

bool tracer_calls(const struct tracer *t)
{
	return !t->skel->rodata->use_queue;
}

static void drain_queue(struct tracer *t)
{
	uint64_t record[TRACER_RECORD_MAX / 8];
	const struct trace_hdr *h = (const void *)record;
	int fd = bpf_map__fd(t->skel->maps.queue);
	/* Bounded: it fills while it is read. */
	for (unsigned left = 1 << 17; left; left--) {
		if (bpf_map_lookup_and_delete_elem(fd, NULL, record))
			return;
		put_aside(t, record, MIN(h->len8 * 8u, sizeof(record)));
	}
}

/* What stands in the bunch of a CPU up to `end` becomes a stream; its room is free again. */
static void take_bunch(struct tracer *t, unsigned cpu, uint64_t end)
{
	uint64_t size = t->skel->rodata->bunch_bytes, begin = tracer_cpus(t)[cpu].read;
	const char *bunch = (char *)t->skel->bss->room + t->skel->rodata->bunches_at + cpu * size;
	size_t n = end - begin, first = MIN(n, size - begin % size);
	char *to;

	if (!n)
		return;
	to = merge_stream(t->merge, n);
	memcpy(to, bunch + begin % size, first);
	memcpy(to + first, bunch, n - first);
	__atomic_store_n(&tracer_cpus(t)[cpu].read, end, __ATOMIC_RELEASE);
}

/* Up to where each has been written now, so that none is read much later than another. */
static void take_bunches(struct tracer *t)
{
	for (unsigned i = 0; i < t->n_cpus; i++)
		t->ends[i] = __atomic_load_n(&tracer_cpus(t)[i].written, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < t->n_cpus; i++)
		take_bunch(t, i, t->ends[i]);
}

void tracer_drain(struct tracer *t, struct sink *s)
{
	/* What came later is told the next time: by then all is read that stands before it. */
	uint64_t lost = 0, until = t->stopped ? UINT64_MAX : now_ns() - LATE_NS;

	t->sink = s;
	take_bunches(t);
	merge_stream(t->merge, 0);
	if (t->skel->rodata->use_queue)
		drain_queue(t);
	else
		ring_buffer__consume(t->ring);
	merge_until(t->merge, until, s);
	for (unsigned i = 0; i < t->n_cpus; i++)
		lost += __atomic_load_n(&tracer_cpus(t)[i].lost, __ATOMIC_RELAXED);
	if (lost > t->lost_seen)
		sink_lost(s, lost - t->lost_seen);
	t->lost_seen = lost;
}

int tracer_measure(struct tracer *t, struct err *e)
{
	t->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return t->stats_fd < 0 ? err_sys(e, "cannot measure eBPF programs") : 0;
}

uint64_t tracer_bpf_ns(const struct tracer *t)
{
	struct bpf_program *p;
	uint64_t sum = 0;

	bpf_object__for_each_program(p, t->skel->obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &size))
			sum += info.run_time_ns;
	}
	return sum;
}
