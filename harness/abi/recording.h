/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `stealscope-agent record` writes and `stealscope import` reads: a header, then blocks, each
 * written by one write() and guarded by a checksum, so that a file cut at any byte is read up to
 * the last whole block. Little-endian; times are CLOCK_MONOTONIC of the recorded machine in ns.
 *
 * A block holds `n_samples` timer samples and then `n_rows` rows, as variable-length numbers (7 bits
 * a byte, lowest first, the top bit set while more follow). Version 2:
 *
 *   sample: lateness in RECORDING_LATE_NS << 2 | w << 1 | m; with m set the number of deadlines
 *           missed before it follows; with w set (header flag OWN_DELAY) what of it the thread stood
 *           in this machine's own run queue, in RECORDING_LATE_NS. Its deadline is the one before it
 *           + (1 + missed) * period; of the first sample: first_deadline_ns (which is the last one
 *           that had passed).
 *   row:    us since start_ns; then, since the row before (the file's first row: since recording
 *           began): us that the recorder's thread stood in a run queue (OWN_DELAY), us that some
 *           task of the machine waited for a CPU (PSI: /proc/pressure/cpu), us that all its tasks
 *           waited for one (MACHINE_DELAY: /proc/schedstat), each 0 without its flag; 1 + the CPU
 *           on which all samples since the row before were taken, 0 when there were several; then
 *           for each CPU 0 when its counter could not be read, else 1 + the growth of its steal
 *           counter in steps, signed (0 -1 1 -2 2 ... as 0 1 2 3 4 ...): what was read, however
 *           odd. Whether it can be true is for the reader to say.
 *
 * Version 1, still read: samples lateness << 1 | m; rows us, then per CPU the growth in steps, with
 * what ran backwards written as 0.
 */
#ifndef SS_ABI_RECORDING_H
#define SS_ABI_RECORDING_H

#include <stdint.h>

#define RECORDING_MAGIC	      UINT64_C(0x3130434552535353) /* "SSSREC01" */
#define RECORDING_VERSION     2u
#define RECORDING_BLOCK_MAGIC 0x4b4c4253u /* "SBLK" */
#define RECORDING_LATE_NS     100u
#define RECORDING_BLOCK_MAX   (1u << 20) /* payload bytes */
#define RECORDING_CPUS_MAX    1024u

/* recording_header.flags */
#define RECORDING_STEAL		(1u << 0) /* the machine has a steal counter: rows mean something */
#define RECORDING_RELATIVE	(1u << 1) /* relative sleeps: deadlines are not at fixed distances */
#define RECORDING_OWN_DELAY	(1u << 2) /* /proc/thread-self/schedstat of the recorder's thread */
#define RECORDING_PSI		(1u << 3) /* /proc/pressure/cpu */
#define RECORDING_MACHINE_DELAY (1u << 4) /* /proc/schedstat */

struct recording_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* blocks start here */
	uint64_t start_ns;
	uint64_t start_unix_ns; /* CLOCK_REALTIME at the same instant */
	uint64_t period_ns;
	uint64_t steal_step_ns;
	uint32_t n_cpus;
	uint32_t flags;
	uint32_t accel; /* enum shm_accel of guest_shm.h; SHM_ACCEL_NATIVE: no hypervisor */
	uint32_t pad0;
	char host[64];
	char kernel[64];
	char hypervisor[16]; /* as CPUID says, "" = none */
	uint8_t pad[256 - 64 - 144];
};
_Static_assert(sizeof(struct recording_header) == 256, "recording_header");

struct recording_block {
	uint32_t magic;
	uint32_t bytes; /* of payload behind this header */
	uint32_t crc;	/* recording_crc() of all that follows this field, payload included */
	uint32_t seq;	/* from 0 */
	uint64_t start_ns, end_ns;
	uint64_t first_deadline_ns;
	uint32_t n_samples, n_rows;
};
_Static_assert(sizeof(struct recording_block) == 48, "recording_block");
#define RECORDING_CRC_FROM 12u /* offset of what the checksum covers */

/* A signed growth as an unsigned number that is small when it is near 0, and back. */
#define RECORDING_GROWTH_MAX (INT64_C(1) << 60) /* more is written as this */

static inline uint64_t recording_from_growth(int64_t v)
{
	if (v > RECORDING_GROWTH_MAX)
		v = RECORDING_GROWTH_MAX;
	if (v < -RECORDING_GROWTH_MAX)
		v = -RECORDING_GROWTH_MAX;
	return v < 0 ? (uint64_t)(-(v + 1)) << 1 | 1 : (uint64_t)v << 1;
}

static inline int64_t recording_to_growth(uint64_t v)
{
	return v & 1 ? -(int64_t)(v >> 1) - 1 : (int64_t)(v >> 1);
}

/* CRC-32 (IEEE 802.3, reflected), bit by bit: a few KB every 10 s. */
static inline uint32_t recording_crc(uint32_t crc, const void *data, uint64_t len)
{
	const uint8_t *p = (const uint8_t *)data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (UINT32_C(0xedb88320) & (0u - (crc & 1)));
	}
	return ~crc;
}

#endif
