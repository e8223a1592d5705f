// SPDX-License-Identifier: GPL-3.0-or-later
/* Metrics, stalls that were played and the worst late wake-ups as tables. */
#include <inttypes.h>

#include "report/markup.h"
#include "report/plot/figures.h"
#include "report/page/parts.h"
#include "report/plot/svg.h"
#include "report/run/guests.h"
#include "report/run/played.h"

#define MAX_COLUMNS 16
#define DOC_COLUMNS 3 /* up to so many columns there is room to say what each metric is */
#define LATE_DRAWN  5 /* timelines drawn in the open; the others unfold */

/* ---- metrics: a row each, a column per guest or vCPU */

struct column {
	const char *guest;
	int vcpu; /* -1: the whole guest */
	bool is_noise;
	const struct metric_value *metrics;
	const struct metric_value *own; /* NULL: a vCPU's column */
};

static void metric_row(size_t id, const struct column *c, size_t n, struct strbuf *out)
{
	const struct metric_info *m = &metric_table[id];

	html_add(out, "<tr><th scope=\"row\" title=\"%s\">%s</th>", m->doc, m->name);
	for (size_t i = 0; i < n; i++)
		html_metric(id, &c[i].metrics[id], out);
	if (n <= DOC_COLUMNS) {
		html_add(out, "<td class=\"doc\">%s</td>", m->doc);
	}
	html_raw(out, "</tr>\n");
}

/* The record's own metrics, which vCPUs have not. */
static void own_rows(const struct analysis *a, const struct column *c, size_t n, struct strbuf *out)
{
	for (size_t k = 0; k < a->n_own; k++) {
		if (!n || !c[0].own)
			return;
		html_add(out, "<tr><th scope=\"row\">%s</th>", a->own[k].name);
		for (size_t i = 0; i < n; i++)
			html_value(&c[i].own[k], a->own[k].unit, out);
		if (n <= DOC_COLUMNS)
			html_add(out,
				"<td class=\"doc\">What this scenario's own command prints: %s</td>",
				a->own[k].command);
		html_raw(out, "</tr>\n");
	}
}

static void metric_table_html(
	const struct analysis *a, const struct column *c, size_t n, struct strbuf *out)
{
	auto_struct(strbuf) none = {0};

	html_wide(out, "Metrics");
	html_raw(out, "<table><tr><th scope=\"col\">metric</th>");
	for (size_t i = 0; i < n; i++) {
		html_raw(out, "<th scope=\"col\" class=\"n\">");
		html_add(out, c[i].vcpu < 0 ? "%s%s" : "%s%s vcpu%d", c[i].guest,
			c[i].is_noise ? " (noise)" : "", c[i].vcpu);
		html_raw(out, "</th>");
	}
	if (n <= DOC_COLUMNS)
		html_raw(out, "<th scope=\"col\" class=\"doc\">what it is</th>");
	html_raw(out, "</tr>\n");
	for (size_t id = 0; id < METRIC_COUNT; id++) {
		bool any = false;

		for (size_t i = 0; i < n; i++)
			any |= c[i].metrics[id].have;
		if (any)
			metric_row(id, c, n, out);
		else
			strbuf_add(&none, "%s%s", none.len ? ", " : "", metric_table[id].name);
	}
	own_rows(a, c, n, out);
	html_raw(out, "</table></div>\n");
	if (none.len) {
		html_add(out,
			"<details class=\"note\"><summary>Not provided in this run</summary>%s</details>\n",
			none.text);
	}
}

void html_metrics(const struct analysis *a, struct strbuf *out)
{
	auto_free size_t *order = figure_guest_order(a);
	auto_free struct column *guests = NULL, *vcpus = NULL;
	size_t n = 0, m = 0, total = 0;

	for (size_t i = 0; i < a->n_guests; i++) {
		const struct analysis_guest *g = &a->guests[order[i]];

		if (n < MAX_COLUMNS) {
			ARRAY_GROW(guests, n);
			guests[n++] = (struct column){g->name, -1, g->is_noise, g->metrics, g->own};
		}
		for (unsigned v = 0; v < g->n_vcpus; v++, total++) {
			if (m >= MAX_COLUMNS)
				continue;
			ARRAY_GROW(vcpus, m);
			vcpus[m++] = (struct column){g->name, (int)g->vcpus[v].id, g->is_noise,
				g->vcpus[v].metrics, NULL};
		}
	}
	if (!n) {
		html_missing(out, "no guest left a record");
		return;
	}
	metric_table_html(a, guests, n, out);
	for (size_t i = 0; i < a->n_guests && i < MAX_COLUMNS; i++) {
		auto_free char *job = guest_job_text(&a->guests[order[i]]);

		if (job)
			html_add(out, "<p class=\"note\">%s.</p>\n", job);
	}
	if (n < a->n_guests)
		html_add(out, "<p class=\"note\">%zu more guests: see analysis.json.</p>\n",
			a->n_guests - n);
	html_raw(out, "<details><summary>Per vCPU</summary>");
	metric_table_html(a, vcpus, m, out);
	if (m < total)
		html_add(out, "<p class=\"note\">%zu more vCPUs: see analysis.json.</p>\n",
			total - m);
	html_raw(out, "</details>\n");
}

/* ---- stalls that were played */

void html_played(const struct analysis *a, struct strbuf *out)
{
	if (!a->n_played)
		return;
	html_raw(out, "<h3>Stalls that were played</h3>\n<ul>\n");
	for (size_t i = 0; i < a->n_played; i++) {
		auto_free char *line = played_line(a, i);

		html_add(out, "<li>%s</li>\n", line);
	}
	html_raw(out,
		"</ul>\n<p class=\"note\">Planned, delivered and felt of each second: analysis.json.</p>\n");
}

/* ---- late wake-ups */

static void late_parts(const struct late *l, struct strbuf *out)
{
	const struct {
		const char *what;
		uint64_t ns;
	} all[] = {{"the host's timer fired late", l->fired_late_ns},
		{"waited in the run queue", l->wait_ns},
		{"held by a quota or a stop signal", l->throttled_ns},
		{"ran, on its usual way from the interrupt to the record", l->running_ns},
		{"stood in its own run queue (own load)", l->guest_queue_ns},
		{"was taken by the box's own hypervisor", l->box_steal_ns},
		{"ran, and nothing tells what: unexplained", l->ran_unexplained_ns},
		{"unexplained", l->unexplained_ns - l->ran_unexplained_ns}};
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!all[i].ns)
			continue;
		html_add(out, "%s%s ", separator, all[i].what);
		html_ns(out, all[i].ns);
		separator = "; ";
	}
	if (l->n_who)
		html_raw(out, "<br>behind: ");
	for (size_t i = 0; i < l->n_who; i++) {
		html_add(out, "%s%s ", i ? ", " : "", l->who[i].name);
		html_ns(out, l->who[i].ns);
	}
}

static void late_timeline(const struct analysis *a, const struct late *l, struct strbuf *out)
{
	if (!l->n_pieces) {
		html_missing(out, "no trace around this moment");
		return;
	}
	html_raw(out, "<div class=\"full\">");
	svg_plot_late(out, SVG_WIDE, false, a, l);
	html_raw(out, "</div><div class=\"narrow\">");
	svg_plot_late(out, SVG_NARROW, false, a, l);
	html_raw(out, "</div>\n");
}

static void one_late(const struct analysis *a, size_t i, struct strbuf *out)
{
	const struct late *l = &a->late[i];
	const struct analysis_guest *g = &a->guests[l->guest];

	html_add(out, "<details%s><summary><strong>", i < LATE_DRAWN ? " open" : "");
	html_ns(out, l->lateness_ns);
	html_add(out, "</strong> %s: %s vcpu%u%s at %.3f s, clock \xc2\xb1 ",
		l->kind == LATE_GAP ? "not running" : "late", g->name, g->vcpus[l->vcpu].id,
		g->is_noise ? " (noise)" : "",
		(double)(int64_t)(l->deadline_ns - a->window_start_ns) / 1e9);
	html_ns(out, l->clock_error_ns);
	html_raw(out, "</summary>\n<p>");
	late_parts(l, out);
	html_raw(out, "</p>\n");
	late_timeline(a, l, out);
	html_raw(out, "</details>\n");
}

#define LATE_KEY                                                                                                                                                                  \
	"<p>First band: what the vCPU's host thread did, from the trace. Second band: who ran on the CPU it waited for. The dashed lines are the deadline and the wake-up.</p>\n" \
	"<div class=\"key\"><span><i class=\"run\"></i>running</span><span><i class=\"wait\"></i>waiting in the run queue</span><span><i class=\"throttle\"></i>held by a quota</span><span><i class=\"sleep\"></i>sleeping</span><span><i class=\"none\"></i>not traced</span></div>\n"

void html_late(const struct analysis *a, struct strbuf *out)
{
	if (!a->n_late) {
		html_missing(out, "no wake-up was late enough to keep, or no probe ran");
		return;
	}
	if (a->have_trace)
		html_add(out, LATE_KEY);
	for (size_t i = 0; i < a->n_late; i++)
		one_late(a, i, out);
}
