// SPDX-License-Identifier: GPL-3.0-or-later
/* From values per boot to verdicts in words; see compare.h for the rule. */
#include "analysis/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONFIDENCE 0.95
#define DEFAULT_RESAMPLES  2000

const char *const compare_verdict_names[] = {
	[COMPARE_NO_DATA] = "no_data",
	[COMPARE_TOO_FEW] = "too_few",
	[COMPARE_SAME] = "same",
	[COMPARE_A_BETTER] = "a_better",
	[COMPARE_B_BETTER] = "b_better",
	[COMPARE_DIFFERENT] = "different",
};

/* Units of time by size. */
static const struct {
	const char *unit;
	double ns;
} time_units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

const char *compare_unit(double size, const char *unit, double *factor)
{
	const char *best = unit;

	*factor = 1;
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
		if (strcmp(unit, time_units[i].unit))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(time_units); j++) {
			double f = time_units[i].ns / time_units[j].ns;

			if (j == 0 || fabs(size) * f >= 1) {
				best = time_units[j].unit;
				*factor = f;
			}
		}
		if (size == 0 || !isfinite(size)) {
			best = unit;
			*factor = 1;
		}
	}
	return best;
}

/* Three significant digits, without an exponent for everyday sizes. */
static int print_number(char *buf, size_t size, double v, bool sign)
{
	int digits = v == 0 || !isfinite(v) ? 0 : 2 - (int)floor(log10(fabs(v)) + 1e-12);

	if (isfinite(v) && v != 0 && (fabs(v) >= 1e7 || fabs(v) < 1e-4))
		return snprintf(buf, size, sign ? "%+.2e" : "%.2e", v);
	digits = MAX(0, MIN(digits, 6));
	return snprintf(buf, size, sign ? "%+.*f" : "%.*f", digits, v == 0 ? 0.0 : v);
}

char *compare_format(double value, const char *unit, bool sign, char *buf, size_t size)
{
	double factor;
	const char *best = compare_unit(value, unit, &factor);
	char number[64];

	print_number(number, sizeof(number), value * factor, sign);
	snprintf(buf, size, "%s%s%s", number, *best ? " " : "", best);
	return buf;
}

/* "-3.1 ms [-3.4, -2.7]": all three in the unit of the largest. */
static void add_shift(struct strbuf *b, double estimate, struct interval ci, const char *unit)
{
	double factor;
	double size = fmax(fabs(estimate), fmax(fabs(ci.lo), fabs(ci.hi)));
	const char *best = compare_unit(size, unit, &factor);
	char v[3][64];

	print_number(v[0], sizeof(v[0]), estimate * factor, true);
	print_number(v[1], sizeof(v[1]), ci.lo * factor, true);
	print_number(v[2], sizeof(v[2]), ci.hi * factor, true);
	strbuf_add(b, "%s%s%s [%s, %s]", v[0], *best ? " " : "", best, v[1], v[2]);
}

static void add_boots(struct strbuf *b, const struct compare_row *r)
{
	if (r->na == r->nb)
		strbuf_add(b, "%zu boots an arm", r->na);
	else
		strbuf_add(b, "%zu and %zu boots", r->na, r->nb);
}

/* Whether the interval leaves out 0. */
static bool shift_is_apart(const struct compare_row *r)
{
	return r->shift.ci.lo > 0 || r->shift.ci.hi < 0;
}

static void say_difference(
	struct strbuf *b, const struct compare_input *in, const struct compare_row *r)
{
	/* The named arm against the other: b - a, turned round when a is the one to name. */
	bool turn = r->verdict == COMPARE_A_BETTER;
	struct interval ci = r->shift.ci;

	if (turn)
		ci = (struct interval){-r->shift.ci.hi, -r->shift.ci.lo};
	if (r->verdict == COMPARE_DIFFERENT)
		strbuf_add(b, "%s differs from %s: %s ", in->name_b, in->name_a, r->metric->name);
	else
		strbuf_add(b, "%s is better: %s ", turn ? in->name_a : in->name_b, r->metric->name);
	add_shift(b, turn ? -r->shift.estimate : r->shift.estimate, ci, r->metric->unit);
	strbuf_add(b, ", ");
	add_boots(b, r);
}

static void say_same(struct strbuf *b, const struct compare_row *r)
{
	char bound[80];

	if (shift_is_apart(r)) {
		strbuf_add(b, "%s: no difference shown: ", r->metric->name);
		add_shift(b, r->shift.estimate, r->shift.ci, r->metric->unit);
		strbuf_add(b, ", but p = %.2g after correction for all metrics, ", r->p_holm);
	} else if (r->bound == 0) {
		strbuf_add(b, "%s: no difference, ", r->metric->name);
	} else {
		compare_format(r->bound, r->metric->unit, false, bound, sizeof(bound));
		strbuf_add(b, "%s: no difference larger than %s", r->metric->name, bound);
		if (r->median_a != 0 && fabs(r->bound / r->median_a) < 10) {
			double percent = 100 * fabs(r->bound / r->median_a);

			strbuf_add(b, percent < 10 ? " (%.2g %%)" : " (%.0f %%)", percent);
		}
		strbuf_add(b, ", ");
	}
	add_boots(b, r);
}

static char *say(const struct compare_input *in, const struct compare_row *r)
{
	struct strbuf b = {0};

	switch (r->verdict) {
	case COMPARE_NO_DATA:
		strbuf_add(&b, "%s: not provided by %s", r->metric->name,
			r->na || r->nb ? (r->na ? in->name_b : in->name_a) : "either");
		break;
	case COMPARE_TOO_FEW:
		strbuf_add(&b, "%s: too few boots to say (%zu and %zu; %d an arm at least)",
			r->metric->name, r->na, r->nb, COMPARE_MIN_BOOTS);
		break;
	case COMPARE_SAME:
		say_same(&b, r);
		break;
	default:
		say_difference(&b, in, r);
	}
	return b.text;
}

/* The values that exist. */
static size_t without_nan(const double *v, size_t n, double *out)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			out[m++] = v[i];
	return m;
}

static int measure(const struct compare_input *in, const struct compare_metric *m,
	double confidence, struct compare_row *r, struct err *e)
{
	auto_free double *a = xcalloc(m->na, sizeof(*a)), *b = xcalloc(m->nb, sizeof(*b));
	struct mann_whitney mw;
	int rc;

	*r = (struct compare_row){.metric = m,
		.na = without_nan(m->na ? m->a : NULL, m->na, a),
		.nb = without_nan(m->nb ? m->b : NULL, m->nb, b),
		.shift = {NAN, {NAN, NAN}, NAN},
		.bootstrap = {NAN, NAN},
		.u = NAN,
		.p = NAN,
		.bound = NAN};
	r->median_a = stats_median(a, r->na);
	r->median_b = stats_median(b, r->nb);
	r->delta = stats_cliffs_delta(a, r->na, b, r->nb);
	r->delta_word = isnan(r->delta) ? "" : stats_cliffs_word(r->delta);
	if (MIN(r->na, r->nb) < COMPARE_MIN_BOOTS) {
		r->verdict = MIN(r->na, r->nb) ? COMPARE_TOO_FEW : COMPARE_NO_DATA;
		return 0;
	}
	rc = stats_mann_whitney(a, r->na, b, r->nb, &mw, e);
	if (!rc)
		rc = stats_shift(a, r->na, b, r->nb, confidence, &r->shift, e);
	if (!rc)
		rc = stats_shift_bootstrap(a, r->na, b, r->nb, confidence,
			in->resamples ? in->resamples : DEFAULT_RESAMPLES, in->seed, &r->bootstrap,
			e);
	if (rc)
		return err_wrap(e, "%s", m->name);
	r->u = mw.u;
	r->p = mw.p;
	r->exact = mw.exact;
	return 0;
}

static void judge(struct compare_row *r, double alpha)
{
	if (!shift_is_apart(r) || !(r->p_holm < alpha)) {
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

static int measure_arms(const struct compare_input *in, struct compare_result *r, struct err *e)
{
	*r = (struct compare_result){.input = in,
		.confidence = in->confidence > 0 ? in->confidence : DEFAULT_CONFIDENCE};
	if (in->mismatch && !in->force)
		return err_set(e, EXDEV,
			"%s and %s cannot be compared: %s; a host is a block (--force "
			"compares nevertheless)",
			in->name_a, in->name_b, in->mismatch);
	r->rows = xcalloc(in->n_metrics, sizeof(*r->rows));
	r->n_rows = in->n_metrics;
	for (size_t i = 0; i < r->n_rows; i++) {
		int rc = measure(in, &in->metrics[i], r->confidence, &r->rows[i], e);

		if (rc)
			return rc;
	}
	if (in->mismatch)
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
			r->words = say(results[i].input, r);
		}
	}
}

int compare_each(
	const struct compare_input *in, size_t n, struct compare_result *out, struct err *e)
{
	auto_free struct compare_result *r = xcalloc(n, sizeof(*r));
	int rc = 0;

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
	for (size_t i = 0; i < r->n_rows; i++)
		free(r->rows[i].words);
	free(r->rows);
	free(r->warning);
	*r = (struct compare_result){0};
}
