// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/trial.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/wrap.h"
#include "json/json_text.h"

static const char *const ends[] = {[TRIAL_ALL_ROUNDS] = "all-rounds",
	[TRIAL_CLEAR] = "clear",
	[TRIAL_HOPELESS] = "hopeless",
	[TRIAL_TOUCHED] = "touched",
	[TRIAL_FAILED] = "failed"};

/* ---- for people */

static void add_row(const struct compare_row *r, const char *what, struct strbuf *out)
{
	text_add(out, "%-24s %10.4g -> %-10.4g ", what, r->median_a, r->median_b);
	if (isfinite(r->shift.estimate))
		text_add(out, "%+.4g [%+.4g, %+.4g] ", r->shift.estimate, r->shift.ci.lo,
			r->shift.ci.hi);
	else
		text_add(out, "(too few rounds for an interval) ");
	text_add(out, "%s", r->metric->unit);
	if (isfinite(r->p_holm))
		text_add(out, ", p %.2g", r->p_holm);
	text_add(out, "\n");
}

static void add_figures(const struct trial *t, struct strbuf *out)
{
	for (size_t i = 0; i < t->subject.n_rows; i++)
		add_row(&t->subject.rows[i], t->figures[i].name, out);
	if (isfinite(t->expected) && t->subject.n_rows &&
		isfinite(t->subject.rows[0].shift.estimate))
		text_add(out, "it was expected to gain %.1f ms/s, and gained %.1f\n", t->expected,
			-t->subject.rows[0].shift.estimate);
	if (t->others.n_rows)
		text_add(out, "waiting of its neighbours, ms/s of each vCPU:\n");
	for (size_t i = 0; i < t->others.n_rows; i++)
		add_row(&t->others.rows[i], t->neighbours[i].name, out);
}

void trial_text(const struct trial *t, struct strbuf *out)
{
	text_add(out, "%s on %s: %u of %u rounds, %.3g s each, as it is against changed\n",
		t->candidate, t->domain, t->rounds, t->rounds_asked, t->each_s);
	if (t->judged)
		add_figures(t, out);
	wrap_add(out, t->ended, 0, 2);
	wrap_add(out, t->verdict, 0, 2);
	if (t->unseen.n) {
		auto_free char *names = strv_join(&t->unseen, ", ");
		auto_free char *text = xasprintf(
			"not seen beside it, because libvirt does not know them or this user may not: %s",
			names);

		wrap_add(out, text, 0, 2);
	}
	if (t->kept)
		for (size_t i = 0; i < t->undo.n; i++)
			text_add(out, "undo: %s\n", t->undo.items[i]);
	else if (t->recommended)
		for (size_t i = 0; i < t->virsh.n; i++)
			text_add(out, "to make it so: %s\n", t->virsh.items[i]);
	text_add(out, "the trial took %.1f s and %.1f s of CPU\n", t->wall_s, t->cpu_s);
}

/* ---- JSON */

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *numbers(const double *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, number(v[i]));
	return list;
}

static json_t *strings(const struct strv *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(list, json_text(v->items[i]));
	return list;
}

static json_t *figures_json(const struct trial *t, const struct trial_figure *f, size_t n,
	const struct compare_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *j = json_pack("{s:o,s:o,s:i,s:o,s:o}", "name", json_text(f[i].name), "unit",
			json_text(f[i].unit), "vcpus", (int)f[i].vcpus, "before",
			numbers(f[i].before, t->rounds), "after", numbers(f[i].after, t->rounds));

		if (i < r->n_rows) {
			const struct compare_row *row = &r->rows[i];

			json_object_set_new(j, "median_before", number(row->median_a));
			json_object_set_new(j, "median_after", number(row->median_b));
			json_object_set_new(j, "shift", number(row->shift.estimate));
			json_object_set_new(j, "ci",
				json_pack("[o,o]", number(row->shift.ci.lo),
					number(row->shift.ci.hi)));
			json_object_set_new(j, "p_holm", number(row->p_holm));
		}
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *runs_json(const struct trial *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n_runs; i++) {
		const struct trial_run *r = &t->runs[i];

		json_array_append_new(list,
			json_pack("{s:i,s:b,s:o,s:f,s:o,s:o}", "block", (int)r->block, "changed",
				r->changed, "record", json_text(r->record), "start_s", r->start_s,
				"wait", number(r->wait), "culprit", json_text(r->culprit)));
	}
	return list;
}

static json_t *blame_json(const struct trial *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n_blame; i++)
		json_array_append_new(
			list, json_pack("{s:o,s:o,s:o}", "culprit", json_text(t->blame[i].culprit),
				      "before", number(t->blame[i].before), "after",
				      number(t->blame[i].after)));
	return list;
}

char *trial_json(const struct trial *t)
{
	json_t *doc = json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "format", 1, "id",
		json_text(t->id), "domain", json_text(t->domain), "candidate",
		json_text(t->candidate), "because", json_text(t->because), "tune",
		json_text(t->tune), "virsh", strings(&t->virsh), "undo", strings(&t->undo));
	char *text;

	json_object_set_new(doc, "expected_gain", number(t->expected));
	json_object_set_new(doc, "rounds_asked", json_integer(t->rounds_asked));
	json_object_set_new(doc, "rounds", json_integer(t->rounds));
	json_object_set_new(doc, "each_s", json_real(t->each_s));
	json_object_set_new(doc, "end", json_text(ends[t->end]));
	json_object_set_new(doc, "ended", json_text(t->ended));
	json_object_set_new(doc, "alpha", number(t->alpha));
	json_object_set_new(doc, "proven", json_boolean(t->proven));
	json_object_set_new(doc, "recommended", json_boolean(t->recommended));
	json_object_set_new(doc, "kept", json_boolean(t->kept));
	json_object_set_new(doc, "verdict", json_text(t->verdict));
	json_object_set_new(doc, "made_worst",
		t->worst < 0 ? json_null() : json_text(t->neighbours[t->worst].name));
	json_object_set_new(doc, "figures", figures_json(t, t->figures, t->n_figures, &t->subject));
	json_object_set_new(
		doc, "neighbours", figures_json(t, t->neighbours, t->n_neighbours, &t->others));
	json_object_set_new(doc, "neighbours_lose", number(t->judged ? t->lost : NAN));
	json_object_set_new(doc, "unseen", strings(&t->unseen));
	json_object_set_new(doc, "blame", blame_json(t));
	json_object_set_new(doc, "runs", runs_json(t));
	json_object_set_new(doc, "wall_s", json_real(t->wall_s));
	json_object_set_new(doc, "cpu_s", json_real(t->cpu_s));
	text = json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	json_decref(doc);
	return text ? text : xstrdup("{}");
}
