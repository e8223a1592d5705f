// SPDX-License-Identifier: GPL-3.0-or-later
/* What stands around the figures: head, checks, losses, warnings, host. */
#include "report/page/parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "report/markup.h"
#include "report/plot/svg.h"

bool html_plot(struct strbuf *out, html_draw draw, const void *what)
{
	auto_struct(strbuf) wide = {0};
	bool any = draw(what, SVG_WIDE, false, &wide);

	if (any) {
		html_raw(out, "<div class=\"full\">");
		html_join(out, wide.text);
		html_raw(out, "</div><div class=\"narrow\">");
		draw(what, SVG_NARROW, false, out);
		html_raw(out, "</div>\n");
	}
	return any;
}

void html_wide(struct strbuf *out, const char *label)
{
	html_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">",
		label);
}

void html_lines(struct strbuf *out, const char *class, const struct strbuf *lines)
{
	for (const char *at = lines->text; at && *at;) {
		int n = (int)strcspn(at, "\n");

		html_add(out, "<p class=\"%s\">%.*s</p>\n", class, n, at);
		at += n + (at[n] == '\n');
	}
}

void html_instrument(struct strbuf *out)
{
	html_raw(out,
		"<h2 class=\"apart\">The instrument itself</h2>\n<p class=\"note\">Of stealscope, not of the guests: how well it knew the time and what it took.</p>\n");
}

void html_missing(struct strbuf *out, const char *why)
{
	html_add(out, "<p class=\"missing\">Not provided: %s</p>\n", why);
}

void html_ns(struct strbuf *out, uint64_t ns)
{
	char buf[64];

	html_add(out, "%s", quantity_ns(ns, buf, sizeof(buf)));
}

void html_value_as(
	const char *class, const struct metric_value *v, const char *unit, struct strbuf *out)
{
	char buf[80] = "-";

	html_add(out, "<td class=\"%s\">", class);
	if (v->have || v->below > 0)
		quantity_text(v->have ? v->value : v->below, unit, false, buf, sizeof(buf));
	if (v->have)
		html_add(out, "%s", buf);
	else
		html_add(out, "<span class=\"missing\" title=\"%s\">%s%s</span>", v->why,
			v->below > 0 ? "< " : "", buf);
	html_raw(out, "</td>");
}

void html_value(const struct metric_value *v, const char *unit, struct strbuf *out)
{
	html_value_as("n", v, unit, out);
}

void html_metric(enum metric_id id, const struct metric_value *v, struct strbuf *out)
{
	html_value(v, metric_table[id].unit, out);
}

static void badge(struct strbuf *out, enum verdict v)
{
	html_add(out, "<span class=\"badge %s\">%s</span>", verdict_name(v), verdict_name(v));
}

static const char *or_none(const char *s)
{
	return s && *s ? s : "-";
}

void html_header(const struct analysis *a, struct strbuf *out)
{
	const struct run_info *r = &a->info;

	html_add(out,
		"<h1>%s</h1>\n<p class=\"sub\">variant %s%s%s \xc2\xb7 repeat %u \xc2\xb7 %s \xc2\xb7 measured %.1f s \xc2\xb7 %s",
		or_none(r->scenario), or_none(r->variant), r->point && *r->point ? ", " : "",
		r->point ? r->point : "", r->repeat + 1, or_none(r->started), a->window_s,
		or_none(r->run));
	for (size_t i = 0; i < r->overrides.n; i++)
		html_add(out, "%s%s", i ? ", " : " \xc2\xb7 with --set ", r->overrides.items[i]);
	html_raw(out, "</p>\n");
}

static void alert(struct strbuf *out, const char *text)
{
	html_add(out, "<p class=\"alert\" role=\"note\">%s</p>\n", text);
}

/* What a reader must know before any figure. */
void html_alerts(const struct analysis *a, struct strbuf *out)
{
	auto_free char *status = NULL;

	if (a->info.status && strcmp(a->info.status, "complete")) {
		status = xasprintf(
			"This run is not complete: %s. What it has is shown.", a->info.status);
		alert(out, status);
	}
	for (size_t i = 0; i < a->n_guests; i++)
		if (word_is(&words_accel_found, a->guests[i].accel, SHM_ACCEL_TCG)) {
			auto_free char *text = xasprintf(
				"Guest %s ran under TCG emulation: it has no steal counter, and its times say little about hardware.",
				a->guests[i].name);

			alert(out, text);
		}
	for (size_t i = 0; i < a->n_checks; i++)
		if (a->checks[i].verdict == VERDICT_FAIL) {
			bool lost = !strcmp(a->checks[i].name, "lost_records");
			auto_free char *text =
				lost ? xasprintf("Data was lost: %s", a->checks[i].note)
				     : xasprintf("Check %s failed: %s", a->checks[i].name,
					       a->checks[i].note);

			alert(out, text);
		}
}

void html_expectations(const struct analysis *a, struct strbuf *out)
{
	if (!a->n_expects)
		return;
	html_raw(out, "<h3>Expectations of the scenario</h3>\n");
	html_wide(out, "Expectations");
	html_raw(out, "<table><tr><th>verdict</th><th>expected</th><th>found</th></tr>\n");
	for (size_t i = 0; i < a->n_expects; i++) {
		html_raw(out, "<tr><td>");
		badge(out, a->expects[i].verdict);
		html_add(out, "</td><td class=\"wrap\">%s</td><td class=\"wrap\">%s</td></tr>\n",
			a->expects[i].expect->text, a->expects[i].why);
	}
	html_raw(out, "</table></div>\n");
}

void html_checks(const struct analysis *a, struct strbuf *out)
{
	html_wide(out, "Checks");
	html_raw(out,
		"<table><caption>Does the record agree with itself?</caption><tr><th>verdict</th><th>check</th><th class=\"n\">value</th><th class=\"n\">limit</th><th>note</th></tr>\n");
	for (size_t i = 0; i < a->n_checks; i++) {
		const struct check *c = &a->checks[i];
		char buf[80];

		html_raw(out, "<tr><td>");
		badge(out, c->verdict);
		html_add(out,
			"</td><td class=\"wrap\"><code>%s</code><br><span class=\"note\">%s</span></td><td class=\"n\">",
			c->name, c->doc);
		if (c->have)
			html_add(out, "%s",
				quantity_text(c->value, c->unit, false, buf, sizeof(buf)));
		else
			html_raw(out, "<span class=\"missing\">not provided</span>");
		html_add(out, "</td><td class=\"n\">%s</td><td class=\"wrap\">%s</td></tr>\n",
			quantity_text(c->limit, c->unit, false, buf, sizeof(buf)), c->note);
	}
	html_raw(out, "</table></div>\n");
}

void html_losses(const struct analysis *a, struct strbuf *out)
{
	auto_free char *losses = analysis_losses(a);

	html_add(out,
		"<h3>Losses</h3>\n<p>%" PRIu64 " guest records and %" PRIu64
		" trace records read; %s.</p>\n",
		a->guest_records, a->trace_records, losses);
}

void html_warnings(const struct analysis *a, struct strbuf *out)
{
	html_raw(out, "<h3>Warnings</h3>\n");
	if (!a->warnings.n)
		html_raw(out, "<p>None.</p>\n");
	else
		html_raw(out, "<ul>");
	for (size_t i = 0; i < a->warnings.n; i++) {
		html_add(out, "<li>%s</li>\n", a->warnings.items[i]);
	}
	if (a->warnings.n)
		html_raw(out, "</ul>\n");
}

static void steps(const struct run_info *r, struct strbuf *out)
{
	html_raw(out, "<details><summary>Steps of the run</summary>");
	html_wide(out, "Steps");
	html_raw(out, "<table><tr><th>step</th><th class=\"n\">took</th><th>outcome</th></tr>\n");
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct run_step *s = &r->steps[i];

		html_add(out, "<tr><td>%s</td><td class=\"n\">", s->name);
		if (s->end_ns >= s->start_ns)
			html_ns(out, s->end_ns - s->start_ns);
		html_add(out, "</td><td class=\"wrap\">%s</td></tr>\n", s->outcome);
	}
	html_raw(out, "</table></div></details>\n");
}

void html_host(const struct analysis *a, struct strbuf *out)
{
	const struct run_info *r = &a->info;

	/* An imported recording was not booted here. */
	if (r->run && r->scenario_file && *r->scenario_file)
		html_add(out,
			"<p><code>stealscope replay %s</code> boots the same once more, from the record alone.</p>\n",
			r->run);
	html_wide(out, "Host facts");
	html_raw(out, "<table>\n");
	for (size_t i = 0; i < r->n_facts; i++) {
		html_add(out, "<tr><th>%s</th><td class=\"wrap\">%s</td></tr>\n", r->facts[i].key,
			r->facts[i].value);
	}
	if (isfinite(a->box_steal_ms_per_s))
		html_add(out, "<tr><th>the lab box's own steal</th><td>%.3g ms/s</td></tr>\n",
			a->box_steal_ms_per_s);
	html_raw(out, "</table></div>\n");
	if (r->plan_text && *r->plan_text) {
		html_add(out,
			"<details open><summary>Plan</summary><pre tabindex=\"0\">%s</pre></details>\n",
			r->plan_text);
	}
	if (r->n_steps)
		steps(r, out);
}

void html_placement(const struct analysis *a, struct strbuf *out)
{
	html_raw(out, "<p>A filled cell: this vCPU (or this noise) may run on this CPU.</p>\n");
	html_wide(out, "Placement map");
	svg_plot_placement(out, SVG_WIDE, false, a);
	html_raw(out, "</div>\n");
}

static bool draw_distribution(const void *a, double width, bool standalone, struct strbuf *out)
{
	return svg_distribution_of(a, width, standalone, out);
}

void html_distribution(const struct analysis *a, struct strbuf *out)
{
	if (!html_plot(out, draw_distribution, a))
		html_missing(out, "no guest ran the timer probe");
}

void html_footer(const struct analysis *a, struct strbuf *out)
{
	html_add(out,
		"Made by stealscope %s from the record %s. Figures over time: dygraphs (MIT licence).",
		SS_VERSION, a->info.run ? a->info.run : "");
}
