// SPDX-License-Identifier: GPL-3.0-or-later
/* The answer first: a line per guest with what it felt and who had the CPU meanwhile. */

#include "report/plot/figures.h"
#include "report/run/guests.h"
#include "report/page/parts.h"

#define TOP_CULPRITS 3

/* Columns in the order of their worth; steal always, others where some guest has them. On a phone only
 * the major ones: all are among the metrics below. */
static const struct {
	enum metric_id id;
	const char *head, *class;
} columns[] = {
	{METRIC_STEAL_RATE, "steal", "n"},
	{METRIC_TIMER_LATE_P50, "late, median", "n minor"},
	{METRIC_TIMER_LATE_P99, "late, 99 %", "n minor"},
	{METRIC_TIMER_LATE_MAX, "late, worst", "n"},
	{METRIC_GAP_RATE, "lost to gaps", "n minor"},
	{METRIC_JOB_RATE, "job", "n minor"},
	{METRIC_LOCK_STALL_P99, "lock stall, 99 %", "n minor"},
	{METRIC_MEMORY_LATENCY, "memory latency", "n minor"},
};

static bool any_has(const struct analysis *a, enum metric_id id)
{
	for (size_t i = 0; i < a->n_guests; i++)
		if (a->guests[i].metrics[id].have)
			return true;
	return id == METRIC_STEAL_RATE;
}

/* How long its vCPUs waited, and behind whom: a line for each that took more than 1 %. */
static void add_waiting(const struct analysis *a, size_t guest, struct strbuf *out)
{
	auto_free struct guest_culprit *list = NULL;
	uint64_t sum, rest;
	size_t n = guest_culprits(a, guest, &list, &sum);

	if (!n || !sum) {
		html_add(out,
			"<td class=\"n minor\"></td><td><span class=\"missing\">%s</span></td>",
			a->have_trace ? "it did not wait" : "not provided: no host trace");
		return;
	}
	html_raw(out, "<td class=\"n minor\">");
	html_ns(out, sum);
	html_raw(out, "</td><td class=\"wrap\">");
	rest = sum;
	for (size_t i = 0; i < n && i < TOP_CULPRITS && list[i].ns * 100 >= sum; i++) {
		html_add(out, "%.0f %% %s<br>", 100 * (double)list[i].ns / (double)sum,
			list[i].name);
		rest -= list[i].ns;
	}
	if (rest * 100 >= sum)
		html_add(out, "%.0f %% others", 100 * (double)rest / (double)sum);
	html_raw(out, "</td>");
}

static void add_guest(const struct analysis *a, size_t guest, struct strbuf *out)
{
	const struct analysis_guest *g = &a->guests[guest];
	char cpus[64];

	html_add(out, "<tr><th scope=\"row\">%s", g->name);
	if (g->is_noise)
		html_raw(out, "<br><span class=\"note\">noise</span>");
	html_raw(out, "</th>");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (any_has(a, columns[i].id))
			html_value_as(columns[i].class, &g->metrics[columns[i].id],
				metric_table[columns[i].id].unit, out);
	add_waiting(a, guest, out);
	html_add(out, "<td class=\"nowrap minor\">%s, %s", guest_cpus(g, cpus, sizeof(cpus)),
		g->kind);
	if (g->accel && *g->accel)
		html_add(out, "/%s", g->accel);
	html_raw(out, "</td></tr>\n");
}

static void add_outside(const struct analysis *a, struct strbuf *out)
{
	auto_free char *names = guests_outside(a);

	if (!*names)
		return;
	html_add(out,
		"<p class=\"note\">Seen from outside only, with no agent inside: %s. Steal is the run_delay of the vCPU threads; lateness is not provided.</p>\n",
		names);
	for (size_t i = 0; i < a->n_guests; i++) {
		const struct run_guest *g = &a->info.guests[i];

		if (g->domain && *g->domain)
			html_add(out, "<p class=\"note\">%s is domain '%s' (%s)%s%s.</p>\n",
				g->name, g->domain, g->use,
				*g->changed ? ", changed for the run: " : "", g->changed);
	}
}

static void add_guests(
	const struct analysis *a, const size_t *order, size_t from, size_t to, struct strbuf *out)
{
	html_wide(out, "Guests");
	html_raw(out, "<table class=\"guests\"><tr><th scope=\"col\">guest</th>");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (any_has(a, columns[i].id))
			html_add(out, "<th scope=\"col\" class=\"%s\">%s</th>", columns[i].class,
				columns[i].head);
	html_raw(out,
		"<th scope=\"col\" class=\"n minor\">waited</th><th scope=\"col\">who had the CPU meanwhile</th><th scope=\"col\" class=\"minor\">vCPUs, kind</th></tr>\n");
	for (size_t i = from; i < to; i++)
		add_guest(a, order[i], out);
	html_raw(out, "</table></div>\n");
}

void html_summary(const struct analysis *a, struct strbuf *out)
{
	auto_free size_t *order = figure_guest_order(a);
	size_t shown = MIN(a->n_guests, (size_t)FIGURE_MANY_GUESTS);

	if (!a->n_guests) {
		html_missing(out, "no guest left a record");
		return;
	}
	add_guests(a, order, 0, shown, out);
	if (shown < a->n_guests) {
		html_add(out,
			"<p class=\"note\">%zu of %zu guests: those that waited longest, noise last.</p>\n<details><summary>%zu more guests</summary>\n",
			shown, a->n_guests, a->n_guests - shown);
		add_guests(a, order, shown, a->n_guests, out);
		html_raw(out, "</details>\n");
	}
	add_outside(a, out);
}
