/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums to metrics, vCPUs to guests, cells to blame rows, the worst late wake-ups in order. */
#include <math.h>
#include <stdlib.h>

#include "analysis/priv.h"

#define NO_SAMPLES "no guest records in the window"
#define NO_TRACE   "no scheduler trace of this vCPU"

static void give(struct metric_value *m, enum metric_id id, double value, const char *why)
{
	if (isfinite(value))
		m[id] = (struct metric_value){.have = true, .value = value};
	else
		m[id] = (struct metric_value){.value = NAN, .why = why};
}

static void give_if(
	bool have, struct metric_value *m, enum metric_id id, double value, const char *why)
{
	give(m, id, have ? value : NAN, why);
}

/* ns quantiles in us. */
static void give_quantiles(struct metric_value *m, const struct hist *h, enum metric_id p50,
	enum metric_id p99, enum metric_id p999, enum metric_id max, const char *why)
{
	bool any = h->total > 0;

	give_if(any, m, p50, (double)hist_quantile(h, 0.5) / 1e3, why);
	give_if(any, m, p99, (double)hist_quantile(h, 0.99) / 1e3, why);
	give_if(any, m, max, (double)hist_quantile(h, 1) / 1e3, why);
	if (p999 != METRIC_COUNT)
		give_if(h->total >= 1000, m, p999, (double)hist_quantile(h, 0.999) / 1e3,
			any ? "fewer than 1000 samples" : why);
}

static void fold_hists(struct metric_value *m, const struct hist *late, const struct hist *elapsed,
	const struct hist *gap, const struct hist *lock, const char *timer_why, const char *gap_why,
	const char *lock_why)
{
	give_quantiles(m, late, METRIC_TIMER_LATE_P50, METRIC_TIMER_LATE_P99,
		METRIC_TIMER_LATE_P999, METRIC_TIMER_LATE_MAX, timer_why);
	give_quantiles(m, elapsed, METRIC_SLEEP_ELAPSED_P50, METRIC_SLEEP_ELAPSED_P99,
		METRIC_SLEEP_ELAPSED_P999, METRIC_SLEEP_ELAPSED_MAX, timer_why);
	give_quantiles(m, gap, METRIC_GAP_LEN_P50, METRIC_GAP_LEN_P99, METRIC_COUNT,
		METRIC_GAP_LEN_MAX, gap_why);
	give_quantiles(m, lock, METRIC_LOCK_STALL_P50, METRIC_LOCK_STALL_P99, METRIC_COUNT,
		METRIC_LOCK_STALL_MAX, lock_why);
}

static bool has_probe(const struct build *b, const struct vcpu_build *v, enum probe_id probe)
{
	const struct run_guest *g = &b->a->info.guests[v->guest];

	for (size_t i = 0; i < g->n_probes; i++)
		if (word_is(&words_probe, g->probes[i].name, probe) &&
			cpuset_has(&g->probes[i].vcpus, v->index))
			return true;
	return false;
}

static const char *probe_why(
	const struct build *b, const struct vcpu_build *v, enum probe_id probe, const char *none)
{
	if (!has_probe(b, v, probe))
		return "the probe did not run on this vCPU";
	return v->out->samples ? none : NO_SAMPLES;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median of the whole 10 s windows' maxima; NaN when there is none. */
static double median_of_maxima(const struct series_acc *s)
{
	size_t whole = (s->end_ns - s->start_ns) / s->bin_ns, n = 0;
	auto_free double *v = xcalloc(whole + 1, sizeof(*v));

	for (size_t i = 0; i < whole && i < s->n; i++)
		if (s->covered[i] > 0)
			v[n++] = s->amount[i];
	if (!n)
		return NAN;
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static const char *steal_why(const struct build *b, const struct vcpu_build *v)
{
	int accel = word_find(&words_accel_found, b->a->guests[v->guest].accel);

	if (!v->out->samples)
		return NO_SAMPLES;
	if (accel == SHM_ACCEL_TCG)
		return "not provided: TCG has no steal counter";
	if (accel == SHM_ACCEL_NATIVE)
		return "not provided: no hypervisor below";
	if (!v->steal_any)
		return "not provided by this guest";
	return v->steal.odd_ns ? "not provided: the counter runs backwards or jumps"
			       : "fewer than two samples in the window";
}

/* A counter that moves in steps and did not move: less than one step, which is not 0. */
static void give_below(struct metric_value *m, enum metric_id id, uint64_t step_ns, double seconds)
{
	if (m[id].have && m[id].value == 0 && step_ns && seconds > 0)
		m[id] = (struct metric_value){.value = NAN,
			.why = "below one step of the counter (10 ms) in the window",
			.below = (double)step_ns / 1e6 / seconds};
}

static void fold_steal(struct build *b, struct vcpu_build *v)
{
	struct metric_value *m = v->out->metrics;
	bool whole = b->a->window_end_ns - b->a->window_start_ns >= BIN_NS;
	double largest = NAN, delay = counter_span_rate(&v->traced_delay, 1e-6);

	give(m, METRIC_STEAL_RATE, time_counter_rate(&v->steal), steal_why(b, v));
	if (!v->steal_any || !whole || !series_largest_rate(&v->acc[SERIES_STEAL], &largest))
		largest = NAN;
	give(m, METRIC_STEAL_RATE_10S, largest,
		v->steal_any && !whole ? "the window is shorter than 10 s" : steal_why(b, v));
	if (!isfinite(delay))
		delay = counter_span_rate(&v->delay, 1e-6);
	give_below(m, METRIC_STEAL_RATE, v->steal.step_ns, (double)v->steal.covered_ns / 1e9);
	give_below(m, METRIC_STEAL_RATE_10S, v->steal.step_ns, (double)BIN_NS / 1e9);
	give(m, METRIC_RUN_DELAY_RATE, delay, "neither traced nor sampled");
}

static void fold_states(struct build *b, struct vcpu_build *v)
{
	const struct vcpu_states *s = &v->out->states;
	struct metric_value *m = v->out->metrics;
	double per = 1e3 / (b->a->window_s * 1e9);
	bool counts = b->a->trace_mode == TRACE_MODE_COUNTS;
	double wasted;

	if (counts) {
		give(m, METRIC_WAIT_RATE, counter_span_rate(&v->traced_wait, 1e-6), NO_TRACE);
		give(m, METRIC_RUN_RATE, counter_span_rate(&v->traced_run, 1e-6), NO_TRACE);
		give(m, METRIC_SLEEP_RATE, counter_span_rate(&v->traced_sleep, 1e-6), NO_TRACE);
	} else {
		give_if(s->have, m, METRIC_WAIT_RATE, (double)s->wait_ns * per, NO_TRACE);
		give_if(s->have, m, METRIC_RUN_RATE, (double)s->run_ns * per, NO_TRACE);
		give_if(s->have, m, METRIC_SLEEP_RATE, (double)s->sleep_ns * per, NO_TRACE);
	}
	/* Throttled waiting is not wasted: no CPU would have helped. */
	wasted = (double)s->wasted_ns + wasted_elsewhere(b, v);
	wasted = fmin(wasted, (double)(s->wait_ns - s->throttled_ns));
	give_if(s->have && !counts, m, METRIC_WASTED_RATE, wasted * per, NO_TRACE);

	/* Waiting while throttled, exact from the trace; cpu.stat also counts what nobody waited
	 * for. */
	if (s->have && !counts)
		give(m, METRIC_THROTTLE_RATE, (double)s->throttled_ns * per, NO_TRACE);
	else
		give(m, METRIC_THROTTLE_RATE, counter_span_rate(&v->throttled, 1e-6),
			"neither traced nor is its cgroup sampled");
	give_if(s->have && !counts, m, METRIC_MIGRATIONS_RATE,
		(double)s->migrations / b->a->window_s, NO_TRACE);
	give_if(s->have && v->out->late_count, m, METRIC_LATE_EXPLAINED,
		100 * (double)v->out->late_explained_ns / (double)v->out->late_ns,
		s->have ? "no wake-up was later, no gap longer than 1 ms" : NO_TRACE);
}

static void fold_busy(struct build *b, struct vcpu_build *v)
{
	struct metric_value *m = v->out->metrics;
	const struct analysis *a = b->a;
	/* The probe ran through the window's ends if records lie on both sides of them. */
	uint64_t from = v->first_ns <= a->window_start_ns ? a->window_start_ns : v->first_ns;
	uint64_t to = v->last_ns >= a->window_end_ns ? a->window_end_ns : v->last_ns;
	double job_span = (double)(v->job_last_ns - v->job_first_ns) / 1e9;

	v->has_job = has_probe(b, v, PROBE_JOB);
	give_if(has_probe(b, v, PROBE_GAP) && v->out->samples && to > from, m, METRIC_GAP_RATE,
		(double)v->gap_ns / (double)(to - from) * 1e3,
		probe_why(b, v, PROBE_GAP, NO_SAMPLES));
	give_if(v->job_n, m, METRIC_JOB_TIME, (double)v->job_ns / 1e9 / (double)v->job_n,
		probe_why(b, v, PROBE_JOB, "no unit began and ended in the window"));
	give_if(v->job_n && job_span > 0, m, METRIC_JOB_RATE, (double)v->job_n / job_span,
		probe_why(b, v, PROBE_JOB, "no unit began and ended in the window"));
	give(m, METRIC_LOCK_RATE, counter_span_rate(&v->lock_done, 1),
		probe_why(b, v, PROBE_LOCK, "fewer than two reports in the window"));
	give_if(v->chase_n > 0, m, METRIC_MEMORY_LATENCY, v->chase_ns / v->chase_n,
		probe_why(b, v, PROBE_MEMORY, "the probe measured bandwidth"));
	give_if(v->band_ns > 0, m, METRIC_MEMORY_BANDWIDTH, v->band_bytes / v->band_ns,
		probe_why(b, v, PROBE_MEMORY, "the probe measured latency"));
}

static void finish_series(struct vcpu_build *v, bool outside)
{
	for (unsigned i = 0; i < SERIES_COUNT; i++) {
		unsigned from = i == SERIES_STEAL && outside ? SERIES_RUN_DELAY : i;
		bool rates = i == SERIES_STEAL || i == SERIES_RUN_DELAY || i == SERIES_WAIT;
		struct series_acc *acc[2] = {&v->acc[from], &v->fine[from]};
		struct series *out[2] = {&v->out->series[i], &v->out->fine[i]};

		for (int k = 0; k < 2; k++) {
			out[k]->bin_ns = acc[k]->bin_ns;
			/* A window shorter than one bin has no series of such bins. */
			if (acc[k]->end_ns - acc[k]->start_ns < acc[k]->bin_ns)
				continue;
			out[k]->v = rates ? series_rates(acc[k]) : series_maxima(acc[k]);
			out[k]->n = out[k]->v ? acc[k]->n : 0;
		}
	}
}

static void fold_vcpu(struct build *b, struct vcpu_build *v)
{
	struct analysis_vcpu *out = v->out;

	if (v->thread)
		out->states = v->thread->sums;
	out->clock = *clock_get_quality(v->clock);
	out->lost = MAX(MAX(v->seq_lost, v->dropped), v->torn);
	fold_steal(b, v);
	fold_states(b, v);
	fold_busy(b, v);
	fold_hists(out->metrics, &out->late, &out->elapsed, &out->gap, &out->lock,
		probe_why(b, v, PROBE_TIMER, NO_SAMPLES),
		probe_why(b, v, PROBE_GAP, "no gap was seen"),
		probe_why(b, v, PROBE_LOCK, "no stall over the threshold"));
	give(out->metrics, METRIC_TIMER_LATE_MAX_10S, median_of_maxima(&v->acc[SERIES_TIMER_LATE]),
		out->late.total ? "the window is shorter than 10 s"
				: probe_why(b, v, PROBE_TIMER, NO_SAMPLES));
	give_if(v->guest_wait.total, out->metrics, METRIC_TIMER_GUEST_P99,
		(double)hist_quantile(&v->guest_wait, 0.99) / 1e3,
		probe_why(b, v, PROBE_TIMER, "this guest has no schedstat of its threads"));
	give_if(v->guest_wait.total, out->metrics, METRIC_TIMER_GUEST_MAX,
		(double)hist_quantile(&v->guest_wait, 1) / 1e3,
		probe_why(b, v, PROBE_TIMER, "this guest has no schedstat of its threads"));
	hist_release(&v->guest_wait);
	hist_release(&v->path[LATE_TIMER].ran);
	hist_release(&v->path[LATE_GAP].ran);
	give(out->metrics, METRIC_CLOCK_ERROR, out->clock.error_ns,
		"too few bounds on the guest's clock");
	give(out->metrics, METRIC_EXITS_RATE, NAN, "known per guest only");
	give(out->metrics, METRIC_HARNESS_CPU, NAN, "known per record only");
	outside_fold(b, v);
	finish_series(v, b->a->guests[v->guest].outside);
}

/* ---- guests */

static double fold_of(enum metric_fold fold, const struct analysis_guest *g, enum metric_id id)
{
	double sum = 0, largest = -INFINITY;
	unsigned n = 0;

	for (unsigned i = 0; i < g->n_vcpus; i++) {
		const struct metric_value *m = &g->vcpus[i].metrics[id];

		n += m->below > 0; /* counts as 0 beside vCPUs that have more */
		if (!m->have)
			continue;
		n++;
		sum += m->value;
		largest = fmax(largest, m->value);
	}
	if (!n || !isfinite(largest))
		return NAN;
	return fold == FOLD_SUM ? sum : fold == FOLD_MAX ? largest : sum / n;
}

static double harness_cpu(const struct build *b)
{
	double own = (double)b->a->info.harness_cpu_ns / (b->a->window_s * 1e9) * 100;
	double agent = counter_span_rate(&b->self_cpu, 1e-9) * 100;

	if (!b->a->info.harness_cpu_ns)
		return NAN;
	return own + (isfinite(agent) ? agent : 0);
}

static void fold_guest(struct build *b, size_t guest)
{
	struct analysis_guest *g = &b->a->guests[guest];
	uint64_t late_ns = 0, explained = 0;
	const char *why;

	for (unsigned i = 0; i < g->n_vcpus; i++) {
		const struct analysis_vcpu *v = &g->vcpus[i];

		hist_merge(&g->late, &v->late);
		hist_merge(&g->elapsed, &v->elapsed);
		hist_merge(&g->gap, &v->gap);
		hist_merge(&g->lock, &v->lock);
		g->samples += v->samples;
		g->lost += v->lost;
		if (v->metrics[METRIC_LATE_EXPLAINED].have) {
			late_ns += v->late_ns;
			explained += v->late_explained_ns;
		}
	}
	g->lost = MAX(g->lost, b->a->info.guests[guest].lost);
	fold_hists(g->metrics, &g->late, &g->elapsed, &g->gap, &g->lock, NULL, NULL, NULL);
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		why = g->n_vcpus ? g->vcpus[0].metrics[i].why : "no vCPUs";
		if (metric_table[i].fold == FOLD_POOL)
			give_if(g->metrics[i].have, g->metrics, (enum metric_id)i,
				g->metrics[i].value, g->metrics[i].why ? g->metrics[i].why : why);
		else if (metric_table[i].fold != FOLD_GUEST)
			give(g->metrics, (enum metric_id)i,
				fold_of(metric_table[i].fold, g, (enum metric_id)i), why);
		if (g->metrics[i].have && g->n_vcpus)
			g->metrics[i].source = g->vcpus[0].metrics[i].source;
		for (unsigned k = 0; k < g->n_vcpus && !g->metrics[i].have; k++)
			g->metrics[i].below =
				fmax(g->metrics[i].below, g->vcpus[k].metrics[i].below);
	}
	give(g->metrics, METRIC_EXITS_RATE, counter_span_rate(&b->guests[guest].exits, 1),
		"no KVM counters");
	give_if(late_ns > 0, g->metrics, METRIC_LATE_EXPLAINED,
		100 * (double)explained / (double)late_ns,
		g->n_vcpus ? g->vcpus[0].metrics[METRIC_LATE_EXPLAINED].why : "no vCPUs");
	give(g->metrics, METRIC_HARNESS_CPU, harness_cpu(b), "not in run.json");
}

void fold_metrics(struct build *b)
{
	for (size_t i = 0; i < b->n_vcpus; i++)
		fold_vcpu(b, &b->vcpus[i]);
	for (size_t g = 0; g < b->a->n_guests; g++)
		fold_guest(b, g);
}

/* ---- late wake-ups */

static int by_lateness(const void *a, const void *b)
{
	const struct late *x = a, *y = b;

	if (x->lateness_ns != y->lateness_ns)
		return x->lateness_ns > y->lateness_ns ? -1 : 1;
	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	return x->deadline_ns < y->deadline_ns ? -1 : x->deadline_ns > y->deadline_ns;
}

void fold_late(struct build *b)
{
	struct analysis *a = b->a;

	a->late = xcalloc(ANALYSIS_WORST, sizeof(*a->late));
	for (unsigned list = 0; list < 3; list++) {
		qsort(b->worst[list], b->n_worst[list], sizeof(struct late), by_lateness);
		for (size_t i = 0; i < b->n_worst[list]; i++) {
			if (a->n_late < ANALYSIS_WORST)
				a->late[a->n_late++] = b->worst[list][i];
			else
				free(b->worst[list][i].pieces);
		}
	}
}
