// SPDX-License-Identifier: GPL-3.0-or-later
/* Two-sample statistics without distributional assumptions; see stats.h. */
#include "analysis/stats/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "base/util.h"

void stats_sort(double *v, size_t n)
{
	gsl_sort(v, 1, n);
}

double stats_sd(const double *v, size_t n)
{
	return n > 1 ? gsl_stats_sd(v, 1, n) : NAN;
}

double stats_quantile_sorted(const double *sorted, size_t n, double p)
{
	return n ? gsl_stats_quantile_from_sorted_data(sorted, 1, n, p) : NAN;
}

static double *sorted_copy(const double *v, size_t n)
{
	double *copy = xmalloc(n * sizeof(*copy));

	if (n)
		memcpy(copy, v, n * sizeof(*copy));
	stats_sort(copy, n);
	return copy;
}

double stats_quantile(const double *v, size_t n, double p)
{
	auto_free double *s = sorted_copy(v, n);

	return stats_quantile_sorted(s, n, p);
}

double stats_median(const double *v, size_t n)
{
	return stats_quantile(v, n, 0.5);
}

struct interval stats_median_interval(const double *v, size_t n, double confidence)
{
	struct interval none = {-INFINITY, INFINITY};
	unsigned k = 0;

	/* The k-th smallest and k-th largest value, k the largest with P(B(n, 1/2) < k) <=
	 * alpha/2. */
	while (k < n / 2 && gsl_cdf_binomial_P(k, 0.5, (unsigned)n) <= (1 - confidence) / 2)
		k++;
	if (!k)
		return none;
	auto_free double *s = sorted_copy(v, n);
	return (struct interval){s[k - 1], s[n - k]};
}

int stats_check(const char *which, const double *v, size_t n, struct err *e)
{
	if (n == 0 || n > STATS_MAX_SAMPLE)
		return err_set(e, EINVAL, "sample %s has %zu values; 1 to %d can be compared",
			which, n, STATS_MAX_SAMPLE);
	for (size_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return err_set(
				e, EINVAL, "sample %s holds a value that is not finite", which);
	return 0;
}

static int check_samples(const double *a, size_t na, const double *b, size_t nb, struct err *e)
{
	int rc = stats_check("a", a, na, e);

	return rc ? rc : stats_check("b", b, nb, e);
}

/*
 * The null distribution of U for sample sizes n and m: P(U = u) for u = 0..n*m; caller frees. The
 * counts follow c(i, j, u) = c(i-1, j, u-j) + c(i, j-1, u) (Mann and Whitney 1947): sums only, so
 * that nothing is lost to cancellation.
 */
static double *mann_whitney_density(size_t n, size_t m)
{
	size_t len = n * m + 1;
	auto_free double *c = xcalloc((m + 1) * len, sizeof(*c)); /* c[j][u] at the current i */
	double *density = xmalloc(len * sizeof(*density));
	double total = 0;

	for (size_t j = 0; j <= m; j++)
		c[j * len] = 1; /* i = 0: U is 0 */
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			double *row = c + j * len, *left = row - len;

			for (size_t u = i * j + 1; u-- > 0;)
				row[u] = (u >= j ? row[u - j] : 0) + left[u];
		}
	for (size_t u = 0; u < len; u++)
		total += density[u] = c[m * len + u];
	for (size_t u = 0; u < len; u++)
		density[u] /= total;
	return density;
}

/* P(U <= u) by the density; 0 below 0. */
static double lower_tail(const double *density, double u)
{
	double sum = 0;

	for (double i = 0; i <= u; i++)
		sum += density[(size_t)i];
	return sum;
}

/* Sum of t^3 - t over groups of t equal values in both samples together; 0 without ties. */
static double tie_term(const double *a, size_t na, const double *b, size_t nb)
{
	size_t n = na + nb;
	auto_free double *all = xmalloc(n * sizeof(*all));
	double sum = 0;

	memcpy(all, a, na * sizeof(*all));
	memcpy(all + na, b, nb * sizeof(*all));
	stats_sort(all, n);
	for (size_t i = 0; i < n;) {
		size_t j = i;

		while (j < n && all[j] == all[i])
			j++;
		sum += pow((double)(j - i), 3) - (double)(j - i);
		i = j;
	}
	return sum;
}

static double u_statistic(const double *a, size_t na, const double *b, size_t nb)
{
	double u = 0;

	for (size_t i = 0; i < na; i++)
		for (size_t j = 0; j < nb; j++)
			u += b[j] > a[i] ? 1 : b[j] == a[i] ? 0.5 : 0;
	return u;
}

static double exact_p(double u, size_t na, size_t nb)
{
	auto_free double *density = mann_whitney_density(na, nb);
	double pairs = (double)(na * nb);

	/* The distribution is symmetric: the smaller tail is at min(u, pairs - u). */
	return MIN(1.0, 2 * lower_tail(density, MIN(u, pairs - u)));
}

static double approximate_p(double u, double na, double nb, double ties)
{
	double z = u - na * nb / 2, n = na + nb;
	double sigma = sqrt(na * nb / 12 * (n + 1 - ties / (n * (n - 1))));

	if (!(sigma > 0))
		return 1;
	z = fabs(z) <= 0.5 ? 0 : (fabs(z) - 0.5) / sigma;
	return MIN(1.0, 2 * gsl_cdf_ugaussian_Q(z));
}

int stats_mann_whitney(const double *a, size_t na, const double *b, size_t nb,
	struct mann_whitney *out, struct err *e)
{
	int rc = check_samples(a, na, b, nb, e);
	double ties;

	if (rc)
		return rc;
	ties = tie_term(a, na, b, nb);
	out->u = u_statistic(a, na, b, nb);
	out->exact = ties == 0 && na < STATS_EXACT_BELOW && nb < STATS_EXACT_BELOW;
	out->p = out->exact ? exact_p(out->u, na, nb)
			    : approximate_p(out->u, (double)na, (double)nb, ties);
	return 0;
}

/* How many pairwise differences to leave out at each end, plus one (0: no interval exists). */
static size_t interval_rank(size_t na, size_t nb, double alpha, double *achieved)
{
	double pairs = (double)na * (double)nb, sum = 0;

	if (na >= STATS_EXACT_BELOW || nb >= STATS_EXACT_BELOW) {
		double sigma = sqrt(pairs * (double)(na + nb + 1) / 12);
		double k = floor(pairs / 2 - gsl_cdf_ugaussian_Qinv(alpha / 2) * sigma);

		*achieved = NAN;
		return k < 1 ? 0 : (size_t)k;
	}
	auto_free double *density = mann_whitney_density(na, nb);
	size_t k = 0;

	while (k < na * nb && sum + density[k] <= alpha / 2)
		sum += density[k++];
	*achieved = 1 - 2 * sum;
	return k;
}

static double *pair_differences(const double *a, size_t na, const double *b, size_t nb, double *d)
{
	for (size_t i = 0; i < na; i++)
		for (size_t j = 0; j < nb; j++)
			d[i * nb + j] = b[j] - a[i];
	return d;
}

int stats_shift(const double *a, size_t na, const double *b, size_t nb, double confidence,
	struct shift *out, struct err *e)
{
	int rc = check_samples(a, na, b, nb, e);
	size_t n = na * nb, k;

	if (rc)
		return rc;
	auto_free double *d = pair_differences(a, na, b, nb, xmalloc(n * sizeof(*d)));
	stats_sort(d, n);
	out->estimate = stats_quantile_sorted(d, n, 0.5);
	k = interval_rank(na, nb, 1 - confidence, &out->achieved);
	out->ci =
		k ? (struct interval){d[k - 1], d[n - k]} : (struct interval){-INFINITY, INFINITY};
	return 0;
}

int stats_check_resamples(unsigned resamples, struct err *e)
{
	return resamples < 100 ? err_set(e, EINVAL,
					 "%u resamples are too few for an interval; 100 at least",
					 resamples)
			       : 0;
}

static void draw(gsl_rng *rng, const double *from, size_t n, double *to)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[gsl_rng_uniform_int(rng, n)];
}

/* GSL's own way is to abort. */
static void on_gsl_error(const char *reason, const char *file, int line, int code)
{
	if (code == GSL_ENOMEM)
		out_of_memory();
	fprintf(stderr, "stealscope: GSL: %s:%d: %s\n", file, line, reason);
	abort();
}

int stats_shift_bootstrap(const double *a, size_t na, const double *b, size_t nb, double confidence,
	unsigned resamples, uint64_t seed, struct interval *out, struct err *e)
{
	int rc = check_samples(a, na, b, nb, e);
	gsl_rng *rng;

	if (!rc)
		rc = stats_check_resamples(resamples, e);
	if (rc)
		return rc;
	auto_free double *ra = xmalloc(na * sizeof(*ra)), *rb = xmalloc(nb * sizeof(*rb));
	auto_free double *d = xmalloc(na * nb * sizeof(*d));
	auto_free double *estimates = xmalloc(resamples * sizeof(*estimates));

	gsl_set_error_handler(on_gsl_error);
	rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, (unsigned long)seed);
	for (unsigned r = 0; r < resamples; r++) {
		draw(rng, a, na, ra);
		draw(rng, b, nb, rb);
		estimates[r] = gsl_stats_median(pair_differences(ra, na, rb, nb, d), 1, na * nb);
	}
	gsl_rng_free(rng);
	stats_sort(estimates, resamples);
	out->lo = stats_quantile_sorted(estimates, resamples, (1 - confidence) / 2);
	out->hi = stats_quantile_sorted(estimates, resamples, (1 + confidence) / 2);
	return 0;
}

double stats_cliffs_delta(const double *a, size_t na, const double *b, size_t nb)
{
	if (!na || !nb)
		return NAN;
	return 2 * u_statistic(a, na, b, nb) / ((double)na * (double)nb) - 1;
}

const char *stats_cliffs_word(double delta)
{
	double d = fabs(delta);

	return d < 0.147 ? "negligible" : d < 0.33 ? "small" : d < 0.474 ? "medium" : "large";
}

struct ranked_p {
	double p;
	size_t at;
};

static int ranked_p_cmp(const void *x, const void *y)
{
	const struct ranked_p *a = x, *b = y;

	return a->p < b->p ? -1 : a->p > b->p;
}

void stats_holm(const double *p, size_t n, double *out)
{
	auto_free struct ranked_p *order = xcalloc(n, sizeof(*order));
	double floor_p = 0;
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (isnan(p[i]))
			out[i] = NAN;
		else
			order[m++] = (struct ranked_p){p[i], i};
	qsort(order, m, sizeof(*order), ranked_p_cmp);
	for (size_t i = 0; i < m; i++) {
		floor_p = MAX(floor_p, MIN(1.0, order[i].p * (double)(m - i)));
		out[order[i].at] = floor_p;
	}
}
