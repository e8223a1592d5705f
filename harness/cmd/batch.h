/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the batch command: what was asked (batch_args.c), carrying it out (cmd_batch.c),
 * summing it up (batch_sum.c). */
#ifndef SS_CMD_BATCH_H
#define SS_CMD_BATCH_H

#include "terms/metrics.h"
#include "study/journal.h"
#include "study/left.h"
#include "cmd/execute.h"
#include "host/facts.h"

/* Stop a scenario when a metric is known well enough in each of its configurations. */
struct batch_until {
	enum metric_id metric; /* METRIC_COUNT = run all */
	char *guest;	       /* NULL = mean over the guests */
	double share;	       /* half the 95 % interval of the median, over the median */
};

struct batch_args {
	struct strv paths;
	struct strv sets;
	unsigned repeats; /* 0 = as the scenarios say */
	bool have_seed;
	uint64_t seed;
	unsigned shard, shards;
	struct batch_until until;
	uint64_t cool_down_ns;
	unsigned retries;
	const char *id;
	uint64_t boot_timeout_ns;
	bool no_agent, resume;
	const char *sum_up; /* id of the experiment to sum up, nothing is run */
};

extern const struct argp_option batch_options[];
error_t batch_parse(int key, char *arg, struct argp_state *state);
void batch_args_init(struct batch_args *a);
void batch_args_release(struct batch_args *a);
/* The same as words of a command line, paths made absolute: what the journal keeps. */
int batch_args_format(
	const struct batch_args *a, const char *connect, struct strv *out, struct err *e);
/* The scenario files that the paths stand for, in order; a folder gives its *.xml that hold a
 * <scenario>. */
int batch_files(const struct batch_args *a, struct strv *out, struct err *e);

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
	struct cmd_common common;
	struct batch_args args;
	struct journal journal;
	struct batch_job *jobs; /* as journal.files */
	size_t n_jobs;
	struct batch_boot *boots; /* as journal.units */
	struct left_unit *left;	  /* as journal.units */
	struct executor executor;
	struct facts *facts; /* of the box when the batch began */
};

/* batch_begin.c. Open the journal of the batch to resume; its arguments replace b->args where the
 * command line names no scenario. EXIT_DONE with b->journal.dir NULL: there is none to resume. */
int batch_find_journal(struct batch *b, const struct command *c);
/* Load and plan all scenarios; what this box cannot run is skipped. An exit status. */
int batch_prepare(struct batch *b);
/* Draw the order and begin a journal. */
int batch_begin(struct batch *b, struct err *e);
/* Hold a journal against the scenarios as they are now, remove what a killed harness left on the
 * host, and take over the records there are. */
int batch_take_up(struct batch *b, struct err *e);

/* Judge all complete records, write junit.xml and summary.html into the batch's folder, print.
 * Returns an exit status; `status` is that of the work so far. */
int batch_sum(struct batch *b, int status);
/* The same for an experiment of which there are only records: merged shards. */
int batch_sum_records(const struct cmd_common *c, const char *id);

#endif
