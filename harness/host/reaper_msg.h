/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two ends of the reaper say to each other: one datagram of a socket pair each. */
#ifndef SS_HOST_REAPER_MSG_H
#define SS_HOST_REAPER_MSG_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

enum reaper_type {
	REAPER_PID = 1,
	REAPER_PATH = 2,
	REAPER_DONE = 3,
	REAPER_TUNING = 4,
	REAPER_CLEAN = 5,
};

struct reaper_msg {
	int32_t type; /* enum reaper_type */
	int32_t pid;
	uint64_t start_ticks; /* of pid: a reused number is somebody else */
	char text[PATH_MAX];  /* sent up to its NUL */
};

/* The reaper process itself: never returns. `runtime_dir` (NULL = none) goes if it is `harness`'s, an
 * owner_self(): it may be made or not when that one dies. */
_Noreturn void reaper_child(int fd, const char *run, const char *runtime_dir, const char *harness);

#endif
