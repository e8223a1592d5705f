/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guest records to clock maps, sums, histograms, and samples for the join. */

#include <pthread.h>
#include <unistd.h>

#include "analysis/priv.h"

#define START_SCAN    200000u /* records looked at for a REC_START's tsc_hz */
#define CLOCK_THREADS 16
#define MISSED_MAX    100000u /* back-filled periods of one wake-up believed: 1000 s of 10 ms */

/* ---- pass 1: the clock */

/* What the guest says of its TSC, needed before the first bound. */
static void find_hz(
	const struct analysis *a, size_t guest, struct guest_reader *r, double *hz, unsigned n)
{
	const struct shm_rec *rec;
	unsigned left = n;

	for (unsigned v = 0; v < n; v++)
		hz[v] = (double)a->info.guests[guest].tsc_hz;
	for (unsigned i = 0; i < START_SCAN && left && (rec = guest_reader_next(r)); i++) {
		if (rec->type != REC_START || rec->vcpu >= n || rec->v[1] < 1000000)
			continue;
		hz[rec->vcpu] = (double)rec->v[1];
		left--;
	}
	guest_reader_rewind(r);
}

static void clock_record(struct vcpu_build *v, const struct shm_rec *rec)
{
	switch (rec->type) {
	case REC_DRAIN:
		if (v->last_tsc)
			clock_upper(v->clock, v->last_tsc, rec->v[0]);
		return;
	case REC_SYNC:
		clock_lower(v->clock, rec->tsc, rec->v[0]);
		clock_upper(v->clock, rec->tsc, rec->v[1]);
		return;
	case REC_OFFSET:
		clock_pair(v->clock, rec->tsc + rec->v[2], rec->v[0], rec->v[1], rec->v[2]);
		return;
	case REC_LOST:
		return;
	}
	clock_lower(v->clock, rec->tsc, rec->beacon_ns);
	v->last_tsc = rec->tsc;
}

static void make_clocks(struct build *b, size_t guest)
{
	struct guest_reader *r = b->guests[guest].reader;
	unsigned n = b->a->guests[guest].n_vcpus;
	const struct shm_rec *rec;
	double hz[SHM_MAX_VCPUS];

	find_hz(b->a, guest, r, hz, n);
	for (unsigned i = 0; i < n; i++)
		build_vcpu(b, guest, i)->clock = clock_begin(hz[i]);
	while ((rec = guest_reader_next(r)))
		if (rec->vcpu < n)
			clock_record(build_vcpu(b, guest, rec->vcpu), rec);
	for (unsigned i = 0; i < n; i++) {
		clock_finish(build_vcpu(b, guest, i)->clock);
		build_vcpu(b, guest, i)->last_tsc = 0;
	}
	guest_reader_rewind(r);
}

/* No guest's clock knows of another's, so they are made side by side; none is made in two parts, so the result
 * is the same to the bit however many there are. */
struct clock_work {
	struct build *b;
	size_t next; /* taken with __atomic */
};

static void *make_some_clocks(void *arg)
{
	struct clock_work *w = arg;
	struct build *b = w->b;
	size_t g;

	while ((g = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED)) < b->a->n_guests) {
		if (b->guests[g].reader)
			make_clocks(b, g);
		else
			for (unsigned i = 0; i < b->a->guests[g].n_vcpus; i++)
				build_vcpu(b, g, i)->clock =
					clock_begin((double)b->a->info.guests[g].tsc_hz);
	}
	return NULL;
}

void guests_make_clocks(struct build *b)
{
	size_t want = MIN((size_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L), b->a->n_guests), n = 0;
	struct clock_work w = {b, 0};
	pthread_t threads[CLOCK_THREADS];

	/* This thread is one of them. */
	while (n + 1 < MIN(want, (size_t)CLOCK_THREADS) &&
		pthread_create(&threads[n], NULL, make_some_clocks, &w) == 0)
		n++;
	make_some_clocks(&w);
	while (n > 0)
		pthread_join(threads[--n], NULL);
}

/* ---- pass 2: samples */

static bool in_window(const struct analysis *a, uint64_t ns)
{
	return ns >= a->window_start_ns && ns < a->window_end_ns;
}

static void add_max(struct vcpu_build *v, enum series_id id, uint64_t ns, double value)
{
	series_max(&v->acc[id], ns, value);
	if (v->fine[id].n)
		series_max(&v->fine[id], ns, value);
}

static void add_span(
	struct vcpu_build *v, enum series_id id, uint64_t from, uint64_t to, double amount)
{
	series_span(&v->acc[id], from, to, amount);
	if (v->fine[id].n)
		series_span(&v->fine[id], from, to, amount);
}

static void on_steal(
	struct build *b, struct vcpu_build *v, uint64_t host, const struct shm_rec *rec)
{
	uint64_t from, grown;

	if (rec->steal_ns == SHM_STEAL_NONE) {
		/* Of records without steal (a timer's, in a recording) only its own mean that it is
		 * not there now. */
		if (rec->type == REC_STEAL)
			time_counter_break(&v->steal);
		return;
	}
	v->steal_any = true;
	if (time_counter_add(&v->steal, b->a, host, rec->steal_ns, &from, &grown))
		add_span(v, SERIES_STEAL, from, host, (double)grown);
}

static void add_late(struct build *b, struct vcpu_build *v, uint64_t host, uint64_t late)
{
	hist_add(&v->out->late, late);
	heat_add(&b->a->guests[v->guest].heat, &b->a->columns, host, late);
}

/* Lateness of the wake-up and of the deadlines that passed unserved before it. The wake-up belongs
 * to the first of them: that is the one the host was late for. */
static void on_timer(
	struct build *b, struct vcpu_build *v, const struct shm_rec *rec, struct sample *s)
{
	uint64_t late = rec->tsc > rec->v[0] ? rec->tsc - rec->v[0] : 0;
	uint64_t missed = rec->v[2], period = v->timer_period_ns, whole;

	late = clock_ticks_to_ns(v->clock, late);
	if (missed > MISSED_MAX || (missed && !period) || late > 1000 * NS_PER_S * 3600) {
		b->a->bad_records++;
		return;
	}
	/* No more periods can have been missed than there were; a hostile guest may say so. */
	if (s->in_window && missed &&
		v->out->backfilled + missed >
			(b->a->window_end_ns - b->a->window_start_ns) / period + MISSED_MAX) {
		b->a->bad_records++;
		return;
	}
	whole = late + missed * period;
	if (s->in_window && rec->v[3] >> SHM_TIMER_WAIT_SHIFT)
		hist_add(&v->guest_wait, (rec->v[3] >> SHM_TIMER_WAIT_SHIFT) - 1);
	if (s->in_window) {
		for (uint64_t i = 0; i <= missed; i++)
			add_late(b, v, s->host_ns, late + i * period);
		v->out->backfilled += missed;
		add_max(v, SERIES_TIMER_LATE, s->host_ns, (double)whole / 1e3);
		if (rec->tsc > rec->v[1]) {
			uint64_t elapsed = clock_ticks_to_ns(v->clock, rec->tsc - rec->v[1]);

			hist_add(&v->out->elapsed, elapsed);
			add_max(v, SERIES_SLEEP_ELAPSED, s->host_ns, (double)elapsed / 1e3);
		}
	}
	if (whole < s->host_ns)
		s->due_ns = s->host_ns - whole;
	if (rec->v[3] >> SHM_TIMER_WAIT_SHIFT)
		s->guest_ns = (rec->v[3] >> SHM_TIMER_WAIT_SHIFT) - 1;
	if (whole > ANALYSIS_LATE_NS && whole < s->host_ns) {
		s->kind = LATE_TIMER;
		s->from_ns = s->host_ns - whole;
	}
}

static void on_gap(
	struct build *b, struct vcpu_build *v, const struct shm_rec *rec, struct sample *s)
{
	uint64_t ns = rec->tsc > rec->v[0] ? clock_ticks_to_ns(v->clock, rec->tsc - rec->v[0]) : 0;
	uint64_t from = ns < s->host_ns ? s->host_ns - ns : 0, low, high;

	low = MAX(from, b->a->window_start_ns);
	high = MIN(s->host_ns, b->a->window_end_ns);
	if (low < high)
		v->gap_ns += high - low;
	if (!s->in_window)
		return;
	hist_add(&v->out->gap, ns);
	v->gaps += rec->v[2] > 0;
	v->gaps_of_one_pass += rec->v[2] == 1;
	if (ns > ANALYSIS_LATE_NS && from) {
		s->kind = LATE_GAP;
		s->from_ns = from;
	}
}

static void on_job(struct build *b, struct vcpu_build *v, const struct shm_rec *rec, uint64_t host)
{
	uint64_t ns = rec->tsc > rec->v[0] ? clock_ticks_to_ns(v->clock, rec->tsc - rec->v[0]) : 0;
	uint64_t began = host > ns ? host - ns : 0;

	if (!ns || !in_window(b->a, host) || !in_window(b->a, began))
		return;
	if (!v->job_n)
		v->job_first_ns = began;
	v->job_n++;
	v->job_ns += ns;
	v->job_last_ns = host;
}

static void on_memory(
	struct build *b, struct vcpu_build *v, const struct shm_rec *rec, uint64_t host)
{
	const struct run_guest *g = &b->a->info.guests[v->guest];
	double ns = rec->tsc > rec->v[0] ? (double)clock_ticks_to_ns(v->clock, rec->tsc - rec->v[0])
					 : 0;
	bool band = false;

	for (size_t i = 0; i < g->n_probes; i++)
		if (word_is(&words_probe, g->probes[i].name, PROBE_MEMORY))
			band = g->probes[i].p[1] == MEMORY_BANDWIDTH;
	if (!in_window(b->a, host) || ns <= 0)
		return;
	*(band ? &v->band_ns : &v->chase_ns) += ns;
	*(band ? &v->band_bytes : &v->chase_n) += (double)rec->v[1];
}

static void note_seq(struct vcpu_build *v, const struct shm_rec *rec)
{
	if (v->next_seq && rec->seq != v->next_seq && rec->seq - v->next_seq < UINT32_MAX / 2)
		v->seq_lost += rec->seq - v->next_seq;
	v->next_seq = rec->seq + 1;
}

static void on_host_record(struct build *b, struct vcpu_build *v, const struct shm_rec *rec)
{
	struct guest_build *g = &b->guests[v->guest];

	switch (rec->type) {
	case REC_DRAIN:
		if (v->last_tsc)
			clock_verify_upper(v->clock, v->last_tsc, rec->v[0]);
		v->drained_ns = MAX(v->drained_ns, rec->v[0]);
		g->drained_max = MAX(g->drained_max, rec->v[0]);
		v->dropped = MAX(v->dropped, rec->v[1]);
		break;
	case REC_LOST:
		v->torn += rec->v[0];
		break;
	}
}

static void on_guest_record(struct build *b, struct vcpu_build *v, const struct shm_rec *rec)
{
	uint64_t error;
	struct sample s = {.steal_ns = rec->steal_ns};

	s.host_ns = clock_to_host(v->clock, rec->tsc, &error);
	s.error_ns = (uint32_t)MIN(error, UINT32_MAX);
	s.in_window = in_window(b->a, s.host_ns);
	clock_verify_lower(v->clock, rec->tsc, rec->beacon_ns);
	note_seq(v, rec);
	v->last_tsc = rec->tsc;
	v->first_ns = v->first_ns ? v->first_ns : s.host_ns;
	v->last_ns = MAX(v->last_ns, s.host_ns);
	v->out->samples += s.in_window;
	on_steal(b, v, s.host_ns, rec);
	switch (rec->type) {
	case REC_START:
		v->steal.step_ns = rec->v[0] & SHM_FEAT_STEAL_COARSE ? NS_PER_S / 100 : 0;
		break;
	case REC_TIMER:
		on_timer(b, v, rec, &s);
		break;
	case REC_GAP:
		on_gap(b, v, rec, &s);
		break;
	case REC_JOB:
		on_job(b, v, rec, s.host_ns);
		break;
	case REC_LOCK:
		if (s.in_window)
			/* v[2]: when it was got; the record itself comes after the lock was let
			 * go. */
			hist_add(&v->out->lock,
				rec->v[2] > rec->v[0]
					? clock_ticks_to_ns(v->clock, rec->v[2] - rec->v[0])
					: 0);
		counter_span_add(&v->lock_done, b->a, s.host_ns, rec->v[1]);
		break;
	case REC_MEMORY:
		on_memory(b, v, rec, s.host_ns);
		break;
	case REC_STEAL:
		if (rec->probe == PROBE_LOCK)
			counter_span_add(&v->lock_done, b->a, s.host_ns, rec->v[0]);
		break;
	}
	if (s.from_ns || s.due_ns || (s.in_window && s.steal_ns != SHM_STEAL_NONE))
		join_push(b, v, &s);
}

void guest_advance(struct build *b, size_t guest, uint64_t until)
{
	struct guest_build *g = &b->guests[guest];
	unsigned n = b->a->guests[guest].n_vcpus;
	const struct shm_rec *rec;

	/* What is drained later was made later, but a vCPU's drain may be skipped when it had
	 * nothing. */
	while (!g->done && (until == UINT64_MAX || g->drained_max <= until + NS_PER_S)) {
		rec = guest_reader_next(g->reader);
		if (!rec) {
			g->done = true;
			break;
		}
		if (rec->vcpu >= n)
			b->a->bad_records++;
		else if (rec->type >= REC_DRAIN)
			on_host_record(b, build_vcpu(b, guest, rec->vcpu), rec);
		else
			on_guest_record(b, build_vcpu(b, guest, rec->vcpu), rec);
	}
}
