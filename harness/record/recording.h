/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recordings of `stealscope-agent record` (abi/recording.h): a streaming reader, and their change
 * into a record. A file is untrusted: blocks with a wrong checksum or numbers out of range are
 * skipped and counted, a cut file is read up to the cut.
 */
#ifndef SS_RECORD_RECORDING_H
#define SS_RECORD_RECORDING_H

#include "abi/recording.h"
#include "base/util.h"
#include "record/run_info.h"

struct recording;

/* What comes next in time order: a wake-up, or a row of steal counters. */
struct recording_event {
	uint64_t ns; /* of the recorded machine */
	bool is_row;
	uint64_t deadline_ns, missed; /* wake-up */
	/* Wake-up: of its lateness, in the machine's own run queue. Row: since the row before. 0
	 * without header flag RECORDING_OWN_DELAY. */
	uint64_t own_ns;
	/* Row: since recording began, per CPU, as read: it may run backwards or jump. Where
	 * steal_have is false the CPU's counter was not there. */
	const uint64_t *steal_ns;
	const bool *steal_have;
	uint64_t psi_ns, machine_ns; /* row: see abi/recording.h */
	int cpu; /* row: all wake-ups since the row before were on this one; -1 unknown */
};

struct recording_status {
	uint64_t blocks, samples, rows;
	uint64_t bad_blocks;	    /* skipped: checksum, or numbers out of range */
	uint64_t lost_blocks;	    /* missing by their sequence numbers */
	uint64_t first_ns, last_ns; /* of events */
	bool cut;		    /* ends inside a block */
};

int recording_open(const char *path, struct recording **out, struct err *e);
const struct recording_header *recording_head(const struct recording *r);
/* False at the end. */
bool recording_next(struct recording *r, struct recording_event *ev);
/* Begins a new block after this event: a place to resynchronise. */
struct recording_status recording_status(const struct recording *r);
void recording_close(struct recording *r); /* NULL is fine */
AUTO_PTR(recording_close, struct recording *)

#define IMPORT_MAX 16 /* recordings side by side in one record */

/*
 * Make a record below `results` of `n` recordings, each as one guest of it, all beginning at the
 * same instant. CPUs beyond the 16th are left out (and said so). *record is its folder (caller
 * frees).
 */
int recording_import(
	const char *const *files, size_t n, const char *results, char **record, struct err *e);

#endif
