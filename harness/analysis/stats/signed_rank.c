// SPDX-License-Identifier: GPL-3.0-or-later
#include "analysis/stats/signed_rank.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>

#include "base/util.h"

struct ranked {
	double size; /* |d| */
	bool positive;
	size_t rank2; /* twice the rank: whole, where ties share a mean */
};

static int ranked_cmp(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	return a->size < b->size ? -1 : a->size > b->size;
}

/* The differences that are not 0, by size, with their ranks; *m of them. *ties: sum of t^3 - t over
 * groups of t equal sizes. */
static struct ranked *rank_sizes(const double *d, size_t n, size_t *m, double *ties)
{
	struct ranked *r = xcalloc(n, sizeof(*r));

	*m = 0;
	*ties = 0;
	for (size_t i = 0; i < n; i++)
		if (d[i] != 0)
			r[(*m)++] = (struct ranked){fabs(d[i]), d[i] > 0, 0};
	qsort(r, *m, sizeof(*r), ranked_cmp);
	for (size_t i = 0, j; i < *m; i = j) {
		for (j = i; j < *m && r[j].size == r[i].size; j++)
			;
		for (size_t k = i; k < j; k++)
			r[k].rank2 = i + 1 + j;
		*ties += pow((double)(j - i), 3) - (double)(j - i);
	}
	return r;
}

/* One more weight, counted or not with equal chance: density[0..sum] becomes that of the sum. */
static void add_weight(double *density, size_t sum, size_t weight)
{
	for (size_t u = sum + weight + 1; u-- > 0;)
		density[u] =
			((u <= sum ? density[u] : 0) + (u >= weight ? density[u - weight] : 0)) / 2;
}

static double exact_p(const struct ranked *r, size_t m, size_t v2)
{
	size_t total = m * (m + 1), sum = 0; /* twice the sum of all ranks */
	auto_free double *density = xcalloc(total + 1, sizeof(*density));
	double tail = 0;

	density[0] = 1;
	for (size_t i = 0; i < m; i++) {
		add_weight(density, sum, r[i].rank2);
		sum += r[i].rank2;
	}
	/* The distribution is symmetric: the smaller tail is at min(v, total - v). */
	for (size_t u = 0; u <= MIN(v2, total - v2); u++)
		tail += density[u];
	return MIN(1.0, 2 * tail);
}

static double approximate_p(double v, double m, double ties)
{
	double z = fabs(v - m * (m + 1) / 4);
	double sigma = sqrt(m * (m + 1) * (2 * m + 1) / 24 - ties / 48);

	return MIN(1.0, 2 * gsl_cdf_ugaussian_Q(fmax(z - 0.5, 0) / sigma));
}

int signed_rank_test(const double *d, size_t n, struct signed_rank *out, struct err *e)
{
	int rc = stats_check("of differences", d, n, e);
	size_t m, v2 = 0;
	double ties;

	if (rc)
		return rc;
	auto_free struct ranked *r = rank_sizes(d, n, &m, &ties);

	for (size_t i = 0; i < m; i++)
		v2 += r[i].positive ? r[i].rank2 : 0;
	out->v = (double)v2 / 2;
	out->exact = m < STATS_EXACT_BELOW;
	out->p = out->exact ? exact_p(r, m, v2) : approximate_p(out->v, (double)m, ties);
	return 0;
}

double signed_rank_least_p(size_t n)
{
	return n ? ldexp(1, 1 - (int)MIN(n, (size_t)1000)) : 1;
}

/* How many Walsh averages to leave out at each end, plus one (0: no interval exists). */
static size_t interval_rank(size_t n, double alpha, double *achieved)
{
	size_t averages = n * (n + 1) / 2, k = 0;
	double tail = 0;

	if (n >= STATS_EXACT_BELOW) {
		double sigma = sqrt((double)averages * (double)(2 * n + 1) / 12);

		*achieved = NAN;
		return (size_t)floor(
			(double)averages / 2 - gsl_cdf_ugaussian_Qinv(alpha / 2) * sigma);
	}
	auto_free double *density = xcalloc(averages + 1, sizeof(*density));

	density[0] = 1;
	for (size_t i = 1; i <= n; i++)
		add_weight(density, i * (i - 1) / 2, i);
	while (tail + density[k] <= alpha / 2)
		tail += density[k++];
	*achieved = 1 - 2 * tail;
	return k;
}

static size_t walsh_averages(const double *d, size_t n, double *averages)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			averages[k++] = (d[i] + d[j]) / 2;
	return k;
}

int signed_rank_shift(
	const double *d, size_t n, double confidence, struct shift *out, struct err *e)
{
	int rc = stats_check("of differences", d, n, e);
	size_t m, k;

	if (rc)
		return rc;
	auto_free double *averages = xmalloc(n * (n + 1) / 2 * sizeof(*averages));

	m = walsh_averages(d, n, averages);
	stats_sort(averages, m);
	k = interval_rank(n, 1 - confidence, &out->achieved);
	out->estimate = stats_quantile_sorted(averages, m, 0.5);
	out->ci = k ? (struct interval){averages[k - 1], averages[m - k]}
		    : (struct interval){-INFINITY, INFINITY};
	return 0;
}

int signed_rank_bootstrap(const double *d, size_t n, double confidence, unsigned resamples,
	uint64_t seed, struct interval *out, struct err *e)
{
	int rc = stats_check("of differences", d, n, e);
	gsl_rng *rng;

	if (!rc)
		rc = stats_check_resamples(resamples, e);
	if (rc)
		return rc;
	auto_free double *drawn = xmalloc(n * sizeof(*drawn));
	auto_free double *averages = xmalloc(n * (n + 1) / 2 * sizeof(*averages));
	auto_free double *estimates = xmalloc(resamples * sizeof(*estimates));

	rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, (unsigned long)seed);
	for (unsigned r = 0; r < resamples; r++) {
		for (size_t i = 0; i < n; i++)
			drawn[i] = d[gsl_rng_uniform_int(rng, n)];
		estimates[r] = gsl_stats_median(averages, 1, walsh_averages(drawn, n, averages));
	}
	gsl_rng_free(rng);
	stats_sort(estimates, resamples);
	out->lo = stats_quantile_sorted(estimates, resamples, (1 - confidence) / 2);
	out->hi = stats_quantile_sorted(estimates, resamples, (1 + confidence) / 2);
	return 0;
}

double signed_rank_delta(const double *d, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (d[i] > 0) - (d[i] < 0);
	return n ? sum / (double)n : NAN;
}
