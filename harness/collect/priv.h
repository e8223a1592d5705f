/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Insiders' view of a guest's shared page: its parts are guest_ring.c (object), guest_drain.c
 * (rings to file), guest_sync.c (pings), guest_offset.c (KVM's TSC offset). */
#ifndef SS_COLLECT_PRIV_H
#define SS_COLLECT_PRIV_H

#include "base/util.h"
#include "collect/guest_ring.h"

#define OUT_RECORDS 1024

/* Host-side copies: nothing here is read back from shared memory. */
struct guest_vcpu {
	uint64_t tail;
	uint64_t dropped_seen;
	uint64_t dropped, torn, jumps, over;
	uint64_t ping;
	char *offset_path; /* debugfs file with KVM's TSC offset, or NULL */
};

struct guest_shm {
	char *shm_name, *file_name;
	uint8_t *_Atomic map;
	uint8_t *object; /* what guest_shm_move() left; NULL: nothing */
	uint64_t size;
	uint32_t stride, slots;
	unsigned n_vcpus;
	enum shm_command command, before_sync;
	struct guest_vcpu *vcpus; /* n_vcpus of them */

	int shm_fd, fd;
	int write_error; /* positive errno of the first failed write */
	uint64_t samples;
	uint64_t room; /* for so many records of the guest, UINT64_MAX = any */
	uint64_t last_flush_ns;
	size_t n_out;
	struct shm_rec out[OUT_RECORDS];
	bool is_host; /* native: guest TSC = host TSC */
	guest_output_fn output;
	void *output_ctx;
};

static inline struct shm_host *guest_host(const struct guest_shm *g)
{
	return (struct shm_host *)g->map;
}

static inline struct shm_vcpu *guest_vcpu_lines(const struct guest_shm *g, unsigned vcpu)
{
	return (struct shm_vcpu *)(g->map + SHM_VCPU_OFFSET) + vcpu;
}

static inline const struct shm_rec *guest_slots(const struct guest_shm *g, unsigned vcpu)
{
	return (const struct shm_rec *)(g->map + SHM_RING_OFFSET + (size_t)vcpu * g->stride);
}

/* Append one record to the file's buffer. Errors are kept in write_error. */
void guest_append(struct guest_shm *g, const struct shm_rec *rec);
void guest_flush(struct guest_shm *g);

/* The host's TSC, with CLOCK_MONOTONIC just before and after; the tightest of a few tries. */
struct tsc_pair {
	uint64_t tsc, before_ns, after_ns;
};
struct tsc_pair host_tsc_pair(void);

#endif
