// SPDX-License-Identifier: GPL-3.0-or-later
#include "stalls/source.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define PARETO_ALPHA 2.0   /* its mean is finite, its variance is not */
#define LONGEST	     100.0 /* times the mean: keeps the mean of a Pareto within 0.3 % */
#define SHORTEST_NS  10000.0
#define MOST	     0.9 /* of a second, when the rate of it swings up */
#define SWING	     0.5 /* standard deviation of the logarithm of a second's rate */

/* One CPU's stalls. */
struct maker {
	uint64_t random, now_ns, second;
	double swing; /* of the present second: normal, mean 0, variance 1 */
	struct stall next;
};

struct stalls_source {
	struct stalls_how how;
	struct stalls_reader *in; /* NULL: made */
	struct maker *makers;
	uint64_t shift_ns; /* added to the trace's times: passes of the loop */
	uint64_t end_ns;   /* of this pass */
	bool any;
};

/* Sebastiano Vigna's splitmix64 (public domain). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Above 0, at most 1. */
static double uniform(struct maker *m)
{
	return ((double)(next_random(&m->random) >> 11) + 1) / 9007199254740992.0;
}

static double normal(struct maker *m)
{
	double radius = sqrt(-2 * log(uniform(m)));

	return radius * cos(2 * M_PI * uniform(m));
}

static double length_of(struct maker *m, const struct stalls_how *how)
{
	double mean = (double)how->length_ns, v = mean;

	if (how->shape == STALLS_EXPONENTIAL)
		v = -mean * log(uniform(m));
	if (how->shape == STALLS_PARETO)
		v = mean * (PARETO_ALPHA - 1) / PARETO_ALPHA * pow(uniform(m), -1 / PARETO_ALPHA);
	return fmin(fmax(v, SHORTEST_NS), LONGEST * mean);
}

/* Share of the time that is taken in the second of `ns`. */
static double share_at(struct maker *m, const struct stalls_how *how)
{
	double rho = how->correlation, share = how->rate_ms_per_s / 1000;

	if (rho <= 0)
		return share;
	for (; m->second < m->now_ns / NS_PER_S; m->second++)
		m->swing = rho * m->swing + sqrt(1 - rho * rho) * normal(m);
	return fmin(share * exp(SWING * m->swing - SWING * SWING / 2), fmax(MOST, share));
}

/* A stall, after a pause whose mean makes the rate come out. */
static void make_next(struct maker *m, const struct stalls_how *how, unsigned cpu)
{
	double share = share_at(m, how), mean = (double)how->length_ns;
	double pause = -mean * (1 / share - 1) * log(uniform(m)), length = length_of(m, how);

	m->next = (struct stall){
		m->now_ns + (uint64_t)pause, (uint64_t)length, (uint64_t)length, cpu};
	m->now_ns = m->next.start_ns + m->next.length_ns;
}

int stalls_source_open(const struct stalls_how *how, struct stalls_source **out, struct err *e)
{
	struct stalls_source *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	s->how = *how;
	if (how->trace) {
		rc = stalls_open(how->trace, &s->in, e);
		if (!rc && how->from_ns)
			rc = stalls_seek(s->in, how->from_ns, e);
	} else {
		s->makers = xcalloc(how->cpus, sizeof(*s->makers));
		for (unsigned i = 0; i < how->cpus; i++) {
			struct maker *m = &s->makers[i];

			m->random = how->seed * UINT64_C(0x2545f4914f6cdd1d) + i;
			next_random(&m->random);
			m->swing = normal(m);
			make_next(m, how, i);
		}
	}
	if (rc)
		stalls_source_close(s);
	else
		*out = s;
	return rc;
}

bool stalls_source_rates(const struct stalls_source *s)
{
	return s->in && stalls_head(s->in)->rates;
}

static int next_made(struct stalls_source *s, struct stall *out)
{
	struct maker *first = &s->makers[0];

	for (unsigned i = 1; i < s->how.cpus; i++)
		if (s->makers[i].next.start_ns < first->next.start_ns)
			first = &s->makers[i];
	*out = first->next;
	if (out->start_ns > STALLS_TIME_MAX)
		return 0;
	make_next(first, &s->how, out->cpu);
	return 1;
}

/* Over and over: the next pass begins where the last stall of this one ended. */
static int again(struct stalls_source *s, struct stall *row, struct err *e)
{
	int rc;

	if (!s->any)
		return 0;
	s->shift_ns += s->end_ns - s->how.from_ns;
	s->end_ns = s->how.from_ns;
	if (s->shift_ns > STALLS_TIME_MAX)
		return 0;
	rc = stalls_seek(s->in, s->how.from_ns, e);
	return rc ? rc : stalls_next(s->in, row, e);
}

int stalls_source_next(struct stalls_source *s, struct stall *out, struct err *e)
{
	struct stall row;
	double speed = s->how.speed;
	int rc;

	if (!s->in)
		return next_made(s, out);
	rc = stalls_next(s->in, &row, e);
	if (!rc && s->how.loop)
		rc = again(s, &row, e);
	if (rc != 1)
		return rc;
	s->any = true;
	s->end_ns = MAX(s->end_ns, row.start_ns + row.length_ns);
	row.start_ns += s->shift_ns - s->how.from_ns;
	if (speed != 1) {
		row.start_ns = (uint64_t)((double)row.start_ns / speed);
		row.length_ns = (uint64_t)((double)row.length_ns / speed);
		row.taken_ns = (uint64_t)((double)row.taken_ns / speed);
	}
	if (s->how.scale != 1) {
		row.taken_ns = (uint64_t)((double)row.taken_ns * s->how.scale);
		if (!stalls_source_rates(s))
			row.length_ns = row.taken_ns;
	}
	*out = row;
	return 1;
}

void stalls_source_close(struct stalls_source *s)
{
	if (!s)
		return;
	stalls_close(s->in);
	free(s->makers);
	free(s);
}
