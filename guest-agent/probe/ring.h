/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The producer's side of a vCPU's ring (abi/guest_shm.h). One writer; the caller keeps interrupts
 * out between ring_slot() and ring_publish() where they write too. */
#ifndef SS_PROBE_RING_H
#define SS_PROBE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/guest_shm.h"

struct ring {
	struct shm_rec *slots;
	uint32_t mask;
	uint64_t head; /* our own copy: nobody else writes it */
	uint64_t dropped;
	struct shm_vcpu *shm;
};

static inline void ring_init(struct ring *r, struct shm_vcpu *shm, void *slots, uint32_t n_slots)
{
	r->slots = slots;
	r->mask = n_slots - 1;
	r->head = shm->head;
	r->dropped = shm->dropped;
	r->shm = shm;
}

static inline bool ring_full(const struct ring *r)
{
	return r->head - r->shm->tail > r->mask;
}

/* The next slot to fill, or NULL when the ring is full; then the drop has been counted. */
static inline struct shm_rec *ring_slot(struct ring *r)
{
	if (ring_full(r)) {
		r->shm->dropped = ++r->dropped;
		return 0;
	}
	return &r->slots[r->head & r->mask];
}

/* Make the filled slot visible: its sequence number and everything before `head` (x86 stores keep
 * their order, so the compiler alone must be held). */
static inline void ring_publish(struct ring *r, struct shm_rec *rec)
{
	rec->seq = (uint32_t)++r->head;
	__atomic_store_n(&r->shm->head, r->head, __ATOMIC_RELEASE);
}

#endif
