/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happened when, in memory that does not grow with the length of the window: time in at most
 * COLUMNS_MAX columns of a round length; lateness in rows of an eighth of a decade.
 */
#ifndef SS_ANALYSIS_STATS_HEAT_H
#define SS_ANALYSIS_STATS_HEAT_H

#include <stdint.h>

#define COLUMNS_MAX   240
#define HEAT_ROWS     64 /* the first holds all that is sooner than the second, the last all later */
#define HEAT_A_DECADE 8
#define HEAT_LEAST_NS 100 /* the lower edge of the first row */

/* Column i covers start_ns + [i, i + 1) * width_ns; the last may reach beyond the window. */
struct columns {
	uint64_t start_ns, width_ns; /* 1, 2 or 5 times a power of ten */
	unsigned n;		     /* 0: an empty window */
};
struct columns columns_make(uint64_t start_ns, uint64_t end_ns);
/* -1 outside. */
int columns_at(const struct columns *c, uint64_t ns);

/* Zero-initialised is empty. */
struct heat {
	uint32_t *count; /* by column, then row; NULL = nothing was added */
};
void heat_add(struct heat *h, const struct columns *c, uint64_t at_ns, uint64_t late_ns);
/* Lower edge of a row, ns: it holds what is as late or later, up to the next row's edge. */
uint64_t heat_row_low(unsigned row);
unsigned heat_row(uint64_t late_ns);
void heat_release(struct heat *h);

#endif
