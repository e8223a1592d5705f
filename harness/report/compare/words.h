/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdicts of a comparison in words. */
#ifndef SS_REPORT_COMPARE_WORDS_H
#define SS_REPORT_COMPARE_WORDS_H

#include "analysis/stats/compare.h"

/* The verdict on one row as a sentence. Caller frees. */
char *compare_say(const struct compare_result *of, const struct compare_row *r);

/* "-3.1 ms [-3.4, -2.7]": all three in the unit of the largest. Caller frees. */
char *compare_shift_text(double estimate, struct interval ci, const char *unit);

/* The rows of verdict COMPARE_TOO_FEW that lack the same as row `first`, in one sentence; NULL when one
 * before it has said so. Caller frees. */
char *compare_say_too_few(const struct compare_result *of, size_t first);

/* By verdict. */
extern const struct compare_word {
	const char *name;  /* in JSON and CSV: "a_better" */
	const char *badge; /* of a row: "differs" */
	const char *of_b;  /* of arm b, as the baseline sees it: "worse" */
	const char *class; /* of a badge on a page */
} compare_words[];
/* By enum: "mann-whitney", "signed-rank". */
extern const char *const compare_method_names[];

#endif
