/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Child processes that take nothing of the harness with them: not its signals, not its files, not
 * its priority; and that do not outlive it unless they are meant to. */
#ifndef SS_BASE_CHILD_H
#define SS_BASE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define CHILD_NULL    (-1) /* /dev/null */
#define CHILD_KEPT_FD 3

struct child_setup {
	int files[3];	  /* what its stdin, stdout and stderr are: descriptors, or CHILD_NULL */
	int keep;	  /* becomes CHILD_KEPT_FD; -1 = nothing. All others are closed */
	int death_signal; /* when the harness ends; 0 = it lives on, in a session of its own */
	pid_t group;	  /* the process group it joins; 0 = one of its own */
};

/* fork(): 0 in the child, with all that in place and every signal as it was at boot; its pid in the
 * harness; or -errno. The child may call only what is async-signal-safe. */
pid_t child_fork(const struct child_setup *s, struct err *e);

/* In the child: wait until the other end of CHILD_KEPT_FD, a pipe, is closed; then close it. */
void child_wait_gate(void);

/* A pidfd of a child, close-on-exec. Where none can be had, the child is killed and collected, and
 * -errno returned: nobody could end it later. */
int child_pidfd(pid_t pid, struct err *e);

#endif
