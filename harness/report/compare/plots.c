// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/plots.h"

#include <math.h>
#include <stdlib.h>

#include "report/compare/alike.h"
#include "report/plot/compare.h"
#include "report/plot/figures.h"
#include "report/plot/gnuplot.h"

/* ---- shifts and values of the boots */

bool compare_draw_forest(const void *plot, double width, bool standalone, struct strbuf *out)
{
	const struct compare_plot *p = plot;

	return svg_plot_forest(out, width, standalone, &p->page->set->results[p->i]);
}

static bool gnuplot_shifts(struct gnuplot *g, const void *plot)
{
	const struct compare_plot *p = plot;

	return gnuplot_forest(g, &p->page->set->results[p->i]);
}

/* Whether the first arm and at least one other have values. */
static bool has_values(const struct compare_set *s, size_t m)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->results[i].rows[m].na && s->results[i].rows[m].nb)
			return true;
	return false;
}

/* The metric of all arms, set->n + 1 of them; NULL when it cannot be drawn. The caller frees. */
static struct svg_arm *arms_of(const struct compare_plot *p)
{
	const struct compare_set *s = p->page->set;
	const struct compare_metric *metric = s->results[0].rows[p->i].metric;
	struct svg_arm *arms;

	if (!has_values(s, p->i))
		return NULL;
	arms = xcalloc(s->n + 1, sizeof(*arms));
	arms[0] = (struct svg_arm){s->results[0].input->name_a, metric->a, metric->na};
	for (size_t i = 0; i < s->n; i++) {
		const struct compare_metric *b = s->results[i].rows[p->i].metric;

		arms[i + 1] = (struct svg_arm){s->results[i].input->name_b, b->b, b->nb};
	}
	return arms;
}

bool compare_draw_arms(const void *plot, double width, bool standalone, struct strbuf *out)
{
	const struct compare_plot *p = plot;
	const struct compare_metric *metric = p->page->set->results[0].rows[p->i].metric;
	auto_free struct svg_arm *arms = arms_of(p);

	if (arms)
		svg_plot_arms(out, width, standalone, metric->name, metric->unit, arms,
			p->page->set->n + 1);
	return arms;
}

static bool gnuplot_boots(struct gnuplot *g, const void *plot)
{
	const struct compare_plot *p = plot;
	const struct compare_metric *metric = p->page->set->results[0].rows[p->i].metric;
	auto_free struct svg_arm *arms = arms_of(p);

	if (arms)
		gnuplot_arms(g, metric->name, metric->unit, arms, p->page->set->n + 1);
	return arms;
}

/* ---- lateness */

/* Lateness of all guests that are not noise, in all boots of an arm. */
static struct hist pooled_lateness(const struct analysis *const *set, size_t n)
{
	struct hist h = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t g = 0; g < set[i]->n_guests; g++)
			if (!set[i]->guests[g].is_noise)
				hist_merge(&h, &set[i]->guests[g].late);
	return h;
}

/* All arms' lateness. Drawn when two or more have any; the caller releases. */
struct arms_lateness {
	struct hist *h;
	struct svg_dist_data *d;
	size_t n, with;
};

static struct arms_lateness lateness_of(const struct compare_page *p)
{
	struct arms_lateness l = {
		xcalloc(p->n_arms, sizeof(*l.h)), xcalloc(p->n_arms, sizeof(*l.d)), p->n_arms, 0};

	for (size_t i = 0; i < p->n_arms; i++) {
		l.h[i] = pooled_lateness(p->arms[i].set, p->arms[i].n);
		l.d[i] = (struct svg_dist_data){p->arms[i].name, &l.h[i]};
		l.with += l.h[i].total > 0;
	}
	return l;
}

static void arms_lateness_release(struct arms_lateness *l)
{
	for (size_t i = 0; i < l->n; i++)
		hist_release(&l->h[i]);
	free(l->h);
	free(l->d);
}

bool compare_draw_lateness(const void *plot, double width, bool standalone, struct strbuf *out)
{
	struct arms_lateness l = lateness_of(((const struct compare_plot *)plot)->page);

	if (l.with > 1)
		svg_plot_distribution(out, width, standalone, "Lateness of timer wake-ups",
			"lateness (ms)", l.d, l.n);
	arms_lateness_release(&l);
	return l.with > 1;
}

static bool gnuplot_lateness(struct gnuplot *g, const void *plot)
{
	struct arms_lateness l = lateness_of(((const struct compare_plot *)plot)->page);

	if (l.with > 1)
		gnuplot_distribution(g, l.d, l.n);
	arms_lateness_release(&l);
	return l.with > 1;
}

/* ---- over time: the mean of all boots of an arm */

const struct compare_series_plot compare_series_plots[COMPARE_SERIES_PLOTS] = {
	{SERIES_STEAL, "steal", "Steal, mean of all boots", "steal (ms/s per vCPU)", 1},
	{SERIES_TIMER_LATE, "worst-wakeup", "Worst wake-up of each stretch, mean of all boots",
		"lateness (ms)", 1e-3},
};

/* Add one vCPU's bins to the sums. */
static void add_bins(struct series *sum, double **count, const struct series *s)
{
	if (s->n > sum->n) {
		sum->v = xrealloc(sum->v, s->n * sizeof(*sum->v));
		*count = xrealloc(*count, s->n * sizeof(**count));
		for (size_t i = sum->n; i < s->n; i++)
			sum->v[i] = (*count)[i] = 0;
		sum->n = s->n;
		sum->bin_ns = s->bin_ns;
	}
	for (size_t i = 0; i < s->n; i++)
		if (isfinite(s->v[i])) {
			sum->v[i] += s->v[i];
			(*count)[i]++;
		}
}

static struct series arm_series(const struct analysis *const *set, size_t n, enum series_id id)
{
	auto_free double *count = NULL;
	struct series sum = {0};
	bool fine = true;

	for (size_t i = 0; i < n; i++)
		fine &= set[i]->window_s < ANALYSIS_FINE_S;
	for (size_t i = 0; i < n; i++)
		for (size_t g = 0; g < set[i]->n_guests; g++) {
			const struct analysis_guest *guest = &set[i]->guests[g];

			for (unsigned v = 0; v < guest->n_vcpus && !guest->is_noise; v++) {
				const struct analysis_vcpu *vcpu = &guest->vcpus[v];
				struct series s =
					figure_trim(fine ? &vcpu->fine[id] : &vcpu->series[id],
						set[i]->window_s);

				add_bins(&sum, &count, &s);
			}
		}
	for (size_t i = 0; i < sum.n; i++)
		sum.v[i] = count[i] > 0 ? sum.v[i] / count[i] : NAN;
	return sum;
}

/* The lines of all arms over time, handed to `draw`; false when there are none. */
static bool each_series(const struct compare_plot *p,
	void (*draw)(const struct svg_series_plot *plot, void *arg), void *arg)
{
	const struct compare_series_plot *what = &compare_series_plots[p->i];
	size_t n = p->page->n_arms;
	auto_free struct series *s = xcalloc(n, sizeof(*s));
	auto_free struct svg_line_data *lines = xcalloc(n, sizeof(*lines));
	bool any = false;

	for (size_t i = 0; i < n; i++) { /* those without too: each arm keeps its colour */
		s[i] = arm_series(p->page->arms[i].set, p->page->arms[i].n, what->id);
		lines[i] = (struct svg_line_data){p->page->arms[i].name, &s[i], what->scale, NULL};
		any |= s[i].n > 1; /* one bin is no line */
	}
	if (any)
		draw(&(struct svg_series_plot){.title = what->title,
			     .y_label = what->label,
			     .lines = lines,
			     .n = n},
			arg);
	for (size_t i = 0; i < n; i++)
		free(s[i].v);
	return any;
}

struct svg_to {
	double width;
	bool standalone;
	struct strbuf *out;
};

static void series_as_svg(const struct svg_series_plot *p, void *to)
{
	const struct svg_to *t = to;

	svg_plot_series(t->out, t->width, t->standalone, p);
}

bool compare_draw_series(const void *plot, double width, bool standalone, struct strbuf *out)
{
	return each_series(plot, series_as_svg, &(struct svg_to){width, standalone, out});
}

static void series_for_gnuplot(const struct svg_series_plot *p, void *g)
{
	gnuplot_series(g, p);
}

static bool gnuplot_over_time(struct gnuplot *g, const void *plot)
{
	return each_series(plot, series_for_gnuplot, g);
}

/* ---- as files */

/* A plot in either format. */
struct drawing {
	html_draw svg;
	gnuplot_draw gnuplot;
};
static const struct drawing shifts = {compare_draw_forest, gnuplot_shifts};
static const struct drawing boots = {compare_draw_arms, gnuplot_boots};
static const struct drawing lateness = {compare_draw_lateness, gnuplot_lateness};
static const struct drawing over_time = {compare_draw_series, gnuplot_over_time};

static int add_file(int so_far, const struct drawing *drawing, const struct compare_plot *plot,
	const struct svg_files *to, const char *name, struct err *e)
{
	int rc = so_far;

	if (rc >= 0)
		rc = to->gnuplot ? gnuplot_save(drawing->gnuplot, plot, to, name, e)
				 : svg_save(drawing->svg, plot, to, name, e);
	return rc < 0 ? rc : so_far + rc;
}

static int save_all(const struct compare_page *page, const struct svg_files *to, struct err *e)
{
	const struct compare_set *s = page->set;
	struct compare_plot plot = {page, 0};
	int n = make_dirs(to->dir, e);

	for (plot.i = 0; plot.i < s->n; plot.i++) {
		auto_free char *name =
			s->n > 1 ? xasprintf("shifts-%zu", plot.i) : xstrdup("shifts");

		n = add_file(n, &shifts, &plot, to, name, e);
	}
	for (plot.i = 0; plot.i < s->results[0].n_rows; plot.i++)
		n = add_file(n, &boots, &plot, to, s->results[0].rows[plot.i].metric->name, e);
	plot.i = 0;
	n = add_file(n, &lateness, &plot, to, "lateness", e);
	for (; plot.i < COMPARE_SERIES_PLOTS; plot.i++)
		n = add_file(n, &over_time, &plot, to, compare_series_plots[plot.i].file, e);
	return n;
}

int compare_save_figures(const struct compare_page *page, const struct svg_files *to, struct err *e)
{
	auto_struct(alike) shown = {0};
	struct compare_page less = *page;

	alike_make(page->set, NULL, 0, &shown);
	less.set = &shown.set;
	return save_all(&less, to, e);
}
