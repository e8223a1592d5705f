/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened to this machine's clocks, processor and counters, which is no stall: told, never
 * smoothed (docs/stalls.md). */
#ifndef SS_LINUX_RECORD_MARKS_H
#define SS_LINUX_RECORD_MARKS_H

#include <stdint.h>

#define MARKS_MAX 4u
#define MARK_TEXT 192u

/* Of one moment. */
struct marks_reading {
	uint64_t mono_ns, tsc;
	int64_t real_offset, boot_offset; /* to CLOCK_MONOTONIC: the clock of day, CLOCK_BOOTTIME */
	unsigned cpu;			  /* that read the TSC */
	char processor[64];		  /* its name and signature */
};

struct marks {
	struct marks_reading first, last; /* first since the TSC stepped */
};

void marks_read(struct marks_reading *out);
/* What is to be told between the reading before and `now`: how many lines of `text`. Pure. */
unsigned marks_between(
	struct marks *m, const struct marks_reading *now, char text[MARKS_MAX][MARK_TEXT]);

#endif
