/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that is there whole, as it was or as it becomes: written under a name beside it, then renamed. */
#ifndef SS_BASE_REPLACE_H
#define SS_BASE_REPLACE_H

#include "base/err.h"

/* Write `text` to `path`, on the disk before it has that name. */
int replace_file(const char *path, const char *text, struct err *e);

/* The name beside `path` under which this process writes it; nothing stands there. What processes that ended in the
 * middle left for the same file, and nobody wrote to for ten minutes, is removed. Caller frees. */
char *replace_name(const char *path);

#endif
