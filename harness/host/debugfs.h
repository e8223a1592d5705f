/* SPDX-License-Identifier: GPL-3.0-or-later */
/* debugfs without changing the host: where it is mounted it is used, else a mount of it is made
 * that has no place in the file tree and ends with its descriptor. */
#ifndef SS_HOST_DEBUGFS_H
#define SS_HOST_DEBUGFS_H

#include "base/err.h"

/* A descriptor of debugfs' root (the caller closes it); -errno without permission or support. */
int debugfs_open(struct err *e);

#endif
