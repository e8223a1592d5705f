/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * results/index.db: which runs there are and what they measured, in SQLite, so that `list` and
 * `compare` need not open a thousand folders. It holds nothing that the folders do not: it can be
 * deleted and rebuilt at any time.
 *
 * Three tables, meant to be read by others too:
 *
 *   runs     run (key), folder (relative to results/), experiment, scenario, variant (the whole
 *            configuration), arm (without the point), point ("lab.overcommit=2"), overrides (of --set,
 *            joined by blanks), repeat, seed, status, started (ISO 8601 UTC), duration_s, host, kernel,
 *            version, warnings (joined by semicolons)
 *   guests   run, guest, noise, kind, vcpus, weight (cpu.shares, 0: as it is), quota_us (0: none),
 *            period_us; key (run, guest)
 *   metrics  run, guest, noise (1: the guest is there to be in the way), vcpu (-1: the whole
 *            guest), name, unit, value; key (run, guest, vcpu, name)
 *
 * An index of format 2 is made one of format 3 as it is opened: its runs have no warnings and no rows
 * in guests until index_rebuild().
 *
 * Several processes may use one index: write-ahead log, one transaction per record, and 10 s of
 * waiting for the other's. A handle belongs to one thread.
 */
#ifndef SS_RECORD_INDEX_H
#define SS_RECORD_INDEX_H

#include "record/run_info.h"

struct index;

enum index_access {
	INDEX_WRITE,
	INDEX_READ,	 /* the folder or the file is another user's */
	INDEX_BEHIND,	 /* ... who is writing: what was added last may be missing */
	INDEX_IN_MEMORY, /* ... and there is none to read: empty, for index_rebuild() */
};
enum index_access index_access(const struct index *x);

/* Open DIR/index.db, making it (but not DIR) where it is missing. Who may not write there gets what can be
 * read, see index_access(). -EPROTO when a newer version or
 * format 1 made it; -EILSEQ when the file is damaged: index_reset() and index_rebuild() mend
 * both. */
int index_open(const char *results_dir, struct index **out, struct err *e);
/* Delete DIR/index.db and its side files. No process may have it open. */
int index_reset(const char *results_dir, struct err *e);
void index_close(struct index *x); /* NULL is fine */
AUTO_PTR(index_close, struct index *)

/* One value of one run. Strings are borrowed. */
struct index_metric {
	const char *guest;
	bool noise; /* the guest is a neighbour, not what is measured */
	int vcpu;   /* -1: the whole guest */
	const char *name, *unit;
	double value; /* NaN and infinity are left out: "not provided" has no row */
};

/* What the facts of a run call its host and its kernel; "" where they do not. */
const char *index_host_of(const struct run_info *r);
const char *index_kernel_of(const struct run_info *r);

/* Add a run with its metrics, in place of what the index had of it. `folder`: relative to results/.
 * host and kernel come from the run's facts (index.c names the keys). */
int index_add(struct index *x, const struct run_info *r, const char *folder,
	const struct index_metric *metrics, size_t n_metrics, struct err *e);

enum index_op { INDEX_OP_NONE = 0, INDEX_LT, INDEX_LE, INDEX_GT, INDEX_GE, INDEX_EQ };
/* "<", "<=", ">", ">=", "=": INDEX_OP_NONE for anything else. */
enum index_op index_op_parse(const char *text);

/* What to list; NULL or 0 = any. Text matches exactly, or by shell pattern where it holds * ? or
 * [. */
struct index_filter {
	const char *run, *experiment, *scenario, *variant, *arm, *host, *kernel, *status,
		*overrides;
	const char *since, *until; /* ISO 8601 prefixes, "2026-11-20": since <= started < until */
	const char *metric;	   /* with op and value: any guest's own value (vcpu -1) meets it */
	const char *guest;	   /* ... of this guest only */
	enum index_op op;
	double value;
	size_t limit; /* newest first */
};

struct index_row {
	char *run, *folder, *experiment, *scenario, *variant, *arm, *point, *status, *started,
		*host, *kernel, *overrides;
	unsigned repeat;
	uint64_t seed;
	double duration_s;
};

/* No run is in it: so is one whose making was ended before it was filled. */
bool index_is_empty(struct index *x);

/* Runs that meet the filter, newest first. The caller frees with index_rows_free(). */
int index_query(struct index *x, const struct index_filter *f, struct index_row **rows, size_t *n,
	struct err *e);
void index_rows_free(struct index_row *rows, size_t n);

/* One value per run that meets the filter, oldest first: metric `name` of `guest` (a pattern: the mean
 * of those that match; NULL: of the run's guests that are not noise). Runs without it give NaN, so that arms keep their
 * length. Caller frees. */
int index_values(struct index *x, const struct index_filter *f, const char *guest, const char *name,
	double **values, size_t *n, struct err *e);

/*
 * Build the index anew from the folders of results_dir that hold a run.json. `read` fills the
 * metrics (an array that the index frees; its strings must live until the next call or the end) of
 * the record in `dir`, and may point *warnings, which are run.json's, to more; a negative return leaves the run in the index without metrics and adds its
 * sentence to `problems`. All in one transaction: others see the old index or the new one. Returns
 * the number of runs, or -errno.
 */
typedef int (*index_read_fn)(void *ctx, const char *dir, const struct run_info *r,
	struct index_metric **metrics, size_t *n, const struct strv **warnings, struct err *e);
int index_rebuild(
	struct index *x, index_read_fn read, void *ctx, struct strv *problems, struct err *e);

#endif
