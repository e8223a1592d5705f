/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small reader of host/trace.bin for the tests of hostd, written from abi/host_trace.h alone and
 * independent of the harness's own. Any breach of the format's promises is a line in `faults`. */
#ifndef SS_TESTS_E2E_TRACE_READ_H
#define SS_TESTS_E2E_TRACE_READ_H

#include "abi/host_trace.h"
#include "base/util.h"

#define READ_MAX_THREADS 64
#define READ_MAX_CPUS	 8192
#define READ_FILLER	 (1u << 16) /* ids from here on only take room: not looked at */

struct read_blame {
	uint32_t tid;
	uint64_t ns;
};

struct read_thread {
	uint32_t tid;
	unsigned state, cpu;
	uint64_t first_ns, since_ns;
	uint64_t ns[5]; /* by enum thread_state, up to the last record */
	uint64_t waits, migrations, inferred, throttles;
	uint64_t charged_ns; /* the wait under way is blamed up to here */
	struct read_blame *blame;
	size_t n_blame;
	/* From the first end of RUNNING to the last one. */
	bool joined;
	uint64_t wait_at_first, wait_at_last, delay_at_first, delay_at_last, waits_at_first,
		waits_at_last;
	/* Counters of hostd: first and last value. */
	uint64_t run_delay[2], clock_wait[2], booked[2], conflicts;
	bool seen_delay, seen_clock, seen_booked;
	uint64_t total[3]; /* CTR_TRACED_RUN/WAIT/SLEEP_NS at the end */
	uint64_t total_ts;
	uint64_t others_ns; /* of them, BLAME_OTHERS */
	uint64_t cells_ns;  /* sum of its TRACE_BLAME_ADDED cells, in `blame` by task */
	uint64_t throttled_ns;
};

struct read_trace {
	struct trace_file_header header;
	struct read_thread threads[READ_MAX_THREADS];
	size_t n_threads;
	uint32_t occupant[READ_MAX_CPUS];
	uint32_t *named;
	size_t n_named;
	uint64_t records, lost, bytes, irqs;
	bool ended;
	struct strv faults;
};

int read_trace(const char *path, struct read_trace *t, struct err *e);
void read_trace_release(struct read_trace *t);
struct read_thread *read_find(struct read_trace *t, uint32_t tid); /* NULL when not tracked */
bool read_is_named(const struct read_trace *t, uint32_t tid);
/* What of this thread's waiting is blamed on `tid`. */
uint64_t read_blamed(const struct read_thread *th, uint32_t tid);

#endif
