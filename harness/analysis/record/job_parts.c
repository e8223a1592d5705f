/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a unit of a job's time is made of, as far as sources here tell. */
#include <math.h>

#include "analysis/priv.h"

#define BUSY_MS_PER_S 500 /* a vCPU that is asleep for more was not the one that worked */

/* A value that may be missing counts as 0 where it is only a part of another. */
static double part(const struct metric_value *m, enum metric_id id)
{
	return m[id].have ? m[id].value / 1e3 : 0;
}

static bool of_vcpu(const struct analysis *a, const struct analysis_vcpu *v, struct job_parts *p)
{
	const struct metric_value *m = v->metrics;
	double box = isfinite(a->box_steal_ms_per_s) ? a->box_steal_ms_per_s / 1e3 : 0, held;

	if (!m[METRIC_JOB_TIME].have || !m[METRIC_WAIT_RATE].have || !m[METRIC_RUN_RATE].have ||
		!m[METRIC_SLEEP_RATE].have)
		return false;
	held = fmin(part(m, METRIC_THROTTLE_RATE), part(m, METRIC_WAIT_RATE));
	p->time_s += m[METRIC_JOB_TIME].value;
	p->wait_s += m[METRIC_JOB_TIME].value * (part(m, METRIC_WAIT_RATE) - held);
	p->held_s += m[METRIC_JOB_TIME].value * held;
	p->sleep_s += m[METRIC_JOB_TIME].value * part(m, METRIC_SLEEP_RATE);
	p->ran_s += m[METRIC_JOB_TIME].value * part(m, METRIC_RUN_RATE);
	p->box_s += m[METRIC_JOB_TIME].value * fmin(box, part(m, METRIC_RUN_RATE));
	p->worked &= m[METRIC_SLEEP_RATE].value < BUSY_MS_PER_S;
	return true;
}

void fold_job(struct build *b, size_t guest)
{
	struct analysis_guest *g = &b->a->guests[guest];
	struct job_parts p = {.worked = true};
	unsigned n = 0, asked = 0, done = 0;

	for (unsigned i = 0; i < g->n_vcpus; i++) {
		const struct vcpu_build *v = build_vcpu(b, guest, i);

		asked += v->has_job;
		done += v->job_n > 0;
		n += of_vcpu(b->a, v->out, &p);
	}
	g->job_none = asked && !done;
	if (g->job_none)
		strv_add(&b->a->warnings,
			"%s: no unit of its job began and ended in the window of %.1f s: job.time is not provided; measure longer, or make a unit shorter",
			g->name, b->a->window_s);
	if (!n)
		return;
	p.have = true;
	p.time_s /= n;
	p.wait_s /= n;
	p.held_s /= n;
	p.sleep_s /= n;
	p.ran_s /= n;
	p.box_s /= n;
	g->job = p;
}
