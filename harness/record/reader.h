/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Streaming readers of guest/<name>.bin and host/trace.bin. Memory is constant; a cut file is read
 * up to the cut; every record handed out has a known type, its full length and fields in range.
 * What is skipped is counted. Returned pointers are valid until the next call.
 */
#ifndef SS_RECORD_READER_H
#define SS_RECORD_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/guest_shm.h"
#include "abi/host_trace.h"
#include "base/err.h"

struct read_status {
	uint64_t records; /* handed out */
	uint64_t bad;	  /* skipped: unknown type, wrong length, vCPU or time out of range */
	bool cut;	  /* ended inside a record, or (trace) without TRACE_END */
	bool io_error;	  /* read(2) failed: treated as the end */
};

struct guest_reader;
int guest_reader_open(const char *path, struct guest_reader **out, struct err *e);
const struct shm_rec *guest_reader_next(struct guest_reader *r); /* NULL at the end */
void guest_reader_rewind(struct guest_reader *r);
struct read_status guest_reader_status(const struct guest_reader *r);
void guest_reader_close(struct guest_reader *r); /* NULL is fine */

struct trace_reader;
int trace_reader_open(const char *path, struct trace_reader **out, struct err *e);
const struct trace_file_header *trace_reader_header(const struct trace_reader *r);
const struct trace_hdr *trace_reader_next(struct trace_reader *r); /* NULL at the end */
struct read_status trace_reader_status(const struct trace_reader *r);
void trace_reader_close(struct trace_reader *r); /* NULL is fine */

#endif
