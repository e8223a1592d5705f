// SPDX-License-Identifier: GPL-3.0-or-later
/* Plan to run.json: what was asked and planned, before anything was done. */
#include "run/priv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenario/experiment.h"

static void describe_guest(const struct plan_guest *g, struct run_guest *out)
{
	out->name = xstrdup(g->name);
	out->kind = xstrdup(word_of(&words_guest_kind, g->kind));
	out->accel = xstrdup(word_of(&words_accel_found, SHM_ACCEL_UNKNOWN));
	out->is_noise = g->is_noise;
	out->n_vcpus = g->vcpus;
	out->vcpus = xcalloc(g->vcpus, sizeof(*out->vcpus));
	for (unsigned v = 0; v < g->vcpus; v++) {
		out->vcpus[v].id = v;
		out->vcpus[v].cpu_set = g->vcpu_cpus[v];
	}
	out->memory_bytes = g->memory_bytes;
	out->emulator_cpus = g->emulator_cpus;
	out->memory_nodes = g->memory_nodes;
	out->shares = g->vcpu_limits.shares;
	out->period_us = g->vcpu_limits.period_us;
	out->quota_us = g->vcpu_limits.quota_us;
	out->policy =
		xstrdup(g->policy == SCHED_AS_IS ? "" : word_of(&words_vcpu_policy, g->policy));
	out->n_probes = g->n_probes;
	out->probes = xcalloc(g->n_probes, sizeof(*out->probes));
	for (size_t i = 0; i < g->n_probes; i++) {
		out->probes[i].name = xstrdup(word_of(&words_probe, g->probes[i].id));
		for (unsigned v = 0; v < g->vcpus; v++)
			if (shm_vcpus_has(&g->probes[i].vcpus, v))
				run_probe_add(&out->probes[i], v);
		memcpy(out->probes[i].p, g->probes[i].p, sizeof(out->probes[i].p));
	}
	out->status = xstrdup("not started");
	out->domain = xstrdup(g->domain ? g->domain : "");
	out->use = xstrdup("");
	out->changed = xstrdup("");
	out->guest_file = g->outside ? xstrdup("") : xasprintf("guest/%s.bin", g->name);
}

static void describe_noise(const struct plan *p, const struct plan_noise *n, struct run_noise *out)
{
	out->name = xstrdup(n->name);
	out->kind = xstrdup(n->kind);
	out->victim = xstrdup(n->stalls ? n->stalls->victim : "");
	out->trace = xstrdup(n->stalls && n->stalls->trace ? n->stalls->trace : "");
	out->threads = n->threads;
	out->cpus = n->cpus;
	out->duty_percent = n->duty_percent;
	out->start_ns = n->start_ns;
	out->stop_ns = n->stop_ns ? n->stop_ns : p->duration_ns;
	out->shares = n->limits.shares;
	out->period_us = n->limits.period_us;
	out->quota_us = n->limits.quota_us;
}

static void describe_measure(const struct plan_measure *m, struct run_measure *out)
{
	auto_free char *file =
		xasprintf("measure/%s%s%s", m->name, m->guest ? "@" : "", m->guest ? m->guest : "");

	out->name = xstrdup(m->name);
	out->unit = xstrdup(m->unit);
	out->better = xstrdup(word_of(&words_measure_better, m->better));
	out->on = xstrdup(m->guest ? m->guest : "host");
	out->of = xstrdup(m->of);
	out->command = xstrdup(m->command);
	out->pattern = xstrdup(m->pattern);
	out->json = xstrdup(m->json);
	out->timeout_ns = m->timeout_ns;
	out->status = xstrdup("not run");
	out->out_file = xasprintf("%s.out", file);
	out->err_file = xasprintf("%s.err", file);
}

static void describe_expect(const struct run_expect *x, struct run_expect *out)
{
	*out = *x;
	out->text = xstrdup(x->text);
	out->variant = xstrdup(x->variant);
	out->guest = xstrdup(x->guest);
	out->metric = xstrdup(x->metric);
	out->relation = xstrdup(x->relation);
	out->other_metric = xstrdup(x->other_metric);
	out->other_variant = xstrdup(x->other_variant);
	out->other_guest = xstrdup(x->other_guest);
}

void run_describe(const struct plan *p, const struct run_options *o, struct run_info *info)
{
	time_t start = time(NULL);
	char stamp[32];
	struct tm tm;

	*info = (struct run_info){.format = RUN_INFO_FORMAT};
	gmtime_r(&start, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	info->run = xstrdup(""); /* the record's name, once there is one */
	info->experiment = xstrdup(o->experiment);
	info->scenario = xstrdup(p->scenario);
	info->variant = xstrdup(p->variant);
	info->point = xstrdup(p->point ? p->point : "");
	info->repeat = o->repeat;
	info->place = o->place;
	info->places = o->places;
	info->block = o->block;
	info->seed = p->seed;
	info->status = xstrdup("interrupted");
	info->started = xstrdup(stamp);
	info->version = xstrdup(SS_VERSION);
	info->connect = xstrdup(o->connect);
	info->plan_text = xstrdup(o->plan_text ? o->plan_text : "");
	info->scenario_file = o->scenario_file ? xstrdup(o->scenario_file)
					       : realpath(o->scenario->items[0], NULL);
	if (!info->scenario_file)
		info->scenario_file = xstrdup(o->scenario->items[0]);
	for (size_t i = 0; i < o->overrides->n; i++)
		strv_add(&info->overrides, "%s", o->overrides->items[i]);
	info->published = xstrdup(o->published ? o->published : "");
	info->warmup_ns = p->warmup_ns;
	info->duration_ns = p->duration_ns;
	info->lab_cpus = p->lab_cpus;
	info->housekeeping_cpus = p->housekeeping_cpus;
	info->overcommit = p->overcommit;
	info->trace_mode = xstrdup("none");
	info->n_guests = p->n_guests;
	info->guests = xcalloc(p->n_guests, sizeof(*info->guests));
	for (size_t i = 0; i < p->n_guests; i++)
		describe_guest(&p->guests[i], &info->guests[i]);
	info->n_noises = p->n_noises;
	info->noises = xcalloc(p->n_noises, sizeof(*info->noises));
	for (size_t i = 0; i < p->n_noises; i++)
		describe_noise(p, &p->noises[i], &info->noises[i]);
	info->n_measures = p->n_measures;
	info->measures = xcalloc(p->n_measures, sizeof(*info->measures));
	for (size_t i = 0; i < p->n_measures; i++)
		describe_measure(&p->measures[i], &info->measures[i]);
	info->n_expects = o->n_expects;
	info->expects = xcalloc(o->n_expects, sizeof(*info->expects));
	for (size_t i = 0; i < o->n_expects; i++)
		describe_expect(&o->expects[i], &info->expects[i]);
	for (size_t i = 0; i < p->notes.n; i++)
		strv_add(&info->warnings, "%s", p->notes.items[i]);
	for (size_t i = 0; o->warnings && i < o->warnings->n; i++)
		strv_add(&info->warnings, "%s", o->warnings->items[i]);
}
