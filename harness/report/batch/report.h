/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What became of a batch, as plain data: made by the batch command, told as text, JSON, JUnit XML
 * (junit.h) and a page (batch_page.h). Strings are borrowed.
 */
#ifndef SS_REPORT_BATCH_REPORT_H
#define SS_REPORT_BATCH_REPORT_H

#include "analysis/analysis.h"
#include "base/util.h"
#include "report/compare/published.h"

enum batch_state {
	BATCH_DONE,    /* a complete record */
	BATCH_FAILED,  /* begun, no complete record */
	BATCH_OPEN,    /* not run yet */
	BATCH_STOPPED, /* not needed: the scenario was stopped early */
};
const char *batch_state_name(enum batch_state s); /* "done", "failed", "open", "not needed" */

#define BATCH_FELT 4 /* metrics in the table of figures */

/* One boot. */
struct batch_run {
	size_t scenario; /* index into batch_report.scenarios */
	const char *config;
	unsigned repeat, block; /* repeat from 0, block from 1 */
	enum batch_state state;
	const char *record; /* name in the results, "" without */
	const char *why;    /* failed: the sentence; not needed: the reason; else "" */
	double wall_s, overhead_s;
	struct strv warnings;	 /* of its record; owned by the report's maker */
	double felt[BATCH_FELT]; /* by batch_felt() (batch_figures.h), once it is done */
	size_t place;		 /* of its configuration in the scenario: variants, then points */
};

struct batch_expect {
	size_t scenario;
	char *variant, *text, *why; /* owned by the report's maker */
	enum verdict verdict;
};

struct batch_scenario {
	const char *name, *path;
	const char *skipped; /* why this box cannot run it, "" = it can */
	const char *stopped; /* why it was stopped early, "" = it was not */
	/* figures of others beside its own, NULL = none; owned by the report's maker */
	struct published *published;
};

struct batch_report {
	const char *id;	     /* the experiment's */
	const char *results; /* folder of the records, relative to the page's folder: ".." */
	uint64_t seed;
	unsigned shard, shards;
	int status; /* exit status */
	struct batch_scenario *scenarios;
	size_t n_scenarios;
	struct batch_run *runs; /* in running order: what people see is in batch_order()'s */
	size_t n_runs;
	struct batch_expect *expects;
	size_t n_expects;
};

/* The runs by scenario, place of the configuration and repeat, whatever the order in which they were
 * run or ended; free() it. */
const struct batch_run **batch_order(const struct batch_report *r);

size_t batch_count(const struct batch_report *r, enum batch_state s);

/* A warning and the runs that have it; `every`: all that are done do. */
struct batch_warning {
	const char *text; /* of the first */
	bool varies;	  /* those of the others have other figures in it */
	size_t *runs, n;
	bool every;
};
/* Grouped by text but for words with a figure in them, those of fewest runs first. Free with batch_warnings_free(). */
#define BATCH_VARIES " (and with other figures)"
struct batch_warning *batch_warnings(const struct batch_report *r, size_t *n);
void batch_warnings_free(struct batch_warning *w, size_t n);

/* The figures at most 96 columns wide; what is said in sentences is not broken. */
void batch_report_text(const struct batch_report *r, struct strbuf *out);
/* {"batch","status","seed","shard","shards","runs":[...],"expect":[...],"skipped":[...]} */
void batch_report_json(const struct batch_report *r, struct strbuf *out);

#endif
