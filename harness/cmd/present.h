/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What run, analyze and show do alike with analyses: print, judge. */
#ifndef SS_CMD_PRESENT_H
#define SS_CMD_PRESENT_H

#include "analysis/analysis.h"
#include "cmd/cmd.h"

/* Print one analysis (text, or JSON with --json). Returns EXIT_DONE, or EXIT_EXPECT when one of its
 * expectations fell short. */
int present_one(const struct cmd_common *c, const struct analysis *a);

/* Print a set of records of one experiment, judging also the expectations across variants. */
int present_set(const struct cmd_common *c, const struct analysis *const *set, size_t n);

#endif
