/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A host trace made from fuzzer input: sound header and lengths, everything else as it comes. */
#ifndef SS_TESTS_FUZZ_TRACE_H
#define SS_TESTS_FUZZ_TRACE_H

#include "abi/host_trace.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_TRACE_START (UINT64_C(1000) * NS_PER_S)
#define FUZZ_TRACE_TID	 1000u /* tracked threads are this and the next ones */
#define FUZZ_TRACE_TIDS	 4u

static inline size_t fuzz_trace_size(uint8_t type)
{
	static const uint8_t size[] = {[TRACE_STATE] = sizeof(struct trace_state),
		[TRACE_OCCUPY] = sizeof(struct trace_occupy),
		[TRACE_IRQ] = sizeof(struct trace_irq),
		[TRACE_TASK] = sizeof(struct trace_task),
		[TRACE_COUNTER] = sizeof(struct trace_counter),
		[TRACE_LOST] = sizeof(struct trace_counter),
		[TRACE_TRACK] = sizeof(struct trace_track),
		[TRACE_BLAME] = sizeof(struct trace_blame),
		[TRACE_NOTE] = sizeof(struct trace_note),
		[TRACE_END] = sizeof(struct trace_counter),
		[TRACE_THROTTLE] = sizeof(struct trace_state),
		[TRACE_BLAME_ADDED] = sizeof(struct trace_blame)};

	return type < ARRAY_SIZE(size) ? size[type] : 0;
}

/* Time goes on by up to 65 ms mostly, back a little sometimes, anywhere rarely. */
static inline uint64_t fuzz_trace_time(struct input *in, uint64_t now)
{
	uint8_t how = take_u8(in);
	uint16_t us = 0;

	if (how >= 0xf8)
		return take_u64(in);
	take(in, &us, sizeof(us));
	return how >= 0xe8 ? now - us : now + us * NS_PER_US * (how % 4);
}

static inline void fuzz_trace_make(struct input *in, struct strbuf *out)
{
	struct trace_file_header head = {.magic = TRACE_FILE_MAGIC,
		.version = TRACE_VERSION,
		.header_size = sizeof(head),
		.mode = take_u8(in) % 4,
		.nr_cpus = 4,
		.start_host_ns = FUZZ_TRACE_START};
	uint64_t now = FUZZ_TRACE_START;

	strbuf_addn(out, (const char *)&head, sizeof(head));
	while (in->n) {
		union {
			struct trace_hdr h;
			uint8_t bytes[256];
		} r = {.bytes = {0}};
		uint8_t type = take_u8(in), who = take_u8(in);
		size_t len = fuzz_trace_size(type % 12), fill;

		if (!len)
			len = sizeof(struct trace_hdr);
		fill = take_u8(in) % (len - sizeof(r.h) + 1);
		take(in, r.bytes + sizeof(r.h), fill);
		now = fuzz_trace_time(in, now);
		r.h.ts_ns = now;
		r.h.tid = who & 0x80 ? (uint32_t)take_u64(in)
				     : FUZZ_TRACE_TID + who % (2 * FUZZ_TRACE_TIDS);
		r.h.cpu = who & 0x40 ? (uint16_t)take_u64(in) : who >> 3 & 3;
		r.h.type = type % 12;
		r.h.len8 = (uint8_t)((len + 7) / 8);
		if (now - FUZZ_TRACE_START > 60 * NS_PER_S)
			now = FUZZ_TRACE_START;
		strbuf_addn(out, (const char *)r.bytes, r.h.len8 * 8u);
	}
}

#endif
