/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insiders' view of a journal: what journal_read.c offers to journal.c. */
#ifndef SS_STUDY_PRIV_H
#define SS_STUDY_PRIV_H

#include "study/journal.h"

#define JOURNAL_MAGIC	"stealscope-batch"
#define JOURNAL_VERSION 1

/* The whole file in j->dir into `j`; *whole = the length of its whole lines. */
int journal_load(struct journal *j, size_t *whole, struct err *e);
/* Keep one line (without its end) in `j`. -EINVAL for one that makes no sense. */
int journal_take(struct journal *j, const char *line, struct err *e);

#endif
