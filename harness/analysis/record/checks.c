/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does the record agree with itself? Each check takes the worst vCPU. Relative differences of small
 * sums say nothing (one us on ten is 10 %), so their base is at least CHECK_FLOOR of the time
 * compared.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/priv.h"
#include "analysis/record/checks.h"

#define CHECK_FLOOR 0.01 /* 10 ms/s */
#define LIMIT_EXACT 0.001
#define LIMIT_COUNTERS                                                                             \
	0.02 /* schedstat sampled beside the guest's samples, not joined with them                 \
	      */
#define XEN_DECISION_NS 50000 /* with Xen on an emulated processor; 1 us on a real one */
#define LIMIT_CLOCK_NS	1e6
#define LIMIT_EXPLAINED 99.0

void check_worse(struct worst *w, double value, char *note)
{
	if (w->have && value <= w->value) {
		free(note);
		return;
	}
	free(w->note);
	*w = (struct worst){true, value, note};
}

static double relative(uint64_t a, uint64_t b, uint64_t span)
{
	return fabs((double)a - (double)b) /
	       fmax(fmax((double)a, (double)b), CHECK_FLOOR * (double)span);
}

/* `a` moved by at most `by` towards `b`. */
static uint64_t toward(uint64_t a, uint64_t b, uint64_t by)
{
	return a < b ? a + MIN(by, b - a) : a - MIN(by, a - b);
}

void check_add(struct analysis *a, const char *name, const char *doc, struct worst *w, double limit,
	const char *unit, bool higher_is_better, const char *missing)
{
	struct check c = {.name = name,
		.doc = doc,
		.have = w->have,
		.value = w->value,
		.limit = limit,
		.unit = unit};

	c.note = w->have ? w->note : xstrdup(missing);
	c.verdict = !w->have							 ? VERDICT_UNKNOWN
		    : (higher_is_better ? w->value >= limit : w->value <= limit) ? VERDICT_PASS
										 : VERDICT_FAIL;
	ARRAY_GROW(a->checks, a->n_checks);
	a->checks[a->n_checks++] = c;
}

/* Where a wait began by waking up, Xen's trace is later than its book by what its decision takes. */
static uint64_t allowance(const struct build *b, const struct vcpu_build *v)
{
	return word_is(&words_accel_found, b->a->guests[v->guest].accel, SHM_ACCEL_XEN)
		       ? v->out->states.wakeups * XEN_DECISION_NS
		       : 0;
}

static void check_steal(struct build *b)
{
	struct worst w = {0};
	bool exact = true;

	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_build *v = &b->vcpus[i];
		const struct vcpu_joins *j = &v->out->joins;

		if (!j->have_steal)
			continue;
		exact &= j->steal_exact;
		check_worse(&w,
			relative(j->steal_ns, toward(j->run_delay_ns, j->steal_ns, allowance(b, v)),
				j->steal_span_ns),
			xasprintf("%s/vcpu%u: steal %" PRIu64 " ns, run_delay %" PRIu64
				  " ns over %.3f s (%s, %" PRIu64 " samples joined)",
				b->a->guests[v->guest].name, v->index, j->steal_ns, j->run_delay_ns,
				(double)j->steal_span_ns / 1e9,
				j->steal_exact ? "exact join" : "sampled", j->steal_joined));
	}
	check_add(b->a, "steal_vs_run_delay",
		"guest steal = its thread's run_delay (relative difference)", &w,
		exact ? LIMIT_EXACT : LIMIT_COUNTERS, "", false,
		"no guest steal, or neither trace nor schedstat of its threads");
}

/* On the kernel's clock where the tracer kept it: then a difference is a wait that one of the two
 * missed. In true times the kernel books some us a wait more or less (abi/host_trace.h). */
static void check_wait(struct build *b)
{
	struct worst w = {0};

	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_build *v = &b->vcpus[i];
		const struct vcpu_joins *j = &v->out->joins;
		const char *name = b->a->guests[v->guest].name;
		/* On Xen the trace is what run_delay is summed from: one source, nothing to hold together. */
		if (word_is(&words_accel_found, b->a->guests[v->guest].accel, SHM_ACCEL_XEN))
			continue;
		double bias = j->waits ? ((double)j->wait_ns - (double)j->wait_run_delay_ns) /
						 (double)j->waits
				       : 0;

		if (j->have_clock_wait)
			check_worse(&w,
				relative(j->clock_wait_ns + j->sleep_booked_ns,
					j->clock_run_delay_ns, j->clock_span_ns),
				xasprintf("%s/vcpu%u: traced on the kernel's clock %" PRIu64
					  " ns + %" PRIu64
					  " ns of sleep booked as waiting, run_delay %" PRIu64
					  " ns; in true times %+.1f us a wait; %" PRIu64
					  " hidden events inferred",
					name, v->index, j->clock_wait_ns, j->sleep_booked_ns,
					j->clock_run_delay_ns, bias / 1e3, j->hidden));
		else if (j->have_wait)
			check_worse(&w,
				relative(j->wait_ns, j->wait_run_delay_ns,
					v->thread->delay_last_ns - v->thread->delay_first_ns),
				xasprintf("%s/vcpu%u: traced %" PRIu64 " ns, run_delay %" PRIu64
					  " ns, %+.1f us a wait",
					name, v->index, j->wait_ns, j->wait_run_delay_ns,
					bias / 1e3));
	}
	check_add(b->a, "wait_vs_run_delay", "traced waiting = run_delay (relative difference)", &w,
		LIMIT_EXACT, "", false, "no scheduler trace with run_delay");
}

static void check_states(struct build *b)
{
	struct worst w = {0};
	double wall = b->a->window_s * 1e9;

	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_build *v = &b->vcpus[i];
		const struct vcpu_states *s = &v->out->states;
		double run = (double)s->run_ns, wait = (double)s->wait_ns,
		       sleep = (double)s->sleep_ns;

		if (b->a->trace_mode == TRACE_MODE_COUNTS && v->traced_run.have) {
			run = (double)(v->traced_run.last - v->traced_run.first);
			wait = (double)(v->traced_wait.last - v->traced_wait.first);
			sleep = (double)(v->traced_sleep.last - v->traced_sleep.first);
			wall = (double)(v->traced_run.last_ns - v->traced_run.first_ns);
		} else if (!s->have) {
			continue;
		}
		if (wall <= 0)
			continue;
		check_worse(&w, fabs(run + wait + sleep - wall) / wall,
			xasprintf("%s/vcpu%u: run %.3f + wait %.3f + sleep %.3f s of %.3f s",
				b->a->guests[v->guest].name, v->index, run / 1e9, wait / 1e9,
				sleep / 1e9, wall / 1e9));
	}
	check_add(b->a, "state_conservation",
		"run + wait + sleep = the window (relative difference)", &w, LIMIT_EXACT, "", false,
		"no scheduler trace");
}

static void check_clock(struct build *b)
{
	struct worst error = {0}, violations = {0};

	for (size_t i = 0; i < b->n_vcpus; i++) {
		const struct vcpu_build *v = &b->vcpus[i];
		const struct clock_quality *q = &v->out->clock;
		const char *name = b->a->guests[v->guest].name;

		if (q->source == CLOCK_SOURCE_NONE)
			continue;
		check_worse(&error, q->error_ns,
			xasprintf("%s/vcpu%u: %s, %" PRIu64 " bounds%s", name, v->index,
				q->source == CLOCK_SOURCE_OFFSET ? "KVM's tsc-offset" : "causality",
				q->bounds,
				q->offset_changes ? ", the TSC offset changed in mid-run" : ""));
		check_worse(&violations, (double)q->violations,
			xasprintf("%s/vcpu%u: %" PRIu64 " records outside causality", name,
				v->index, q->violations));
	}
	check_add(b->a, "clock_error_ns", "bound on the error of guest TSC to host clock", &error,
		LIMIT_CLOCK_NS, "ns", false, "too few bounds on any guest's clock");
	check_add(b->a, "causality", "guest records outside their causal bounds", &violations, 0,
		"", false, "too few bounds on any guest's clock");
}

static void check_late(struct build *b)
{
	struct worst w = {0};

	for (size_t g = 0; g < b->a->n_guests; g++) {
		const struct metric_value *m = &b->a->guests[g].metrics[METRIC_LATE_EXPLAINED];

		if (m->have)
			check_worse(&w, -m->value,
				xasprintf("%s: %.2f %% of its lateness", b->a->guests[g].name,
					m->value));
	}
	w.value = -w.value;
	check_add(b->a, "late_explained", "lateness over 1 ms that has a known place", &w,
		LIMIT_EXPLAINED, "%", true, "no late wake-up of a traced vCPU");
}

uint64_t analysis_lost(const struct analysis *a)
{
	return a->lost_guest + a->lost_host + a->bad_records + a->cut;
}

char *analysis_losses(const struct analysis *a)
{
	return xasprintf("%" PRIu64 " guest records and %" PRIu64 " host records lost, %" PRIu64
			 " unreadable%s",
		a->lost_guest, a->lost_host, a->bad_records, a->cut ? "; a file is cut" : "");
}

static void check_lost(struct build *b)
{
	struct analysis *a = b->a;
	struct worst w = {0};

	check_worse(&w, (double)analysis_lost(a), analysis_losses(a));
	check_add(a, "lost_records", "records lost on the way, unreadable, or cut off", &w, 0, "",
		false, "");
}

void make_checks(struct build *b)
{
	check_steal(b);
	check_wait(b);
	check_states(b);
	check_clock(b);
	check_late(b);
	check_lost(b);
	played_checks(b);
}

const char *verdict_name(enum verdict v)
{
	return v == VERDICT_PASS ? "pass" : v == VERDICT_FAIL ? "fail" : "unknown";
}

const struct check *analysis_check(const struct analysis *a, const char *name)
{
	for (size_t i = 0; i < a->n_checks; i++)
		if (!strcmp(a->checks[i].name, name))
			return &a->checks[i];
	return NULL;
}
