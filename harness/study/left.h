/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a batch will still take. */
#ifndef SS_STUDY_LEFT_H
#define SS_STUDY_LEFT_H

#include <stddef.h>
#include <stdint.h>

struct left_unit {
	uint64_t measure_ns; /* warm-up and measured window as asked */
	/* from the end of the run before to its own; 0 = not run in this process */
	uint64_t took_ns;
	int open; /* still to be run */
};

/* What the open ones will take: their own time, and the mean of what the others took beyond theirs
 * (5 s before any has). */
uint64_t left_ns(const struct left_unit *units, size_t n);

/* "3 min left", "1 h 20 min left", "40 s left"; rounded up. Returns buf. */
char *left_text(uint64_t ns, char *buf, size_t size);

#endif
