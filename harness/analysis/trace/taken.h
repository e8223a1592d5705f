/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who had the CPU while one guest waited, over time: sums by culprit and column. Memory is bounded: at
 * most TAKEN_MOST culprits have columns of their own, those that come later share one. */
#ifndef SS_ANALYSIS_TRACE_TAKEN_H
#define SS_ANALYSIS_TRACE_TAKEN_H

#include "analysis/stats/heat.h"

#define TAKEN_MOST 64

struct taken_acc {
	struct columns columns;
	uint64_t **ns; /* by culprit's number, n of them; NULL where it took nothing */
	uint32_t n, used;
};
/* NULL is fine: nobody wants to know. */
void taken_span(struct taken_acc *t, uint32_t culprit, uint64_t from, uint64_t to);
void taken_release(struct taken_acc *t);

#endif
