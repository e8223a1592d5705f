/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file in memory that another process writes at its end, for as long as one watches: what was taken is given
 * back, so that it stays small. */
#ifndef SS_BASE_MEMORY_FILE_H
#define SS_BASE_MEMORY_FILE_H

#include <sys/types.h>

#include "base/util.h"

struct memory_file {
	int fd; /* -1: none */
	off_t taken;
};

/* `what` is its name in /proc and in errors. Closed when its scope or owner ends: memory_file_close(). */
int memory_file_make(struct memory_file *m, const char *what, struct err *e);
void memory_file_close(struct memory_file *m);
/* Hand on what is new. `use` returns how many of these bytes it used; the rest it gets again, with more, next time.
 * Its errors (< 0) are passed on. */
int memory_file_take(struct memory_file *m,
	ssize_t (*use)(void *arg, const void *data, size_t len, struct err *e), void *arg,
	struct err *e);

#endif
