/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A batch: many boots of many scenarios, in random interleaved order, that survive being killed.
 *
 * batch_prepare(), then batch_begin() or, with the journal of an interrupted one in b->journal,
 * batch_take_up(); batch_run(); batch_sum().
 */
#ifndef SS_STUDY_BATCH_H
#define SS_STUDY_BATCH_H

#include "terms/metrics.h"
#include "host/facts.h"
#include "report/batch/report.h"
#include "study/execute.h"
#include "study/find.h"
#include "study/journal.h"
#include "study/left.h"

#define BATCH_GIVE_UP 3 /* boots in a row that failed: something is wrong with the box */

/* Stop a scenario when a metric is known well enough in each of its configurations. */
struct batch_until {
	char *metric; /* a name, a <measure>'s too; NULL = run all */
	char *guest;  /* NULL = mean over the guests */
	double share; /* half the 95 % interval of the median, over the median */
};

struct batch_args {
	struct strv files; /* of scenarios */
	struct strv sets;
	unsigned repeats; /* 0 = as the scenarios say */
	bool have_seed;
	uint64_t seed;
	unsigned shard, shards;
	struct batch_until until;
	uint64_t cool_down_ns;
	unsigned retries;
	const char *id; /* NULL = a new one */
};

/* One scenario of a batch. */
struct batch_job {
	char *path;
	struct prepared prepared;
	char *skipped; /* why this box cannot run it, NULL = it can */
};

/* One boot of this shard. */
struct batch_boot {
	char *record; /* name of its complete record, NULL = none yet */
	bool failed;  /* in this process */
};

struct batch {
	struct study study;
	struct batch_args args;
	struct journal journal;
	struct batch_job *jobs; /* as journal.files */
	size_t n_jobs;
	struct batch_boot *boots; /* as journal.units */
	struct left_unit *left;	  /* as journal.units */
	struct executor executor;
	struct facts *facts; /* of the box when the batch began */
};

/* batch_begin.c. The folder of the journal in `results` that was written to last and was begun with
 * these words; without words (`asked` NULL) of the newest unfinished one, by that id if not NULL.
 * NULL: there is none. Caller frees. */
char *batch_find(const char *results, const struct strv *asked, const char *id);
/* Load and plan all scenarios; what this box cannot run is skipped. An exit status; what is wrong
 * with which has been told. */
int batch_prepare(struct batch *b);
/* Draw the order and begin a journal that keeps these words. */
int batch_begin(struct batch *b, const struct strv *asked, struct err *e);
/* Hold a journal against the scenarios as they are now, remove what a killed harness left on the
 * host, and take over the records there are. */
int batch_take_up(struct batch *b, struct err *e);

/* batch.c. All boots there are to do, with their retries. 0 when none is left, however they went;
 * else what ended the batch: an interruption, a disk that is full, too many failures in a row. */
int batch_run(struct batch *b, struct err *e);
void batch_release(struct batch *b);

/* batch_sum.c. What became of it, judged from its records alone. */
struct batch_sum {
	struct batch_report report; /* report.status: exit status of all */
	char *dir;		    /* where summary.html and junit.xml are; NULL = no sum */
	/* What the report's strings lie in, when it is of records alone. */
	struct found *found;
	struct journal *journals;
	size_t n_found, n_journals;
};
/* Judge, write the two files, end the journal when nothing is left to do. `status`: of the work so
 * far. With an error, what could be told is in *sum; release it whatever comes out. */
int batch_sum(struct batch *b, int status, struct batch_sum *sum, struct err *e);
/* The same for an experiment of which there are only records: merged shards. */
int batch_sum_records(const struct study *s, const char *id, struct batch_sum *sum, struct err *e);
void batch_sum_release(struct batch_sum *sum);

#endif
