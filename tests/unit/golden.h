/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text held against a file of tests/data. UPDATE_GOLDEN=1 writes the file instead: look at the
 * diff. Never under CI (the variable, as scripts/check sets it): there nobody looks. */
#ifndef SS_TESTS_GOLDEN_H
#define SS_TESTS_GOLDEN_H

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* 0 when `text` is what the file holds; else prints the first line that differs. */
static inline int golden_check(const char *path, const char *text)
{
	struct err e = ERR_INIT;
	auto_free char *want = NULL;
	unsigned line = 1;
	const char *a = text, *b;

	if (getenv("UPDATE_GOLDEN") && getenv("CI")) {
		fprintf(stderr,
			"%s: UPDATE_GOLDEN is set under CI; no golden file is written there\n",
			path);
		return -1;
	}
	if (getenv("UPDATE_GOLDEN") && write_file(path, text, strlen(text), &e))
		return -1;
	want = read_file(path, 4 << 20, NULL, &e);
	if (!want) {
		fprintf(stderr, "%s (UPDATE_GOLDEN=1 writes it)\n", e.msg);
		return -1;
	}
	if (!strcmp(text, want))
		return 0;
	for (b = want; *a && *a == *b; a++, b++)
		line += *a == '\n';
	while (a > text && a[-1] != '\n')
		a--, b--;
	fprintf(stderr, "%s:%u: has  %.*s\n", path, line, (int)strcspn(b, "\n"), b);
	fprintf(stderr, "%s:%u: made %.*s\n", path, line, (int)strcspn(a, "\n"), a);
	return -1;
}

#endif
