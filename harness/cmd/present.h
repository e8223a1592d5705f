/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What run, analyze and show do alike with analyses: save, print, judge. */
#ifndef SS_CMD_PRESENT_H
#define SS_CMD_PRESENT_H

#include "analysis/analysis.h"
#include "cmd/cmd.h"

/* Write analysis.json and report.html into the record. A report that cannot be made (dygraphs is
 * not installed) is no failure: the reason is said on stderr. */
int present_save(const struct analysis *a, const char *dir, struct err *e);

/* Print one analysis (text, or JSON with --json). Returns EXIT_DONE, or EXIT_EXPECT when one of its
 * expectations fell short. */
int present_one(const struct cmd_common *c, const struct analysis *a);

/* Print a set of records of one experiment, judging also the expectations across variants. */
int present_set(const struct cmd_common *c, const struct analysis *const *set, size_t n);

#endif
