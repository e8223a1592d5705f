/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command line as scenarios write it: words at blanks; '...' and "..." keep blanks. There is no
 * shell, so nothing else is special. */
#ifndef SS_BASE_WORDS_H
#define SS_BASE_WORDS_H

#include "base/util.h"

#define WORDS_MAX 63

/* Adds to `out`. -E2BIG, -EINVAL (a quote that does not end) with a sentence. */
int words_split(const char *text, struct strv *out, struct err *e);

#endif
