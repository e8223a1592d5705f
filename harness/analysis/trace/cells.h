/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whom one thread waited for, by the culprit's number: in all, and what of it was told. Memory is that of the culprits of one
 * interval and CELLS_KEPT more, however many come and go in days.
 */
#ifndef SS_ANALYSIS_TRACE_CELLS_H
#define SS_ANALYSIS_TRACE_CELLS_H

#include <stddef.h>
#include <stdint.h>

/* After each interval: CULPRIT_ID_OTHERS, which has what the dropped ones had; the largest of all; and the largest of late, so
 * that one who comes after days is kept, too. */
#define CELLS_KEPT 64
#define CELLS_LATE 16 /* of them */

/* ns, modulo 2^64: less than nothing was told too much. */
struct cell {
	uint32_t culprit;
	uint64_t now, before; /* in all; of that, told */
	uint64_t lately; /* told: all of the last interval, half of the one before, a quarter ... */
};

struct cells {
	struct cell *items;
	size_t n, room;
};

void cells_add(struct cells *c, uint32_t culprit, uint64_t ns);
/* All of it was told. What was told too much is made good by what comes, not told again. */
void cells_told(struct cells *c);
void cells_release(struct cells *c);

#endif
