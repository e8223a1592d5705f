// SPDX-License-Identifier: GPL-3.0-or-later
/* What stands around the figures: head, checks, losses, warnings, host. */
#include "report/page/parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "report/escape.h"
#include "report/plot/svg.h"

void html_text(struct strbuf *out, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	escape_xml(out, text);
}

bool html_plot(struct strbuf *out, html_draw draw, const void *what)
{
	struct strbuf wide = {0};
	bool any = draw(what, SVG_WIDE, false, &wide);

	if (any) {
		strbuf_add(out, "<div class=\"full\">");
		strbuf_addn(out, wide.text, wide.len);
		strbuf_add(out, "</div><div class=\"narrow\">");
		draw(what, SVG_NARROW, false, out);
		strbuf_add(out, "</div>\n");
	}
	strbuf_release(&wide);
	return any;
}

void html_wide(struct strbuf *out, const char *label)
{
	strbuf_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">",
		label);
}

void html_missing(struct strbuf *out, const char *why)
{
	strbuf_add(out, "<p class=\"missing\">Not provided: ");
	escape_xml(out, why);
	strbuf_add(out, "</p>\n");
}

void html_ns(struct strbuf *out, uint64_t ns)
{
	char buf[64];

	escape_xml(out, quantity_text((double)ns, "ns", false, buf, sizeof(buf)));
}

static void badge(struct strbuf *out, enum verdict v)
{
	strbuf_add(out, "<span class=\"badge %s\">%s</span>", verdict_name(v), verdict_name(v));
}

static const char *or_none(const char *s)
{
	return s && *s ? s : "-";
}

void html_header(const struct analysis *a, struct strbuf *out)
{
	const struct run_info *r = &a->info;

	strbuf_add(out, "<h1>");
	html_text(out, "%s", or_none(r->scenario));
	strbuf_add(out, "</h1>\n<p class=\"sub\">");
	html_text(out,
		"variant %s%s%s \xc2\xb7 repeat %u \xc2\xb7 %s \xc2\xb7 measured %.1f s \xc2\xb7 %s",
		or_none(r->variant), r->point && *r->point ? ", " : "", r->point ? r->point : "",
		r->repeat + 1, or_none(r->started), a->window_s, or_none(r->run));
	for (size_t i = 0; i < r->overrides.n; i++)
		html_text(out, "%s%s", i ? ", " : " \xc2\xb7 with --set ", r->overrides.items[i]);
	strbuf_add(out, "</p>\n");
}

static void alert(struct strbuf *out, const char *text)
{
	strbuf_add(out, "<p class=\"alert\" role=\"note\">");
	escape_xml(out, text);
	strbuf_add(out, "</p>\n");
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
	strbuf_add(out, "<h3>Expectations of the scenario</h3>\n");
	html_wide(out, "Expectations");
	strbuf_add(out, "<table><tr><th>verdict</th><th>expected</th><th>found</th></tr>\n");
	for (size_t i = 0; i < a->n_expects; i++) {
		strbuf_add(out, "<tr><td>");
		badge(out, a->expects[i].verdict);
		strbuf_add(out, "</td><td class=\"wrap\">");
		escape_xml(out, a->expects[i].expect->text);
		strbuf_add(out, "</td><td class=\"wrap\">");
		escape_xml(out, a->expects[i].why);
		strbuf_add(out, "</td></tr>\n");
	}
	strbuf_add(out, "</table></div>\n");
}

void html_checks(const struct analysis *a, struct strbuf *out)
{
	html_wide(out, "Checks");
	strbuf_add(out,
		"<table><caption>Does the record agree with itself?</caption><tr><th>verdict</th><th>check</th><th class=\"n\">value</th><th class=\"n\">limit</th><th>note</th></tr>\n");
	for (size_t i = 0; i < a->n_checks; i++) {
		const struct check *c = &a->checks[i];
		char buf[80];

		strbuf_add(out, "<tr><td>");
		badge(out, c->verdict);
		strbuf_add(out, "</td><td class=\"wrap\"><code>");
		escape_xml(out, c->name);
		strbuf_add(out, "</code><br><span class=\"note\">");
		escape_xml(out, c->doc);
		strbuf_add(out, "</span></td><td class=\"n\">");
		if (c->have)
			escape_xml(out, quantity_text(c->value, c->unit, false, buf, sizeof(buf)));
		else
			strbuf_add(out, "<span class=\"missing\">not provided</span>");
		strbuf_add(out, "</td><td class=\"n\">");
		escape_xml(out, quantity_text(c->limit, c->unit, false, buf, sizeof(buf)));
		strbuf_add(out, "</td><td class=\"wrap\">");
		escape_xml(out, c->note);
		strbuf_add(out, "</td></tr>\n");
	}
	strbuf_add(out, "</table></div>\n");
}

void html_losses(const struct analysis *a, struct strbuf *out)
{
	auto_free char *losses = analysis_losses(a);

	strbuf_add(out,
		"<h3>Losses</h3>\n<p>%" PRIu64 " guest records and %" PRIu64
		" trace records read; %s.</p>\n",
		a->guest_records, a->trace_records, losses);
}

void html_warnings(const struct analysis *a, struct strbuf *out)
{
	strbuf_add(out, "<h3>Warnings</h3>\n");
	if (!a->warnings.n)
		strbuf_add(out, "<p>None.</p>\n");
	else
		strbuf_add(out, "<ul>");
	for (size_t i = 0; i < a->warnings.n; i++) {
		strbuf_add(out, "<li>");
		escape_xml(out, a->warnings.items[i]);
		strbuf_add(out, "</li>\n");
	}
	if (a->warnings.n)
		strbuf_add(out, "</ul>\n");
}

static void steps(const struct run_info *r, struct strbuf *out)
{
	strbuf_add(out, "<details><summary>Steps of the run</summary>");
	html_wide(out, "Steps");
	strbuf_add(out, "<table><tr><th>step</th><th class=\"n\">took</th><th>outcome</th></tr>\n");
	for (size_t i = 0; i < r->n_steps; i++) {
		const struct run_step *s = &r->steps[i];

		strbuf_add(out, "<tr><td>");
		escape_xml(out, s->name);
		strbuf_add(out, "</td><td class=\"n\">");
		if (s->end_ns >= s->start_ns)
			html_ns(out, s->end_ns - s->start_ns);
		strbuf_add(out, "</td><td class=\"wrap\">");
		escape_xml(out, s->outcome);
		strbuf_add(out, "</td></tr>\n");
	}
	strbuf_add(out, "</table></div></details>\n");
}

void html_host(const struct analysis *a, struct strbuf *out)
{
	const struct run_info *r = &a->info;

	html_wide(out, "Host facts");
	strbuf_add(out, "<table>\n");
	for (size_t i = 0; i < r->n_facts; i++) {
		strbuf_add(out, "<tr><th>");
		escape_xml(out, r->facts[i].key);
		strbuf_add(out, "</th><td class=\"wrap\">");
		escape_xml(out, r->facts[i].value);
		strbuf_add(out, "</td></tr>\n");
	}
	if (isfinite(a->box_steal_ms_per_s))
		strbuf_add(out, "<tr><th>the lab box's own steal</th><td>%.3g ms/s</td></tr>\n",
			a->box_steal_ms_per_s);
	strbuf_add(out, "</table></div>\n");
	if (r->plan_text && *r->plan_text) {
		strbuf_add(out, "<details open><summary>Plan</summary><pre tabindex=\"0\">");
		escape_xml(out, r->plan_text);
		strbuf_add(out, "</pre></details>\n");
	}
	if (r->n_steps)
		steps(r, out);
}

void html_placement(const struct analysis *a, struct strbuf *out)
{
	strbuf_add(out, "<p>A filled cell: this vCPU (or this noise) may run on this CPU.</p>\n");
	html_wide(out, "Placement map");
	svg_plot_placement(out, SVG_WIDE, false, a);
	strbuf_add(out, "</div>\n");
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
	html_text(out,
		"Made by stealscope %s from the record %s. Figures over time: dygraphs (MIT licence).",
		SS_VERSION, a->info.run ? a->info.run : "");
}
