// SPDX-License-Identifier: GPL-3.0-or-later
/* The trace file: buffering, loss, and a full disk. See sink.h. */
#include "host-agent/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

#define SINK_BUFFER ((size_t)256 << 10)

int sink_open(struct sink *s, int fd, enum trace_mode mode, struct err *e)
{
	struct trace_file_header h = {
		.magic = TRACE_FILE_MAGIC,
		.version = TRACE_VERSION,
		.header_size = sizeof(h),
		.mode = mode,
		.nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF),
		.start_host_ns = now_ns(),
	};
	struct timespec unix_now;
	struct utsname uts;
	struct stat st;
	int rc;

	clock_gettime(CLOCK_REALTIME, &unix_now);
	h.start_unix_ns = (uint64_t)unix_now.tv_sec * NS_PER_S + (uint64_t)unix_now.tv_nsec;
	if (!uname(&uts))
		snprintf(h.kernel, sizeof(h.kernel), "%.63s", uts.release);
	rc = write_all(fd, &h, sizeof(h));
	if (rc < 0)
		return err_set(e, -rc, "cannot write the trace: %s", strerror(-rc));
	*s = (struct sink){.fd = fd, .buf = xmalloc(SINK_BUFFER), .good_end = -1};
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		s->good_end = lseek(fd, 0, SEEK_CUR);
	return 0;
}

static void give_up_buffer(struct sink *s, int code)
{
	s->write_errno = code;
	/* A record that tells of a loss is none itself. */
	s->lost += s->buffered - s->tellers;
	s->untold += s->buffered - s->tellers + s->telling;
	s->telling = 0;
	s->tellers = 0;
	s->used = 0;
	s->buffered = 0;
	if (s->good_end < 0)
		return;
	if (ftruncate(s->fd, s->good_end) || lseek(s->fd, s->good_end, SEEK_SET) < 0)
		s->write_errno = errno;
}

static bool is_full(const struct sink *s)
{
	return s->limit && s->good_end >= 0 && (uint64_t)s->good_end + s->used > s->limit;
}

int sink_flush(struct sink *s)
{
	int rc;

	if (!s->used)
		return -s->write_errno;
	if (is_full(s)) {
		give_up_buffer(s, 0);
		s->full = true;
		return 0;
	}
	rc = write_all(s->fd, s->buf, s->used);
	if (rc < 0) {
		give_up_buffer(s, -rc);
		return rc;
	}
	if (s->good_end >= 0)
		s->good_end += (int64_t)s->used;
	s->records += s->buffered;
	s->used = 0;
	s->buffered = 0;
	s->telling = 0;
	s->tellers = 0;
	s->write_errno = 0;
	return 0;
}

static void keep(struct sink *s, const void *records, size_t size, size_t n)
{
	memcpy(s->buf + s->used, records, size);
	s->used += size;
	s->buffered += n;
}

static void put_one(struct sink *s, const void *record, size_t size)
{
	if (s->used + size > SINK_BUFFER)
		sink_flush(s);
	keep(s, record, size, 1);
}

static void tell_lost(struct sink *s)
{
	struct trace_counter r = {0};

	if (!s->untold)
		return;
	if (s->used + sizeof(r) > SINK_BUFFER)
		sink_flush(s); /* which may lose more */
	r.h = trace_head(now_ns(), 0, 0, TRACE_LOST, sizeof(r));
	r.value = s->untold;
	s->telling += s->untold;
	s->untold = 0;
	s->tellers++;
	put_one(s, &r, sizeof(r));
}

/* 0: no whole record stands there. */
static size_t size_of_first(const char *at, size_t size)
{
	size_t one;

	if (size < sizeof(struct trace_hdr))
		return 0;
	one = (size_t)((const struct trace_hdr *)(const void *)at)->len8 * 8;
	return one < sizeof(struct trace_hdr) || one > size ? 0 : one;
}

void sink_put(struct sink *s, const void *records, size_t size)
{
	const char *at = records;
	size_t one, end = 0, n = 0;

	if (s->ended)
		return;
	tell_lost(s);
	/* As many at once as the buffer has room for. */
	while ((one = size_of_first(at + end, size - end))) {
		if (s->used + end + one > SINK_BUFFER) {
			keep(s, at, end, n);
			sink_flush(s);
			at += end;
			size -= end;
			end = n = 0;
		}
		end += one;
		n++;
	}
	keep(s, at, end, n);
}

void sink_lost(struct sink *s, uint64_t n)
{
	s->lost += n;
	s->untold += n;
}

int sink_end(struct sink *s)
{
	struct trace_counter r = {0};
	int rc;

	if (s->ended)
		return -s->write_errno;
	s->limit = 0; /* what was lost, and the end, are told */
	tell_lost(s);
	if (s->full)
		sink_note(s,
			"the host's trace filled its share (trace-limit): what came after is lost");
	r.h = trace_head(now_ns(), 0, 0, TRACE_END, sizeof(r));
	r.value = s->records + s->buffered;
	put_one(s, &r, sizeof(r));
	rc = sink_flush(s);
	s->ended = true;
	return rc;
}

void sink_close(struct sink *s)
{
	free(s->buf);
	s->buf = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

struct trace_hdr trace_head(uint64_t ts, uint32_t tid, uint16_t cpu, uint8_t type, size_t size)
{
	return (struct trace_hdr){ts, tid, cpu, type, (uint8_t)(size / 8)};
}

void sink_counter(struct sink *s, uint64_t ts, uint32_t tid, uint16_t cpu, enum counter_scope scope,
	enum counter_key key, uint32_t owner, uint64_t value)
{
	struct trace_counter r = {
		.scope = (uint16_t)scope, .key = (uint16_t)key, .owner = owner, .value = value};

	r.h = trace_head(ts, tid, cpu, TRACE_COUNTER, sizeof(r));
	sink_put(s, &r, sizeof(r));
}

void sink_note(struct sink *s, const char *fmt, ...)
{
	struct trace_note r = {0};
	va_list ap;

	r.h = trace_head(now_ns(), 0, 0, TRACE_NOTE, sizeof(r));
	va_start(ap, fmt);
	vsnprintf(r.text, sizeof(r.text), fmt, ap);
	va_end(ap);
	sink_put(s, &r, sizeof(r));
}
