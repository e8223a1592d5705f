/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Expectations against figures. A figure is the mean over the records of a variant; an expectation
 * about several guests (a name that stands for its numbered copies, or none given) must hold for
 * each.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/priv.h"
#include "base/quantity.h"

struct set {
	const struct analysis *const *a;
	size_t n;
};

/* Whether `guest` is `name`, or a numbered copy of it ("hog" and "hog-3"). */
static bool guest_fits(const char *guest, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(guest, name, len) != 0)
		return false;
	if (!guest[len])
		return true;
	if (guest[len] != '-' || !guest[len + 1])
		return false;
	for (const char *p = guest + len + 1; *p; p++)
		if (!isdigit((unsigned char)*p))
			return false;
	return true;
}

/* Share of a guest's waiting that culprits with `part` in their name took, in %. */
static double blame_share(const struct analysis *a, size_t guest, const char *part)
{
	double sum = 0, total = 0;

	for (size_t i = 0; i < a->n_blame; i++) {
		if (a->blame[i].guest != guest)
			continue;
		total += (double)a->blame[i].ns;
		if (strstr(a->blame[i].culprit, part))
			sum += (double)a->blame[i].ns;
	}
	return total > 0 ? 100 * sum / total : NAN;
}

static double value_of(const struct analysis *a, size_t guest, const char *metric)
{
	const char *part = NULL;
	const struct metric_value *m;

	if (metric_find(metric, &part) < METRIC_COUNT && part)
		return blame_share(a, guest, part);
	m = analysis_value(a, guest, metric);
	return m && m->have ? m->value : NAN;
}

/* Mean of one guest's metric over the records of a variant; NaN when one of them lacks it. */
static double mean_of(struct set s, const char *variant, const char *guest, const char *metric)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (strcmp(s.a[i]->info.variant, variant) != 0)
			continue;
		for (size_t g = 0; g < s.a[i]->n_guests; g++) {
			if (strcmp(s.a[i]->guests[g].name, guest) != 0)
				continue;
			sum += value_of(s.a[i], g, metric);
			n++;
		}
	}
	return n ? sum / (double)n : NAN;
}

/* The largest bound on a metric of which only that is known; NaN where there is none. */
static double bound_of(struct set s, const char *variant, const char *guest, const char *metric)
{
	double bound = NAN;

	for (size_t i = 0; i < s.n; i++)
		for (size_t g = 0; g < s.a[i]->n_guests; g++) {
			const struct metric_value *m = analysis_value(s.a[i], g, metric);

			if (!strcmp(s.a[i]->info.variant, variant) &&
				!strcmp(s.a[i]->guests[g].name, guest) && m && m->below > 0)
				bound = fmax(bound, m->below);
		}
	return bound;
}

/* Whether a job's figure is missing because nothing was done: asked for, and not shown. What the
 * machine cannot provide is unknown; this fell short. */
static bool nothing_done(struct set s, const char *variant, const char *guest, const char *metric)
{
	enum metric_id id = metric_find(metric, NULL);

	if (id != METRIC_JOB_TIME && id != METRIC_JOB_RATE)
		return false;
	for (size_t i = 0; i < s.n; i++)
		for (size_t g = 0; g < s.a[i]->n_guests; g++)
			if (!strcmp(s.a[i]->info.variant, variant) &&
				!strcmp(s.a[i]->guests[g].name, guest) &&
				s.a[i]->guests[g].job_none)
				return true;
	return false;
}

/* Names of a variant's guests that an expectation speaks of. */
static struct strv guests_of(struct set s, const char *variant, const char *name)
{
	struct strv v = {0};

	for (size_t i = 0; i < s.n; i++) {
		if (strcmp(s.a[i]->info.variant, variant) != 0)
			continue;
		for (size_t g = 0; g < s.a[i]->n_guests; g++)
			if (*name ? guest_fits(s.a[i]->guests[g].name, name)
				  : !s.a[i]->guests[g].is_noise)
				strv_add(&v, "%s", s.a[i]->guests[g].name);
		break; /* records of one variant have the same guests */
	}
	return v;
}

/* Mean over the guests meant by the right-hand side. */
static double other_value(
	struct set s, const struct run_expect *x, const char *variant, const char *guest)
{
	const char *name = *x->other_guest ? x->other_guest : guest;
	const char *other = *x->other_variant ? x->other_variant : variant;
	auto_struct(strv) v = guests_of(s, other, name);
	double sum = 0;

	for (size_t i = 0; i < v.n; i++)
		sum += mean_of(s, other, v.items[i], x->other_metric);
	return v.n ? sum / (double)v.n : NAN;
}

static enum verdict compare(const struct run_expect *x, double got, double wanted)
{
	bool met;

	if (!isfinite(got) || !isfinite(wanted))
		return VERDICT_UNKNOWN;
	switch (word_find(&words_relation_sign, x->relation)) {
	case EXPECT_BELOW:
		met = got < wanted;
		break;
	case EXPECT_AT_MOST:
		met = got <= wanted;
		break;
	case EXPECT_ABOVE:
		met = got > wanted;
		break;
	case EXPECT_AT_LEAST:
		met = got >= wanted;
		break;
	case EXPECT_NEAR:
		met = fabs(got - wanted) <= x->tolerance * fabs(wanted);
		break;
	default:
		return VERDICT_UNKNOWN;
	}
	return met ? VERDICT_PASS : VERDICT_FAIL;
}

static void take(struct expect_result *r, enum verdict v, double got, double wanted, char *why)
{
	/* The worst guest stands for all: fail before unknown before pass. */
	static const int rank[] = {[VERDICT_PASS] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_FAIL] = 2};

	if (r->why && rank[v] <= rank[r->verdict]) {
		free(why);
		return;
	}
	free(r->why);
	r->verdict = v;
	r->got = got;
	r->wanted = wanted;
	r->why = why;
}

static const char *unit_in(struct set s, const char *metric)
{
	const char *unit = "";

	for (size_t i = 0; i < s.n && !*unit; i++)
		unit = analysis_unit(s.a[i], metric);
	return unit;
}

/* Both figures in the unit in which the larger reads best. */
static char *say(const struct run_expect *x, const char *guest, const char *variant,
	const char *unit, double got, const char *relation, double wanted)
{
	double factor;
	const char *best = quantity_unit(fmax(fabs(got), fabs(wanted)), unit, &factor);
	const char *space = *best ? " " : "";

	return xasprintf("%s of %s%s%s is %.5g%s%s, wanted %s %.5g%s%s", x->metric, guest,
		*variant ? " in " : "", variant, got * factor, space, best, relation,
		wanted * factor, space, best);
}

static void judge_guest(struct set s, const struct run_expect *x, const char *variant,
	const char *guest, struct expect_result *r)
{
	const char *unit = unit_in(s, x->metric);
	double got = mean_of(s, variant, guest, x->metric), wanted = x->value;
	char relation[40];
	enum verdict v;
	char *why;

	/* "Less than the bound" is enough to be less than what is wanted, and for nothing else. */
	if (!isfinite(got) && x->relation[0] == '<')
		got = bound_of(s, variant, guest, x->metric);
	if (*x->other_metric)
		wanted *= other_value(s, x, variant, guest);
	if (word_is(&words_relation_sign, x->relation, EXPECT_NEAR))
		snprintf(relation, sizeof(relation), "within %.3g %% of", 100 * x->tolerance);
	else
		snprintf(relation, sizeof(relation), "%.8s", x->relation);
	v = compare(x, got, wanted);
	if (!isfinite(got) && nothing_done(s, variant, guest, x->metric)) {
		v = VERDICT_FAIL;
		why = xasprintf(
			"%s of %s%s%s is not provided: no unit of its job ended in the window; measure longer, or make a unit shorter",
			x->metric, guest, *variant ? " in " : "", variant);
	} else if (!isfinite(got))
		why = xasprintf("%s of %s is not provided", x->metric, guest);
	else if (!isfinite(wanted) && *x->other_variant &&
		 nothing_done(s, x->other_variant, *x->other_guest ? x->other_guest : guest,
			 x->other_metric)) {
		v = VERDICT_FAIL;
		why = xasprintf(
			"%s in %s to compare with is not provided: no unit of the job ended in the window; measure longer, or make a unit shorter",
			x->other_metric, x->other_variant);
	} else if (!isfinite(wanted))
		why = xasprintf("%s to compare with is not provided", x->other_metric);
	else
		why = say(x, guest, variant, unit, got, relation, wanted);
	take(r, v, got, wanted, why);
}

static struct expect_result judge_one(struct set s, const struct run_expect *x, const char *variant)
{
	struct expect_result r = {
		.expect = x, .verdict = VERDICT_UNKNOWN, .got = NAN, .wanted = NAN};
	auto_struct(strv) guests = guests_of(s, variant, x->guest);

	for (size_t i = 0; i < guests.n; i++)
		judge_guest(s, x, variant, guests.items[i], &r);
	if (!r.why)
		r.why = xasprintf("there is no guest %s%s%s",
			*x->guest ? x->guest : "that is not noise", *variant ? " in variant " : "",
			variant);
	return r;
}

void judge_record(struct analysis *a)
{
	const struct analysis *self = a;
	struct set s = {&self, 1};

	a->expects = xcalloc(a->info.n_expects + 1, sizeof(*a->expects));
	for (size_t i = 0; i < a->info.n_expects; i++) {
		const struct run_expect *x = &a->info.expects[i];
		bool here = !*x->variant || !strcmp(x->variant, a->info.variant);
		bool other = *x->other_metric && *x->other_variant &&
			     strcmp(x->other_variant, a->info.variant) != 0;

		if (here && !other)
			a->expects[a->n_expects++] = judge_one(s, x, a->info.variant);
	}
}

static bool same_expect(const struct run_expect *a, const struct run_expect *b)
{
	return !strcmp(a->text, b->text) && !strcmp(a->variant, b->variant) &&
	       !strcmp(a->guest, b->guest) && !strcmp(a->metric, b->metric) &&
	       !strcmp(a->relation, b->relation) && !strcmp(a->other_metric, b->other_metric) &&
	       !strcmp(a->other_variant, b->other_variant) && a->value == b->value;
}

/* Whether (expectation, variant) was judged already; equal texts of another variant are another
 * one. */
static bool judged(const struct expect_result *r, const char *const *variants, size_t n,
	const struct run_expect *x, const char *variant)
{
	for (size_t i = 0; i < n; i++)
		if (same_expect(r[i].expect, x) && !strcmp(variants[i], variant))
			return true;
	return false;
}

int analysis_judge(const struct analysis *const *set, size_t n, struct expect_result **out,
	size_t *n_out, struct err *e)
{
	struct set s = {set, n};
	struct expect_result *r = NULL;
	auto_free const char **variants = NULL;
	size_t count = 0;

	(void)e;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < set[i]->info.n_expects; k++) {
			const struct run_expect *x = &set[i]->info.expects[k];
			const char *variant = *x->variant ? x->variant : set[i]->info.variant;

			if (judged(r, variants, count, x, variant))
				continue;
			r = xrealloc(r, (count + 1) * sizeof(*r));
			variants = xrealloc(variants, (count + 1) * sizeof(*variants));
			variants[count] = variant;
			r[count++] = judge_one(s, x, variant);
		}
	}
	*out = r;
	*n_out = count;
	return 0;
}

void expect_results_free(struct expect_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(r[i].why);
	free(r);
}
