/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text that fits a terminal of 80 columns. */
#ifndef SS_BASE_WRAP_H
#define SS_BASE_WRAP_H

#include <stdio.h>

#include "base/util.h"

#define WRAP_COLUMNS 80

/* The words of `text` and a newline, broken before column WRAP_COLUMNS; lines after the first begin
 * at column `indent`. `at` is the column of the cursor. A longer word stands alone on its line. */
void wrap_add(struct strbuf *out, const char *text, int at, int indent);
void wrap_print(FILE *out, const char *text, int at, int indent);

#endif
