/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON document of run, analyze and show, which is also analysis.json. Programs read it: keys may
 * come, none goes. */
#include <jansson.h>
#include <string.h>

#include "record/folder.h"
#include "base/replace.h"
#include "json/json_text.h"
#include "report/run/bands.h"
#include "report/run/played.h"
#include "report/run/report.h"

#define DIGITS 9 /* significant, of every real number */

static void add_metrics(json_t *to, const struct metric_value *m, bool vcpu)
{
	json_t *have = json_object(), *lacking = json_object(), *sources = json_object();

	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		if (vcpu && metric_table[i].guest_only)
			continue;
		if (m[i].have)
			json_object_set_new(have, metric_table[i].name, json_number(m[i].value));
		else
			json_object_set_new(lacking, metric_table[i].name, json_text(m[i].why));
		if (m[i].have && m[i].source)
			json_object_set_new(sources, metric_table[i].name, json_text(m[i].source));
	}
	json_object_set_new(to, "metrics", have);
	json_object_set_new(to, "not_provided", lacking);
	json_object_set_new(to, "sources", sources);
}

static json_t *all_series(const struct series *set)
{
	json_t *j = json_object();

	for (unsigned i = 0; i < SERIES_COUNT; i++)
		if (set[i].n)
			json_object_set_new(j, series_table[i].name,
				JSON({"unit", json_text(series_table[i].unit)},
					{"bin_s", json_number((double)set[i].bin_ns / 1e9)},
					{"values", json_numbers(set[i].v, set[i].n)}));
	return j;
}

static json_t *clock_json(const struct clock_quality *q)
{
	static const char *const sources[] = {"none", "causality", "tsc-offset"};

	return JSON({"source", json_text(sources[q->source])},
		{"error_ns", json_number(q->error_ns)}, {"hz", json_number(q->hz)},
		{"bounds", json_count(q->bounds)}, {"violations", json_count(q->violations)},
		{"offset_changes", json_count(q->offset_changes)});
}

static json_t *states_json(const struct vcpu_states *s)
{
	if (!s->have)
		return json_null();
	return JSON({"run_ns", json_count(s->run_ns)}, {"wait_ns", json_count(s->wait_ns)},
		{"sleep_ns", json_count(s->sleep_ns)}, {"unknown_ns", json_count(s->unknown_ns)},
		{"throttled_ns", json_count(s->throttled_ns)},
		{"wasted_ns", json_count(s->wasted_ns)}, {"wakeups", json_count(s->wakeups)},
		{"preemptions", json_count(s->preemptions)},
		{"migrations", json_count(s->migrations)});
}

static json_t *joins_json(const struct vcpu_joins *v)
{
	json_t *j = json_object();

	if (v->have_steal) {
		json_object_set_new(j, "steal_ns", json_count(v->steal_ns));
		json_object_set_new(j, "run_delay_ns", json_count(v->run_delay_ns));
		json_object_set_new(j, "steal_exact", json_boolean(v->steal_exact));
		json_object_set_new(j, "samples_joined", json_count(v->steal_joined));
		json_object_set_new(j, "samples_agreeing", json_count(v->steal_agree));
	}
	if (v->have_wait) {
		json_object_set_new(j, "wait_ns", json_count(v->wait_ns));
		json_object_set_new(j, "wait_run_delay_ns", json_count(v->wait_run_delay_ns));
		json_object_set_new(j, "waits", json_count(v->waits));
	}
	if (v->have_clock_wait) {
		json_object_set_new(j, "clock_wait_ns", json_count(v->clock_wait_ns));
		json_object_set_new(j, "clock_run_delay_ns", json_count(v->clock_run_delay_ns));
	}
	return j;
}

static json_t *vcpu_json(const struct analysis_vcpu *v)
{
	json_t *j = JSON({"id", json_integer(v->id)}, {"cpu_set", json_cpus(&v->cpu_set)});

	add_metrics(j, v->metrics, true);
	json_object_update_new(
		j, JSON({"tid", json_integer(v->tid)}, {"samples", json_count(v->samples)},
			   {"backfilled", json_count(v->backfilled)}, {"lost", json_count(v->lost)},
			   {"late_over_1ms", json_count(v->late_count)},
			   {"states", states_json(&v->states)}, {"joins", joins_json(&v->joins)},
			   {"clock", clock_json(&v->clock)}, {"series", all_series(v->series)},
			   {"series_fine", all_series(v->fine)}));
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

/* A record's own metrics (<measure>) stand among the others. */
static void add_own(json_t *guest, const struct analysis *a, const struct analysis_guest *g)
{
	json_t *have = json_object_get(guest, "metrics");
	json_t *lacking = json_object_get(guest, "not_provided");

	for (size_t i = 0; i < a->n_own; i++)
		if (g->own[i].have)
			json_object_set_new(have, a->own[i].name, json_real(g->own[i].value));
		else
			json_object_set_new(lacking, a->own[i].name, json_text(g->own[i].why));
}

/* What was run, where, and what came of it. */
static json_t *measures_json(const struct run_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < info->n_measures; i++) {
		const struct run_measure *m = &info->measures[i];

		json_array_append_new(
			list, JSON({"name", json_text(m->name)}, {"unit", json_text(m->unit)},
				      {"better", json_text(m->better)}, {"on", json_text(m->on)},
				      {"of", json_text(m->of)}, {"command", json_text(m->command)},
				      {"status", json_text(m->status)},
				      {"value", m->have ? json_real(m->value) : json_null()},
				      {"stdout", json_text(m->out_file)},
				      {"stderr", json_text(m->err_file)}));
	}
	return list;
}

static json_t *job_json(const struct job_parts *p)
{
	if (!p->have)
		return NULL;
	return JSON({"time_s", json_number(p->time_s)}, {"wait_s", json_number(p->wait_s)},
		{"held_s", json_number(p->held_s)}, {"sleep_s", json_number(p->sleep_s)},
		{"ran_s", json_number(p->ran_s)}, {"box_s", json_number(p->box_s)});
}

static json_t *guest_json(const struct analysis *a, const struct analysis_guest *g)
{
	json_t *vcpus = json_array();
	json_t *j = JSON({"name", json_text(g->name)}, {"kind", json_text(g->kind)},
		{"accel", json_text(g->accel)}, {"status", json_text(g->status)},
		{"noise", json_boolean(g->is_noise)},
		{"seen", json_text(g->outside ? "from outside" : "by its agent")},
		{"vcpus", vcpus});

	for (unsigned i = 0; i < g->n_vcpus; i++)
		json_array_append_new(vcpus, vcpu_json(&g->vcpus[i]));
	add_metrics(j, g->metrics, false);
	add_own(j, a, g);
	json_object_update_new(
		j, JSON({"samples", json_count(g->samples)}, {"lost", json_count(g->lost)},
			   {"late_histogram_ns", hist_json(&g->late)}, {"job", job_json(&g->job)}));
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

		json_array_append_new(
			list, JSON({"victim", victim(a, b->guest, b->vcpu)},
				      {"culprit", json_text(b->culprit)},
				      {"kind", json_text(culprit_kind_name(b->kind))},
				      {"ns", json_count(b->ns)}, {"share", json_number(b->share)},
				      {"times", json_count(b->times)}));
	}
	return list;
}

/* From a deadline to an instant that may lie before it. */
static double since_ns(uint64_t at_ns, uint64_t deadline_ns)
{
	return (double)at_ns - (double)deadline_ns;
}

static json_t *pieces_json(const struct late *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n_pieces; i++) {
		const struct late_piece *p = &l->pieces[i];

		json_array_append_new(list,
			JSON({"from_us", json_number(since_ns(p->start_ns, l->deadline_ns) / 1e3)},
				{"to_us", json_number(since_ns(p->end_ns, l->deadline_ns) / 1e3)},
				{"state",
					json_text(word_or_unknown(&words_thread_state, p->state))},
				{"cpu", json_integer(p->cpu)},
				{"occupant", p->occupant ? json_text(p->occupant) : NULL}));
	}
	return list;
}

static json_t *who_json(const struct late *l)
{
	json_t *who = json_array();

	for (size_t i = 0; i < l->n_who; i++)
		json_array_append_new(
			who, JSON({"culprit", json_text(l->who[i].name)},
				     {"kind", json_text(culprit_kind_name(l->who[i].kind))},
				     {"ns", json_count(l->who[i].ns)}));
	return who;
}

static json_t *late_json(const struct analysis *a, const struct late *l)
{
	return JSON({"victim", victim(a, l->guest, l->vcpu)},
		{"kind", json_text(l->kind == LATE_GAP ? "gap" : "timer")},
		{"at_s", json_number(since_ns(l->deadline_ns, a->window_start_ns) / 1e9)},
		{"deadline_ns", json_count(l->deadline_ns)},
		{"lateness_ns", json_count(l->lateness_ns)},
		{"clock_error_ns", json_count(l->clock_error_ns)},
		{"fired_late_ns", json_count(l->fired_late_ns)},
		{"wait_ns", json_count(l->wait_ns)}, {"throttled_ns", json_count(l->throttled_ns)},
		{"running_ns", json_count(l->running_ns)},
		{"guest_queue_ns", json_count(l->guest_queue_ns)},
		{"box_steal_ns", json_count(l->box_steal_ns)},
		{"unexplained_ns", json_count(l->unexplained_ns)},
		{"ran_unexplained_ns", json_count(l->ran_unexplained_ns)}, {"who", who_json(l)},
		{"timeline", pieces_json(l)});
}

static json_t *checks_json(const struct analysis *a)
{
	json_t *details = json_array();

	for (size_t i = 0; i < a->n_checks; i++) {
		const struct check *c = &a->checks[i];

		json_array_append_new(details,
			JSON({"name", json_text(c->name)},
				{"verdict", json_text(verdict_name(c->verdict))},
				{"value", c->have ? json_number(c->value) : json_null()},
				{"limit", json_number(c->limit)}, {"unit", json_text(c->unit)},
				{"what", json_text(c->doc)}, {"note", json_text(c->note)}));
	}
	return details;
}

/* The values alone, by their names. */
static json_t *check_values(const struct analysis *a)
{
	json_t *values = json_object();

	for (size_t i = 0; i < a->n_checks; i++)
		json_object_set_new(values, a->checks[i].name,
			a->checks[i].have ? json_number(a->checks[i].value) : json_null());
	return values;
}

static json_t *variant_json(const struct analysis *a)
{
	json_t *guests = json_array(), *late = json_array();

	for (size_t i = 0; i < a->n_guests; i++)
		json_array_append_new(guests, guest_json(a, &a->guests[i]));
	for (size_t i = 0; i < a->n_late; i++)
		json_array_append_new(late, late_json(a, &a->late[i]));
	return JSON({"name", json_text(a->info.variant)}, {"record", json_text(a->info.run)},
		{"point", json_text(a->info.point)}, {"overrides", json_texts(&a->info.overrides)},
		{"repeat", json_integer(a->info.repeat)}, {"status", json_text(a->info.status)},
		{"window_s", json_number(a->window_s)},
		{"trace_mode", json_text(a->have_trace ? word_of(&words_trace_mode, a->trace_mode)
						       : "none")},
		{"first_sample_s", a->info.first_sample_ns
					   ? json_number((double)a->info.first_sample_ns / 1e9)
					   : json_null()},
		{"overhead_s", json_number((double)a->overhead_ns / 1e9)},
		{"box_steal_ms_per_s", json_number(a->box_steal_ms_per_s)}, {"guests", guests},
		{"measures", measures_json(&a->info)}, {"blame", blame_json(a)},
		{"stalls", a->n_played ? played_json(a) : NULL}, {"published", bands_json(a)},
		{"checks", check_values(a)}, {"check_details", checks_json(a)}, {"late", late},
		{"warnings", json_texts(&a->warnings)},
		{"records", JSON({"guest", json_count(a->guest_records)},
				    {"trace", json_count(a->trace_records)},
				    {"bad", json_count(a->bad_records)},
				    {"cut", json_boolean(a->cut)})});
}

static void add_expects(json_t *list, const struct expect_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, JSON({"text", json_text(r[i].expect->text)},
				      {"verdict", json_text(verdict_name(r[i].verdict))},
				      {"got", json_number(r[i].got)},
				      {"wanted", json_number(r[i].wanted)},
				      {"why", json_text(r[i].why)}));
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
	json_t *variants = json_array(), *expects = json_array(), *warnings = json_array();
	uint64_t guest = 0, host = 0;

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(variants, variant_json(set[i]));
		guest += set[i]->lost_guest;
		host += set[i]->lost_host;
		if (!results)
			add_expects(expects, set[i]->expects, set[i]->n_expects);
		for (size_t k = 0; k < set[i]->warnings.n; k++)
			json_array_append_new(
				warnings, json_textf("%s%s%s", n > 1 ? set[i]->info.run : "",
						  n > 1 ? ": " : "", set[i]->warnings.items[k]));
	}
	if (results)
		add_expects(expects, results, n_results);
	return json_document(
		JSON({"run", json_text(n == 1 ? set[0]->info.run
				       : n    ? set[0]->info.experiment
					      : "")},
			{"status", json_text(status_of(set, n))},
			{"scenario", json_text(n ? set[0]->info.scenario : "")},
			{"version", json_text(SS_VERSION)}, {"variants", variants},
			{"expect", expects}, {"warnings", warnings},
			{"lost", JSON({"guest", json_count(guest)}, {"host", json_count(host)})}),
		JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));
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
