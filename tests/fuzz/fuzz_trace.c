// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * libFuzzer: a host trace. First byte even: the rest is the file as it is. Odd: the rest is a
 * program of records with sound lengths, so that the states behind the reader are reached. Every
 * record handed out is whole and of a known type; time is neither lost nor made by the timeline.
 */
#include "analysis/trace/trace_walk.h"
#include "record/run_info.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_trace.h"

#define WINDOW_START (FUZZ_TRACE_START + NS_PER_S)
#define WINDOW_END   (WINDOW_START + 10 * NS_PER_S)

static void on_other(void *arg, const struct trace_hdr *h)
{
	uint64_t *sum = arg;
	const uint8_t *p = (const uint8_t *)h;

	for (size_t i = 0; i < h->len8 * 8u; i++) /* all of it can be read */
		*sum += p[i];
}

/* Records one by one: whole, known, counted. */
static void read_all(const char *path)
{
	struct trace_reader *r = NULL;
	const struct trace_hdr *h;
	struct err e = ERR_INIT;
	uint64_t n = 0, sum = 0;

	if (trace_reader_open(path, &r, &e)) {
		CLAIM(e.msg[0]);
		return;
	}
	while ((h = trace_reader_next(r))) {
		CLAIM(h->type >= TRACE_STATE && h->type <= TRACE_BLAME_ADDED);
		CLAIM(h->len8 * 8u >= fuzz_trace_size(h->type));
		on_other(&sum, h);
		n++;
	}
	CLAIM(trace_reader_status(r).records == n);
	trace_reader_close(r);
}

static void walk_all(const char *path)
{
	struct run_info info = {.format = RUN_INFO_FORMAT};
	struct trace_walk w = {.other = on_other};
	struct err e = ERR_INIT;
	uint64_t sum = 0;

	if (trace_reader_open(path, &w.reader, &e))
		return;
	w.names = culprits_make(&info);
	w.timeline = timeline_make(WINDOW_START, WINDOW_END, w.names, (struct timeline_sink){0});
	for (unsigned i = 0; i < FUZZ_TRACE_TIDS; i++)
		timeline_add(w.timeline, FUZZ_TRACE_TID + i, 0, i);
	w.arg = &sum;
	trace_walk(&w);
	for (unsigned i = 0; i < FUZZ_TRACE_TIDS; i++) {
		const struct vcpu_states *s = &timeline_find(w.timeline, FUZZ_TRACE_TID + i)->sums;

		CLAIM(s->run_ns + s->wait_ns + s->sleep_ns + s->unknown_ns <=
			WINDOW_END - WINDOW_START);
		CLAIM(s->throttled_ns + s->wasted_ns <= s->wait_ns);
	}
	timeline_free(w.timeline);
	culprits_free(w.names);
	trace_reader_close(w.reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct strbuf made = {0};
	const char *path;

	if (take_u8(&in) & 1) {
		fuzz_trace_make(&in, &made);
		path = fuzz_file(made.text, made.len);
	} else {
		path = fuzz_file(in.p, in.n);
	}
	read_all(path);
	walk_all(path);
	strbuf_release(&made);
	return 0;
}
