/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading host/trace.bin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "record/reader.h"
#include "record/stream.h"

#define HEADER_MAX 65536u
#define SLACK_NS   (60 * NS_PER_S)	   /* clocks read before the header was written */
#define LONGEST_NS (40 * 86400 * NS_PER_S) /* no run is longer: times beyond it are damage */

struct trace_reader {
	struct stream in;
	struct trace_file_header header;
	struct read_status status;
	uint64_t earliest, latest;
	bool ended; /* TRACE_END seen */
};

static const uint8_t type_size[] = {
	[TRACE_STATE] = sizeof(struct trace_state),
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
	[TRACE_BLAME_ADDED] = sizeof(struct trace_blame),
};

int trace_reader_open(const char *path, struct trace_reader **out, struct err *e)
{
	struct trace_reader *r = xcalloc(1, sizeof(*r));
	const void *head;
	int rc = stream_open(&r->in, path, e);

	if (rc) {
		free(r);
		return rc;
	}
	head = stream_peek(&r->in, sizeof(r->header));
	if (head)
		memcpy(&r->header, head, sizeof(r->header));
	r->header.kernel[sizeof(r->header.kernel) - 1] = 0;
	if (r->in.io_error)
		rc = err_set(e, EIO, "%s: cannot be read: %s", path, strerror(EIO));
	else if (!head || r->header.magic != TRACE_FILE_MAGIC)
		rc = err_set(e, EINVAL, "%s: not a host trace", path);
	else if (r->header.version != TRACE_VERSION)
		rc = err_set(e, EINVAL, "%s: trace format %u; this stealscope reads %u", path,
			r->header.version, TRACE_VERSION);
	else if (r->header.header_size < sizeof(r->header) || r->header.header_size > HEADER_MAX)
		rc = err_set(e, EINVAL, "%s: header out of range", path);
	if (rc) {
		trace_reader_close(r);
		return rc;
	}
	r->earliest = r->header.start_host_ns > SLACK_NS ? r->header.start_host_ns - SLACK_NS : 0;
	r->latest = r->header.start_host_ns > INT64_MAX ? UINT64_MAX
							: r->header.start_host_ns + LONGEST_NS;
	stream_seek(&r->in, r->header.header_size);
	*out = r;
	return 0;
}

const struct trace_file_header *trace_reader_header(const struct trace_reader *r)
{
	return &r->header;
}

static bool usable(const struct trace_reader *r, const struct trace_hdr *h, size_t len)
{
	if (h->type >= ARRAY_SIZE(type_size) || !type_size[h->type] || len < type_size[h->type])
		return false;
	/* Names and notes count whatever their time. */
	if (h->type == TRACE_TASK || h->type == TRACE_TRACK || h->type == TRACE_NOTE ||
		h->type == TRACE_BLAME || h->type == TRACE_BLAME_ADDED)
		return true;
	return h->ts_ns >= r->earliest && h->ts_ns <= r->latest;
}

const struct trace_hdr *trace_reader_next(struct trace_reader *r)
{
	const struct trace_hdr *h;

	while ((h = stream_peek(&r->in, sizeof(*h)))) {
		size_t len = h->len8 * 8u;

		if (len < sizeof(*h)) { /* no way to find the next one */
			r->status.bad++;
			break;
		}
		h = stream_peek(&r->in, len);
		if (!h)
			break;
		r->in.at += len;
		if (!usable(r, h, len)) {
			r->status.bad++;
			continue;
		}
		r->ended |= h->type == TRACE_END;
		r->status.records++;
		return h;
	}
	r->status.cut = !r->ended || stream_has_rest(&r->in);
	r->status.io_error = r->in.io_error;
	return NULL;
}

struct read_status trace_reader_status(const struct trace_reader *r)
{
	return r->status;
}

void trace_reader_close(struct trace_reader *r)
{
	if (!r)
		return;
	stream_close(&r->in);
	free(r);
}
