/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of runs: kept up to date as boots are made, asked for sets of them. */
#ifndef SS_STUDY_RESULTS_H
#define SS_STUDY_RESULTS_H

#include "analysis/analysis.h"
#include "study/study.h"
#include "record/index.h"

/* Write analysis.json and report.html into the record. A report that cannot be made (dygraphs is
 * not installed) is no failure: the reason is told. */
int results_save(const struct study *s, const struct analysis *a, struct err *e);

/* Put one analysed record into results/index.db. A failure is said, no more: the index
 * can always be rebuilt. */
void results_add(const struct study *s, const struct analysis *a);

/* Open the index; a missing, damaged or foreign one, or `rebuild`, is made anew from the
 * folders. */
int results_open(const struct study *s, bool rebuild, struct index **out, struct err *e);

/*
 * What a user calls a set of runs: "last", a record's name or its beginning, or conditions joined
 * by commas: "scenario=x,variant=pinned". Strings of *f point into *text, which the caller frees.
 */
int results_select(const struct study *s, const char *what, struct index_filter *f, char **text,
	struct err *e);

#endif
