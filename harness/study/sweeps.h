/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How metrics follow what a scenario sweeps, over all boots of a set. */
#ifndef SS_STUDY_SWEEPS_H
#define SS_STUDY_SWEEPS_H

#include "report/compare/sweep_lines.h"
#include "study/arms.h"

struct sweeps {
	struct sweep *list; /* one per metric asked for */
	size_t n;
	char *scenario;
	struct sweep_lines lines;  /* their strings lie in it, */
	struct metric_names names; /* and in these */
};

/* Of the runs that `what` selects (arm_read_scenario()), of `guest` or (NULL) the mean over the
 * guests, for the metrics that `wanted` holds (empty = all). Runs of several hosts, kernels or
 * overrides are refused, or with `force` drawn and told of. *out is zeroed by the caller, and to be
 * released whatever comes out. */
int sweeps_read(const struct study *s, struct index *x, const char *what, const char *guest,
	const struct strv *wanted, bool force, struct sweeps *out, struct err *e);
void sweeps_release(struct sweeps *s);

/* Whether a list of names holds this one; an empty list holds all. */
bool metric_wanted(const struct strv *wanted, const char *metric);

#endif
