/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who had a CPU since when: its last OCCUPANTS_KEPT changes. For what the tracer learns late: see timeline.c. */
#ifndef SS_ANALYSIS_TRACE_OCCUPANTS_H
#define SS_ANALYSIS_TRACE_OCCUPANTS_H

#include <stdbool.h>
#include <stdint.h>

#define OCCUPANTS_KEPT                                                                             \
	4096u /* a power of two; a CPU of thousands of switches a second: some 0.2 s */

struct occupant {
	uint64_t since;	  /* ns, until that of the next */
	uint32_t culprit; /* see culprit.h */
};

struct occupants {
	struct occupant *ring; /* change i is ring[i % OCCUPANTS_KEPT]; made with the first */
	uint64_t n;	       /* changes ever told */
};

void occupants_release(struct occupants *o);
/* From `since` on it is `culprit`; not before the one told last. */
void occupants_add(struct occupants *o, uint64_t since, uint32_t culprit);
/* Whether it is known who had the CPU at `at`; *index for occupants_get(). */
bool occupants_find(const struct occupants *o, uint64_t at, uint64_t *index);
/* The change of that number, NULL behind the last. */
const struct occupant *occupants_get(const struct occupants *o, uint64_t index);

#endif
