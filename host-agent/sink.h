/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The trace file being written. Records are buffered and written whole; when the disk is full the
 * file is cut back to the last whole record, what cannot be written is counted as lost, and writing
 * is tried again at each flush (a TRACE_LOST record then tells the gap). A file as large as it may be
 * takes no more but the count of what was lost, and its end.
 */
#ifndef SS_HOST_AGENT_SINK_H
#define SS_HOST_AGENT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/host_trace.h"
#include "base/err.h"

struct sink {
	int fd;
	char *buf;
	size_t used;
	uint64_t buffered; /* records in buf */
	uint64_t records;  /* in the file */
	uint64_t lost;	   /* never came, or could not be written */
	uint64_t untold;   /* part of `lost` no TRACE_LOST record tells yet */
	uint64_t telling;  /* part a buffered TRACE_LOST tells */
	uint64_t tellers;  /* buffered TRACE_LOST */
	int64_t good_end;  /* bytes written so far that are whole records; -1 when not a file */
	uint64_t
		limit; /* most bytes for it, when it is a file; 0: no bound. Its end may be beyond. */
	bool full;     /* something was lost for that */
	int write_errno; /* of the last failed write, 0 after a good one */
	bool ended;	 /* TRACE_END is in */
};

/* Writes the file header. Takes over fd. */
int sink_open(struct sink *s, int fd, enum trace_mode mode, struct err *e);
/* One record, or several back to back: `size` bytes of whole records. */
void sink_put(struct sink *s, const void *records, size_t size);
/* `n` records were lost before they came here. */
void sink_lost(struct sink *s, uint64_t n);
/* 0, or -errno of the write that failed (also remembered in write_errno). */
int sink_flush(struct sink *s);
/* TRACE_END, flush. Further records are dropped silently. */
int sink_end(struct sink *s);
void sink_close(struct sink *s);

/* The usual rows. */
struct trace_hdr trace_head(uint64_t ts, uint32_t tid, uint16_t cpu, uint8_t type, size_t size);
void sink_counter(struct sink *s, uint64_t ts, uint32_t tid, uint16_t cpu, enum counter_scope scope,
	enum counter_key key, uint32_t owner, uint64_t value);
void sink_note(struct sink *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
