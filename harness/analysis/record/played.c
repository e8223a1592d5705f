// SPDX-License-Identifier: GPL-3.0-or-later
/* Stalls that were played: what was planned, what was delivered, what the victim felt, and how near
 * these came to each other. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abi/played.h"
#include "analysis/priv.h"
#include "analysis/record/checks.h"
#include "base/beneath.h"

#define NO_CULPRIT	UINT32_MAX
#define LIMIT_EXACT	0.5  /* ms/s: RMSE of a second */
#define LIMIT_FELT	1.0  /* ms/s */
#define LIMIT_RATE	2.0  /* ms/s, ... */
#define LIMIT_RATE_PART 0.05 /* ... or of the rate, whichever is more */
#define LIMIT_PLAYED	99.0 /* % */
#define BUSY_SLEEP	0.01 /* of the window */
#define LANES_MAX	1024 /* of all noises; more are not believed */

static bool is_copy(const char *guest, const char *name)
{
	size_t n = strlen(name);

	return n && !strncmp(guest, name, n) &&
	       (!guest[n] || (guest[n] == '-' && guest[n + 1] &&
				     strspn(guest + n + 1, "0123456789") == strlen(guest + n + 1)));
}

static void find_victim(struct build *b, const char *victim, struct played_stalls *p)
{
	const struct cpuset one = cpuset_of(p->cpu);
	struct analysis *a = b->a;

	for (size_t g = 0; g < a->n_guests; g++)
		for (unsigned v = 0; is_copy(a->guests[g].name, victim) && v < a->guests[g].n_vcpus;
			v++) {
			struct vcpu_build *vb = build_vcpu(b, g, v);

			if (vb->played || !cpuset_equal(&vb->out->cpu_set, &one))
				continue;
			vb->played_culprit = NO_CULPRIT;
			p->have_victim = true;
			p->guest = g;
			p->vcpu = v;
			return;
		}
}

/* The one of that noise and CPU; NULL when there are too many. */
static struct played_stalls *lane_of(struct build *b, const struct run_noise *n, unsigned cpu)
{
	struct analysis *a = b->a;
	struct played_stalls *p;

	for (size_t i = 0; i < a->n_played; i++)
		if (a->played[i].cpu == cpu && a->played[i].noise == n->name)
			return &a->played[i];
	if (a->n_played == LANES_MAX)
		return NULL;
	ARRAY_GROW(a->played, a->n_played);
	p = &a->played[a->n_played++];
	*p = (struct played_stalls){.noise = n->name, .cpu = cpu};
	p->seconds = (size_t)((a->window_end_ns - a->window_start_ns) / NS_PER_S);
	p->planned = xcalloc(p->seconds + 1, sizeof(double));
	p->delivered = xcalloc(p->seconds + 1, sizeof(double));
	p->felt = xcalloc(p->seconds + 1, sizeof(double));
	p->others = xcalloc(p->seconds + 1, sizeof(double));
	find_victim(b, n->victim, p);
	return p;
}

/* `amount` ns, evenly over [from, to): what of it falls into each whole second, in ms. */
static void add_span(const struct analysis *a, const struct played_stalls *p, double *seconds,
	uint64_t from, uint64_t to, double amount)
{
	uint64_t end = a->window_start_ns + p->seconds * NS_PER_S,
		 low = MAX(from, a->window_start_ns), high = MIN(to, end);

	while (low < high) {
		size_t i = (size_t)((low - a->window_start_ns) / NS_PER_S);
		uint64_t next = MIN(high, a->window_start_ns + (i + 1) * NS_PER_S);

		seconds[i] += amount * (double)(next - low) / (double)(to - from) / 1e6;
		low = next;
	}
}

static void add_played(struct build *b, const struct run_noise *n, const struct played *r)
{
	struct analysis *a = b->a;
	struct played_stalls *p;
	bool began = r->outcome == PLAYED_DONE || r->outcome == PLAYED_CUT;

	if (r->outcome == PLAYED_NOBODY) {
		a->played_nobody++;
		return;
	}
	p = lane_of(b, n, r->cpu);
	if (!p || r->outcome > PLAYED_RATE || !r->outcome || r->end_ns < r->start_ns ||
		!r->length_ns || r->length_ns > 3600 * NS_PER_S || r->want_ns > r->length_ns ||
		r->due_ns > UINT64_MAX / 2 || r->end_ns > UINT64_MAX / 2) {
		a->bad_records++;
		return;
	}
	if (r->outcome == PLAYED_RATE) {
		p->rates = true;
		add_span(a, p, p->planned, r->due_ns, r->due_ns + r->length_ns, (double)r->want_ns);
		return;
	}
	if (!p->rates)
		add_span(a, p, p->planned, r->due_ns, r->due_ns + r->length_ns, (double)r->want_ns);
	if (began && r->end_ns > r->start_ns)
		add_span(a, p, p->delivered, r->start_ns, r->end_ns, (double)r->got_ns);
	if (r->due_ns < a->window_start_ns || r->due_ns >= a->window_end_ns)
		return;
	p->n_planned++;
	p->n_played += began;
	p->n_cut += r->outcome == PLAYED_CUT;
	p->n_overlap += r->outcome == PLAYED_OVERLAP;
	p->n_missed += r->outcome == PLAYED_MISSED;
	if (!began)
		return;
	hist_add(&p->planned_length, r->length_ns);
	hist_add(&p->delivered_length, r->got_ns);
	hist_add(r->start_ns >= r->due_ns ? &p->late : &p->early,
		r->start_ns >= r->due_ns ? r->start_ns - r->due_ns : r->due_ns - r->start_ns);
}

static void read_log(struct build *b, const struct run_noise *n)
{
	auto_free char *path = xasprintf("%s/host/stalls-%s.bin", b->a->dir, n->name);
	FILE *f = name_is_safe(n->name) ? beneath_fopen(path, "r") : NULL;
	struct played_header h;
	struct played r;
	size_t got = 0;

	if (!f || fread(&h, sizeof(h), 1, f) != 1 || h.magic != PLAYED_MAGIC ||
		h.version != PLAYED_VERSION || h.rec_size != sizeof(r)) {
		strv_add(&b->a->warnings, "noise %s: what it played is not known", n->name);
	} else {
		while ((got = fread(&r, 1, sizeof(r), f)) == sizeof(r))
			add_played(b, n, &r);
		if (got)
			strv_add(&b->a->warnings, "noise %s: its log of what it played is cut",
				n->name);
	}
	if (f)
		fclose(f);
}

void played_read(struct build *b)
{
	struct analysis *a = b->a;

	for (size_t i = 0; i < a->info.n_noises; i++)
		if (a->info.noises[i].victim && *a->info.noises[i].victim)
			read_log(b, &a->info.noises[i]);
	/* Only now does the array stay where it is. */
	for (size_t i = 0; i < a->n_played; i++)
		if (a->played[i].have_victim)
			build_vcpu(b, a->played[i].guest, a->played[i].vcpu)->played =
				&a->played[i];
}

/* What of the victim's waiting is blamed on this noise so far. */
static uint64_t blamed(struct build *b, struct vcpu_build *v, const struct thread *t)
{
	for (uint32_t id = 0; v->played_culprit == NO_CULPRIT && id < t->n_blame; id++) {
		const char *name = t->blame[id].ns ? culprit_name(b->names, id) : "";

		if (!strncmp(name, "noise ", 6) && !strcmp(name + 6, v->played->noise))
			v->played_culprit = id;
	}
	return v->played_culprit < t->n_blame ? t->blame[v->played_culprit].ns : 0;
}

void played_leaving(struct build *b, struct vcpu_build *v, const struct thread *t, uint64_t now)
{
	uint64_t span = now > t->state_since ? now - t->state_since : 0, all, part;

	if (t->state != THREAD_WAITING || !span)
		return;
	add_span(b->a, v->played, v->played->felt, t->state_since, now, (double)span);
	all = blamed(b, v, t);
	part = all - v->played_ns;
	v->played_ns = all;
	add_span(b->a, v->played, v->played->others, t->state_since, now,
		part < span ? (double)(span - part) : 0);
	/* A wait for it, not one beside it. */
	if (part > span / 2 && t->state_since >= b->a->window_start_ns)
		hist_add(&v->played->felt_length, span);
}

static void distance(const struct played_stalls *p, const double *one, const double *other,
	double *rmse, double *worst)
{
	double sum = 0, most = 0;

	for (size_t i = 0; i < p->seconds; i++) {
		double d = fabs(one[i] - other[i]);

		sum += d * d;
		most = fmax(most, d);
	}
	*rmse = p->seconds ? sqrt(sum / (double)p->seconds) : NAN;
	*worst = p->seconds ? most : NAN;
}

/* Kolmogorov and Smirnov: the largest distance of the two cumulative distributions. */
static double ks(const struct hist *x, const struct hist *y)
{
	double most = 0;
	uint64_t a = 0, b = 0;

	if (!x->total || !y->total)
		return NAN;
	for (size_t i = 0; i < MAX(x->n, y->n); i++) {
		a += i < x->n ? x->count[i] : 0;
		b += i < y->n ? y->count[i] : 0;
		most = fmax(
			most, fabs((double)a / (double)x->total - (double)b / (double)y->total));
	}
	return most;
}

static void fold_one(struct build *b, struct played_stalls *p)
{
	const struct vcpu_build *v = p->have_victim ? build_vcpu(b, p->guest, p->vcpu) : NULL;
	double window = (double)(b->a->window_end_ns - b->a->window_start_ns), ignored;

	p->have_victim =
		v && v->thread && v->out->states.have && b->a->trace_mode == TRACE_MODE_EVENTS;
	p->busy = p->have_victim && (double)v->out->states.sleep_ns < BUSY_SLEEP * window;
	for (size_t i = 0; i < p->seconds; i++)
		p->mean_planned += p->planned[i] / (double)p->seconds;
	distance(p, p->planned, p->delivered, &p->rmse_delivered, &p->worst_delivered);
	p->rmse_felt = p->worst_felt = p->ks_felt = p->rmse_open = NAN;
	if (p->have_victim)
		distance(p, p->planned, p->felt, &p->rmse_felt, &p->worst_felt);
	if (p->have_victim && p->rates)
		distance(p, p->delivered, p->felt, &p->rmse_open, &ignored);
	p->ks_delivered = p->rates ? NAN : ks(&p->planned_length, &p->delivered_length);
	if (p->have_victim && !p->rates)
		p->ks_felt = ks(&p->planned_length, &p->felt_length);
}

void played_fold(struct build *b)
{
	for (size_t i = 0; i < b->a->n_played; i++)
		fold_one(b, &b->a->played[i]);
	if (b->a->played_nobody)
		strv_add(&b->a->warnings,
			"%" PRIu64
			" stalls of the trace are of CPUs that no vCPU of the victim stands for: not played",
			b->a->played_nobody);
}

static char *note_of(const struct build *b, const struct played_stalls *p, double worst)
{
	return xasprintf("noise %s on CPU %u%s%s: %.2f ms/s planned, worst second %.2f ms/s off",
		p->noise, p->cpu, p->have_victim ? ", for " : "",
		p->have_victim ? b->a->guests[p->guest].name : "", p->mean_planned, worst);
}

void played_checks(struct build *b)
{
	struct worst exact = {0}, felt = {0}, rate = {0}, played = {0};
	double rate_limit = LIMIT_RATE;
	struct analysis *a = b->a;

	for (size_t i = 0; i < a->n_played; i++) {
		const struct played_stalls *p = &a->played[i];

		if (p->rates) {
			rate_limit = fmax(rate_limit, LIMIT_RATE_PART * p->mean_planned);
			if (p->busy)
				check_worse(&rate, p->rmse_felt, note_of(b, p, p->worst_felt));
			continue;
		}
		check_worse(&exact, p->rmse_delivered, note_of(b, p, p->worst_delivered));
		if (p->busy)
			check_worse(&felt, p->rmse_felt, note_of(b, p, p->worst_felt));
		if (p->n_planned)
			check_worse(&played, -100 * (double)p->n_played / (double)p->n_planned,
				xasprintf("noise %s on CPU %u: of %" PRIu64 " stalls %" PRIu64
					  " overlapped, %" PRIu64 " were missed",
					p->noise, p->cpu, p->n_planned, p->n_overlap, p->n_missed));
	}
	if (!a->n_played)
		return;
	if (played.have) {
		played.value = -played.value;
		check_add(a, "stalls_played", "stalls of the trace that were played", &played,
			LIMIT_PLAYED, "%", true, "");
		check_add(a, "stalls_delivered",
			"stalls planned = CPU time the player took (RMSE of a second)", &exact,
			LIMIT_EXACT, "ms/s", false, "");
		check_add(a, "stalls_felt",
			"stalls planned = waiting of a busy victim (RMSE of a second)", &felt,
			LIMIT_FELT, "ms/s", false,
			"no victim was busy all the time and traced: one that sleeps feels only what meets it awake");
	}
	if (!played.have || rate.have)
		check_add(a, "stalls_rate",
			"rate asked for = waiting of a busy victim (RMSE of a second)", &rate,
			rate_limit, "ms/s", false, "no victim was busy all the time and traced");
}

void played_free(struct analysis *a)
{
	for (size_t i = 0; i < a->n_played; i++) {
		struct played_stalls *p = &a->played[i];

		free(p->planned);
		free(p->delivered);
		free(p->felt);
		free(p->others);
		hist_release(&p->planned_length);
		hist_release(&p->delivered_length);
		hist_release(&p->felt_length);
		hist_release(&p->late);
		hist_release(&p->early);
	}
	free(a->played);
}
