// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading xentrace's stream and putting its events into the order of time. */
#include "xen/xentrace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define EVENT_MASK     0x0fffffffu
#define EVENT_CPU      0x0001f003u /* TRC_TRACE_CPU_CHANGE: cpu, bytes that follow */
#define EVENT_LOST     0x0001f001u /* TRC_LOST_RECORDS: number, whose, first TSC */
#define EVENT_RUNSTATE 0x00021001u /* TRC_SCHED_RUNSTATE_CHANGE; old state << 8, new << 4 */
#define RUNSTATE_MASK  0x0ffff00fu
#define EVENT_CONTINUE 0x00021002u /* TRC_SCHED_CONTINUE_RUNNING: Xen chose the same again */
/* TRC_SCHED_SWITCH_INFPREV, right before the changes of state of a switch: domain, vCPU, ns that it ran (low 32 bits).
 * These are on Xen's clock, as its book of run states is, and from one switch of the CPU to the next: their sum is the time
 * of each switch. */
#define EVENT_PREV	 0x0002800eu
#define BOOK_EPOCH	 (UINT64_C(1) << 48) /* ns: three days */
#define RECORD_WORDS_MAX 10

struct held {
	struct xen_event v;
	uint64_t nth;  /* those of equal TSC keep the order in which they came */
	uint32_t lost; /* not 0: no event, but so many that there was no room for */
};

struct xentrace {
	struct xentrace_sink sink;
	struct xentrace_totals totals;
	bool begun;
	uint16_t cpu;
	uint32_t left; /* bytes of the window that are still to come */
	struct held *held;
	size_t n_held;
	uint64_t nth;
	uint64_t handed_out; /* the TSC up to which events were */
	/* The newest TSC of this round over the CPUs, and of the one before. */
	uint64_t newest, newest_before;
	uint64_t books[XENTRACE_CPUS]; /* Xen's time of a CPU's last switch */
	uint64_t epochs;
};

struct xentrace *xentrace_make(struct xentrace_sink sink)
{
	struct xentrace *x = xcalloc(1, sizeof(*x));

	x->sink = sink;
	return x;
}

void xentrace_free(struct xentrace *x)
{
	if (!x)
		return;
	free(x->held);
	free(x);
}

static int by_time(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->v.tsc != y->v.tsc)
		return x->v.tsc < y->v.tsc ? -1 : 1;
	return x->nth < y->nth ? -1 : x->nth > y->nth;
}

/* Hand out all that is not later than `until`. */
static void hand_out(struct xentrace *x, uint64_t until)
{
	size_t n = 0;

	if (!x->n_held)
		return;
	qsort(x->held, x->n_held, sizeof(*x->held), by_time);
	for (; n < x->n_held && x->held[n].v.tsc <= until; n++) {
		if (x->held[n].v.tsc < x->handed_out)
			x->totals.disorder++;
		else
			x->handed_out = x->held[n].v.tsc;
		if (x->held[n].lost && x->sink.lost)
			x->sink.lost(x->sink.arg, &x->held[n].v, x->held[n].lost);
		else if (!x->held[n].lost && x->sink.event)
			x->sink.event(x->sink.arg, &x->held[n].v);
	}
	x->n_held -= n;
	memmove(x->held, x->held + n, x->n_held * sizeof(*x->held));
}

/*
 * A new round over the CPUs begins when one comes whose number is not greater than the last. Each
 * CPU's buffer was emptied in the round before this one, and that after all of the round before that
 * was read: so nothing that comes from now on is older than the newest of two rounds ago.
 */
static void new_round(struct xentrace *x)
{
	hand_out(x, x->newest_before);
	x->newest_before = x->newest;
}

static int take_window(struct xentrace *x, const uint32_t *data, unsigned words, struct err *e)
{
	if (words != 2 || data[0] >= XENTRACE_CPUS || data[1] % 4)
		return err_set(e, EBADMSG, "a window of the Xen trace names no CPU and length");
	if (x->begun && data[0] <= x->cpu)
		new_round(x);
	x->begun = true;
	x->cpu = (uint16_t)data[0];
	x->left = data[1];
	return 0;
}

static void hold(struct xentrace *x, struct held h)
{
	if (x->n_held == XENTRACE_HELD) /* the older half first: the order is as good as can be */
		hand_out(x, x->held[XENTRACE_HELD / 2].v.tsc);
	if (x->n_held == XENTRACE_HELD)
		hand_out(x, UINT64_MAX);
	h.v.cpu = x->cpu;
	h.nth = x->nth++;
	ARRAY_GROW(x->held, x->n_held);
	x->held[x->n_held++] = h;
	x->newest = MAX(x->newest, h.v.tsc);
}

static void take_event(struct xentrace *x, uint8_t from, uint8_t to, uint64_t tsc, uint32_t who)
{
	bool switches = from != to && (from == XEN_RUNNING || to == XEN_RUNNING);

	x->totals.events++;
	hold(x, (struct held){.v = {.tsc = tsc,
				      .vcpu = (uint16_t)who,
				      .domain = (uint16_t)(who >> 16),
				      .from = from,
				      .to = to,
				      .book_ns = switches ? x->books[x->cpu] : 0}});
}

/* A switch of this CPU, so many ns after the one before it: of a run that 32 bits do not hold the rest, which who
 * holds it against the trace sees. Where the switch before it is not known, a new count begins. */
static void book(struct xentrace *x, uint32_t ns)
{
	uint64_t *b = &x->books[x->cpu];

	if (*b)
		*b += ns;
	else
		*b = ++x->epochs * BOOK_EPOCH;
}

/* data: how many, whose was the first, its TSC. */
static void take_lost(struct xentrace *x, uint64_t tsc, const uint32_t *data, unsigned n)
{
	uint64_t first = n >= 4 ? data[2] | (uint64_t)data[3] << 32 : tsc;

	if (!data[0])
		return;
	x->totals.lost += data[0];
	x->books[x->cpu] = 0;
	hold(x, (struct held){.v = {.tsc = MIN(first, tsc)}, .lost = data[0]});
}

static int take_record(struct xentrace *x, const uint32_t *word, unsigned words, struct err *e)
{
	uint32_t event = word[0] & EVENT_MASK;
	unsigned timed = word[0] >> 31 ? 2 : 0, n = words - 1 - timed;
	const uint32_t *data = word + 1 + timed;
	uint64_t tsc = timed ? word[1] | (uint64_t)word[2] << 32 : x->newest;

	if (event == EVENT_CPU) {
		if (x->left)
			return err_set(e, EBADMSG, "a window of the Xen trace is cut short");
		return take_window(x, data, n, e);
	}
	if (!x->begun || words * 4 > x->left)
		return err_set(e, EBADMSG,
			x->begun ? "a record of the Xen trace crosses the end of its window"
				 : "this does not begin as xentrace's output does");
	x->left -= words * 4;
	if (event == EVENT_LOST && n >= 1) {
		take_lost(x, tsc, data, n);
	} else if (timed && n >= 3 && event == EVENT_PREV) {
		book(x, data[2]);
	} else if (timed && n >= 1 && event == EVENT_CONTINUE) {
		take_event(x, XEN_RUNNING, XEN_RUNNING, tsc, data[0]);
	} else if (timed && n >= 1 && (event & RUNSTATE_MASK) == EVENT_RUNSTATE) {
		take_event(x, event >> 8 & 3, event >> 4 & 3, tsc, data[0]);
	}
	return 0;
}

ssize_t xentrace_feed(struct xentrace *x, const void *data, size_t len, struct err *e)
{
	const char *p = data;
	size_t at = 0;

	while (len - at >= 4) {
		uint32_t word[RECORD_WORDS_MAX];
		unsigned words;
		int rc;

		memcpy(word, p + at, 4);
		words = 1 + (word[0] >> 31 ? 2 : 0) + (word[0] >> 28 & 7);
		if (len - at < words * 4)
			break;
		memcpy(word, p + at, words * 4);
		rc = take_record(x, word, words, e);
		if (rc)
			return rc;
		at += words * 4;
	}
	return (ssize_t)at;
}

void xentrace_end(struct xentrace *x)
{
	hand_out(x, UINT64_MAX);
}

struct xentrace_totals xentrace_totals(const struct xentrace *x)
{
	return x->totals;
}

uint64_t xentrace_known(const struct xentrace *x)
{
	return x->handed_out;
}
