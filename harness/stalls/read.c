// SPDX-License-Identifier: GPL-3.0-or-later
/* The reader: one buffer, one row at a time. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stalls/number.h"
#include "stalls/priv.h"

#define BUFFER	  65536u
#define LINE_MAX_ 1024u /* a longer line is none of ours */

struct stalls_reader {
	char *path;
	int fd;
	uint64_t size, body; /* of the file; where its rows begin */
	uint64_t offset;     /* in the file, of text[at] */
	uint64_t line;	     /* of the row read last; 0 = not known, after a seek */
	size_t at, have;
	char text[BUFFER + 1];
	struct stalls_head head;
	uint64_t last_ns, marks;
};

/* `file:line:`, or where the bytes are. */
static int wrong(const struct stalls_reader *r, struct err *e, const char *what)
{
	if (r->line)
		return err_set_exit(e, EXIT_USAGE, EINVAL, "%s:%llu: %s", r->path,
			(unsigned long long)r->line, what);
	return err_set_exit(e, EXIT_USAGE, EINVAL, "%s: before byte %llu: %s", r->path,
		(unsigned long long)r->offset, what);
}

/* The next line, ended by a NUL, in the buffer. 1, 0 at the end, -errno. */
static int take_line(struct stalls_reader *r, char **out, struct err *e)
{
	char *end = memchr(r->text + r->at, '\n', r->have - r->at);

	if (!end) {
		ssize_t n;

		memmove(r->text, r->text + r->at, r->have - r->at);
		r->have -= r->at;
		r->at = 0;
		n = pread(r->fd, r->text + r->have, BUFFER - r->have, (off_t)(r->offset + r->have));
		if (n < 0)
			return err_sys(e, "cannot read %s", r->path);
		end = memchr(r->text + r->have, '\n', (size_t)n);
		r->have += (size_t)n;
	}
	r->line += r->line != 0;
	if (!end && r->at == r->have)
		return 0;
	if (!end)
		end = r->text + r->have; /* the last line has no newline, or is far too long */
	if ((size_t)(end - r->text) - r->at > LINE_MAX_)
		return wrong(r, e, "a line of over 1024 bytes; a row is start_s,length_us,cpu");
	*end = '\0';
	*out = r->text + r->at;
	if (strlen(*out) != (size_t)(end - *out))
		return wrong(r, e, "a NUL byte; the format is text");
	if (end > *out && end[-1] == '\r')
		end[-1] = '\0';
	r->offset += (size_t)(end - *out) + (end < r->text + r->have);
	r->at = (size_t)(end - r->text) + (end < r->text + r->have);
	return 1;
}

static void copy_text(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memcpy(to, text, n);
	to[n] = '\0';
}

/* "# key: value"; keys that are not known may come. */
static int take_key(struct stalls_reader *r, const char *line, struct err *e)
{
	const char *key = line + 1 + strspn(line + 1, " "), *colon = strchr(key, ':'), *value;
	size_t n = colon ? (size_t)(colon - key) : 0;
	struct err why = ERR_INIT;

	if (!colon)
		return 0; /* a remark */
	value = colon + 1 + strspn(colon + 1, " ");
#define KEY(name) (n == sizeof(name) - 1 && !memcmp(key, name, n))
	if (KEY("source"))
		copy_text(r->head.source, sizeof(r->head.source), value);
	else if (KEY("clock"))
		copy_text(r->head.clock, sizeof(r->head.clock), value);
	else if (KEY("kernel"))
		copy_text(r->head.kernel, sizeof(r->head.kernel), value);
	else if (KEY("coverage"))
		copy_text(r->head.coverage, sizeof(r->head.coverage), value);
	else if (KEY("threshold") && (!stalls_take_fixed(&value, 3, &r->head.threshold_ns) ||
					     strcmp(value + strspn(value, " "), "us") != 0))
		return wrong(
			r, e, "the threshold is no time in us; write e.g. `# threshold: 20 us`");
	else if (KEY("cpus") && cpuset_parse(value, &r->head.cpus, &why))
		return wrong(r, e, "the cpus are no list; write e.g. `# cpus: 0-3,8`");
	return 0;
}

static int take_head(struct stalls_reader *r, struct err *e)
{
	char *line;
	int rc;

	r->line = 0;
	rc = take_line(r, &line, e);
	if (rc < 0)
		return rc;
	r->line = 1;
	if (!rc || strcmp(line, STALLS_MAGIC) != 0)
		return wrong(r, e,
			"no stalls: the first line must be `" STALLS_MAGIC
			"` (docs/stalls.md); `stealscope import` takes other formats");
	while ((rc = take_line(r, &line, e)) == 1) {
		if (*line == '#') {
			rc = take_key(r, line, e);
			if (rc)
				return rc;
			continue;
		}
		r->head.rates = !strcmp(line, STALLS_RATE_COLUMNS);
		if (!r->head.rates && strcmp(line, STALLS_COLUMNS) != 0)
			return wrong(r, e,
				"the rows have no head; write `" STALLS_COLUMNS
				"` or `" STALLS_RATE_COLUMNS "` above them");
		r->body = r->offset;
		return 0;
	}
	return rc ? rc : wrong(r, e, "it ends before its rows; write `" STALLS_COLUMNS "`");
}

int stalls_open(const char *path, struct stalls_reader **out, struct err *e)
{
	struct stalls_reader *r = xcalloc(1, sizeof(*r));
	struct stat st;
	int rc = 0;

	r->path = xstrdup(path);
	/* Not blocking: a FIFO without a writer would hold us for ever. */
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r->fd < 0 || fstat(r->fd, &st))
		rc = err_sys(e, "cannot open %s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, EINVAL, "%s is no regular file", path);
	if (!rc) {
		r->size = (uint64_t)st.st_size;
		rc = take_head(r, e);
	}
	if (rc)
		stalls_close(r);
	else
		*out = r;
	return rc;
}

const struct stalls_head *stalls_head(const struct stalls_reader *r)
{
	return &r->head;
}

uint64_t stalls_marks(const struct stalls_reader *r)
{
	return r->marks;
}

static int take_row(const struct stalls_reader *r, const char *line, struct stall *s, struct err *e)
{
	bool rates = r->head.rates;
	const char *p = line;
	uint64_t rate = 0, cpu;

	if (!stalls_take_fixed(&p, 9, &s->start_ns) || *p++ != ',' ||
		!stalls_take_fixed(&p, rates ? 9 : 3, &s->length_ns) || *p++ != ',' ||
		(rates && (!stalls_take_fixed(&p, 6, &rate) || *p++ != ',')) ||
		!stalls_take_fixed(&p, 0, &cpu) || *p)
		return wrong(r, e,
			rates ? "no row; write e.g. `12.5,1,45.2,0` (" STALLS_RATE_COLUMNS ")"
			      : "no row; write e.g. `12.5,3000,0` (" STALLS_COLUMNS ")");
	if (s->start_ns > STALLS_TIME_MAX)
		return wrong(r, e, "a start after more than 366 days; times count from 0");
	if (!s->length_ns || s->length_ns > STALLS_LENGTH_MAX)
		return wrong(r, e, "a length of 0 or more than an hour; leave the row out");
	if (cpu > STALLS_CPU_MAX)
		return wrong(r, e, "a CPU above 1023");
	if (rate > NS_PER_S)
		return wrong(r, e, "more than 1000 ms/s cannot be taken from one CPU");
	s->cpu = (unsigned)cpu;
	s->taken_ns =
		rates ? (uint64_t)((__uint128_t)rate * s->length_ns / NS_PER_S) : s->length_ns;
	return 1;
}

int stalls_next(struct stalls_reader *r, struct stall *out, struct err *e)
{
	struct stall s;
	char *line;
	int rc;

	while ((rc = take_line(r, &line, e)) == 1 && (*line == '#' || !*line))
		r->marks += !strncmp(line, "# mark:", 7);
	if (rc != 1)
		return rc;
	rc = take_row(r, line, &s, e);
	if (rc == 1 && s.start_ns < r->last_ns)
		rc = wrong(r, e, "it begins before the row above; sort the rows by start_s");
	if (rc != 1)
		return rc;
	r->last_ns = s.start_ns;
	*out = s;
	return 1;
}

/* Read on from the first whole line at or after `offset`. */
static int go_to(struct stalls_reader *r, uint64_t offset, struct err *e)
{
	char *line;
	int rc = 1;

	r->at = r->have = 0;
	r->last_ns = 0;
	r->line = 0;
	/* From one byte before: where a line begins just there, it is whole. */
	r->offset = offset > r->body ? offset - 1 : r->body;
	if (offset > r->body)
		rc = take_line(r, &line, e);
	return rc < 0 ? rc : 0;
}

int stalls_seek(struct stalls_reader *r, uint64_t from_ns, struct err *e)
{
	uint64_t low = r->body, high = r->size;
	struct stall s = {0};
	int rc;

	/* What begins at or before `low` is before `from_ns`; what begins at `high` or later is not. */
	while (high > low && high - low > BUFFER / 2) {
		uint64_t mid = low + (high - low) / 2;

		rc = go_to(r, mid, e);
		if (!rc)
			rc = stalls_next(r, &s, e);
		if (rc < 0)
			return rc;
		if (rc == 1 && s.start_ns < from_ns)
			low = mid;
		else
			high = mid;
	}
	rc = go_to(r, low, e);
	while (!rc) {
		uint64_t offset = r->offset;

		rc = stalls_next(r, &s, e);
		if (rc != 1)
			break;
		rc = s.start_ns >= from_ns;
		if (rc)
			return go_to(r, offset, e);
	}
	return rc;
}

void stalls_close(struct stalls_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	free(r);
}
