// SPDX-License-Identifier: GPL-3.0-or-later
/* Records of several writers become one stream by time: the first of each stands in a heap. See merge.h. */
#include "host-agent/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct stream {
	size_t at, end; /* in merge.bytes */
};

struct merge {
	char *bytes;
	size_t used, room;
	struct stream *streams;
	uint32_t *heap; /* streams that have a record left, the earliest first */
	size_t n, n_heap;
};

struct merge *merge_make(void)
{
	return xcalloc(1, sizeof(struct merge));
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	free(m->bytes);
	free(m->streams);
	free(m->heap);
	free(m);
}

static char *more(struct merge *m, size_t size)
{
	if (!m->bytes || m->room - m->used < size)
		m->bytes = xrealloc(m->bytes, m->room = 2 * (m->used + size) + 64);
	m->used += size;
	m->streams[m->n - 1].end = m->used;
	return m->bytes + m->used - size;
}

char *merge_stream(struct merge *m, size_t size)
{
	ARRAY_GROW(m->streams, m->n);
	m->streams[m->n++] = (struct stream){m->used, m->used};
	return more(m, size);
}

void merge_add(struct merge *m, const void *record, size_t size)
{
	memcpy(more(m, size), record, size);
}

static const struct trace_hdr *first_of(const struct merge *m, uint32_t stream)
{
	return (const struct trace_hdr *)(const void *)(m->bytes + m->streams[stream].at);
}

static bool is_before(const struct merge *m, uint32_t a, uint32_t b)
{
	uint64_t x = first_of(m, a)->ts_ns, y = first_of(m, b)->ts_ns;

	return x != y ? x < y : a < b;
}

static void sift_down(struct merge *m, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < m->n_heap; i = child) {
		uint32_t up = m->heap[i];

		if (child + 1 < m->n_heap && is_before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!is_before(m, m->heap[child], up))
			return;
		m->heap[i] = m->heap[child];
		m->heap[child] = up;
	}
}

/* When the first record of another stream comes, or a little more than `until`. */
static uint64_t turn_of_others(const struct merge *m, uint64_t until)
{
	uint64_t turn = until == UINT64_MAX ? until : until + 1;

	for (size_t i = 1; i < 3 && i < m->n_heap; i++) /* the next is below the top */
		turn = MIN(turn, first_of(m, m->heap[i])->ts_ns);
	return turn;
}

/* Hands out the first record of a stream, and all behind it that come before any of another. */
static void put_run(struct merge *m, struct stream *of, uint64_t turn, struct sink *s)
{
	size_t end = of->at;
	const struct trace_hdr *h;

	do {
		h = (const struct trace_hdr *)(const void *)(m->bytes + end);
		end = h->len8 ? end + h->len8 * (size_t)8 : of->end;
		h = (const struct trace_hdr *)(const void *)(m->bytes + end);
	} while (end < of->end && h->ts_ns < turn);
	sink_put(s, m->bytes + of->at, end - of->at);
	of->at = end;
}

/* What is left of each stream, back to back from the beginning. */
static void keep_rest(struct merge *m)
{
	size_t n = 0;

	m->used = 0;
	for (size_t i = 0; i < m->n; i++) {
		struct stream rest = m->streams[i];
		size_t size = rest.end - rest.at;

		if (!size)
			continue;
		memmove(m->bytes + m->used, m->bytes + rest.at, size);
		m->streams[n++] = (struct stream){m->used, m->used + size};
		m->used += size;
	}
	m->n = n;
}

void merge_until(struct merge *m, uint64_t until, struct sink *s)
{
	m->heap = xrealloc(m->heap, (m->n ? m->n : 1) * sizeof(*m->heap));
	m->n_heap = 0;
	for (uint32_t i = 0; i < m->n; i++)
		if (m->streams[i].at < m->streams[i].end)
			m->heap[m->n_heap++] = i;
	for (size_t i = m->n_heap / 2; i--;)
		sift_down(m, i);
	while (m->n_heap && first_of(m, m->heap[0])->ts_ns <= until) {
		struct stream *first = &m->streams[m->heap[0]];

		put_run(m, first, turn_of_others(m, until), s);
		if (first->at >= first->end)
			m->heap[0] = m->heap[--m->n_heap];
		sift_down(m, 0);
	}
	keep_rest(m);
}
