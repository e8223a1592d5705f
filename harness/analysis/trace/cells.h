/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whom one thread waited for, by the culprit's number: in all, and what of it was told. Memory is that of the culprits of one
 * interval and CELLS_KEPT more, however many come and go in days.
 */
#ifndef SS_ANALYSIS_TRACE_CELLS_H
#define SS_ANALYSIS_TRACE_CELLS_H

#include <stddef.h>
#include <stdint.h>

#define CELLS_KEPT                                                                                 \
	64 /* after each interval, the largest; what the rest had is CULPRIT_ID_OTHERS together */

struct cell {
	uint32_t culprit;
	uint64_t now, before; /* ns; `before`: told */
};

struct cells {
	struct cell *items;
	size_t n;
};

void cells_add(struct cells *c, uint32_t culprit, uint64_t ns);
/* All of it was told. What was told too much is made good by what comes, not told again. */
void cells_told(struct cells *c);
void cells_release(struct cells *c);

#endif
