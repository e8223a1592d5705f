// SPDX-License-Identifier: GPL-3.0-or-later
/* study/trial_judge: when a trial ends, what it proves, and how often it proves nothing at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/trial.h"

static uint64_t seed = 17;

static double noise(void)
{
	double sum = 0;

	for (unsigned i = 0; i < 12; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(seed >> 11) / 9007199254740992.0;
	}
	return sum - 6;
}

static void add(struct trial_figure **list, size_t *n, const char *name, unsigned vcpus)
{
	ARRAY_GROW(*list, *n);
	(*list)[(*n)++] = (struct trial_figure){.name = xstrdup(name),
		.vcpus = vcpus,
		.unit = xstrdup("ms/s"),
		.better = BETTER_LOWER,
		.before = xcalloc(64, sizeof(double)),
		.after = xcalloc(64, sizeof(double))};
}

static void begin(struct trial *t, unsigned rounds)
{
	*t = (struct trial){.rounds_asked = rounds,
		.worst = -1,
		.domain = xstrdup("db"),
		.candidate = xstrdup("pin-apart"),
		.ended = xstrdup(""),
		.verdict = xstrdup("")};
	add(&t->figures, &t->n_figures, "wait.rate", 2);
}

/* Rounds until it ends: waiting `before` falls to `after`, with noise of 1. */
static void play(struct trial *t, double before, double after, double other_before, double other)
{
	int rc = 0;

	for (unsigned i = 0; i < t->rounds_asked && !rc; i++) {
		t->figures[0].before[i] = before + noise();
		t->figures[0].after[i] = after + noise();
		for (size_t k = 0; k < t->n_neighbours; k++) {
			t->neighbours[k].before[i] = other_before + noise();
			t->neighbours[k].after[i] = other + noise();
		}
		t->rounds++;
		rc = trial_look(t, false, NULL);
	}
	assert_int_equal(rc, 1);
}

static void clear_at_eight(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 12);
	play(&t, 500, 10, 0, 0);
	assert_true(t.proven && t.recommended);
	assert_int_equal(t.rounds, 8);
	assert_int_equal(t.end, TRIAL_CLEAR);
	assert_non_null(strstr(t.verdict, "proven: db waits 4"));
	trial_release(&t);
}

static void eight_rounds_are_one_look(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 8);
	play(&t, 500, 10, 0, 0);
	assert_true(t.proven);
	assert_true(t.alpha == TRIAL_ALPHA);
	trial_release(&t);
}

static void harm_is_not_called_a_gain(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 12);
	play(&t, 10, 500, 0, 0);
	assert_false(t.proven);
	assert_false(t.recommended);
	assert_int_equal(t.worst, -1);
	trial_release(&t);
}

/* Two vCPUs gain 50 each, a neighbour with one loses 300. */
static void a_neighbour_that_loses_more(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 12);
	add(&t.neighbours, &t.n_neighbours, "web", 1);
	play(&t, 60, 10, 5, 305);
	assert_true(t.proven);
	assert_false(t.recommended);
	assert_int_equal(t.worst, 0);
	assert_non_null(strstr(t.verdict, "not recommended: web loses 300"));
	trial_release(&t);
}

/* No change at all, 1000 times: proven in 5 % at most (2.5 %, for one direction is a gain); and most
 * end early, because nothing can come of it. */
static void nothing_is_proven_of_nothing(void **state)
{
	unsigned proven = 0, early = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct trial t;

		begin(&t, 12);
		play(&t, 100, 100, 0, 0);
		proven += t.proven;
		early += t.end == TRIAL_HOPELESS;
		trial_release(&t);
	}
	print_message("A against A: %u of 1000 proven, %u ended early\n", proven, early);
	assert_in_range(proven, 0, 40);
	assert_in_range(early, 300, 1000);
}

static void cut_short_claims_nothing(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 12);
	for (unsigned i = 0; i < 7; i++) {
		t.figures[0].before[i] = 500 + noise();
		t.figures[0].after[i] = 10 + noise();
		t.rounds++;
		assert_int_equal(trial_look(&t, false, NULL), 0);
	}
	assert_int_equal(trial_look(&t, true, NULL), 1);
	assert_true(t.judged);
	assert_false(t.proven);
	trial_release(&t);
}

static void scenario_says_it_all(void **state)
{
	struct strv others = {0};
	struct trial_args a = {.each_ns = 5 * NS_PER_S, .neighbours = &others, .measure = "a & b"};
	struct trial t;
	auto_free char *text = NULL;

	(void)state;
	begin(&t, 12);
	t.tune = xstrdup("vcpupin.1 1");
	strv_add(&others, "we<b");
	text = trial_scenario(&t, &a);
	assert_non_null(strstr(text, "domain=\"we&lt;b\""));
	assert_non_null(strstr(text, "command=\"a &amp; b\""));
	assert_non_null(strstr(text, "<set what=\"guest.vm.tune\" to=\"vcpupin.1 1\"/>"));
	strv_release(&others);
	trial_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_at_eight),
		cmocka_unit_test(eight_rounds_are_one_look),
		cmocka_unit_test(harm_is_not_called_a_gain),
		cmocka_unit_test(a_neighbour_that_loses_more),
		cmocka_unit_test(nothing_is_proven_of_nothing),
		cmocka_unit_test(cut_short_claims_nothing),
		cmocka_unit_test(scenario_says_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
