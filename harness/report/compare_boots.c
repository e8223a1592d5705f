// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare_html.h"
#include "report/compare_series.h"
#include "report/escape.h"
#include "report/html_parts.h"
#include "report/svg.h"

#define BLAME_ROWS 10

void compare_cell(struct strbuf *out, double v, const char *unit, bool sign)
{
	char buf[80];

	strbuf_add(out, "<td class=\"n\">");
	escape_xml(out, isnan(v) ? "-" : compare_format(v, unit, sign, buf, sizeof(buf)));
	strbuf_add(out, "</td>");
}

/* Lateness of all guests that are no noise, in all boots of an arm. */
static struct hist pooled_lateness(const struct analysis *const *set, size_t n)
{
	struct hist h = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t g = 0; g < set[i]->n_guests; g++)
			if (!set[i]->guests[g].is_noise)
				hist_merge(&h, &set[i]->guests[g].late);
	return h;
}

void compare_part_lateness(const void *page, struct strbuf *out)
{
	const struct compare_page *p = page;
	auto_free struct hist *h = xcalloc(p->n_arms, sizeof(*h));
	auto_free struct svg_dist_data *d = xcalloc(p->n_arms, sizeof(*d));
	const char *title = "Lateness of timer wake-ups", *label = "lateness (ms)";
	size_t with = 0;

	for (size_t i = 0; i < p->n_arms; i++) {
		h[i] = pooled_lateness(p->arms[i].set, p->arms[i].n);
		d[i] = (struct svg_dist_data){p->arms[i].name, &h[i]};
		with += h[i].total > 0;
	}
	if (with > 1) {
		strbuf_add(out, "<div class=\"full\">");
		svg_plot_distribution(out, SVG_WIDE, false, title, label, d, p->n_arms);
		strbuf_add(out, "</div><div class=\"narrow\">");
		svg_plot_distribution(out, SVG_NARROW, false, title, label, d, p->n_arms);
		strbuf_add(out, "</div>\n");
	} else {
		html_missing(out, "the boots are not at hand, or ran no timer probe");
	}
	for (size_t i = 0; i < p->n_arms; i++)
		hist_release(&h[i]);
}

void compare_part_timeline(const void *page, struct strbuf *out)
{
	static const struct {
		enum series_id id;
		const char *title, *label;
		double scale;
	} plots[] = {{SERIES_STEAL, "Steal, mean of all boots", "steal (ms/s per vCPU)", 1},
		{SERIES_TIMER_LATE, "Worst wake-up of each stretch, mean of all boots",
			"lateness (ms)", 1e-3}};
	const struct compare_page *p = page;
	auto_free const char **names = xcalloc(p->n_arms, sizeof(*names));
	auto_free struct series *s = xcalloc(p->n_arms, sizeof(*s));
	bool any = false;

	for (size_t k = 0; k < ARRAY_SIZE(plots); k++) {
		for (size_t i = 0; i < p->n_arms; i++) {
			names[i] = p->arms[i].name;
			s[i] = arm_series(p->arms[i].set, p->arms[i].n, plots[k].id);
		}
		any |= html_arm_series(
			out, names, s, p->n_arms, plots[k].title, plots[k].label, plots[k].scale);
		for (size_t i = 0; i < p->n_arms; i++)
			free(s[i].v);
	}
	if (!any)
		html_missing(out, "the boots are not at hand, or too short");
}

/* ---- blame of each arm: culprits summed over its boots, by name */

struct culprit_sum {
	const char *name;
	double *rate; /* by arm: ns per second of measuring */
	double most;  /* of them */
};

struct culprit_sums {
	struct culprit_sum *items;
	size_t n, n_arms;
};

static struct culprit_sum *sum_of(struct culprit_sums *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->items[i].name, name))
			return &s->items[i];
	ARRAY_GROW(s->items, s->n);
	s->items[s->n] = (struct culprit_sum){name, xcalloc(s->n_arms, sizeof(double)), 0};
	return &s->items[s->n++];
}

static double window_seconds(const struct compare_boots *b)
{
	double s = 0;

	for (size_t i = 0; i < b->n; i++)
		s += b->set[i]->window_s;
	return s;
}

static void add_blame(struct culprit_sums *sums, const struct compare_boots *b, size_t arm)
{
	double seconds = window_seconds(b);

	for (size_t i = 0; i < b->n && seconds > 0; i++)
		for (size_t k = 0; k < b->set[i]->n_blame; k++) {
			const struct blame_row *row = &b->set[i]->blame[k];
			struct culprit_sum *sum;

			if (b->set[i]->guests[row->guest].is_noise)
				continue;
			sum = sum_of(sums, row->culprit);
			sum->rate[arm] += (double)row->ns / seconds;
			sum->most = fmax(sum->most, sum->rate[arm]);
		}
}

static int by_rate(const void *x, const void *y)
{
	const struct culprit_sum *a = x, *b = y;

	return a->most < b->most ? 1 : a->most > b->most ? -1 : strcmp(a->name, b->name);
}

static void add_blame_table(
	const struct compare_page *p, const struct culprit_sums *s, struct strbuf *out)
{
	strbuf_add(out, "<p>Waiting of all vCPUs together that each culprit caused, per second of "
			"measuring.</p>\n");
	html_wide(out, "Blame");
	strbuf_add(out, "<table><tr><th>culprit</th>");
	for (size_t arm = 0; arm < p->n_arms; arm++) {
		strbuf_add(out, "<th class=\"n\">");
		escape_xml(out, p->arms[arm].name);
		strbuf_add(out, "</th>");
	}
	strbuf_add(out, "</tr>\n");
	for (size_t i = 0; i < MIN(s->n, (size_t)BLAME_ROWS); i++) {
		strbuf_add(out, "<tr><td class=\"wrap\">");
		escape_xml(out, s->items[i].name);
		strbuf_add(out, "</td>");
		for (size_t arm = 0; arm < p->n_arms; arm++)
			compare_cell(out, p->arms[arm].n ? s->items[i].rate[arm] / 1e6 : NAN,
				"ms/s", false);
		strbuf_add(out, "</tr>\n");
	}
	strbuf_add(out, "</table></div>\n");
}

void compare_part_blame(const void *page, struct strbuf *out)
{
	const struct compare_page *p = page;
	struct culprit_sums sums = {.n_arms = p->n_arms};

	for (size_t i = 0; i < p->n_arms; i++)
		add_blame(&sums, &p->arms[i], i);
	if (sums.n) {
		qsort(sums.items, sums.n, sizeof(*sums.items), by_rate);
		add_blame_table(p, &sums, out);
	} else {
		html_missing(out, "the boots are not at hand, or have no host trace");
	}
	for (size_t i = 0; i < sums.n; i++)
		free(sums.items[i].rate);
	free(sums.items);
}
