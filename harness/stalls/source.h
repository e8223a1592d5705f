/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be played: a trace as it is asked for (faster, less of it, over and over), or stalls that
 * are made. The same seed makes the same stalls. */
#ifndef SS_STALLS_SOURCE_H
#define SS_STALLS_SOURCE_H

#include "stalls/stalls.h"

enum stalls_shape { STALLS_EXPONENTIAL, STALLS_PARETO, STALLS_FIXED };

struct stalls_how {
	const char *trace; /* a file; NULL: they are made */
	/* times and lengths are divided by `speed`, then lengths multiplied by `scale` */
	double speed, scale;
	uint64_t from_ns; /* of the trace, before `speed` */
	bool loop;
	/* Made, on each of `cpus` CPUs independently: */
	unsigned cpus;
	double rate_ms_per_s;
	uint64_t length_ns; /* mean */
	enum stalls_shape shape;
	/* of a second's rate with the next second's, 0 to below 1; 0: the rate does not change */
	double correlation;
	uint64_t seed;
};

struct stalls_source;

int stalls_source_open(const struct stalls_how *how, struct stalls_source **out, struct err *e);
bool stalls_source_rates(const struct stalls_source *s);
/* In order of starts, times from the beginning of playing. 1 = a row, 0 = the end, -errno. */
int stalls_source_next(struct stalls_source *s, struct stall *out, struct err *e);
void stalls_source_close(struct stalls_source *s); /* NULL is fine */

#endif
