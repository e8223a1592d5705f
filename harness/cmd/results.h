/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of runs as commands use it: kept up to date by `run` and `analyze`, asked by `list` and
 * `compare`. */
#ifndef SS_CMD_RESULTS_H
#define SS_CMD_RESULTS_H

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "record/index.h"

/* Put one analysed record into results/index.db. A failure is a line on stderr, no more: the index
 * can always be rebuilt. */
void results_add(const struct cmd_common *c, const struct analysis *a);

/* Open the index; a missing, damaged or foreign one, or `rebuild`, is made anew from the folders.
 */
int results_open(const struct cmd_common *c, bool rebuild, struct index **out, struct err *e);

/*
 * What a user calls a set of runs: "last", a record's name or its beginning, or conditions joined
 * by commas: "scenario=x,variant=pinned". Strings of *f point into *text, which the caller frees.
 */
int results_select(const struct cmd_common *c, const char *what, struct index_filter *f,
	char **text, struct err *e);

#endif
