/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a host trace: states in time order to a timeline, names to its culprits, the rest
 * to the caller. Used by the analysis and by exports, so that both see the same. */
#ifndef SS_ANALYSIS_TRACE_TRACE_WALK_H
#define SS_ANALYSIS_TRACE_TRACE_WALK_H

#include "analysis/trace/culprit.h"
#include "analysis/trace/timeline.h"
#include "record/reader.h"

struct trace_walk {
	struct trace_reader *reader;
	struct timeline *timeline;
	struct culprits *names;
	/* Counters, notes, tracks, blame cells, and LOST (which the timeline sees too); may be
	 * NULL. */
	void (*other)(void *arg, const struct trace_hdr *h);
	void *arg;
};

/* Returns the last instant the trace speaks of. */
uint64_t trace_walk(const struct trace_walk *w);

#endif
