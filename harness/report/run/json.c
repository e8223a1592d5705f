/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON document of run, analyze and show, which is also analysis.json. Programs read it: keys may
 * come, none goes. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/folder.h"
#include "report/json_text.h"
#include "report/run/own_json.h"
#include "report/run/report.h"

#define DIGITS 9 /* significant, of every real number */

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *count(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *cpu_text(const struct cpuset *s)
{
	char buf[CPUSET_TEXT];

	return json_text(cpuset_format(s, buf, sizeof(buf)));
}

static void add_metrics(json_t *to, const struct metric_value *m, bool vcpu)
{
	json_t *have = json_object(), *lacking = json_object(), *sources = json_object();

	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		if (vcpu && metric_table[i].guest_only)
			continue;
		if (m[i].have)
			json_object_set_new(have, metric_table[i].name, number(m[i].value));
		else
			json_object_set_new(lacking, metric_table[i].name, json_text(m[i].why));
		if (m[i].have && m[i].source)
			json_object_set_new(sources, metric_table[i].name, json_text(m[i].source));
	}
	json_object_set_new(to, "metrics", have);
	json_object_set_new(to, "not_provided", lacking);
	json_object_set_new(to, "sources", sources);
}

static json_t *series_json(const struct series *s)
{
	json_t *values = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(values, number(s->v[i]));
	return values;
}

static json_t *all_series(const struct series *set)
{
	json_t *j = json_object();

	for (unsigned i = 0; i < SERIES_COUNT; i++) {
		json_t *one;

		if (!set[i].n)
			continue;
		one = json_object();
		json_object_set_new(one, "unit", json_text(series_table[i].unit));
		json_object_set_new(one, "bin_s", number((double)set[i].bin_ns / 1e9));
		json_object_set_new(one, "values", series_json(&set[i]));
		json_object_set_new(j, series_table[i].name, one);
	}
	return j;
}

static json_t *clock_json(const struct clock_quality *q)
{
	static const char *const sources[] = {"none", "causality", "tsc-offset"};

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:I}", "source", json_text(sources[q->source]),
		"error_ns", number(q->error_ns), "hz", number(q->hz), "bounds", count(q->bounds),
		"violations", count(q->violations), "offset_changes",
		(json_int_t)q->offset_changes);
}

static json_t *states_json(const struct vcpu_states *s)
{
	if (!s->have)
		return json_null();
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "run_ns", count(s->run_ns),
		"wait_ns", count(s->wait_ns), "sleep_ns", count(s->sleep_ns), "unknown_ns",
		count(s->unknown_ns), "throttled_ns", count(s->throttled_ns), "wasted_ns",
		count(s->wasted_ns), "wakeups", count(s->wakeups), "preemptions",
		count(s->preemptions), "migrations", count(s->migrations));
}

static json_t *joins_json(const struct vcpu_joins *v)
{
	json_t *j = json_object();

	if (v->have_steal) {
		json_object_set_new(j, "steal_ns", count(v->steal_ns));
		json_object_set_new(j, "run_delay_ns", count(v->run_delay_ns));
		json_object_set_new(j, "steal_exact", json_boolean(v->steal_exact));
		json_object_set_new(j, "samples_joined", count(v->steal_joined));
		json_object_set_new(j, "samples_agreeing", count(v->steal_agree));
	}
	if (v->have_wait) {
		json_object_set_new(j, "wait_ns", count(v->wait_ns));
		json_object_set_new(j, "wait_run_delay_ns", count(v->wait_run_delay_ns));
		json_object_set_new(j, "waits", count(v->waits));
	}
	if (v->have_clock_wait) {
		json_object_set_new(j, "clock_wait_ns", count(v->clock_wait_ns));
		json_object_set_new(j, "clock_run_delay_ns", count(v->clock_run_delay_ns));
	}
	return j;
}

static json_t *vcpu_json(const struct analysis_vcpu *v)
{
	json_t *j = json_object();

	json_object_set_new(j, "id", json_integer(v->id));
	json_object_set_new(j, "cpu_set", cpu_text(&v->cpu_set));
	add_metrics(j, v->metrics, true);
	json_object_set_new(j, "tid", json_integer(v->tid));
	json_object_set_new(j, "samples", count(v->samples));
	json_object_set_new(j, "backfilled", count(v->backfilled));
	json_object_set_new(j, "lost", count(v->lost));
	json_object_set_new(j, "late_over_1ms", count(v->late_count));
	json_object_set_new(j, "states", states_json(&v->states));
	json_object_set_new(j, "joins", joins_json(&v->joins));
	json_object_set_new(j, "clock", clock_json(&v->clock));
	json_object_set_new(j, "series", all_series(v->series));
	json_object_set_new(j, "series_fine", all_series(v->fine));
	return j;
}

/* Non-empty buckets as [low, width, count], ns. */
static json_t *hist_json(const struct hist *h)
{
	json_t *j = json_array();

	for (size_t i = 0; i < h->n; i++)
		if (h->count[i])
			json_array_append_new(j,
				json_pack("[I,I,I]", (json_int_t)hist_bucket_low(i),
					(json_int_t)hist_bucket_width(i), (json_int_t)h->count[i]));
	return j;
}

static json_t *guest_json(const struct analysis *a, const struct analysis_guest *g)
{
	json_t *j = json_object(), *vcpus = json_array();

	for (unsigned i = 0; i < g->n_vcpus; i++)
		json_array_append_new(vcpus, vcpu_json(&g->vcpus[i]));
	json_object_set_new(j, "name", json_text(g->name));
	json_object_set_new(j, "kind", json_text(g->kind));
	json_object_set_new(j, "accel", json_text(g->accel));
	json_object_set_new(j, "status", json_text(g->status));
	json_object_set_new(j, "noise", json_boolean(g->is_noise));
	json_object_set_new(j, "seen", json_text(g->outside ? "from outside" : "by its agent"));
	json_object_set_new(j, "vcpus", vcpus);
	add_metrics(j, g->metrics, false);
	own_json_guest(j, a, g);
	json_object_set_new(j, "samples", count(g->samples));
	json_object_set_new(j, "lost", count(g->lost));
	json_object_set_new(j, "late_histogram_ns", hist_json(&g->late));
	if (g->job.have)
		json_object_set_new(j, "job",
			json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "time_s", number(g->job.time_s),
				"wait_s", number(g->job.wait_s), "held_s", number(g->job.held_s),
				"sleep_s", number(g->job.sleep_s), "ran_s", number(g->job.ran_s),
				"box_s", number(g->job.box_s)));
	return j;
}

static json_t *victim(const struct analysis *a, size_t guest, unsigned vcpu)
{
	return json_textf("%s/vcpu%u", a->guests[guest].name, vcpu);
}

static json_t *blame_json(const struct analysis *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_blame; i++) {
		const struct blame_row *b = &a->blame[i];

		json_array_append_new(list,
			json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "victim",
				victim(a, b->guest, b->vcpu), "culprit", json_text(b->culprit),
				"kind", json_text(culprit_kind_name(b->kind)), "ns", count(b->ns),
				"share", number(b->share), "times", count(b->times)));
	}
	return list;
}

static json_t *pieces_json(const struct late *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n_pieces; i++) {
		const struct late_piece *p = &l->pieces[i];
		json_t *j = json_object();

		json_object_set_new(
			j, "from_us", number(((double)p->start_ns - (double)l->deadline_ns) / 1e3));
		json_object_set_new(
			j, "to_us", number(((double)p->end_ns - (double)l->deadline_ns) / 1e3));
		json_object_set_new(
			j, "state", json_text(word_or_unknown(&words_thread_state, p->state)));
		json_object_set_new(j, "cpu", json_integer(p->cpu));
		if (p->occupant)
			json_object_set_new(j, "occupant", json_text(p->occupant));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *late_json(const struct analysis *a, const struct late *l)
{
	json_t *j = json_object(), *who = json_array();

	for (size_t i = 0; i < l->n_who; i++)
		json_array_append_new(
			who, json_pack("{s:o,s:o,s:I}", "culprit", json_text(l->who[i].name),
				     "kind", json_text(culprit_kind_name(l->who[i].kind)), "ns",
				     (json_int_t)l->who[i].ns));
	json_object_set_new(j, "victim", victim(a, l->guest, l->vcpu));
	json_object_set_new(j, "kind", json_text(l->kind == LATE_GAP ? "gap" : "timer"));
	json_object_set_new(
		j, "at_s", number(((double)l->deadline_ns - (double)a->window_start_ns) / 1e9));
	json_object_set_new(j, "deadline_ns", count(l->deadline_ns));
	json_object_set_new(j, "lateness_ns", count(l->lateness_ns));
	json_object_set_new(j, "clock_error_ns", count(l->clock_error_ns));
	json_object_set_new(j, "fired_late_ns", count(l->fired_late_ns));
	json_object_set_new(j, "wait_ns", count(l->wait_ns));
	json_object_set_new(j, "throttled_ns", count(l->throttled_ns));
	json_object_set_new(j, "running_ns", count(l->running_ns));
	json_object_set_new(j, "guest_queue_ns", count(l->guest_queue_ns));
	json_object_set_new(j, "box_steal_ns", count(l->box_steal_ns));
	json_object_set_new(j, "unexplained_ns", count(l->unexplained_ns));
	json_object_set_new(j, "ran_unexplained_ns", count(l->ran_unexplained_ns));
	json_object_set_new(j, "who", who);
	json_object_set_new(j, "timeline", pieces_json(l));
	return j;
}

static void add_checks(json_t *to, const struct analysis *a)
{
	json_t *values = json_object(), *details = json_array();

	for (size_t i = 0; i < a->n_checks; i++) {
		const struct check *c = &a->checks[i];
		json_t *j = json_object();

		json_object_set_new(values, c->name, c->have ? number(c->value) : json_null());
		json_object_set_new(j, "name", json_text(c->name));
		json_object_set_new(j, "verdict", json_text(verdict_name(c->verdict)));
		json_object_set_new(j, "value", c->have ? number(c->value) : json_null());
		json_object_set_new(j, "limit", number(c->limit));
		json_object_set_new(j, "unit", json_text(c->unit));
		json_object_set_new(j, "what", json_text(c->doc));
		json_object_set_new(j, "note", json_text(c->note));
		json_array_append_new(details, j);
	}
	json_object_set_new(to, "checks", values);
	json_object_set_new(to, "check_details", details);
}

static json_t *strings(const struct strv *v)
{
	json_t *j = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(j, json_text(v->items[i]));
	return j;
}

static json_t *variant_json(const struct analysis *a)
{
	json_t *j = json_object(), *guests = json_array(), *late = json_array();

	for (size_t i = 0; i < a->n_guests; i++)
		json_array_append_new(guests, guest_json(a, &a->guests[i]));
	for (size_t i = 0; i < a->n_late; i++)
		json_array_append_new(late, late_json(a, &a->late[i]));
	json_object_set_new(j, "name", json_text(a->info.variant));
	json_object_set_new(j, "record", json_text(a->info.run));
	json_object_set_new(j, "point", json_text(a->info.point));
	json_object_set_new(j, "overrides", strings(&a->info.overrides));
	json_object_set_new(j, "repeat", json_integer(a->info.repeat));
	json_object_set_new(j, "status", json_text(a->info.status));
	json_object_set_new(j, "window_s", number(a->window_s));
	json_object_set_new(j, "trace_mode",
		json_text(a->have_trace ? word_of(&words_trace_mode, a->trace_mode) : "none"));
	json_object_set_new(j, "first_sample_s",
		a->info.first_sample_ns ? number((double)a->info.first_sample_ns / 1e9)
					: json_null());
	json_object_set_new(j, "overhead_s", number((double)a->overhead_ns / 1e9));
	json_object_set_new(j, "box_steal_ms_per_s", number(a->box_steal_ms_per_s));
	json_object_set_new(j, "guests", guests);
	json_object_set_new(j, "measures", own_json_measures(a));
	json_object_set_new(j, "blame", blame_json(a));
	add_checks(j, a);
	json_object_set_new(j, "late", late);
	json_object_set_new(j, "warnings", strings(&a->warnings));
	json_object_set_new(j, "records",
		json_pack("{s:o,s:o,s:o,s:b}", "guest", count(a->guest_records), "trace",
			count(a->trace_records), "bad", count(a->bad_records), "cut", a->cut));
	return j;
}

static void add_expects(json_t *list, const struct expect_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *j = json_object();

		json_object_set_new(j, "text", json_text(r[i].expect->text));
		json_object_set_new(j, "verdict", json_text(verdict_name(r[i].verdict)));
		json_object_set_new(j, "got", number(r[i].got));
		json_object_set_new(j, "wanted", number(r[i].wanted));
		json_object_set_new(j, "why", json_text(r[i].why));
		json_array_append_new(list, j);
	}
}

/* Of several records: complete only when all are. */
static const char *status_of(const struct analysis *const *set, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(set[i]->info.status, "complete") != 0)
			return set[i]->info.status;
	return n ? "complete" : "nothing was run";
}

char *report_json_set(const struct analysis *const *set, size_t n,
	const struct expect_result *results, size_t n_results)
{
	json_t *j = json_object(), *variants = json_array(), *expects = json_array(),
	       *warnings = json_array();
	uint64_t guest = 0, host = 0;
	char *out, *with_newline;

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(variants, variant_json(set[i]));
		guest += set[i]->lost_guest;
		host += set[i]->lost_host;
		if (!results)
			add_expects(expects, set[i]->expects, set[i]->n_expects);
		for (size_t k = 0; k < set[i]->warnings.n; k++) {
			if (n > 1)
				json_array_append_new(
					warnings, json_textf("%s: %s", set[i]->info.run,
							  set[i]->warnings.items[k]));
			else
				json_array_append_new(
					warnings, json_text(set[i]->warnings.items[k]));
		}
	}
	if (results)
		add_expects(expects, results, n_results);
	json_object_set_new(j, "run",
		json_text(n == 1 ? set[0]->info.run
			  : n	 ? set[0]->info.experiment
				 : ""));
	json_object_set_new(j, "status", json_text(status_of(set, n)));
	json_object_set_new(j, "scenario", json_text(n ? set[0]->info.scenario : ""));
	json_object_set_new(j, "version", json_text(SS_VERSION));
	json_object_set_new(j, "variants", variants);
	json_object_set_new(j, "expect", expects);
	json_object_set_new(j, "warnings", warnings);
	json_object_set_new(
		j, "lost", json_pack("{s:o,s:o}", "guest", count(guest), "host", count(host)));
	out = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));
	json_decref(j);
	with_newline = xasprintf("%s\n", out ? out : "{}");
	free(out);
	return with_newline;
}

char *report_json(const struct analysis *a)
{
	return report_json_set(&a, 1, NULL, 0);
}

int report_json_save(const struct analysis *a, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/analysis.json", dir);
	auto_free char *doc = report_json(a);

	return replace_file(path, doc, e);
}
