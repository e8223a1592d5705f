/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A buffered reader that survives EINTR and treats an I/O error as the end. */
#include "record/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/util.h"

int stream_open(struct stream *s, const char *path, struct err *e)
{
	int fd = beneath_open(path, O_RDONLY, 0);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, EINVAL, "%s: not a regular file", path);
	}
	*s = (struct stream){.fd = fd, .buf = xmalloc(STREAM_BUFFER)};
	return 0;
}

void stream_close(struct stream *s)
{
	if (s->buf)
		close(s->fd);
	free(s->buf);
	*s = (struct stream){0};
}

void stream_seek(struct stream *s, uint64_t offset)
{
	s->at = s->end = 0;
	s->io_error |= lseek(s->fd, (off_t)offset, SEEK_SET) < 0; /* one from before stays told */
}

const void *stream_peek_slow(struct stream *s, size_t n)
{
	memmove(s->buf, s->buf + s->at, s->end - s->at);
	s->end -= s->at;
	s->at = 0;
	while (s->end < n) {
		ssize_t got = read_some(s->fd, s->buf + s->end, STREAM_BUFFER - s->end);

		if (got < 0)
			s->io_error = true;
		if (got <= 0)
			return NULL;
		s->end += (size_t)got;
	}
	return s->buf + s->at;
}
