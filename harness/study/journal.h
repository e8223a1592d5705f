/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal of a batch: what was asked, the order drawn from it, and what became of each run so
 * far. It is a text file of lines with fields between tabs. The head is written in one step, the
 * rest is appended a line at a time and synced, so that a crash at any instant leaves a journal
 * that loads: a line cut short is taken away on opening.
 *
 * The journal says what there is to do; what is done, the records themselves say (find.h). One
 * process at a time may have it open.
 *
 *   stealscope-batch 1
 *   id ID
 *   host NAME
 *   seed N
 *   shard K N
 *   arg TEXT                             what was asked, as on the command line; repeated
 *   file HASH NAME PATH                  a scenario; repeated
 *   unit FILE CONFIG REPEAT BLOCK NAME   one run, in order; FILE and CONFIG count from 0
 *   begin UNIT                           UNIT counts from 0
 *   done UNIT RECORD
 *   fail UNIT SENTENCE
 *   stop FILE SENTENCE                   its other blocks are not needed
 *   end STATUS
 */
#ifndef SS_STUDY_JOURNAL_H
#define SS_STUDY_JOURNAL_H

#include "base/util.h"
#include "study/order.h"

#define JOURNAL_NAME "journal"

struct journal_file {
	uint64_t hash;	/* of the scenario and what it includes */
	char *scenario; /* its name */
	char *path;
	char *stopped; /* why no more of it is run, NULL = go on */
};

struct journal_unit {
	struct order_unit unit;
	char *config; /* name */
	unsigned begun;
	bool done;
	char *text; /* `done`: the record's name; else why it failed last, NULL if it did not */
};

struct journal {
	char *dir; /* the folder it lies in */
	char *id, *host;
	uint64_t seed;
	unsigned shard, shards;
	struct strv args;
	struct journal_file *files;
	size_t n_files;
	struct journal_unit *units; /* of this shard */
	size_t n_units;
	bool ended;
	int fd;
};

/* Write the head of `j` (all but fd is the caller's, on the heap) into a new folder j->dir and open
 * it. -EINVAL for text with control characters in it. */
int journal_create(struct journal *j, struct err *e);
/* Read DIR/journal and open it for more. -EBUSY while another process has it open; -ENOENT; -EINVAL
 * when it is no journal. *out is untouched on failure. */
int journal_open(const char *dir, struct journal *out, struct err *e);
/* The same, read only and without the lock. */
int journal_read(const char *dir, struct journal *out, struct err *e);
void journal_release(struct journal *j);

/* Append a line, sync it, and keep it in `j`. Control characters in `text` become spaces. */
int journal_begin(struct journal *j, size_t unit, struct err *e);
int journal_done(struct journal *j, size_t unit, const char *record, struct err *e);
int journal_fail(struct journal *j, size_t unit, const char *why, struct err *e);
int journal_stop(struct journal *j, size_t file, const char *why, struct err *e);
int journal_end(struct journal *j, int status, struct err *e);

/* FNV-1a over the contents of files, in order. */
int journal_hash(const struct strv *paths, uint64_t *hash, struct err *e);

#endif
