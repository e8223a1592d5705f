// SPDX-License-Identifier: GPL-3.0-or-later
/* Who wants which CPU, from what was watched; and who would wait how long elsewhere. */
#include <math.h>
#include <stdlib.h>

#include "analysis/advice/priv.h"

#define FULL	    1000.0 /* ms/s */
#define BUSY_FROM   20	   /* ms/s of others from which they count as a competitor */
#define SATURATED   50	   /* ms/s of idling below which the others may want more than they got */
#define BALANCING   25	   /* ms/s that the kernel's moving costs a vCPU that floats */
#define SHIFTING    150	   /* ... times p (1 - p), p: how often others want the CPU */
#define ANOTHER_LLC 40	   /* ms/s that a CPU must be emptier by to be taken from afar */
#define ISOLATED    400	   /* ... when it is isolated: set aside by somebody */
#define SIBLING	    0.3	   /* of the load of the other thread of its core */

static const struct live_vcpu *vcpu_of(const struct advice_in *in, unsigned vcpu)
{
	for (size_t i = 0; i < in->view->n; i++) {
		const struct live_vcpu *x = &in->view->vcpus[i];

		if (x->guest == in->x->guest && x->vcpu == (int)vcpu && !x->gone)
			return x;
	}
	return NULL;
}

static double idle_of(const struct live_view *v, unsigned cpu)
{
	return cpu < v->n_cpus && isfinite(v->idle[cpu]) ? fmin(v->idle[cpu], FULL) : 0;
}

/* Where it ran and waited is not known of one that floats: as much as was run there at all. */
static void add_own(
	const struct live_view *v, const struct live_vcpu *x, struct loads *l, double *contended)
{
	double sum = 0, part;

	for (unsigned cpu = 0; cpu < l->n_cpus; cpu++)
		if (cpuset_has(x->allowed, cpu))
			sum += FULL - idle_of(v, cpu);
	for (unsigned cpu = 0; sum > 0 && cpu < l->n_cpus; cpu++) {
		if (!cpuset_has(x->allowed, cpu))
			continue;
		part = (FULL - idle_of(v, cpu)) / sum;
		l->own[cpu] += x->run * part;
		contended[cpu] += advice_taken_by_others(x) * part;
	}
}

/* On a full CPU that one of ours waited for, the others want more than they got: by fair shares they waited
 * for ours as long as it did for them. */
static void add_others(const struct live_view *v, const double *contended, struct loads *l)
{
	for (unsigned cpu = 0; cpu < v->n_cpus; cpu++) {
		l->others[cpu] = fmax(0, FULL - idle_of(v, cpu) - l->own[cpu]);
		if (idle_of(v, cpu) < SATURATED)
			l->others[cpu] = fmin(FULL, l->others[cpu] + contended[cpu]);
	}
}

bool loads_make(const struct advice_in *in, struct loads *l)
{
	const struct live_view *v = in->view;
	unsigned n = in->present ? in->present->vcpus : 0;
	auto_free double *contended = xcalloc(v->n_cpus + 1, sizeof(*contended));

	*l = (struct loads){.n_cpus = v->n_cpus, .n_vcpus = n};
	if (!in->topology || !n || !v->n_cpus)
		return false;
	l->others = xcalloc(v->n_cpus, sizeof(*l->others));
	l->own = xcalloc(v->n_cpus, sizeof(*l->own));
	l->demand = xcalloc(n, sizeof(*l->demand));
	l->wait = xcalloc(n, sizeof(*l->wait));
	l->now = xcalloc(n, sizeof(*l->now));
	for (unsigned i = 0; i < n; i++) {
		const struct live_vcpu *x = vcpu_of(in, i);

		if (!x) {
			loads_release(l);
			return false;
		}
		l->now[i] = *x->allowed;
		l->wait[i] = x->wait;
		l->demand[i] = x->run + x->sleep > 0 ? FULL * x->run / (x->run + x->sleep) : FULL;
		add_own(v, x, l, contended);
	}
	add_others(v, contended, l);
	for (unsigned cpu = 0; cpu < v->n_cpus; cpu++)
		if (cpuset_has(&in->topology->allowed, cpu) && !isnan(v->idle[cpu]))
			cpuset_add(&l->usable, cpu);
	return true;
}

void loads_release(struct loads *l)
{
	free(l->others);
	free(l->own);
	free(l->demand);
	free(l->wait);
	free(l->now);
	*l = (struct loads){0};
}

double loads_wait_now(const struct loads *l)
{
	double sum = 0;

	for (unsigned i = 0; i < l->n_vcpus; i++)
		sum += l->wait[i];
	return sum / l->n_vcpus;
}

/* The formula of advice.h. */
static double wait_beside(double demand, double others, unsigned k, double weight)
{
	double share = k ? FULL * k / (k + weight) : 0, o = fmin(others, share);

	return o >= FULL ? FULL : fmin(o, demand * o / (FULL - o));
}

static double wait_pinned(
	const struct loads *l, const struct cpuset *at, unsigned vcpu, double weight)
{
	unsigned cpu = (unsigned)cpuset_next(&at[vcpu], 0), k = 0;
	double own = 0, others = cpu < l->n_cpus ? l->others[cpu] : FULL, beside;

	for (unsigned i = 0; i < l->n_vcpus; i++)
		if (i != vcpu && cpuset_count(&at[i]) == 1 && cpuset_has(&at[i], cpu)) {
			own += l->demand[i];
			k++;
		}
	beside = wait_beside(l->demand[vcpu], own, k, 1);
	/* What siblings leave it is shared with the others. */
	return fmin(
		FULL, beside + wait_beside(l->demand[vcpu], others, others >= BUSY_FROM, weight) *
				       (FULL - beside) / FULL);
}

/* Over several CPUs the kernel balances: waits are what all together want beyond what there is. A load that comes
 * and goes is met until the kernel has moved the vCPU: beside one that changed CPUs every 0.2 to 0.4 s, half of the
 * time on each, 50 to 90 ms/s were measured (62 on average of five); beside one that stays, or none, 20 to 30. */
static double wait_floating(const struct loads *l, const struct cpuset *set, double weight)
{
	double own = 0, others = 0, shifting = 0, room = FULL * cpuset_count(set), lacking, part;

	for (unsigned i = 0; i < l->n_vcpus; i++)
		own += l->demand[i];
	cpuset_for_each (cpu, set) {
		double o = (unsigned)cpu < l->n_cpus ? l->others[cpu] : FULL;

		others += o;
		shifting += o * (FULL - o) / (FULL * FULL) / cpuset_count(set);
	}
	lacking = fmax(0, own + others - room);
	part = own > 0 ? own / (own + others * weight) : 0;
	return lacking * part / l->n_vcpus + BALANCING + SHIFTING * shifting;
}

double loads_wait_at(const struct loads *l, const struct cpuset *at, double weight)
{
	double sum = 0;

	for (unsigned i = 0; i < l->n_vcpus; i++)
		sum += cpuset_count(&at[i]) == 1 ? wait_pinned(l, at, i, weight)
						 : wait_floating(l, &at[i], weight);
	return sum / l->n_vcpus;
}

static double price(const struct loads *l, const struct topology *t, const double *taken,
	unsigned vcpu, unsigned cpu, int llc)
{
	const struct topo_cpu *c = topology_cpu(t, cpu);
	double p = l->others[cpu] + taken[cpu];

	if (!c)
		return p;
	cpuset_for_each (other, &c->siblings)
		if ((unsigned)other != cpu && (unsigned)other < l->n_cpus)
			p += SIBLING * (l->others[other] + taken[other]);
	if (c->isolated && !cpuset_has(&l->now[vcpu], cpu))
		p += ISOLATED;
	if (llc >= 0 && c->llc >= 0 && c->llc != llc)
		p += ANOTHER_LLC;
	/* It stays where it is unless elsewhere is better. */
	return cpuset_has(&l->now[vcpu], cpu) ? p : p + 1;
}

struct cpuset *loads_apart(const struct loads *l, const struct topology *t)
{
	struct cpuset *at = xcalloc(l->n_vcpus, sizeof(*at));
	auto_free double *taken = xcalloc(l->n_cpus + 1, sizeof(*taken));
	auto_free bool *done = xcalloc(l->n_vcpus, sizeof(*done));
	int first = cpuset_next(&l->now[0], 0), llc;
	const struct topo_cpu *c = first < 0 ? NULL : topology_cpu(t, (unsigned)first);

	llc = c ? c->llc : -1;
	for (unsigned n = 0; n < l->n_vcpus; n++) {
		double best = INFINITY;
		unsigned v = 0;
		int to = -1;

		for (unsigned i = 0; i < l->n_vcpus; i++)
			if (!done[i] && (done[v] || l->demand[i] > l->demand[v]))
				v = i;
		cpuset_for_each (cpu, &l->usable) {
			double p = price(l, t, taken, v, (unsigned)cpu, llc);

			if (p < best) {
				best = p;
				to = cpu;
			}
		}
		done[v] = true;
		if (to < 0) {
			at[v] = l->now[v];
			continue;
		}
		at[v] = cpuset_of((unsigned)to);
		taken[to] += l->demand[v];
	}
	return at;
}
