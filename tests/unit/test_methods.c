// SPDX-License-Identifier: GPL-3.0-or-later
/* compare --methods: each sentence is true of the boots and of what was done with them. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/util.h"
#include "made_comparison.h"
#include "report/compare/paper.h"

static const struct compare_origin one_experiment = {.scenarios = "pinned-vs-float",
	.experiments = "0123456789abcdef",
	.hosts = "box",
	.kernels = "6.1.0",
	.overrides = "",
	.since = "2026-11-20T10:00:00Z",
	.until = "2026-11-20T11:00:00Z",
	.boots = 24,
	.ordered = true};

/* Twelve boots an arm, all different, the second arm's larger. */
static double low[12], high[12];

static int make_values(void **state)
{
	for (int i = 0; i < 12; i++) {
		low[i] = 1000 + 10 * (i * 7 % 12);
		high[i] = 2000 + 11 * (i * 5 % 12);
	}
	return number_blocks(state);
}

static char *methods_of(
	const struct compare_input *in, size_t n, const struct compare_origin *origin)
{
	struct compare_result r[2];
	struct strbuf out = {0};
	struct err e = ERR_INIT;

	assert_int_equal(compare_each(in, n, r, &e), 0);
	compare_report_methods(&(struct compare_set){r, n, n > 1, NULL}, origin, &out);
	for (size_t i = 0; i < n; i++)
		compare_result_release(&r[i]);
	return out.text;
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static void says_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in: %s", part, text);
}

static void test_blocks(void **state)
{
	struct compare_metric m = metric(low, 12, high, 12);
	struct compare_input in = input(&m, 1);
	auto_free char *text = methods_of(&in, 1, &one_experiment);

	(void)state;
	says(text, "pinned (b) was held against float (a). ");
	says(text, "24 boots of scenario pinned-vs-float were measured by stealscope ");
	says(text,
		" on host box, Linux 6.1.0, begun from 2026-11-20T10:00:00Z to 2026-11-20T11:00:00Z. ");
	says(text, "in blocks (experiment 0123456789abcdef)");
	says(text, "the mean over its guests that are no noise");
	says(text, "Arms were compared within 12 complete blocks");
	says(text, "Tukey's 95 % interval, p is that of Wilcoxon's signed ranks");
	says(text, "All p are exact. Every p was corrected for all 1 tests by Holm's method");
	says(text, "the corrected p is below 0.05.");
	says_not(text, "independent samples");
	says_not(text, "--set");
	says_not(text, "too few");
}

static void test_independent(void **state)
{
	struct compare_metric m[] = {metric(low, 12, high, 12), metric(high, 12, low, 11)};
	struct compare_input in[] = {input(m, 2), input(m, 2)};
	struct compare_origin o = one_experiment;
	auto_free char *text = NULL;

	(void)state;
	in[0].blocks = in[1].blocks = NULL;
	in[1].name_b = "stacked";
	o.ordered = false;
	o.until = o.since;
	o.overrides = "duration=10s";
	o.guest = "victim";
	text = methods_of(in, 2, &o);
	says(text, "pinned, stacked (b) were held against float (a). ");
	says(text, "begun at 2026-11-20T10:00:00Z, with --set duration=10s. ");
	says(text, "They were not all run in the random order of one experiment. ");
	says(text, "its value of a metric is that of guest victim. ");
	says(text, "Arms were compared as independent samples");
	says(text, "that of Mann and Whitney");
	says(text, "corrected for all 4 tests");
	says_not(text, "blocks");
	says_not(text, "Wilcoxon");
}

/* Ties forbid an exact p. */
static void test_what_is_not_exact(void **state)
{
	static const double some[] = {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3},
			    more[] = {2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4};
	struct compare_metric tied = metric(some, 12, more, 12),
			      both[] = {tied, metric(low, 12, high, 12)};
	struct compare_input in = input(&tied, 1), mixed = input(both, 2);
	auto_free char *text = NULL, *of_both = NULL;

	(void)state;
	in.blocks = mixed.blocks = NULL;
	text = methods_of(&in, 1, &one_experiment);
	says(text, "p is by the normal approximation.");
	of_both = methods_of(&mixed, 1, &one_experiment);
	says(of_both, "p is exact where no ties or size forbid it.");
}

static void test_too_few(void **state)
{
	struct compare_metric m = metric(low, 4, high, 4);
	struct compare_input in = input(&m, 1);
	auto_free char *text = methods_of(&in, 1, &one_experiment);

	(void)state;
	says(text, "There were too few boots for any claim: an interval of 95 % takes 6 an arm.");
	says_not(text, "Holm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_independent),
		cmocka_unit_test(test_what_is_not_exact),
		cmocka_unit_test(test_too_few),
	};

	return cmocka_run_group_tests(tests, make_values, NULL);
}
