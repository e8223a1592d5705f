/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace records of different CPUs come out of order by some us; this puts them right through a
 * buffer of ORDER_SLACK_NS (and at most ORDER_MAX records). Records of equal time keep their order.
 */
#ifndef SS_ANALYSIS_TRACE_ORDER_H
#define SS_ANALYSIS_TRACE_ORDER_H

#include <stdbool.h>

#include "abi/host_trace.h"

#define ORDER_SLACK_NS 20000000u
#define ORDER_MAX      65536u /* a power of two */

/* The record types that are put in order; all fit. */
union ordered {
	struct trace_hdr h;
	struct trace_state state;
	struct trace_occupy occupy;
	struct trace_irq irq;
	struct trace_counter counter;
};

struct order {
	union ordered *ring;
	uint32_t head, tail; /* free-running */
	uint64_t newest;
	bool flushing;
};

void order_init(struct order *o);
void order_release(struct order *o);
/* Whether records of this type go through here. */
bool order_wants(uint8_t type);
/* Room must have been made: pop until NULL first. */
void order_push(struct order *o, const struct trace_hdr *h);
/* The next record that no later one can precede (valid until the next push), or NULL. */
const struct trace_hdr *order_pop(struct order *o);
/* From now on pop gives all that is left. */
void order_flush(struct order *o);

#endif
