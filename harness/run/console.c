// SPDX-License-Identifier: GPL-3.0-or-later
/* The serial logs of the guests. QEMU, and through it the guest, writes as much as it likes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "run/priv.h"

#define CONSOLE_MAX ((off_t)1 << 20) /* kept of each */

/* A guest's log, and where what is kept of it begins; -1 when there is none. */
static int open_log(const struct guest_run *g, int flags, off_t *from, off_t *size)
{
	int fd = g->console ? open(g->console, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	*size = st.st_size;
	*from = st.st_size > CONSOLE_MAX ? st.st_size - CONSOLE_MAX : 0;
	return fd;
}

void consoles_bound(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		off_t from, size;
		auto_close int fd = open_log(&s->guests[i], O_WRONLY, &from, &size);

		/* Its writer goes on at the end of the file, which becomes a hole: none of it is
		   cut, all but the end takes no room. */
		if (fd >= 0 && from)
			fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, from);
	}
}

static int copy(int from, off_t at, int to)
{
	char buf[16384];
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		int rc = write_all(to, buf, (size_t)n);

		if (rc)
			return rc;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

void consoles_keep(struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		struct guest_run *g = &s->guests[i];
		auto_free char *path =
			xasprintf("%s/guest/%s.console.log", s->folder.path, g->plan->name);
		off_t from, size;
		auto_close int in = open_log(g, O_RDONLY, &from, &size);
		auto_close int out = -1;
		int rc = 0;

		if (in < 0)
			continue;
		out = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		rc = out < 0 ? -errno : copy(in, from, out);
		if (rc)
			session_warn(s, "the console of guest %s could not be kept: %s",
				g->plan->name, strerror(-rc));
		else if (from)
			session_warn(s,
				"guest %s wrote %.1f MiB to its console: the last %.1f MiB are kept",
				g->plan->name, (double)size / (1 << 20),
				(double)(size - from) / (1 << 20));
	}
}

size_t console_end(const struct guest_run *g, char *buf, size_t size)
{
	off_t from, end;
	auto_close int fd = open_log(g, O_RDONLY, &from, &end);
	ssize_t n = fd < 0 ? 0 : pread(fd, buf, size, MAX(end - (off_t)size, 0));

	return n > 0 ? (size_t)n : 0;
}
