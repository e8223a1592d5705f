// SPDX-License-Identifier: GPL-3.0-or-later
/* A measure's command in a guest: the agent runs it when the shared page says so, and what it
 * prints comes through the guest's rings. */

#include "run/measure.h"

/* In the pump's thread. Nothing in the record is believed. */
static void take_output(void *ctx, const struct shm_rec *rec)
{
	const struct guest_run *g = ctx;
	uint64_t number = rec->v[0] & 0xff, kind = rec->v[0] >> 8 & 0xff;
	size_t len = MIN(rec->v[0] >> 16 & 0xff, SHM_OUTPUT_BYTES);
	struct measure_run *m = g->measures;

	while (m && number--)
		m = m->next;
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	if (kind == SHM_OUTPUT_OUT && !m->ended)
		measure_text_add(&m->out, (const char *)&rec->v[1], len);
	else if (kind == SHM_OUTPUT_ERR && !m->ended)
		measure_text_add(&m->err, (const char *)&rec->v[1], len);
	else if (kind == SHM_OUTPUT_END && !m->ended) {
		m->wait_status = (int)(rec->v[0] >> 32);
		m->info->end_ns = now_ns();
		m->ended = true;
	}
	pthread_mutex_unlock(&m->lock);
}

void measure_guest_start(struct session *s, struct measure_run *m)
{
	pthread_mutex_lock(&s->lock);
	guest_shm_on_output(m->guest->shm, take_output, m->guest);
	pthread_mutex_unlock(&s->lock);
	m->info->start_ns = now_ns();
	guest_shm_run_measures(m->guest->shm);
}
