/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What hostd may ask of the kernel once it is set up: a list, kept as data in syscalls.c. */
#ifndef SS_HOST_AGENT_SYSCALLS_H
#define SS_HOST_AGENT_SYSCALLS_H

#include "base/err.h"

/* From here on everything that is not in the list fails with EPERM, for good: no program is
 * started, no file opened for writing, no socket made, no memory made executable. Needs
 * no_new_privs (privilege_drop()). */
int syscalls_restrict(struct err *e);

#endif
