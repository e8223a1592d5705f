// SPDX-License-Identifier: GPL-3.0-or-later
/* How late and when; who took the CPU of whom, and when. */
#include "report/page/parts.h"
#include "report/plot/figures.h"
#include "report/plot/svg.h"

#define OPEN_GUESTS  2 /* whose plots stand in the open; those of more unfold */
#define DRAWN_GUESTS 6

/* A plot of one guest, for html_plot(). */
struct guest_plot {
	const struct analysis *a;
	size_t guest;
	bool (*draw)(struct strbuf *out, double width, bool standalone, const struct analysis *a,
		size_t guest);
};

static bool draw_guest(const void *what, double width, bool standalone, struct strbuf *out)
{
	const struct guest_plot *p = what;

	return p->draw(out, width, standalone, p->a, p->guest);
}

/* A plot of each guest that has one, noise last; how many were found. */
static size_t guest_plots(struct guest_plot p, const char *missing, struct strbuf *out)
{
	auto_free size_t *order = figure_guest_order(p.a);
	size_t n = 0;

	for (size_t i = 0; i < p.a->n_guests; i++) {
		const struct analysis_guest *g = &p.a->guests[order[i]];
		auto_struct(strbuf) plot = {0};

		p.guest = order[i];
		if (n >= DRAWN_GUESTS || !html_plot(&plot, draw_guest, &p))
			continue;
		html_add(out, "<details%s><summary>%s%s</summary>\n",
			n < OPEN_GUESTS && !(n && g->is_noise) ? " open" : "", g->name,
			g->is_noise ? " (noise)" : "");
		html_join(out, plot.text);
		html_raw(out, "</details>\n");
		n++;
	}
	if (!n)
		html_missing(out, missing);
	else if (n == DRAWN_GUESTS && p.a->n_guests > n)
		html_raw(out,
			"<p class=\"note\">Those of more guests: <code>stealscope report --svg DIR</code>.</p>\n");
	return n;
}

void html_heat(const struct analysis *a, struct strbuf *out)
{
	guest_plots((struct guest_plot){a, 0, svg_plot_heat}, "no guest ran the timer probe", out);
}

static bool draw_guests(const void *a, double width, bool standalone, struct strbuf *out)
{
	return svg_plot_who(out, width, standalone, a, false);
}

static bool draw_vcpus(const void *a, double width, bool standalone, struct strbuf *out)
{
	return svg_plot_who(out, width, standalone, a, true);
}

void html_blame(const struct analysis *a, struct strbuf *out)
{
	if (!html_plot(out, draw_guests, a)) {
		html_missing(out, a->have_trace
					  ? "no vCPU waited"
					  : "this run has no host trace (eBPF), only counters");
		return;
	}
	html_raw(out, "<details><summary>By vCPU</summary>\n");
	html_plot(out, draw_vcpus, a);
	html_raw(out, "</details>\n<h3>Over time</h3>\n");
	guest_plots((struct guest_plot){a, 0, svg_plot_taken},
		"the trace of this run has sums only (trace mode counts)", out);
	html_raw(out,
		"<p class=\"note\">A VM stands for all its threads, \"others\" for whoever took less. Each by its own name: <code>stealscope export --table blame</code>.</p>\n");
}
