// SPDX-License-Identifier: GPL-3.0-or-later
/* The paragraph of a paper that says how a comparison was made. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/compare/paper.h"

/* What is true of the rows that have a p. */
struct used {
	size_t ranks, whitney; /* rows by either method */
	size_t blocks_lo, blocks_hi, exact;
};

static struct used count(const struct compare_set *s)
{
	struct used u = {.blocks_lo = SIZE_MAX};

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->results[i].n_rows; k++) {
			const struct compare_row *r = &s->results[i].rows[k];

			if (isnan(r->p))
				continue;
			u.exact += r->exact;
			if (r->method == COMPARE_SIGNED_RANK) {
				u.ranks++;
				u.blocks_lo = MIN(u.blocks_lo, r->blocks);
				u.blocks_hi = MAX(u.blocks_hi, r->blocks);
			} else {
				u.whitney++;
			}
		}
	return u;
}

static void say_origin(const struct compare_origin *o, struct strbuf *out)
{
	text_add(out,
		"%zu boots of scenario %s were measured by stealscope %s on host %s, Linux %s",
		o->boots, o->scenarios, SS_VERSION, o->hosts, o->kernels);
	text_add(out, strcmp(o->since, o->until) ? ", begun from %s to %s" : ", begun at %s",
		o->since, o->until);
	if (*o->overrides)
		text_add(out, ", with --set %s", o->overrides);
	text_add(out, ". ");
	if (o->ordered)
		text_add(out,
			"They were run in blocks (experiment %s): in each, every configuration was booted once, in an order drawn at random from a seed that is kept with the records. ",
			o->experiments);
	else
		text_add(out, "They were not all run in the random order of one experiment. ");
	text_add(out,
		o->guest
			? "The boot is the unit: its value of a metric is that of guest %s. "
			: "The boot is the unit: its value of a metric is the mean over its guests that are no noise. ",
		o->guest);
}

static void say_tests(const struct compare_set *s, struct strbuf *out)
{
	const struct compare_result *r = &s->results[0];
	struct used u = count(s);

	if (!u.ranks && !u.whitney) {
		text_add(out,
			"There were too few boots for any claim: an interval of %.0f %% takes %d an arm.",
			100 * r->confidence, COMPARE_MIN_BOOTS);
		return;
	}
	if (u.ranks) {
		text_add(out, "Arms were compared within %zu", u.blocks_lo);
		if (u.blocks_lo != u.blocks_hi)
			text_add(out, " to %zu", u.blocks_hi);
		text_add(out,
			" complete blocks: the shift is Hodges and Lehmann's of the blocks' differences with Tukey's %.0f %% interval, p is that of Wilcoxon's signed ranks. ",
			100 * r->confidence);
	}
	if (u.whitney)
		text_add(out,
			"%s were compared as independent samples: the shift is Hodges and Lehmann's of all pairs with its order-statistic %.0f %% interval, p is that of Mann and Whitney. ",
			u.ranks ? "Other metrics" : "Arms", 100 * r->confidence);
	text_add(out,
		"%s. Every p was corrected for all %zu tests by Holm's method; a difference is claimed only where the interval leaves out 0 and the corrected p is below %.2g.",
		u.exact == u.ranks + u.whitney ? "All p are exact"
		: u.exact		       ? "p is exact where no ties or size forbid it"
					       : "p is by the normal approximation",
		r->tests, 1 - r->confidence);
}

bool compare_is_new_arm(const struct compare_set *s, size_t i)
{
	return i == 0 || strcmp(s->results[i].input->name_b, s->results[i - 1].input->name_b) != 0;
}

size_t compare_count_arms(const struct compare_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += compare_is_new_arm(s, i);
	return n;
}

void compare_report_methods(
	const struct compare_set *s, const struct compare_origin *from, struct strbuf *out)
{
	const struct compare_result *r = &s->results[0];

	for (size_t i = 0; i < s->n; i++)
		if (compare_is_new_arm(s, i))
			text_add(out, "%s%s", i ? ", " : "", s->results[i].input->name_b);
	text_add(out, " (b) %s held against %s (a)", compare_count_arms(s) > 1 ? "were" : "was",
		r->input->name_a);
	if (r->input->point)
		text_add(out, " at each point of %.*s that both have",
			(int)strcspn(r->input->point, "="), r->input->point);
	text_add(out, ". ");
	say_origin(from, out);
	say_tests(s, out);
	text_add(out, "\n");
}
