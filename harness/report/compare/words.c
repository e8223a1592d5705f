// SPDX-License-Identifier: GPL-3.0-or-later
/* Verdicts and figures of a comparison as people read them. */
#include "report/compare/words.h"

#include <math.h>

#include "base/quantity.h"
#include "base/text.h"

const struct compare_word compare_words[] = {
	[COMPARE_NO_DATA] = {"no_data", "no data", "no data", "unknown"},
	[COMPARE_TOO_FEW] = {"too_few", "too few", "too few", "unknown"},
	[COMPARE_SAME] = {"same", "no difference", "same", "unknown"},
	[COMPARE_A_BETTER] = {"a_better", "differs", "worse", "fail"},
	[COMPARE_B_BETTER] = {"b_better", "differs", "better", "pass"},
	[COMPARE_DIFFERENT] = {"different", "differs", "differs", "pass"},
};

const char *const compare_method_names[] = {
	[COMPARE_MANN_WHITNEY] = "mann-whitney",
	[COMPARE_SIGNED_RANK] = "signed-rank",
};

char *compare_shift_text(double estimate, struct interval ci, const char *unit)
{
	double factor;
	double size = fmax(fabs(estimate), fmax(fabs(ci.lo), fabs(ci.hi)));
	const char *best = quantity_unit(size, unit, &factor);
	char v[3][64];

	quantity_number(v[0], sizeof(v[0]), estimate * factor, true);
	quantity_number(v[1], sizeof(v[1]), ci.lo * factor, true);
	quantity_number(v[2], sizeof(v[2]), ci.hi * factor, true);
	return xasprintf("%s%s%s [%s, %s]", v[0], *best ? " " : "", best, v[1], v[2]);
}

static void add_shift(struct strbuf *b, double estimate, struct interval ci, const char *unit)
{
	auto_free char *text = compare_shift_text(estimate, ci, unit);

	text_add(b, "%s", text);
}

static void add_boots(struct strbuf *b, const struct compare_row *r)
{
	if (r->method == COMPARE_MANN_WHITNEY && r->na != r->nb) {
		text_add(b, "%zu and %zu boots", r->na, r->nb);
		return;
	}
	if (r->method == COMPARE_SIGNED_RANK)
		text_add(b, "within %zu blocks", r->blocks);
	if (r->method == COMPARE_MANN_WHITNEY || r->na != r->blocks)
		text_add(b, "%s%zu boots an arm", r->method == COMPARE_SIGNED_RANK ? ", " : "",
			r->na);
	if (r->left_a || r->left_b)
		text_add(b, ", %zu and %zu boots left out", r->left_a, r->left_b);
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
		text_add(b, "%s differs from %s: %s ", in->name_b, in->name_a, r->metric->name);
	else
		text_add(b, "%s is better: %s ", turn ? in->name_a : in->name_b, r->metric->name);
	add_shift(b, turn ? -r->shift.estimate : r->shift.estimate, ci, r->metric->unit);
	text_add(b, ", ");
	add_boots(b, r);
}

/* How much of a's median the bound is, where that says something. A bound above what was
 * measured is told as a factor. */
static void add_bound_of_median(struct strbuf *b, double times)
{
	if (times < 0.1)
		text_add(b, " (%.2g %%)", 100 * times);
	else if (times < 1)
		text_add(b, " (%.0f %%)", 100 * times);
	else if (times < 1000)
		text_add(b, " (%.2g times the median)", times);
}

static void say_same(struct strbuf *b, const struct compare_row *r)
{
	char bound[80];

	if (compare_is_apart(r)) {
		text_add(b, "%s: no difference shown: ", r->metric->name);
		add_shift(b, r->shift.estimate, r->shift.ci, r->metric->unit);
		text_add(b, ", but p = %.2g after correction for all metrics, ", r->p_holm);
	} else if (r->bound == 0) {
		text_add(b, "%s: no difference, ", r->metric->name);
	} else {
		quantity_text(r->bound, r->metric->unit, false, bound, sizeof(bound));
		text_add(b, "%s: no difference larger than %s", r->metric->name, bound);
		add_bound_of_median(b, fabs(r->bound / r->median_a));
		text_add(b, ", ");
	}
	add_boots(b, r);
}

static void say_too_few(
	struct strbuf *b, const struct compare_result *of, const struct compare_row *r)
{
	if (MIN(r->na, r->nb) >= COMPARE_MIN_BOOTS) /* on different hosts */
		text_add(b, "too few blocks to say (%zu complete; %zu at least)", r->blocks,
			of->blocks_wanted);
	else
		text_add(b, "too few boots to say (%zu and %zu; %d an arm at least)", r->na, r->nb,
			COMPARE_MIN_BOOTS);
}

static bool too_few_alike(const struct compare_row *r, const struct compare_row *s)
{
	return r->verdict == COMPARE_TOO_FEW && s->verdict == COMPARE_TOO_FEW && r->na == s->na &&
	       r->nb == s->nb && r->blocks == s->blocks;
}

char *compare_say_too_few(const struct compare_result *of, size_t first)
{
	struct strbuf b = {0};

	for (size_t i = 0; i < first; i++)
		if (too_few_alike(&of->rows[i], &of->rows[first]))
			return NULL;
	say_too_few(&b, of, &of->rows[first]);
	for (size_t i = first; i < of->n_rows; i++)
		if (too_few_alike(&of->rows[i], &of->rows[first]))
			text_add(&b, "%s %s", i == first ? ":" : ",", of->rows[i].metric->name);
	return b.text;
}

char *compare_say(const struct compare_result *of, const struct compare_row *r)
{
	const struct compare_input *in = of->input;
	struct strbuf b = {0};

	switch (r->verdict) {
	case COMPARE_NO_DATA:
		text_add(&b, "%s: not provided by %s", r->metric->name,
			r->na || r->nb ? (r->na ? in->name_b : in->name_a) : "either");
		break;
	case COMPARE_TOO_FEW:
		text_add(&b, "%s: ", r->metric->name);
		say_too_few(&b, of, r);
		break;
	case COMPARE_SAME:
		say_same(&b, r);
		break;
	default:
		say_difference(&b, in, r);
	}
	return b.text;
}
