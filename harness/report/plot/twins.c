// SPDX-License-Identifier: GPL-3.0-or-later
/* Figures that would say again what another says. */
#include <math.h>

#include "base/quantity.h"
#include "report/plot/figures.h"

#define SAME_SHARE 0.02 /* of the largest value: a line's width in a plot of 250 pixels is 0.7 % */

/* The least and the most that two series differ by, over all bins of all victims; how large they get. */
struct spread {
	size_t bins;
	double least, most, largest;
};

static void compare_bins(struct spread *d, const struct series *x, const struct series *y)
{
	for (size_t i = 0; i < MIN(x->n, y->n); i++) {
		double by = y->v[i] - x->v[i];

		if (!isfinite(by))
			continue;
		d->least = d->bins ? fmin(d->least, by) : by;
		d->most = d->bins ? fmax(d->most, by) : by;
		d->largest = fmax(d->largest, fabs(x->v[i]));
		d->bins++;
	}
}

static struct spread spread_of(const struct analysis *a, enum series_id x, enum series_id y)
{
	struct spread d = {0};
	bool fine = figure_bin_s(a) < 10;

	for (size_t g = 0; g < a->n_guests; g++)
		for (unsigned v = 0; v < a->guests[g].n_vcpus; v++) {
			const struct analysis_vcpu *c = &a->guests[g].vcpus[v];
			const struct series *all = fine ? c->fine : c->series;
			struct series one = figure_trim(&all[x], a->window_s);

			compare_bins(&d, &one, &all[y]);
		}
	return d;
}

static bool same(const struct spread *d, double by, double anyhow)
{
	return d->bins && by <= fmax(SAME_SHARE * d->largest, anyhow);
}

/* A relative sleep is its lateness and its period, unless deadlines were missed. */
static char *elapsed_twin(const struct analysis *a)
{
	struct spread d = spread_of(a, SERIES_TIMER_LATE, SERIES_SLEEP_ELAPSED);
	char period[32], within[32];

	if (!same(&d, d.most - d.least, 100))
		return NULL;
	return xasprintf(
		"The longest sleep, which some posts plot, is the lateness and a period of %s: within %s in every bin",
		quantity_text((d.most + d.least) / 2, "us", false, period, sizeof(period)),
		quantity_text(d.most - d.least, "us", false, within, sizeof(within)));
}

static char *witness_twin(const struct analysis *a)
{
	const struct {
		enum series_id x, y;
	} pairs[] = {{SERIES_STEAL, SERIES_RUN_DELAY}, {SERIES_STEAL, SERIES_WAIT},
		{SERIES_RUN_DELAY, SERIES_WAIT}};
	double most = 0;
	char by[32];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct spread d = spread_of(a, pairs[i].x, pairs[i].y);
		double apart = fmax(fabs(d.least), fabs(d.most));

		if (!same(&d, apart, 1))
			return NULL;
		most = fmax(most, apart);
	}
	return xasprintf(
		"Guest steal, host run_delay and traced wait draw one curve, that of steal over time: they differ by %s at most in any bin of any vCPU",
		quantity_text(most, "ms/s", false, by, sizeof(by)));
}

char *figure_twin(const struct analysis *a, const struct figure_info *f)
{
	if (f->series[0] == SERIES_SLEEP_ELAPSED)
		return elapsed_twin(a);
	return f->n_series == 3 ? witness_twin(a) : NULL;
}
