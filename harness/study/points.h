/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The variants of a sweep held against one of them, point by point: what helps at one overcommit may harm
 * at another, and a mean over both says neither. */
#ifndef SS_STUDY_POINTS_H
#define SS_STUDY_POINTS_H

#include "study/sweeps.h"

struct point_pairs {
	struct compare_input
		*in; /* for compare_each(): all points of all variants are one family */
	size_t n;
	struct compare_metric *metrics; /* by comparison, then as sweeps.list */
	struct compare_blocks *blocks;
	char **point;	 /* "lab.overcommit=4" */
	double **pooled; /* values of all points together */
	size_t n_pooled;
};

struct points_how {
	const char *baseline; /* a variant, without its point */
	bool pool;	      /* all points together, because somebody asked for it */
	bool force, unpaired; /* as of compare */
};

/* Comparisons of every other line of the sweeps with the baseline's. Everything lies in `sweeps`, which
 * must outlive them. *out is zeroed by the caller, and to be released whatever comes out. */
int point_pairs_make(const struct sweeps *s, const struct points_how *how, struct point_pairs *out,
	struct err *e);
void point_pairs_release(struct point_pairs *p);

/* Whether `what` is a sweep and `baseline` one of its variants, and not of its configurations. */
bool points_are_meant(
	const struct study *s, struct index *x, const char *what, const char *baseline);

/* -EINVAL when an arm holds boots of several points of a sweep, which are no sample of one thing. */
int points_check_arms(const struct arm *arms, size_t n, struct err *e);

#endif
