/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparisons for tests: two arms whose boots lie side by side, boot i of each in block i + 1. */
#ifndef SS_TESTS_MADE_COMPARISON_H
#define SS_TESTS_MADE_COMPARISON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "analysis/stats/compare.h"

#define MANY 64

static size_t in_order[MANY];

/* Set up SIDE_BY_SIDE, for the group of tests. */
static inline int number_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		in_order[i] = i + 1;
	return 0;
}

static const struct compare_blocks SIDE_BY_SIDE = {in_order, in_order, MANY};

static inline struct compare_result compare(const struct compare_input *in)
{
	struct compare_result r;
	struct err e = ERR_INIT;

	if (compare_arms(in, &r, &e))
		fail_msg("%s", e.msg);
	return r;
}

static inline struct compare_metric metric(const double *a, size_t na, const double *b, size_t nb)
{
	return (struct compare_metric){"timer.late.p99", "us", BETTER_LOWER, a, b, na, nb};
}

static inline struct compare_input input(const struct compare_metric *m, size_t n)
{
	return (struct compare_input){.name_a = "float",
		.name_b = "pinned",
		.metrics = m,
		.n_metrics = n,
		.blocks = &SIDE_BY_SIDE,
		.resamples = 100};
}

#endif
