/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reader -> order -> timeline. */
#include "analysis/trace/trace_walk.h"

#include "analysis/trace/order.h"

uint64_t trace_walk(const struct trace_walk *w)
{
	const struct trace_hdr *h, *ready;
	struct order order;
	uint64_t end = 0;

	order_init(&order);
	while ((h = trace_reader_next(w->reader))) {
		bool ordered = order_wants(h->type);

		if (ordered || h->type == TRACE_END)
			end = MAX(end, h->ts_ns);
		if (h->type == TRACE_TASK)
			culprits_task(w->names, (const struct trace_task *)h);
		else if (w->other && (!ordered || h->type == TRACE_LOST))
			w->other(w->arg, h);
		if (!ordered)
			continue;
		order_push(&order, h);
		while ((ready = order_pop(&order)))
			timeline_record(w->timeline, ready);
	}
	order_flush(&order);
	while ((ready = order_pop(&order)))
		timeline_record(w->timeline, ready);
	timeline_finish(w->timeline, end);
	order_release(&order);
	return end;
}
