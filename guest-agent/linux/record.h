/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stand-alone recorder: options, and what the machine says of itself. */
#ifndef SS_LINUX_RECORD_H
#define SS_LINUX_RECORD_H

#include "abi/recording.h"
#include "guest-agent/linux/linux.h"

struct record_options {
	const char *file;
	uint64_t for_ns; /* 0 = until told to stop */
	uint64_t size_max, period_ns;
	bool relative;
};

/* Record until it is over; exit status. */
int record_run(const struct record_options *o);
/* record_header.c: fill in machine, kernel, hypervisor, CPUs, steal. */
void record_header(struct recording_header *h);

#endif
