// SPDX-License-Identifier: GPL-3.0-or-later
/* From values per boot to verdicts in words; see compare.h for the rule. */
#include "analysis/stats/priv.h"
#include "analysis/stats/signed_rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONFIDENCE 0.95
#define DEFAULT_RESAMPLES  2000

/* The values that exist. */
static size_t without_nan(const double *v, size_t n, double *out)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			out[m++] = v[i];
	return m;
}

static unsigned resamples_of(const struct compare_input *in)
{
	return in->resamples ? in->resamples : DEFAULT_RESAMPLES;
}

/* Two independent samples. */
static int measure_samples(const struct compare_input *in, const struct compare_metric *m,
	double confidence, struct compare_row *r, struct err *e)
{
	auto_free double *a = xcalloc(m->na, sizeof(*a)), *b = xcalloc(m->nb, sizeof(*b));
	bool comparable = !in->mismatch || in->force;
	struct mann_whitney mw;
	int rc;

	r->na = without_nan(m->a, m->na, a);
	r->nb = without_nan(m->b, m->nb, b);
	r->median_a = stats_median(a, r->na);
	r->median_b = stats_median(b, r->nb);
	r->delta = comparable ? stats_cliffs_delta(a, r->na, b, r->nb) : NAN;
	if (MIN(r->na, r->nb) < COMPARE_MIN_BOOTS || !comparable) {
		r->verdict = MIN(r->na, r->nb) ? COMPARE_TOO_FEW : COMPARE_NO_DATA;
		return 0;
	}
	rc = stats_mann_whitney(a, r->na, b, r->nb, &mw, e);
	if (!rc)
		rc = stats_shift(a, r->na, b, r->nb, confidence, &r->shift, e);
	if (!rc)
		rc = stats_shift_bootstrap(a, r->na, b, r->nb, confidence, resamples_of(in),
			in->seed, &r->bootstrap, e);
	if (rc)
		return rc;
	r->u = mw.u;
	r->p = mw.p;
	r->exact = mw.exact;
	return 0;
}

/* One difference per block. */
static int measure_blocks(const struct compare_input *in, const struct compare_within *w,
	double confidence, struct compare_row *r, struct err *e)
{
	struct signed_rank s;
	int rc = signed_rank_test(w->d, w->n, &s, e);

	if (!rc)
		rc = signed_rank_shift(w->d, w->n, confidence, &r->shift, e);
	if (!rc)
		rc = signed_rank_bootstrap(
			w->d, w->n, confidence, resamples_of(in), in->seed, &r->bootstrap, e);
	if (rc)
		return rc;
	r->method = COMPARE_SIGNED_RANK;
	r->na = w->n_a;
	r->nb = w->n_b;
	r->left_a = w->left_a;
	r->left_b = w->left_b;
	r->median_a = stats_median(w->used_a, w->n_a);
	r->median_b = stats_median(w->used_b, w->n_b);
	r->delta = signed_rank_delta(w->d, w->n);
	r->v = s.v;
	r->p = s.p;
	r->exact = s.exact;
	return 0;
}

static int measure(const struct compare_input *in, const struct compare_metric *m,
	const struct compare_result *of, struct compare_row *r, struct err *e)
{
	auto_struct(compare_within) w = {0};
	int rc;

	*r = (struct compare_row){.metric = m,
		.shift = {NAN, {NAN, NAN}, NAN},
		.bootstrap = {NAN, NAN},
		.u = NAN,
		.v = NAN,
		.p = NAN,
		.bound = NAN};
	if (in->blocks)
		compare_within_make(m, in->blocks, &w);
	r->blocks = w.n;
	rc = w.n >= of->blocks_wanted ? measure_blocks(in, &w, of->confidence, r, e)
				      : measure_samples(in, m, of->confidence, r, e);
	r->delta_word = isnan(r->delta) ? "" : stats_cliffs_word(r->delta);
	return rc ? err_wrap(e, "%s", m->name) : 0;
}

bool compare_is_apart(const struct compare_row *r)
{
	return r->shift.ci.lo > 0 || r->shift.ci.hi < 0;
}

static void judge(struct compare_row *r, double alpha)
{
	if (!compare_is_apart(r) || !(r->p_holm < alpha)) {
		r->verdict = COMPARE_SAME;
		r->bound = fmax(fabs(r->shift.ci.lo), fabs(r->shift.ci.hi));
	} else if (r->metric->better == BETTER_NEITHER) {
		r->verdict = COMPARE_DIFFERENT;
	} else {
		r->verdict = (r->shift.estimate < 0) == (r->metric->better == BETTER_LOWER)
				     ? COMPARE_B_BETTER
				     : COMPARE_A_BETTER;
	}
}

/* Of arms that only blocks can be compared in: why not even these. */
static int refuse(const struct compare_input *in, const struct compare_result *r, struct err *e)
{
	size_t most = 0;

	for (size_t i = 0; i < r->n_rows; i++)
		most = MAX(most, r->rows[i].blocks);
	if (most)
		return err_set(e, EXDEV,
			"%s and %s cannot be compared: %s; across hosts, boots are compared within blocks that lie on one host, and of these %zu are complete: it takes %zu for %zu tests (--force compares nevertheless)",
			in->name_a, in->name_b, in->mismatch, most, r->blocks_wanted, r->tests);
	return err_set(e, EXDEV,
		"%s and %s cannot be compared: %s; boots on different hosts are not one sample (--force compares nevertheless)",
		in->name_a, in->name_b, in->mismatch);
}

/* How many rows that have values were compared by a method. */
static size_t count_method(const struct compare_result *r, enum compare_method method)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_rows; i++)
		n += r->rows[i].method == method && (r->rows[i].na || r->rows[i].nb);
	return n;
}

static int measure_arms(const struct compare_input *in, struct compare_result *r, struct err *e)
{
	r->rows = xcalloc(in->n_metrics, sizeof(*r->rows));
	r->n_rows = in->n_metrics;
	for (size_t i = 0; i < r->n_rows; i++) {
		int rc = measure(in, &in->metrics[i], r, &r->rows[i], e);

		if (rc)
			return rc;
	}
	if (in->mismatch && !in->force && !count_method(r, COMPARE_SIGNED_RANK))
		return refuse(in, r, e);
	if (in->mismatch && in->force && count_method(r, COMPARE_MANN_WHITNEY))
		r->warning = xasprintf("compared across different conditions: %s", in->mismatch);
	return 0;
}

/* Values that are all equal can give no small p: they are no test that could err and do not count
 * for the correction (Tarone 1990). */
static double p_to_correct(const struct compare_row *r)
{
	bool equal = r->bootstrap.lo == 0 && r->bootstrap.hi == 0 && r->p == 1;

	return equal ? NAN : r->p;
}

/* All tests of all comparisons are one family. */
static void correct_and_judge(struct compare_result *results, size_t n)
{
	size_t total = 0, k = 0, tests = 0;
	auto_free double *p = NULL;

	for (size_t i = 0; i < n; i++)
		total += results[i].n_rows;
	p = xcalloc(total, sizeof(*p));
	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < results[i].n_rows; m++) {
			p[k] = p_to_correct(&results[i].rows[m]);
			tests += !isnan(p[k++]);
		}
	stats_holm(p, total, p);
	k = 0;
	for (size_t i = 0; i < n; i++) {
		results[i].tests = tests;
		for (size_t m = 0; m < results[i].n_rows; m++, k++) {
			struct compare_row *r = &results[i].rows[m];

			r->p_holm = isnan(p[k]) ? r->p : p[k];
			if (!isnan(r->p))
				judge(r, 1 - results[i].confidence);
		}
	}
}

/* Whether both arms have enough values, not all of them equal. */
static bool can_be_tested(const struct compare_metric *m)
{
	double lo = INFINITY, hi = -INFINITY;
	size_t n[2] = {0};

	for (size_t i = 0; i < m->na + m->nb; i++) {
		double v = i < m->na ? m->a[i] : m->b[i - m->na];

		n[i >= m->na] += !isnan(v);
		lo = fmin(lo, v);
		hi = fmax(hi, v);
	}
	return MIN(n[0], n[1]) >= COMPARE_MIN_BOOTS && lo < hi;
}

/* The p of `n` differences of one sign; where the arms could be compared otherwise too, of all but
 * the smallest. */
static double p_to_allow(const struct compare_input *in, size_t n)
{
	return signed_rank_least_p(n) * (in->mismatch ? 1 : 2);
}

/* See compare.h. Known before any difference has been looked at. */
static void choose_blocks_wanted(const struct compare_input *in, size_t n, struct compare_result *r)
{
	size_t tests = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < in[i].n_metrics; m++)
			tests += can_be_tested(&in[i].metrics[m]);
	for (size_t i = 0; i < n; i++) {
		r[i] = (struct compare_result){.input = &in[i],
			.confidence = in[i].confidence > 0 ? in[i].confidence : DEFAULT_CONFIDENCE,
			.tests = tests,
			.blocks_wanted = COMPARE_MIN_BOOTS};
		while (p_to_allow(&in[i], r[i].blocks_wanted) * (double)tests >=
				1 - r[i].confidence &&
			r[i].blocks_wanted < STATS_MAX_SAMPLE)
			r[i].blocks_wanted++;
	}
}

int compare_each(
	const struct compare_input *in, size_t n, struct compare_result *out, struct err *e)
{
	auto_free struct compare_result *r = xcalloc(n, sizeof(*r));
	int rc = 0;

	choose_blocks_wanted(in, n, r);
	for (size_t i = 0; i < n && !rc; i++)
		rc = measure_arms(&in[i], &r[i], e);
	if (rc) {
		for (size_t i = 0; i < n; i++)
			compare_result_release(&r[i]);
		return rc;
	}
	correct_and_judge(r, n);
	memcpy(out, r, n * sizeof(*r));
	return 0;
}

int compare_arms(const struct compare_input *in, struct compare_result *out, struct err *e)
{
	return compare_each(in, 1, out, e);
}

void compare_result_release(struct compare_result *r)
{
	free(r->rows);
	free(r->warning);
	*r = (struct compare_result){0};
}
