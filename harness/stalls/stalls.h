/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stalls as data: the format `stealscope stalls 1` and rate series (docs/stalls.md), read and written
 * as streams in constant memory. A file is untrusted: every number has its bounds, a row that is wrong
 * or out of order ends the reading with a sentence that names its line.
 */
#ifndef SS_STALLS_STALLS_H
#define SS_STALLS_STALLS_H

#include "base/cpuset.h"
#include "base/util.h"

#define STALLS_TIME_MAX	  (366 * 86400 * NS_PER_S) /* no row begins or ends later */
#define STALLS_LENGTH_MAX (3600 * NS_PER_S)
#define STALLS_CPU_MAX	  1023u

/* One row. Of exact stalls taken_ns is length_ns; of a rate series it is what was taken, nobody knows
 * when, of a stretch of length_ns. */
struct stall {
	uint64_t start_ns, length_ns, taken_ns;
	unsigned cpu;
};

struct stalls_head {
	bool rates;	  /* a rate series */
	char source[160]; /* who took them where; "" = not said */
	char clock[32];	  /* of the times */
	char kernel[64];
	char coverage[96];  /* of how much of the time these are all stalls; "" = all of it */
	struct cpuset cpus; /* that were looked at; empty = not said */
	uint64_t threshold_ns;
};

struct stalls_reader;

/* A regular file. -EINVAL and the like with `file:line: what is wrong; what would be right`. */
int stalls_open(const char *path, struct stalls_reader **out, struct err *e);
const struct stalls_head *stalls_head(const struct stalls_reader *r);
/* Rows come in order of their starts. 1 = a row, 0 = the end, -errno. */
int stalls_next(struct stalls_reader *r, struct stall *out, struct err *e);
/* The next row is the first that begins at `from_ns` or later; found by halving, in a file that is in
 * order. May go backwards. */
int stalls_seek(struct stalls_reader *r, uint64_t from_ns, struct err *e);
uint64_t stalls_marks(const struct stalls_reader *r); /* lines "# mark: ..." so far */
void stalls_close(struct stalls_reader *r);	      /* NULL is fine */

/* The file as it is, into the open file `out`, in constant memory. -EFBIG when it is larger than `most`. */
int stalls_copy(const char *path, int out, uint64_t most, struct err *e);

/* The head, up to the line that names the columns. */
void stalls_write_head(FILE *f, const struct stalls_head *h);
void stalls_write(FILE *f, const struct stalls_head *h, const struct stall *s);
/* That something happened to the clock or the counters at that time, which is no stall. */
void stalls_write_mark(FILE *f, uint64_t at_ns, const char *what);

/* Whether the file begins as such a file does. */
bool stalls_recognise(const char *text, size_t n);

#endif
