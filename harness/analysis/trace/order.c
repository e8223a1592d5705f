/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An insertion-sorted ring: input is nearly in order, so a record moves a few places at most. */
#include "analysis/trace/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void order_init(struct order *o)
{
	*o = (struct order){.ring = xcalloc(ORDER_MAX, sizeof(*o->ring))};
}

void order_release(struct order *o)
{
	free(o->ring);
	*o = (struct order){0};
}

bool order_wants(uint8_t type)
{
	return type == TRACE_STATE || type == TRACE_OCCUPY || type == TRACE_IRQ ||
	       type == TRACE_THROTTLE || type == TRACE_LOST;
}

void order_push(struct order *o, const struct trace_hdr *h)
{
	uint32_t at = o->head++;
	size_t len = MIN((size_t)h->len8 * 8, sizeof(union ordered));

	while (at != o->tail && o->ring[(at - 1) % ORDER_MAX].h.ts_ns > h->ts_ns) {
		o->ring[at % ORDER_MAX] = o->ring[(at - 1) % ORDER_MAX];
		at--;
	}
	memcpy(&o->ring[at % ORDER_MAX], h, len);
	if (h->ts_ns > o->newest)
		o->newest = h->ts_ns;
}

const struct trace_hdr *order_pop(struct order *o)
{
	const struct trace_hdr *h = &o->ring[o->tail % ORDER_MAX].h;

	if (o->head == o->tail)
		return NULL;
	if (!o->flushing && h->ts_ns + ORDER_SLACK_NS > o->newest &&
		o->head - o->tail < ORDER_MAX - 1)
		return NULL;
	o->tail++;
	return h;
}

void order_flush(struct order *o)
{
	o->flushing = true;
}
