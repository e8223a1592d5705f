/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stand-alone recorder: options, and what the machine says of itself. */
#ifndef SS_LINUX_RECORD_H
#define SS_LINUX_RECORD_H

#include <sched.h>

#include "abi/recording.h"
#include "guest-agent/linux/linux.h"

struct record_options {
	const char *file;
	uint64_t for_ns; /* 0 = until told to stop */
	uint64_t size_max, period_ns;
	bool relative;
	/* --stalls, --sample */
	bool stalls;
	cpu_set_t *stall_cpus;			/* NULL = all */
	uint64_t sample_on_ns, sample_every_ns; /* every 0 = all the time */
};

/* record_stalls.c: the gap probe on chosen CPUs, to FILE.stalls (docs/stalls.md). False: it said why. */
bool stalls_begin(const struct record_options *o);
void stalls_flush(void);
/* Something that is no stall, now. Nothing without --stalls. */
void stalls_mark(const char *what);
bool stalls_end(void);

/* Record until it is over; exit status. */
int record_run(const struct record_options *o);
/* record_header.c: fill in machine, kernel, hypervisor, CPUs, steal. */
void record_header(struct recording_header *h);

/* record_load.c: what the machine's own tasks waited for, in us since boot. */
struct load_reading {
	uint64_t own_us;     /* the calling thread, in a run queue */
	uint64_t psi_us;     /* some task waited for a CPU */
	uint64_t machine_us; /* all tasks together */
};

struct load {
	int own_fd, psi_fd, machine_fd; /* -1 = this kernel has none */
	uint64_t own_ns;
	struct load_reading last;
};

/* Of the calling thread and its machine, from now on; the RECORDING_* flags of what is there. */
uint32_t load_open(struct load *l);
/* ns that the thread stood in a run queue since the last call. */
uint64_t load_own(struct load *l);
/* Growth since the last call. */
struct load_reading load_grown(struct load *l);
/* Of the text of /proc/pressure/cpu and /proc/schedstat; false when it is not what it should be. */
bool load_parse_psi(const char *text, uint64_t *us);
bool load_parse_schedstat(const char *text, uint64_t *us);

#endif
