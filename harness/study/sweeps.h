/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How metrics follow what a scenario sweeps, over all boots of a set. */
#ifndef SS_STUDY_SWEEPS_H
#define SS_STUDY_SWEEPS_H

#include "report/compare/sweep_lines.h"
#include "study/arms.h"

struct sweeps {
	struct sweep
		*list; /* one per metric asked for: lines of each guest where guests are unequal */
	size_t n;
	struct arm *whole;	    /* the runs */
	const double **values;	    /* by metric as `list`, then by run: of `guest`, or the mean */
	enum metric_better *better; /* as `list` */
	struct strv guests;	    /* "db", "worker-[0-9]*": unequal ones, as patterns */
	struct strv line_names;
	char *scenario;
	struct sweep_lines lines;  /* their strings lie in it, */
	struct metric_names names; /* and in these */
};

/* Of the runs that `what` selects (arm_read_scenario()), of `guest` or (NULL) the mean over guests that
 * are copies of one, for the metrics that `wanted` holds (metric_wanted()). Runs of several overrides
 * are refused, or with `force` drawn; of several hosts or kernels too unless `any_host`. *out is zeroed by the caller, and to be
 * released whatever comes out. */
int sweeps_read(const struct study *s, struct index *x, const char *what, const char *guest,
	const struct strv *wanted, bool force, bool any_host, struct sweeps *out, struct err *e);
void sweeps_release(struct sweeps *s);

/* Whether a list of names holds this one or a group that it is in ("timer" of "timer.late.p99"); an
 * empty list holds all. */
bool metric_wanted(const struct strv *wanted, const char *metric);

#endif
