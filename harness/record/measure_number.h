/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The number in what a <measure> printed. */
#ifndef SS_RECORD_MEASURE_NUMBER_H
#define SS_RECORD_MEASURE_NUMBER_H

#include <stddef.h>

#include "base/err.h"

/*
 * Exactly one of `pattern` and `json` is not "", or neither:
 *   pattern  a POSIX extended regular expression with one group; its last match counts
 *   json     a path into JSON that begins at the first '{' or '[' of the text: names and indices
 *            separated by dots, or a JSON pointer (RFC 6901) where it begins with '/'
 *   neither  the text is the number, with blanks around it
 * The number is decimal and finite. `text` ends with a NUL after `len` bytes and may hold anything.
 * -EINVAL with a sentence when there is none.
 */
int measure_number(const char *pattern, const char *json, const char *text, size_t len, double *out,
	struct err *e);

#endif
