// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)

int memory_file_make(struct memory_file *m, const char *what, struct err *e)
{
	*m = (struct memory_file){.fd = memfd_create(what, MFD_CLOEXEC)};
	return m->fd < 0 ? err_sys(e, "cannot make a memory file (%s)", what) : 0;
}

void memory_file_close(struct memory_file *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

int memory_file_take(struct memory_file *m,
	ssize_t (*use)(void *arg, const void *data, size_t len, struct err *e), void *arg,
	struct err *e)
{
	auto_free char *buf = xmalloc(CHUNK);
	struct stat st;

	if (fstat(m->fd, &st)) /* not lseek(): who writes does so at the same offset */
		return err_sys(e, "cannot read a memory file");
	while (m->taken < st.st_size) {
		ssize_t n =
			pread(m->fd, buf, MIN((size_t)(st.st_size - m->taken), CHUNK), m->taken);
		ssize_t used = n > 0 ? use(arg, buf, (size_t)n, e) : 0;

		if (n < 0)
			return err_sys(e, "cannot read a memory file");
		if (used < 0)
			return (int)used;
		if (used == 0)
			break;
		fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, m->taken, used);
		m->taken += used;
	}
	return 0;
}
