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
		.tune = xstrdup("vcpupin.1 1"),
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
	/* Its shift is what it waits now less what it waited: the arms are not swapped. */
	assert_true(fabs(t.subject.rows[0].shift.estimate + 490) < 2);
	trial_release(&t);
}

/* At 5 %, the interval is that of both sides: as wide as compare's own of the same blocks. */
static void the_interval_has_two_sides(void **state)
{
	const double d[] = {-1, -2, -3, -4, -5, -6, -7, 0.5};
	struct trial t;

	(void)state;
	begin(&t, 8);
	for (unsigned i = 0; i < 8; i++) {
		t.figures[0].before[i] = 100;
		t.figures[0].after[i] = 100 + d[i];
		t.rounds++;
		if (i < 7)
			trial_look(&t, false, NULL);
	}
	trial_look(&t, false, NULL);
	/* One block of eight goes the other way, and is the smallest: p is 2 x 2 / 256. By Walsh averages the
	 * interval that is 95 % of both sides ends at the fourth (3.9 % lie outside) from each end. */
	assert_true(t.proven);
	assert_true(fabs(t.subject.rows[0].p - 0.015625) < 1e-9);
	assert_true(fabs(t.subject.rows[0].shift.ci.lo + 6) < 1e-9);
	assert_true(fabs(t.subject.rows[0].shift.ci.hi + 1) < 1e-9);
	trial_release(&t);
}

static void add_measure(struct trial *t)
{
	add(&t->figures, &t->n_figures, "measure", 1);
}

/* The waiting stays, the user's figure is better: that is what is said to be proven. */
static void proven_by_the_users_own_figure(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 9);
	add_measure(&t);
	for (unsigned i = 0; i < 9; i++) {
		t.figures[0].before[i] = 100 + noise();
		t.figures[0].after[i] = 100 + noise();
		t.figures[1].before[i] = 50 + noise();
		t.figures[1].after[i] = 30 + noise();
		t.rounds++;
		if (i < 8)
			assert_int_equal(trial_look(&t, false, NULL), 0);
	}
	assert_int_equal(trial_look(&t, false, NULL), 1);
	assert_true(t.proven && t.recommended);
	assert_non_null(strstr(t.verdict, "proven: what --measure prints of db goes from "));
	trial_release(&t);
}

/* Better by one figure and worse by the other is not proven. */
static void one_better_one_worse(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 9);
	add_measure(&t);
	for (unsigned i = 0; i < 9; i++) {
		t.figures[0].before[i] = 500 + noise();
		t.figures[0].after[i] = 10 + noise();
		t.figures[1].before[i] = 30 + noise();
		t.figures[1].after[i] = 50 + noise();
		t.rounds++;
		if (i < 8)
			assert_int_equal(trial_look(&t, false, NULL), 0);
	}
	assert_int_equal(trial_look(&t, false, NULL), 1);
	assert_false(t.proven);
	trial_release(&t);
}

/* What was not clear at the early look may be clear at any round after it: it is looked at no more before the end. */
static void one_early_look(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 16);
	for (unsigned i = 0; i < 16; i++) {
		double gain = i < 2 ? -50 : 50;

		t.figures[0].before[i] = 100 + gain + noise();
		t.figures[0].after[i] = 100 + noise();
		t.rounds++;
		if (i < 15)
			assert_int_equal(trial_look(&t, false, NULL), 0);
	}
	assert_int_equal(trial_look(&t, false, NULL), 1);
	assert_true(t.proven);
	assert_int_equal(t.end, TRIAL_ALL_ROUNDS);
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
	/* Nor is it tried to the end, once no gain can come of it: three rounds that are worse are too many of 12. */
	assert_int_equal(t.end, TRIAL_HOPELESS);
	assert_in_range(t.rounds, 2, 5);
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
	assert_non_null(strstr(t.verdict, "not recommended: db waits"));
	assert_non_null(strstr(t.verdict, "; web was made worst: it waits +"));
	trial_release(&t);
}

/* None of three loses as much as it gains, all together they lose more. */
static void neighbours_that_lose_more_together(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 12);
	for (unsigned i = 0; i < 3; i++)
		add(&t.neighbours, &t.n_neighbours, "web", 1);
	play(&t, 60, 10, 5, 65);
	assert_true(t.proven);
	assert_true(fabs(t.lost - 180) < 6);
	assert_false(t.recommended);
	trial_release(&t);
	begin(&t, 12);
	add(&t.neighbours, &t.n_neighbours, "web", 1);
	play(&t, 60, 10, 5, 65);
	assert_true(t.recommended);
	assert_non_null(strstr(t.verdict, "web was made worst: it waits +"));
	trial_release(&t);
}

#ifdef SANITIZED /* by clang: slow */
#define TRIALS 100
#else
#define TRIALS 1000
#endif

/* No change at all, again and again: proven in 5 % at most (2.5 %, for one direction is a gain); and most
 * end early, because nothing can come of it. */
static void nothing_is_proven_of_nothing(void **state)
{
	unsigned proven = 0, early = 0;

	(void)state;
	for (unsigned i = 0; i < TRIALS; i++) {
		struct trial t;

		begin(&t, 12);
		play(&t, 100, 100, 0, 0);
		proven += t.proven;
		early += t.end == TRIAL_HOPELESS;
		trial_release(&t);
	}
	print_message("A against A: %u of %d proven, %u ended early\n", proven, TRIALS, early);
	assert_in_range(proven, 0, TRIALS / 25);
	assert_in_range(early, TRIALS * 3 / 10, TRIALS);
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

/* 30 ms/s of two vCPUs, of which hostd had 4 and 8 ms in one second. */
static void waiting_for_stealscope_does_not_count(void **state)
{
	struct blame_row rows[] = {
		{.guest = 0, .vcpu = 0, .kind = CULPRIT_HARNESS, .ns = 4 * NS_PER_MS},
		{.guest = 0, .vcpu = 0, .kind = CULPRIT_VM, .ns = 40 * NS_PER_MS},
		{.guest = 0, .vcpu = 1, .kind = CULPRIT_HARNESS, .ns = 8 * NS_PER_MS},
		{.guest = 1, .vcpu = 0, .kind = CULPRIT_HARNESS, .ns = 16 * NS_PER_MS}};
	struct analysis_guest guests[2] = {0};
	struct analysis a = {.guests = guests,
		.n_guests = 2,
		.window_start_ns = 5,
		.window_end_ns = 5 + NS_PER_S,
		.blame = rows,
		.n_blame = ARRAY_SIZE(rows)};

	(void)state;
	guests[0].metrics[METRIC_WAIT_RATE] = (struct metric_value){.have = true, .value = 30};
	assert_float_equal(trial_wait(&a, 0, 2), 24, 1e-9);
	assert_true(isnan(trial_wait(&a, 1, 1)));
	guests[1].metrics[METRIC_WAIT_RATE] = (struct metric_value){.have = true, .value = 15};
	assert_float_equal(trial_wait(&a, 1, 1), 0, 1e-9);
	assert_true(isnan(trial_wait(&a, 2, 1)));
}

static void scenario_says_it_all(void **state)
{
	struct strv others = {0};
	struct trial_args a = {.each_ns = 5 * NS_PER_S, .neighbours = &others, .measure = "a & b"};
	struct trial t;
	auto_free char *text = NULL;

	(void)state;
	begin(&t, 12);
	strv_add(&others, "we<b");
	text = trial_scenario(&t, &a);
	assert_non_null(strstr(text, "domain=\"we&lt;b\""));
	assert_non_null(strstr(text, "command=\"a &amp; b\""));
	assert_non_null(strstr(text, "<set what=\"guest.vm.tune\" to=\"vcpupin.1 1\"/>"));
	free(text);
	*t.tune = '\0';
	text = trial_scenario(&t, &a);
	assert_null(strstr(text, "<set"));
	assert_non_null(strstr(text, "<variant name=\"pin-apart\">"));
	strv_release(&others);
	trial_release(&t);
}

static void culprits_have_the_domains_names(void **state)
{
	static const char *const rows[][2] = {{"vm vm vcpu1", "its own vcpu1"},
		{"vm neighbour-2 vcpu0", "vm db vcpu0"},
		{"vm neighbour-3 vcpu0", "vm neighbour-3 vcpu0"},
		{"vm vmware vcpu0", "vm vmware vcpu0"}, {"process hog", "process hog"}};
	struct trial t;

	(void)state;
	begin(&t, 12);
	add(&t.neighbours, &t.n_neighbours, "web", 1);
	add(&t.neighbours, &t.n_neighbours, "db", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = trial_culprit(&t, rows[i][0]);

		assert_string_equal(text, rows[i][1]);
	}
	trial_release(&t);
}

/* What is written of it has both arms' values and who had the waiting. */
static void written_with_both_arms(void **state)
{
	auto_free char *json = NULL;
	struct strbuf page = {0};
	struct trial t;

	(void)state;
	begin(&t, 8);
	t.id = xstrdup("1");
	t.because = xstrdup("it shares its CPUs");
	t.expected = 480;
	play(&t, 500, 10, 0, 0);
	ARRAY_GROW(t.blame, t.n_blame);
	t.blame[t.n_blame++] = (struct trial_blame){xstrdup("process <hog>"), 499.5, 2.5};
	json = trial_json(&t);
	assert_null(strstr(json, "\"before\": []"));
	assert_non_null(strstr(json, "\"before\": ["));
	/* As it is some 500, changed some 10. */
	assert_non_null(strstr(strstr(json, "\"before\""), "      49"));
	assert_null(strstr(strstr(json, "\"after\": ["), "      49"));
	assert_non_null(strstr(json, "\"culprit\": \"process <hog>\""));
	trial_page(&t, &page);
	/* The verdict stands right below the title. */
	assert_non_null(
		strstr(page.text, "</h1>\n<p class=\"alert\" role=\"note\">proven: db waits 4"));
	assert_non_null(strstr(page.text, "It was expected to gain 480.0 ms/s"));
	assert_non_null(
		strstr(page.text, "<td>process &lt;hog&gt;</td><td class=\"n\">499.5</td>"));
	assert_non_null(strstr(page.text, "wait.rate (ms/s)"));
	strbuf_release(&page);
	trial_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_at_eight),
		cmocka_unit_test(the_interval_has_two_sides),
		cmocka_unit_test(proven_by_the_users_own_figure),
		cmocka_unit_test(one_better_one_worse),
		cmocka_unit_test(one_early_look),
		cmocka_unit_test(eight_rounds_are_one_look),
		cmocka_unit_test(harm_is_not_called_a_gain),
		cmocka_unit_test(a_neighbour_that_loses_more),
		cmocka_unit_test(neighbours_that_lose_more_together),
		cmocka_unit_test(nothing_is_proven_of_nothing),
		cmocka_unit_test(cut_short_claims_nothing),
		cmocka_unit_test(waiting_for_stealscope_does_not_count),
		cmocka_unit_test(scenario_says_it_all),
		cmocka_unit_test(culprits_have_the_domains_names),
		cmocka_unit_test(written_with_both_arms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
