// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"
#include "report/batch/figures.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "analysis/stats/stats.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/plot/compare.h"

static const enum metric_id felt[BATCH_FELT] = {
	METRIC_STEAL_RATE, METRIC_TIMER_LATE_P50, METRIC_TIMER_LATE_P99, METRIC_JOB_RATE};

void batch_felt(struct batch_run *run, const struct analysis *a)
{
	for (size_t k = 0; k < BATCH_FELT; k++) {
		double sum = 0;
		unsigned n = 0;

		for (size_t i = 0; i < a->n_guests; i++) {
			const struct metric_value *v = &a->guests[i].metrics[felt[k]];

			if (a->guests[i].is_noise || !v->have)
				continue;
			sum += v->value;
			n++;
		}
		run->felt[k] = n ? sum / n : NAN;
	}
}

static bool belongs(const struct batch_figure *f, const struct batch_run *u)
{
	return u->state == BATCH_DONE && u->scenario == f->scenario &&
	       !strcmp(u->config, f->config);
}

static void fill(const struct batch_report *r, struct batch_figure *f)
{
	auto_free double *v = xcalloc(r->n_runs, sizeof(*v));

	for (size_t k = 0; k < BATCH_FELT; k++) {
		size_t n = 0;

		f->boots = 0;
		for (size_t i = 0; i < r->n_runs; i++) {
			if (!belongs(f, &r->runs[i]))
				continue;
			f->boots++;
			if (isfinite(r->runs[i].felt[k]))
				v[n++] = r->runs[i].felt[k];
		}
		f->felt[k] = n ? stats_median(v, n) : NAN;
	}
}

struct batch_figure *batch_figures(const struct batch_report *r, size_t *n)
{
	struct batch_figure *list = NULL;
	auto_free const struct batch_run **order = batch_order(r);

	*n = 0;
	for (size_t i = 0; i < r->n_runs; i++) {
		if (order[i]->state != BATCH_DONE || (*n && belongs(&list[*n - 1], order[i])))
			continue;
		ARRAY_GROW(list, *n);
		list[*n] = (struct batch_figure){
			.scenario = order[i]->scenario, .config = order[i]->config};
		fill(r, &list[(*n)++]);
	}
	return list;
}

static bool any_has(const struct batch_figure *f, size_t n, size_t k)
{
	for (size_t i = 0; i < n; i++)
		if (isfinite(f[i].felt[k]))
			return true;
	return false;
}

void batch_figures_text(const struct batch_report *r, struct strbuf *out)
{
	size_t n;
	auto_free struct batch_figure *f = batch_figures(r, &n);
	char buf[80];

	if (!n)
		return;
	text_add(out, "%-30s %5s", "median over the boots", "boots");
	for (size_t k = 0; k < BATCH_FELT; k++)
		if (any_has(f, n, k))
			text_add(out, " %14s", metric_table[felt[k]].name);
	text_add(out, "\n");
	for (size_t i = 0; i < n; i++) {
		auto_free char *name =
			xasprintf("%s %s", r->scenarios[f[i].scenario].name, f[i].config);

		text_add(out, "%-30s %5zu", name, f[i].boots);
		for (size_t k = 0; k < BATCH_FELT; k++)
			if (any_has(f, n, k))
				text_add(out, " %14s",
					isfinite(f[i].felt[k]) ? quantity_text(f[i].felt[k],
									 metric_table[felt[k]].unit,
									 false, buf, sizeof(buf))
							       : "-");
		text_add(out, "\n");
	}
}

/* ---- the boots themselves */

/* What draw_strips() takes: the configurations of one scenario, one metric. */
struct strips {
	const struct metric_info *metric;
	struct svg_arm *arms;
	size_t n;
};

static bool draw_strips(const void *what, double width, bool standalone, struct strbuf *out)
{
	const struct strips *s = what;

	return svg_plot_strips(
		out, width, standalone, s->metric->name, s->metric->unit, s->arms, s->n);
}

/* A dot per boot. */
static void add_strips(const struct batch_report *r, const struct batch_figure *f, size_t n,
	size_t k, struct strbuf *out)
{
	auto_free double *v = xcalloc(n * r->n_runs + 1, sizeof(*v));
	auto_free struct svg_arm *arms = xcalloc(n + 1, sizeof(*arms));
	const struct strips s = {&metric_table[felt[k]], arms, n};
	double *at = v;

	for (size_t i = 0; i < n; i++) {
		arms[i] = (struct svg_arm){f[i].config, at, 0};
		for (size_t u = 0; u < r->n_runs; u++)
			if (belongs(&f[i], &r->runs[u]))
				at[arms[i].n++] = r->runs[u].felt[k];
		at += arms[i].n;
	}
	html_add(out, "<h3>%s of %s</h3>\n", s.metric->name, r->scenarios[f->scenario].name);
	html_plot(out, draw_strips, &s);
}

static void add_all_strips(
	const struct batch_report *r, const struct batch_figure *f, size_t n, struct strbuf *out)
{
	html_raw(out,
		"<p class=\"note\">Below: a dot is a boot, the bar its configuration's median.</p>\n");
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && f[to].scenario == f[from].scenario;)
			to++;
		for (size_t k = 0; k < BATCH_FELT; k++)
			if (any_has(f + from, to - from, k))
				add_strips(r, f + from, to - from, k, out);
	}
}

void batch_figures_html(const struct batch_report *r, struct strbuf *out)
{
	size_t n;
	auto_free struct batch_figure *f = batch_figures(r, &n);

	if (!n)
		return;
	html_raw(out,
		"<section><h2>What the guests felt</h2>\n<p>Medians over the boots; of a boot the mean over its guests that are not noise. A claim that one is better takes <code>stealscope compare</code>.</p>\n");
	html_wide(out, "What the guests felt");
	html_raw(out, "<table><tr><th>configuration</th><th class=\"n\">boots</th>");
	for (size_t k = 0; k < BATCH_FELT; k++)
		if (any_has(f, n, k))
			html_add(out, "<th class=\"n\">%s</th>", metric_table[felt[k]].name);
	html_raw(out, "</tr>\n");
	for (size_t i = 0; i < n; i++) {
		html_add(out, "<tr><th scope=\"row\">%s %s</th><td class=\"n\">%zu</td>",
			r->scenarios[f[i].scenario].name, f[i].config, f[i].boots);
		for (size_t k = 0; k < BATCH_FELT; k++)
			if (any_has(f, n, k))
				html_metric(felt[k],
					&(struct metric_value){.have = isfinite(f[i].felt[k]),
						.value = f[i].felt[k],
						.why = "no guest has it"},
					out);
		html_raw(out, "</tr>\n");
	}
	html_raw(out, "</table></div>\n");
	add_all_strips(r, f, n, out);
	html_raw(out, "</section>\n");
}
