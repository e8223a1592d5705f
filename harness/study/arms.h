/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sets of runs that a comparison holds against each other, read from the index. */
#ifndef SS_STUDY_ARMS_H
#define SS_STUDY_ARMS_H

#include "analysis/stats/compare.h"
#include "study/metric_names.h"
#include "study/results.h"
#include "report/compare/html.h"
#include "report/compare/paper.h"

/* One arm: its runs and their values. */
struct arm {
	char *name; /* for people: "pinned" */
	char *text; /* the filter's strings lie in it */
	struct index_filter filter;
	struct index_row *rows; /* oldest first */
	size_t n;
	struct arm_values {
		double *v; /* as rows; NaN where a run has none */
		size_t n;
	} * values; /* n_values of them, by the index of `names`; NULL until arms_read_names() */
	size_t n_values;
};

/* The set `what` (results_select()). -ENOENT when no complete run is in it. */
int arm_read(
	struct arm *a, const struct study *s, struct index *x, const char *what, struct err *e);
/* A set as a whole: as arm_read(), but a record stands for all runs of its scenario in its
 * experiment. Runs of several scenarios are refused. */
int arm_read_scenario(
	struct arm *a, const struct study *s, struct index *x, const char *what, struct err *e);
/* The variants of `whole`, the one called `baseline` first, the others by name; added to *arms. */
int arms_of_variants(const struct arm *whole, struct index *x, const char *baseline,
	struct arm **arms, size_t *n, struct err *e);
/* The metrics that the arms' records may have, and room for their values. Release the names. */
void arms_read_names(const struct study *s, struct arm *arms, size_t n, struct metric_names *names);
/* The values of one metric, of `guest` or (NULL) the mean over the guests of each run. */
int arm_read_values(struct arm *a, struct index *x, const char *guest,
	const struct metric_names *names, size_t metric, struct err *e);
void arms_free(struct arm *arms, size_t n);

/* Names that leave out what all arms have in common: "pinned" of "scenario=x,variant=pinned". */
void arms_shorten_names(struct arm *arms, size_t n);

/* Which block each run of the two arms was in: a repeat of a scenario in an experiment, on one host
 * with one kernel (a block that went on on another box is two). Runs of no experiment are in none.
 * Caller releases. */
struct compare_blocks arms_blocks(const struct arm *a, const struct arm *b);
void arms_blocks_release(struct compare_blocks *blocks);

/* -EINVAL when an arm holds runs that --set made different, so that its boots
 * are no sample of one thing. */
int arms_check_overrides(const struct arm *arms, size_t n, struct err *e);

/* NULL when all runs of both arms come from one host with one kernel, else what differs. A host is
 * a block: arms from different hosts differ by their hosts. Caller frees. */
char *arms_mismatch(const struct arm *a, const struct arm *b);

/* Guests without an agent, of the newest record of each arm: "vm, db". Caller frees. */
char *arms_outside(const struct study *s, const struct arm *arms, size_t n);

/* What a paper says of the arms' boots; its strings lie in `text` and in the arms. `guest` as in
 * arm_read_values(). Release it. */
struct arms_origin {
	struct compare_origin origin;
	char *text[5];
};
void arms_origin(const struct arm *arms, size_t n, const char *guest, struct arms_origin *out);
void arms_origin_release(struct arms_origin *o);

/* The analyses of an arm's records, for lateness and blame on the page. Those that cannot be read
 * any more are left out with a note; the figures come from the index. */
struct compare_boots arm_boots(const struct study *s, const struct arm *a);
void arm_boots_free(struct compare_boots *b);

#endif
