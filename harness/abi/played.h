/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host/stalls-NAME.bin in a record: what a player of stalls meant to do and did (noise/stalls.c). This
 * header, then struct played's as they ended; of one CPU they are in order. A cut file is read up to
 * the cut.
 */
#ifndef SS_ABI_PLAYED_H
#define SS_ABI_PLAYED_H

#include <stdint.h>

#define PLAYED_MAGIC   UINT64_C(0x3130594c50535353) /* "SSSPLY01" */
#define PLAYED_VERSION 1u
#define PLAYED_CPU_MAX 8192u

struct played_header {
	uint64_t magic;
	uint32_t version;
	uint32_t rec_size;
	uint64_t start_ns; /* host CLOCK_MONOTONIC of time 0 of what is played */
	uint8_t closed;	   /* 1: a rate series, in closed loop on the victim's run_delay */
	uint8_t pad[7];
};

enum played_outcome {
	PLAYED_DONE = 1,
	PLAYED_CUT =
		2, /* it began and did not get all of its time (real-time throttling, another) */
	PLAYED_OVERLAP = 3, /* not played: the one before was not over */
	PLAYED_MISSED = 4,  /* not played: its time had passed */
	PLAYED_NOBODY = 5,  /* not played: its CPU is no vCPU of the victim's */
	/* of a rate series: so much (got_ns = 0) of the stretch of length_ns from due_ns was to be taken:
	 * want_ns; the stalls that it became follow */
	PLAYED_RATE = 6,
};

struct played {
	uint64_t due_ns;	   /* host clock: when it was to begin */
	uint64_t length_ns;	   /* and how long it was to be */
	uint64_t want_ns;	   /* CPU time it was to take: length_ns, but of PLAYED_RATE */
	uint64_t start_ns, end_ns; /* 0: not played */
	uint64_t got_ns;	   /* CPU time that it took */
	uint32_t cpu;		   /* of the host; of PLAYED_NOBODY the recorded one */
	uint8_t outcome;	   /* enum played_outcome */
	uint8_t pad[3];
};

_Static_assert(sizeof(struct played_header) == 32, "played_header");
_Static_assert(sizeof(struct played) == 56, "played");

#endif
