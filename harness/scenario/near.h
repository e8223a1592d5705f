/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a misspelt word was perhaps meant to be. */
#ifndef SS_SCENARIO_NEAR_H
#define SS_SCENARIO_NEAR_H

/* The candidate nearest to `word`, or NULL when none is near. */
struct near {
	const char *word, *best;
	unsigned distance;
};
void near_try(struct near *n, const char *candidate);
/* "; did you mean 'x'?" or "", in a buffer of 96 bytes. */
char *near_hint(const struct near *n, char buf[96]);

#endif
