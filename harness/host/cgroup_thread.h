/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which cpu control group a thread stands in. */
#ifndef SS_HOST_CGROUP_THREAD_H
#define SS_HOST_CGROUP_THREAD_H

#include <sys/types.h>

#include "base/err.h"

/* The folder of `tid`'s group in the hierarchy with the cpu controller (v1) or the unified one
 * (v2). Caller frees; NULL with `e` set when it cannot be known. */
char *cgroup_of_thread(pid_t tid, struct err *e);

#endif
