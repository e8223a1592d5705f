/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file read front to back through one buffer. */
#ifndef SS_RECORD_STREAM_H
#define SS_RECORD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Of each file: a run of hundreds of guests has as many open at once. */
#define STREAM_BUFFER (128u << 10)

struct stream {
	int fd;
	uint8_t *buf;
	size_t at, end; /* unread bytes of buf */
	bool io_error;
};

int stream_open(struct stream *s, const char *path, struct err *e);
void stream_close(struct stream *s);
void stream_seek(struct stream *s, uint64_t offset);
/* At least `n` (<= STREAM_BUFFER) bytes, or NULL when the file ends before. Consumes nothing. */
const void *stream_peek_slow(struct stream *s, size_t n);
static inline const void *stream_peek(struct stream *s, size_t n)
{
	return s->end - s->at >= n ? s->buf + s->at : stream_peek_slow(s, n);
}
/* Whether bytes are left that stream_peek() could not give as a whole. */
static inline bool stream_has_rest(const struct stream *s)
{
	return s->end > s->at;
}

#endif
