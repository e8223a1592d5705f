/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What run and batch do alike with one boot: carry out its plan, analyse and save the record, put
 * it into the index. */
#ifndef SS_STUDY_EXECUTE_H
#define SS_STUDY_EXECUTE_H

#include "analysis/analysis.h"
#include "study/order.h"
#include "run/run.h"
#include "study/prepare.h"

struct executor {
	const struct study *study;
	char *metal, *agent, *hostd; /* parts of stealscope, its own; hostd NULL = without */
	char experiment[33];
	uint64_t boot_timeout_ns; /* 0 = as run.h says */
	struct run_lab *lab;	  /* kept open between boots; see run.h */
	/* What carries a plan out; NULL = run_plan(). */
	int (*run)(const struct plan *p, const struct run_options *o, struct run_result *r,
		struct err *e);
};

/* Draw a new experiment id; the parts are the caller's to add. */
void executor_init(struct executor *x, const struct study *s);
void executor_release(struct executor *x);

/* One boot of an order. */
struct execution {
	const struct prepared *prepared;
	const char *scenario_file; /* as in run.h; may be NULL */
	struct order_unit unit;
	size_t place, places;	     /* of the order, from 1 */
	const struct strv *warnings; /* of the time before it; may be NULL */
	const char *tail;	     /* of the progress line: "3 min left"; may be NULL */
};

/* The record's folder in *record (NULL if none began; the caller frees) whatever comes out. 0: it
 * is complete and *out its analysis, saved and indexed, which the caller frees. */
int execute(struct executor *x, const struct execution *what, char **record, struct analysis **out,
	struct err *e);

/* Analyse a complete record, save what was made of it, put it into the index. */
int execute_analysis(
	const struct study *s, const char *record, struct analysis **out, struct err *e);

#endif
