/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of culprits, each once, by number. Part of culprit.c. */
#ifndef SS_ANALYSIS_TRACE_CULPRIT_NAMES_H
#define SS_ANALYSIS_TRACE_CULPRIT_NAMES_H

#include "analysis/trace/culprit.h"

struct culprit {
	enum culprit_kind kind; /* as a stranger sees it */
	int guest;		/* -1: none of ours */
	char *name;		/* NULL: this number is free */
};

struct culprit_names {
	struct culprit *list;
	uint32_t n;
	uint32_t *table; /* open addressing over names, id + 1; at most a quarter of it is used */
	uint32_t n_table;
	uint32_t *spare; /* numbers that were given up */
	uint32_t n_spare;
};

/* The number of a culprit, made when it is new; CULPRIT_ID_OTHERS when there are CULPRITS_MAX. Takes `name`. */
uint32_t culprit_names_add(struct culprit_names *c, enum culprit_kind kind, int guest, char *name);
/* That of CULPRIT_ID_UNKNOWN where there is no such number. */
const struct culprit *culprit_names_of(const struct culprit_names *c, uint32_t id);
/* Give up the names that nobody asks for any more, by number. */
void culprit_names_sweep(struct culprit_names *c, const bool *used);
void culprit_names_release(struct culprit_names *c);

#endif
