// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "report/compare/plots.h"
#include "report/markup.h"

#define BLAME_ROWS 10

void compare_cell(struct strbuf *out, double v, const char *unit, bool sign)
{
	char buf[80];

	html_add(out, "<td class=\"n\">%s</td>",
		isnan(v) ? "-" : quantity_text(v, unit, sign, buf, sizeof(buf)));
}

void compare_part_lateness(const void *page, struct strbuf *out)
{
	const struct compare_plot plot = {page, 0};

	if (!html_plot(out, compare_draw_lateness, &plot))
		html_missing(out, "the boots are not at hand, or ran no timer probe");
}

void compare_part_timeline(const void *page, struct strbuf *out)
{
	struct compare_plot plot = {page, 0};
	bool any = false;

	for (; plot.i < COMPARE_SERIES_PLOTS; plot.i++) {
		size_t before = out->len;

		html_add(out, "<h3>%s</h3>\n", compare_series_plots[plot.i].title);
		if (html_plot(out, compare_draw_series, &plot))
			any = true;
		else
			out->len = before;
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
	html_raw(out,
		"<p>Waiting of all vCPUs together that each culprit caused, per second of measuring.</p>\n");
	html_wide(out, "Blame");
	html_raw(out, "<table><tr><th>culprit</th>");
	for (size_t arm = 0; arm < p->n_arms; arm++) {
		html_add(out, "<th class=\"n\">%s</th>", p->arms[arm].name);
	}
	html_raw(out, "</tr>\n");
	for (size_t i = 0; i < MIN(s->n, (size_t)BLAME_ROWS); i++) {
		html_add(out, "<tr><td class=\"wrap\">%s</td>", s->items[i].name);
		for (size_t arm = 0; arm < p->n_arms; arm++)
			compare_cell(out, p->arms[arm].n ? s->items[i].rate[arm] / 1e6 : NAN,
				"ms/s", false);
		html_raw(out, "</tr>\n");
	}
	html_raw(out, "</table></div>\n");
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
