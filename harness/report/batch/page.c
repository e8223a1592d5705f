// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/batch/page.h"

#include <math.h>

#include "report/batch/figures.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/page/template.h"

#define LINKS_MAX 12 /* of runs named beside a warning */

static void add_badge(struct strbuf *out, const char *class, const char *word)
{
	html_add(out, "<span class=\"badge %s\">%s</span>", class, word);
}

static void add_link(const struct batch_report *r, const struct batch_run *u, struct strbuf *out)
{
	if (!*u->record)
		return;
	html_add(out, "<a href=\"%s/%s/report.html\">%s</a>", r->results, u->record, u->record);
}

static void add_head(const struct batch_report *r, struct strbuf *out)
{
	html_add(out,
		"<header>\n<h1>Batch %s</h1>\n<p class=\"sub\">%zu runs done, %zu failed, %zu open, %zu not needed \xc2\xb7 seed %llu",
		r->id, batch_count(r, BATCH_DONE), batch_count(r, BATCH_FAILED),
		batch_count(r, BATCH_OPEN), batch_count(r, BATCH_STOPPED),
		(unsigned long long)r->seed);
	if (r->shards > 1)
		html_add(out, " \xc2\xb7 shard %u of %u", r->shard, r->shards);
	html_raw(out, "</p>\n");
	for (size_t i = 0; i < r->n_scenarios; i++) {
		const struct batch_scenario *s = &r->scenarios[i];

		if (!*s->skipped && !*s->stopped)
			continue;
		html_raw(out, "<p class=\"alert\" role=\"note\">");
		if (*s->skipped)
			html_add(out, "%s was skipped: %s", s->name, s->skipped);
		else
			html_add(out, "%s was stopped early: %s", s->name, s->stopped);
		html_raw(out, "</p>\n");
	}
}

static void add_expects(const struct batch_report *r, struct strbuf *out)
{
	static const char *const classes[] = {
		[VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_UNKNOWN] = "unknown"};

	html_raw(out,
		"<section><h2>Expectations</h2>\n<p>Judged over all complete runs of a scenario: the mean over its boots.</p>\n");
	if (!r->n_expects) {
		html_missing(out, "the scenarios expect nothing, or nothing was run");
	} else {
		html_wide(out, "Expectations");
		html_raw(out,
			"<table><tr><th>verdict</th><th>scenario</th><th>variant</th><th>expected</th><th>found</th></tr>\n");
	}
	for (size_t i = 0; i < r->n_expects; i++) {
		const struct batch_expect *x = &r->expects[i];

		html_raw(out, "<tr><td>");
		add_badge(out, classes[x->verdict], verdict_name(x->verdict));
		html_add(out,
			"</td><td>%s</td><td>%s</td><td class=\"wrap\">%s</td><td class=\"wrap\">%s</td></tr>\n",
			r->scenarios[x->scenario].name, x->variant, x->text, x->why);
	}
	if (r->n_expects)
		html_raw(out, "</table></div>\n");
	html_raw(out, "</section>\n");
}

static void add_warnings(const struct batch_report *r, struct strbuf *out)
{
	size_t n;
	struct batch_warning *w = batch_warnings(r, &n);

	if (n) {
		html_raw(out, "<section><h2>Warnings</h2>\n");
		html_wide(out, "Warnings");
		html_raw(out,
			"<table><tr><th class=\"n\">runs</th><th>warning</th><th>of</th></tr>\n");
	}
	for (size_t i = 0; i < n; i++) {
		html_add(out,
			"<tr><td class=\"n\">%zu</td><td class=\"wrap\">%s%s</td><td class=\"nowrap\">",
			w[i].n, w[i].text, w[i].varies ? BATCH_VARIES : "");
		if (w[i].every)
			html_raw(out, "every run");
		for (size_t k = 0; !w[i].every && k < MIN(w[i].n, (size_t)LINKS_MAX); k++) {
			add_link(r, &r->runs[w[i].runs[k]], out);
			html_raw(out, "<br>");
		}
		if (!w[i].every && w[i].n > LINKS_MAX)
			html_add(out, "and %zu more", w[i].n - LINKS_MAX);
		html_raw(out, "</td></tr>\n");
	}
	if (n)
		html_raw(out, "</table></div>\n</section>\n");
	batch_warnings_free(w, n);
}

static void add_seconds(double s, struct strbuf *out)
{
	if (isfinite(s))
		html_add(out, "<td class=\"n\">%.1f</td>", s);
	else
		html_raw(out, "<td></td>");
}

static void add_runs(const struct batch_report *r, struct strbuf *out)
{
	static const char *const classes[] = {[BATCH_DONE] = "pass",
		[BATCH_FAILED] = "fail",
		[BATCH_OPEN] = "unknown",
		[BATCH_STOPPED] = "unknown"};

	auto_free const struct batch_run **order = batch_order(r);

	html_raw(out,
		"<section><h2>Runs</h2>\n<p>In the order of the scenarios: variants, then points; no. is the place in which it was run. A block holds every configuration of a scenario once, in random order.</p>\n");
	html_wide(out, "Runs");
	html_raw(out,
		"<table><tr><th class=\"n\">no.</th><th class=\"n\">block</th><th>scenario</th><th>variant</th><th class=\"n\">boot</th><th>state</th><th class=\"n\">whole, s</th><th class=\"n\">not measuring, s</th><th>report</th></tr>\n");
	for (size_t i = 0; i < r->n_runs; i++) {
		const struct batch_run *u = order[i];

		html_add(out,
			"<tr><td class=\"n\">%zu</td><td class=\"n\">%u</td><td>%s</td><td>%s</td><td class=\"n\">%u</td><td>",
			(size_t)(u - r->runs) + 1, u->block, r->scenarios[u->scenario].name,
			u->config, u->repeat + 1);
		add_badge(out, classes[u->state], batch_state_name(u->state));
		html_raw(out, "</td>");
		add_seconds(u->wall_s, out);
		add_seconds(u->overhead_s, out);
		html_add(out, "<td class=\"%s\">", u->state == BATCH_DONE ? "nowrap" : "wrap");
		if (u->state == BATCH_DONE)
			add_link(r, u, out);
		else
			html_add(out, "%s", u->why);
		html_raw(out, "</td></tr>\n");
	}
	html_raw(out, "</table></div>\n</section>\n");
}

void batch_page(const struct batch_report *r, struct strbuf *out)
{
	auto_free char *title = xasprintf("batch %s \xc2\xb7 stealscope", r->id);
	auto_struct(strbuf) body = {0};

	add_head(r, &body);
	html_raw(&body, "</header>\n<main id=\"main\">\n");
	/* Who runs a published experiment again asks for its figures beside ours, before all else. */
	for (size_t i = 0; i < r->n_scenarios; i++)
		if (r->scenarios[i].published)
			published_html(r->scenarios[i].published, &body);
	batch_figures_html(r, &body);
	add_expects(r, &body);
	add_warnings(r, &body);
	add_runs(r, &body);
	html_raw(&body, "</main>\n");
	plain_page(title, &body, out);
}
