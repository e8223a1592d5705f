// SPDX-License-Identifier: GPL-3.0-or-later
/* From the rings into guest/<name>.bin. */
#include <string.h>

#include "collect/priv.h"
#include "terms/words.h"

#define FLUSH_NS NS_PER_S /* a killed harness loses at most so much */

void guest_flush(struct guest_shm *g)
{
	int rc = 0;

	if (g->n_out && !g->write_error)
		rc = write_all(g->fd, g->out, g->n_out * sizeof(g->out[0]));
	if (rc)
		g->write_error = -rc;
	g->n_out = 0;
}

void guest_append(struct guest_shm *g, const struct shm_rec *rec)
{
	g->out[g->n_out++] = *rec;
	if (g->n_out == OUT_RECORDS)
		guest_flush(g);
}

static void append_host(struct guest_shm *g, uint8_t type, unsigned vcpu, uint64_t v0, uint64_t v1)
{
	struct shm_rec rec = {
		.type = type, .vcpu = (uint16_t)vcpu, .steal_ns = SHM_STEAL_NONE, .v = {v0, v1}};

	guest_append(g, &rec);
}

/* The guest's count of drops only grows, and by less than a ring's worth of time can hold; anything
 * else is noise from a guest gone mad, counted once each time. */
static void note_dropped(struct guest_shm *g, unsigned vcpu)
{
	struct guest_vcpu *v = &g->vcpus[vcpu];
	uint64_t now = guest_vcpu_lines(g, vcpu)->dropped, more = now - v->dropped_seen;

	if (more == 0)
		return;
	v->dropped_seen = now;
	if (more > UINT32_MAX) {
		v->jumps++;
		append_host(g, REC_LOST, vcpu, g->slots, LOST_JUMP);
		return;
	}
	v->dropped += more;
}

static bool record_is_sound(const struct shm_rec *rec, uint64_t count)
{
	return rec->seq == (uint32_t)(count + 1) && rec->type >= REC_START &&
	       rec->type <= REC_OUTPUT && rec->probe < words_probe.n;
}

static void take(struct guest_shm *g, struct guest_vcpu *v, const struct shm_rec *rec)
{
	if (!g->room) {
		v->over++;
		return;
	}
	g->room -= g->room != UINT64_MAX;
	guest_append(g, rec);
}

/* Copy records [tail, head) out; returns how many were torn. */
static uint64_t copy_records(struct guest_shm *g, unsigned vcpu, uint64_t head)
{
	struct guest_vcpu *v = &g->vcpus[vcpu];
	const struct shm_rec *slots = guest_slots(g, vcpu);
	uint64_t torn = 0, samples = 0;

	for (; v->tail != head; v->tail++) {
		struct shm_rec rec;

		/* One copy, then judge the copy: the guest may be writing. */
		memcpy(&rec, &slots[v->tail & (g->slots - 1)], sizeof(rec));
		__asm__ volatile("" : : : "memory");
		if (!record_is_sound(&rec, v->tail)) {
			torn++;
			continue;
		}
		rec.vcpu = (uint16_t)vcpu;
		samples += rec.type > REC_END && rec.type != REC_OUTPUT;
		take(g, v, &rec);
		if (rec.type == REC_OUTPUT && g->output)
			g->output(g->output_ctx, &rec);
	}
	__atomic_fetch_add(&g->samples, samples, __ATOMIC_RELAXED);
	return torn;
}

static void drain_vcpu(struct guest_shm *g, unsigned vcpu)
{
	struct guest_vcpu *v = &g->vcpus[vcpu];
	struct shm_vcpu *lines = guest_vcpu_lines(g, vcpu);
	uint64_t head = __atomic_load_n(&lines->head, __ATOMIC_ACQUIRE);
	uint64_t seen_ns = now_ns(); /* everything before `head` was published by now */
	uint64_t torn, over;

	note_dropped(g, vcpu);
	if (head == v->tail)
		return;
	if (head - v->tail > g->slots) {
		v->jumps++;
		v->tail = head;
		append_host(g, REC_LOST, vcpu, g->slots, LOST_JUMP);
	} else {
		over = v->over;
		torn = copy_records(g, vcpu, head);
		v->torn += torn;
		if (torn)
			append_host(g, REC_LOST, vcpu, torn, LOST_TORN);
		if (v->over != over)
			append_host(g, REC_LOST, vcpu, v->over - over, LOST_OVER);
		append_host(g, REC_DRAIN, vcpu, seen_ns, v->dropped);
	}
	__atomic_store_n(&lines->tail, v->tail, __ATOMIC_RELEASE);
}

int guest_shm_drain(struct guest_shm *g, struct err *e)
{
	uint64_t now = now_ns();

	for (unsigned i = 0; i < g->n_vcpus && !g->write_error; i++)
		drain_vcpu(g, i);
	if (now - g->last_flush_ns < FLUSH_NS && !g->write_error)
		return 0;
	g->last_flush_ns = now;
	return guest_shm_flush(g, e);
}

int guest_shm_flush(struct guest_shm *g, struct err *e)
{
	guest_flush(g);
	if (g->write_error)
		return err_set(e, g->write_error, "cannot write %s: %s", g->file_name,
			strerror(g->write_error));
	return 0;
}
