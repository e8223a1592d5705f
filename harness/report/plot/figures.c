// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/plot/figures.h"

#include <math.h>
#include <stdlib.h>

const struct figure_info figure_table[] = {
	{"steal", "Steal", "ms/s per vCPU", {SERIES_STEAL}, 1, 1, false,
		"no guest has a steal counter (KVM guests do; TCG and native ones do not)"},
	{"late", "Lateness", "ms", {SERIES_TIMER_LATE}, 1, 1e-3, true,
		"no guest ran the timer probe"},
	{"elapsed", "Elapsed sleep", "ms", {SERIES_SLEEP_ELAPSED}, 1, 1e-3, true,
		"no guest ran the timer probe"},
	{"witnesses", "Wait and steal", "ms/s per vCPU",
		{SERIES_STEAL, SERIES_RUN_DELAY, SERIES_WAIT}, 3, 1, false,
		"neither a steal counter nor a host trace"},
};
const size_t n_figures = ARRAY_SIZE(figure_table);

static const char *const witness_names[SERIES_COUNT] = {
	[SERIES_STEAL] = "guest steal",
	[SERIES_RUN_DELAY] = "host run_delay",
	[SERIES_WAIT] = "traced wait",
};

static bool use_fine(const struct analysis *a)
{
	return a->window_s < ANALYSIS_FINE_S;
}

double figure_bin_s(const struct analysis *a)
{
	return use_fine(a) ? 1 : 10;
}

struct guest_rank {
	size_t guest;
	bool is_noise;
	double waited, late; /* -1: nobody knows */
};

static double rank_value(const struct analysis_guest *g, enum metric_id id, double otherwise)
{
	return g->metrics[id].have ? g->metrics[id].value : otherwise;
}

static int worse_first(const void *x, const void *y)
{
	const struct guest_rank *a = x, *b = y;

	if (a->is_noise != b->is_noise)
		return a->is_noise ? 1 : -1;
	if (a->waited != b->waited)
		return a->waited > b->waited ? -1 : 1;
	if (a->late != b->late)
		return a->late > b->late ? -1 : 1;
	return a->guest < b->guest ? -1 : 1;
}

size_t *figure_guest_order(const struct analysis *a)
{
	size_t *order = xcalloc(a->n_guests, sizeof(*order));
	auto_free struct guest_rank *ranks = xcalloc(a->n_guests, sizeof(*ranks));
	bool many = a->n_guests > FIGURE_MANY_GUESTS;

	for (size_t i = 0; i < a->n_guests; i++) {
		const struct analysis_guest *g = &a->guests[i];
		double steal = rank_value(g, METRIC_STEAL_RATE, -1);

		ranks[i] = (struct guest_rank){i, g->is_noise,
			many ? rank_value(g, METRIC_WAIT_RATE, steal) : 0,
			many ? rank_value(g, METRIC_TIMER_LATE_P99, -1) : 0};
	}
	qsort(ranks, a->n_guests, sizeof(*ranks), worse_first);
	for (size_t i = 0; i < a->n_guests; i++)
		order[i] = ranks[i].guest;
	return order;
}

static void add_line(
	struct figure_line **lines, size_t *n, char *name, char *group, struct series s)
{
	ARRAY_GROW(*lines, *n);
	(*lines)[(*n)++] = (struct figure_line){name, group, s, {0}, NULL};
}

struct series figure_trim(const struct series *s, double window_s)
{
	struct series t = *s;

	if (t.n > 1 && window_s * 1e9 < ((double)t.n - 0.5) * (double)t.bin_ns)
		t.n--;
	return t;
}

static void add_vcpu(const struct analysis *a, const struct analysis_guest *g,
	const struct analysis_vcpu *v, const struct figure_info *f, bool fine,
	struct figure_line **lines, size_t *n)
{
	for (unsigned k = 0; k < f->n_series; k++) {
		struct series s = figure_trim(
			fine ? &v->fine[f->series[k]] : &v->series[f->series[k]], a->window_s);
		char *vcpu;

		if (!s.n)
			continue;
		vcpu = xasprintf("%s vcpu%u%s", g->name, v->id, g->is_noise ? " (noise)" : "");
		if (f->n_series > 1)
			add_line(lines, n, xstrdup(witness_names[f->series[k]]), vcpu, s);
		else
			add_line(lines, n, vcpu, NULL, s);
		if (fine && f->series[0] == SERIES_STEAL && f->n_series == 1)
			(*lines)[*n - 1].mean = figure_trim(&v->series[SERIES_STEAL], a->window_s);
	}
}

/* Of the guests that are not noise, more than one of them, more lines than a figure can show. */
static bool too_many(const struct analysis *a, const struct figure_info *f)
{
	size_t lines = 0, guests = 0;

	for (size_t i = 0; i < a->n_guests; i++) {
		guests += !a->guests[i].is_noise;
		for (unsigned v = 0; !a->guests[i].is_noise && v < a->guests[i].n_vcpus; v++) {
			const struct analysis_vcpu *c = &a->guests[i].vcpus[v];

			lines += (use_fine(a) ? c->fine : c->series)[f->series[0]].n > 0;
		}
	}
	return guests > 1 && lines > FIGURE_MAX_LINES;
}

/* Of the vCPUs that know something: the mean, or the highest. */
static double bin_of(const struct figure_line *lines, size_t n, size_t bin, bool mean)
{
	double sum = 0, highest = NAN;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		double v = bin < lines[i].series.n ? lines[i].series.v[bin] : NAN;

		if (isnan(v))
			continue;
		sum += v;
		k++;
		highest = k == 1 ? v : fmax(highest, v);
	}
	return mean && k ? sum / (double)k : highest;
}

/* Lines [from, *n) are one guest's vCPUs: they become one. */
static void merge_vcpus(const struct analysis_guest *g, struct figure_line **lines, size_t from,
	size_t *n, bool mean)
{
	struct figure_line *all = *lines + from;
	struct series s = {.bin_ns = all[0].series.bin_ns};
	double *own;

	if (*n - from < 2)
		return;
	for (size_t i = 0; i < *n - from; i++)
		s.n = MAX(s.n, all[i].series.n);
	own = xcalloc(s.n + 1, sizeof(*own));
	for (size_t bin = 0; bin < s.n; bin++)
		own[bin] = bin_of(all, *n - from, bin, mean);
	s.v = own;
	free(all[0].name);
	all[0] = (struct figure_line){
		xasprintf("%s, %s of %zu vCPUs%s", g->name, mean ? "mean" : "highest", *n - from,
			g->is_noise ? " (noise)" : ""),
		NULL, s, {0}, own};
	while (*n > from + 1)
		free(all[--*n - from].name);
}

struct figure_line *figure_lines(
	const struct analysis *a, const struct figure_info *f, size_t *n, size_t *left_out)
{
	auto_free size_t *order = figure_guest_order(a);
	struct figure_line *lines = NULL;
	size_t count = 0, most = FIGURE_MAX_LINES * f->n_series;
	bool merge = f->n_series == 1 && too_many(a, f);

	for (size_t i = 0; i < a->n_guests; i++) {
		const struct analysis_guest *g = &a->guests[order[i]];
		size_t from = count;

		for (unsigned v = 0; v < g->n_vcpus; v++)
			add_vcpu(a, g, &g->vcpus[v], f, use_fine(a), &lines, &count);
		if (merge && count > from)
			merge_vcpus(g, &lines, from, &count, f->series[0] == SERIES_STEAL);
	}
	*left_out = count > most ? count - most : 0;
	while (count > most) {
		count--;
		free(lines[count].name);
		free(lines[count].group);
		free(lines[count].own);
	}
	*n = count;
	return lines;
}

size_t figure_guest_line(const struct analysis *a, const struct analysis_guest *g,
	const struct figure_info *f, bool fine, struct figure_line **line)
{
	size_t n = 0;

	*line = NULL;
	for (unsigned v = 0; v < g->n_vcpus; v++)
		add_vcpu(a, g, &g->vcpus[v], f, fine, line, &n);
	if (n > 1)
		merge_vcpus(g, line, 0, &n, f->series[0] == SERIES_STEAL);
	return n;
}

void figure_lines_free(struct figure_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(lines[i].name);
		free(lines[i].group);
		free(lines[i].own);
	}
	free(lines);
}
