// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: xentrace's stream. The first byte says in what pieces it comes and which domains have a cap.
 * Events come out in order or are counted as disorder, no time is made, and all waiting has somebody
 * to blame.
 */
#include "tests/fuzz/fuzz.h"
#include "xen/counts.h"
#include "xen/states.h"
#include "xen/xentrace.h"

#define DOMAINS 4

struct sums {
	uint64_t run, wait, sleep, blamed, now, delay;
};

struct seen {
	struct xen_states *states;
	struct sums of[DOMAINS];
	uint64_t events, last, backwards;
};

static void on_event(void *arg, const struct xen_event *v)
{
	struct seen *s = arg;

	CLAIM(v->cpu < XENTRACE_CPUS && v->from <= XEN_OFFLINE && v->to <= XEN_OFFLINE);
	s->events++;
	s->backwards += v->tsc < s->last;
	s->last = MAX(s->last, v->tsc);
	xen_states_event(s->states, v);
}

static void on_lost(void *arg, const struct xen_event *at, uint32_t n)
{
	xen_states_lost(((struct seen *)arg)->states, at, n);
}

static void on_total(void *arg, const struct trace_hdr *h)
{
	struct sums *s = &((struct seen *)arg)->of[h->tid / 64 - 1];

	CLAIM(h->tid >= 64 && h->tid / 64 <= DOMAINS);
	s->now = h->ts_ns;
	if (h->type == TRACE_BLAME_ADDED)
		s->blamed += ((const struct trace_blame *)h)->ns;
	else if (((const struct trace_counter *)h)->key == CTR_TRACED_RUN_NS)
		s->run = ((const struct trace_counter *)h)->value;
	else if (((const struct trace_counter *)h)->key == CTR_TRACED_WAIT_NS)
		s->wait = ((const struct trace_counter *)h)->value;
	else if (((const struct trace_counter *)h)->key == CTR_TRACED_SLEEP_NS)
		s->sleep = ((const struct trace_counter *)h)->value;
	else if (((const struct trace_counter *)h)->key == CTR_RUN_DELAY_NS)
		s->delay = ((const struct trace_counter *)h)->value;
}

static void feed(struct xentrace *x, const uint8_t *p, size_t n, size_t piece)
{
	struct err e = ERR_INIT;
	size_t at = 0;

	for (size_t end = MIN(piece, n);; end = MIN(end + piece, n)) {
		ssize_t used = xentrace_feed(x, p + at, end - at, &e);

		if (used < 0) {
			CLAIM(e.msg[0]);
			return;
		}
		CLAIM((size_t)used <= end - at);
		at += (size_t)used;
		if (end == n)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct xen_clock clock = {0, 0, 1000, 1000};
	struct input in = {data, size};
	uint8_t how = take_u8(&in);
	struct xen_counts *counts = xen_counts_make(0);
	struct seen seen = {.states = xen_states_make(&clock, xen_counts_record, counts)};
	struct xentrace *x = xentrace_make((struct xentrace_sink){on_event, on_lost, &seen});

	for (unsigned d = 0; d < DOMAINS; d++)
		xen_states_track(seen.states, d, 0, how >> d & 1);
	feed(x, in.p, in.n, how & 0x80 ? 1 + (how >> 4 & 7) * 5u : 65536);
	xentrace_end(x);
	CLAIM(xentrace_totals(x).events == seen.events);
	CLAIM((seen.backwards > 0) <= (xentrace_totals(x).disorder > 0));
	xen_counts_dump(counts, 0, on_total, &seen);
	for (unsigned d = 0; d < DOMAINS; d++) {
		const struct sums *s = &seen.of[d];

		CLAIM(s->run <= s->now && s->wait <= s->now && s->sleep <= s->now);
		CLAIM(s->run + s->wait + s->sleep <= s->now);
		CLAIM(s->blamed == s->wait && s->delay <= s->wait);
	}
	xentrace_free(x);
	xen_states_free(seen.states);
	xen_counts_free(counts);
	return 0;
}
