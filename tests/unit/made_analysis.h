/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An analysis made in memory, of any size, for tests of reports: a victim that steal and a hog
 * disturb, and a noise guest. Values follow simple formulas; none was measured. */
#ifndef SS_TESTS_MADE_ANALYSIS_H
#define SS_TESTS_MADE_ANALYSIS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"

/* run_info owns its strings; these are literals, and a made analysis is never freed as a real
 * one. */
#define MADE_TEXT(s) ((char *)(uintptr_t)(s))

static double made_value(enum series_id id, unsigned vcpu, size_t bin)
{
	double wave = 0.5 + 0.5 * sin((double)bin / 7 + vcpu), spike = bin % 97 == 31 ? 5 : 1;

	if (bin % 211 == 100)
		return NAN; /* a bin without a sample */
	switch (id) {
	case SERIES_STEAL:
		return 20 + 18 * wave * spike;
	case SERIES_RUN_DELAY:
		return 20.2 + 18 * wave * spike;
	case SERIES_WAIT:
		return 19.9 + 18 * wave * spike;
	case SERIES_TIMER_LATE:
		return 300 + 4000 * wave * spike;
	default:
		return 10300 + 4000 * wave * spike;
	}
}

static struct series made_series(enum series_id id, unsigned vcpu, double window_s, double bin_s)
{
	struct series s = {.bin_ns = (uint64_t)(bin_s * 1e9), .n = (size_t)(window_s / bin_s)};

	s.v = xcalloc(s.n, sizeof(*s.v));
	for (size_t i = 0; i < s.n; i++)
		s.v[i] = made_value(id, vcpu, i);
	return s;
}

static void made_vcpu(struct analysis_vcpu *v, unsigned id, double window_s)
{
	v->id = id;
	cpuset_add(&v->cpu_set, id % 2);
	for (int s = 0; s < SERIES_COUNT; s++) {
		v->series[s] = made_series((enum series_id)s, id, window_s, 10);
		if (window_s < ANALYSIS_FINE_S)
			v->fine[s] = made_series((enum series_id)s, id, window_s, 1);
	}
	for (int m = 0; m < METRIC_COUNT; m++)
		v->metrics[m] = (struct metric_value){.why = "not measured here"};
	v->metrics[METRIC_STEAL_RATE] = (struct metric_value){.have = true, .value = 31.4};
	v->metrics[METRIC_TIMER_LATE_P99] = (struct metric_value){.have = true, .value = 4321};
	v->metrics[METRIC_TIMER_LATE_MAX] = (struct metric_value){.have = true, .value = 21034};
	v->states = (struct vcpu_states){.have = true, .run_ns = 4000000000, .wait_ns = 900000000};
	for (unsigned i = 0; i < 3000; i++)
		hist_add(&v->late, (uint64_t)(90000 * exp((i * 2654435761u % 3000) / 550.0)));
}

static void made_guest(struct analysis *a, const char *name, unsigned vcpus, bool noise)
{
	struct run_guest *r;
	struct analysis_guest *g;

	ARRAY_GROW(a->guests, a->n_guests);
	ARRAY_GROW(a->info.guests, a->info.n_guests);
	g = &a->guests[a->n_guests++];
	r = &a->info.guests[a->info.n_guests++];
	*g = (struct analysis_guest){.name = name,
		.kind = "metal",
		.accel = "kvm",
		.status = "ok",
		.is_noise = noise,
		.n_vcpus = vcpus};
	g->vcpus = xcalloc(vcpus, sizeof(*g->vcpus));
	*r = (struct run_guest){.name = MADE_TEXT(name), .is_noise = noise, .n_vcpus = vcpus};
	r->vcpus = xcalloc(vcpus, sizeof(*r->vcpus));
	for (unsigned v = 0; v < vcpus; v++) {
		made_vcpu(&g->vcpus[v], v, a->window_s);
		r->vcpus[v].id = v;
		r->vcpus[v].cpu_set = g->vcpus[v].cpu_set;
		hist_merge(&g->late, &g->vcpus[v].late);
	}
	memcpy(g->metrics, g->vcpus[0].metrics, sizeof(g->metrics));
	for (uint64_t i = 0; i < 20000; i++)
		heat_add(&g->heat, &a->columns,
			a->window_start_ns + (uint64_t)((double)i / 20000 * a->window_s * 1e9),
			(uint64_t)(90000 * exp((i * 2654435761u % 3000) / 550.0)));
}

/* So many ms/s of the guest in the columns [from, to). */
static void made_taken(struct analysis *a, size_t guest, const char *culprit,
	enum culprit_kind kind, double ms_per_s, unsigned from, unsigned to)
{
	struct taken *t;

	ARRAY_GROW(a->taken, a->n_taken);
	t = &a->taken[a->n_taken++];
	*t = (struct taken){guest, culprit, kind, xcalloc(a->columns.n, sizeof(uint64_t))};
	for (unsigned c = from; c < to; c++)
		t->ns[c] = (uint64_t)((double)a->columns.width_ns * ms_per_s / 1000 *
				      a->guests[guest].n_vcpus);
}

static void made_late(struct analysis *a, uint64_t late_ns, const char *culprit)
{
	struct late *l;
	uint64_t t = a->window_start_ns + 3000000000 + late_ns * 7;

	ARRAY_GROW(a->late, a->n_late);
	l = &a->late[a->n_late++];
	*l = (struct late){.kind = LATE_TIMER,
		.deadline_ns = t,
		.woke_ns = t + late_ns,
		.lateness_ns = late_ns,
		.clock_error_ns = 700,
		.fired_late_ns = late_ns / 20,
		.wait_ns = late_ns * 8 / 10,
		.throttled_ns = late_ns / 10,
		.running_ns = late_ns / 20,
		.n_who = 2};
	l->who[0] = (struct late_culprit){culprit, CULPRIT_NOISE, late_ns * 6 / 10};
	l->who[1] = (struct late_culprit){"vm hog vcpu0", CULPRIT_VM, late_ns * 2 / 10};
	l->pieces = xcalloc(6, sizeof(*l->pieces));
	l->n_pieces = 6;
	l->pieces[0] =
		(struct late_piece){t - 3000000, t - 2500000, THREAD_RUNNING, false, 0, NULL, 0};
	l->pieces[1] = (struct late_piece){
		t - 2500000, t + late_ns / 20, THREAD_SLEEPING, false, -1, NULL, 0};
	l->pieces[2] = (struct late_piece){t + late_ns / 20, t + late_ns * 65 / 100, THREAD_WAITING,
		false, 0, culprit, CULPRIT_NOISE};
	l->pieces[3] = (struct late_piece){t + late_ns * 65 / 100, t + late_ns * 85 / 100,
		THREAD_WAITING, false, 1, "vm hog vcpu0", CULPRIT_VM};
	l->pieces[4] = (struct late_piece){t + late_ns * 85 / 100, t + late_ns * 95 / 100,
		THREAD_WAITING, true, 1, NULL, CULPRIT_QUOTA};
	l->pieces[5] = (struct late_piece){
		t + late_ns * 95 / 100, t + late_ns + 800000, THREAD_RUNNING, false, 1, NULL, 0};
}

static void made_blame(struct analysis *a, size_t guest, unsigned vcpu, const char *culprit,
	enum culprit_kind kind, double share)
{
	ARRAY_GROW(a->blame, a->n_blame);
	a->blame[a->n_blame++] = (struct blame_row){guest, vcpu, MADE_TEXT(culprit), kind,
		(uint64_t)(9e6 * share), (uint64_t)share + 1, share};
}

static void made_info(struct run_info *r)
{
	r->run = MADE_TEXT("20261120T161500Z-made-3f9c");
	r->scenario = MADE_TEXT("made-for-tests");
	r->variant = MADE_TEXT("base");
	r->point = MADE_TEXT("");
	r->status = MADE_TEXT("complete");
	r->started = MADE_TEXT("2026-11-20T16:15:00Z");
	r->plan_text = MADE_TEXT("CPU 0  victim vcpu0, hog\nCPU 1  victim vcpu1\n");
	cpuset_add(&r->lab_cpus, 0);
	cpuset_add(&r->lab_cpus, 1);
	cpuset_add(&r->housekeeping_cpus, 1);
	r->noises = xcalloc(1, sizeof(*r->noises));
	r->noises[0] = (struct run_noise){.name = MADE_TEXT("burst"),
		.kind = MADE_TEXT("busy"),
		.threads = 2,
		.cpus = cpuset_of(0),
		.start_ns = 5 * 1000000000ull,
		.stop_ns = 12 * 1000000000ull};
	r->n_noises = 1;
	r->facts = xcalloc(2, sizeof(*r->facts));
	r->facts[0] = (struct run_fact){MADE_TEXT("kernel.release"), MADE_TEXT("6.18.5")};
	r->facts[1] = (struct run_fact){
		MADE_TEXT("cpu.model"), MADE_TEXT("A Processor <with> \"odd\" & long name")};
	r->n_facts = 2;
}

/* victims: vCPUs of the victim (at most 16). `text` stands where a host's own text stands. */
static struct analysis *made_analysis(double window_s, unsigned victims, const char *text)
{
	struct analysis *a = xcalloc(1, sizeof(*a));

	a->window_s = window_s;
	a->window_start_ns = 1000000000000;
	a->window_end_ns = a->window_start_ns + (uint64_t)(window_s * 1e9);
	a->columns = columns_make(a->window_start_ns, a->window_end_ns);
	a->have_trace = true;
	a->box_steal_ms_per_s = 1.25;
	a->guest_records = 123456;
	a->trace_records = 7654321;
	made_info(&a->info);
	made_guest(a, "hog", 1, true);
	made_guest(a, "victim", victims, false);
	for (unsigned i = 0; i < 8; i++) {
		made_late(a, 21000000 - i * 2300000, text);
		a->late[i].guest = 1;
	}
	for (unsigned v = 0; v < MIN(victims, 2u); v++) {
		made_blame(a, 1, v, text, CULPRIT_NOISE, 71.5);
		made_blame(a, 1, v, "vm hog vcpu0", CULPRIT_VM, 22);
		for (int i = 0; i < 12; i++)
			made_blame(a, 1, v, "kernel thread kworker", CULPRIT_KTHREAD, 0.5);
	}
	made_taken(a, 1, text, CULPRIT_NOISE, 120, 10, 90);
	made_taken(a, 1, "vm hog vcpu0", CULPRIT_VM, 60, 0, a->columns.n);
	made_taken(a, 1, "quota", CULPRIT_QUOTA, 30, 20, 40);
	a->checks = xcalloc(2, sizeof(*a->checks));
	a->n_checks = 2;
	a->checks[0] = (struct check){"steal_vs_run_delay", "Guest steal equals run_delay.", true,
		2e-5, 0.001, "", VERDICT_PASS,
		MADE_TEXT("victim vcpu0: 157789212 and 157789212 ns")};
	a->checks[1] = (struct check){"late_explained", "Lateness that has a place.", false, 0, 99,
		"%", VERDICT_UNKNOWN, MADE_TEXT(text)};
	strv_add(&a->warnings, "%s", text);
	return a;
}

static void made_free(struct analysis *a)
{
	for (size_t g = 0; g < a->n_guests; g++) {
		for (unsigned v = 0; v < a->guests[g].n_vcpus; v++) {
			for (int s = 0; s < SERIES_COUNT; s++) {
				free(a->guests[g].vcpus[v].series[s].v);
				free(a->guests[g].vcpus[v].fine[s].v);
			}
			hist_release(&a->guests[g].vcpus[v].late);
		}
		hist_release(&a->guests[g].late);
		heat_release(&a->guests[g].heat);
		free(a->guests[g].vcpus);
	}
	for (size_t i = 0; i < a->n_late; i++)
		free(a->late[i].pieces);
	for (size_t i = 0; i < a->n_taken; i++)
		free(a->taken[i].ns);
	free(a->taken);
	strv_release(&a->warnings);
	free(a->guests);
	for (size_t g = 0; g < a->info.n_guests; g++)
		free(a->info.guests[g].vcpus);
	free(a->info.guests);
	free(a->info.noises);
	free(a->info.facts);
	free(a->late);
	free(a->blame);
	free(a->checks);
	free(a);
}

#endif
