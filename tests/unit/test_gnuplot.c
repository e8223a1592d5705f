// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * report/plot/gnuplot: what a record, a comparison and a sweep give a person to edit. `test_gnuplot
 * --write DIR` writes figures full of names that neither gnuplot nor TeX nor XML likes, which
 * tests/paper/tex.sh draws in every format. Computes only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "made_analysis.h"
#include "report/compare/html.h"
#include "report/compare/sweep_report.h"
#include "report/plot/gnuplot.h"

#define ODD   "</b>&'\"$_%#{`date`}\\~^@x"
#define ODDER "it's_100% & \"odd\" `id` ]]>]]>"

/* A folder for the figures of one test, and what of it is read. */
static char dir[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ss-test-gnuplot-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return remove_tree(dir, &e);
}

static void assert_has(const char *file, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);
	struct err e = ERR_INIT;
	auto_free char *all = read_file(path, 1 << 20, NULL, &e);

	assert_non_null(all);
	if (!strstr(all, text))
		fail_msg("%s lacks %s", file, text);
}

static void test_record(void **state)
{
	struct analysis *a = made_analysis(20, 1, "noise burst");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(gnuplot_save_all(a, &(struct svg_files){.dir = dir, .prefix = "one"}, &e),
		2 + 1 + 1 + 2 + 1 + 8); /* over time, distribution, who, heat, taken, late */
	/* The second second: the hog's 60 ms/s, the noise's 120 from there, no quota yet. */
	assert_has("one-taken-01.dat", "\n0.9 0 60 0 \n1 120 60 0 \n");
	assert_has("one-steal.gp", "rectangle from first 5, graph 0 to first 12, graph 1");
	assert_has("one-steal.gp", "'one-steal.dat' index 0 using 1:2");
	made_free(a);
}

/* Arms of twelve boots, the second planted lower by three quarters; one metric beside them is lower in its
 * last boot, one is known of a single boot. Returns how many figures there are. */
static int save_comparison(const char *to, const char *prefix, const char *name, struct err *e)
{
	struct analysis *boots[2] = {
		made_analysis(30, 1, name), made_analysis(30, 1, "vm hog vcpu0")};
	const struct analysis *const *set = (const struct analysis *const *)boots;
	double a[12], b[12];
	const struct compare_metric m[] = {
		{"timer.late.p99", "us", BETTER_LOWER, a, b, 12, 12},
		{"steal.rate", "ms/s", BETTER_LOWER, a, a, 12, 12},
		{"gap.rate", "ms/s", BETTER_LOWER, a, b, 12, 0},
	};
	const struct compare_input in = {
		.name_a = "float", .name_b = name, .metrics = m, .n_metrics = 3};
	struct compare_result r;
	struct compare_set one = {&r, 1, false, NULL};
	const struct compare_boots boots_of[2] = {{"float", set, 1}, {name, set + 1, 1}};
	int n;

	for (int i = 0; i < 12; i++) {
		a[i] = 4000 + 100 * (i * 7 % 12);
		b[i] = 1000 + 60 * (i * 5 % 12);
	}
	assert_int_equal(compare_each(&in, 1, &r, e), 0);
	n = compare_save_figures(&(struct compare_page){&one, boots_of, 2},
		&(struct svg_files){.dir = to, .prefix = prefix, .gnuplot = true}, e);
	compare_result_release(&r);
	made_free(boots[0]);
	made_free(boots[1]);
	return n;
}

static void test_comparison(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	/* Shifts, two metrics with boots on both sides, lateness, two over time. */
	assert_int_equal(save_comparison(dir, "c", "pinned", &e), 1 + 2 + 1 + 2);
	assert_has("c-shifts.dat", " 0 1 # timer.late.p99\n0 ");
	assert_has("c-shifts.dat", " 1 0 # steal.rate\n");
	assert_has("c-shifts.gp", "set yrange [1.5:-0.5]");
	/* One gnuplot draws them all: what a script sets ends with it. */
	assert_has("c-shifts.gp", "\nreset\nif (!exists('out'))");
	/* Boots in order, in the unit of the axis: the first, and the last of the first arm. */
	assert_has("c-timer.late.p99.gp", "'timer.late.p99 (ms)'");
	assert_has("c-timer.late.p99.dat", " begins\n4 0 \n4 0.0833333 \n4.1 0.166667 \n");
	assert_has("c-timer.late.p99.dat", "\n5.1 1 \n\n\n# value share");
	assert_has("c-lateness.gp", "index 1 using 1:2 with steps");
	assert_has("c-steal.gp", "line0 = 'float'");
	assert_has("c-steal.gp", "line1 = 'pinned'");
	assert_has("c-steal.gp", "set xrange [0:30]");
}

static const double SIX[] = {4, 5, 6, 5.5, 4.5, 5.2}, TWO[] = {8, 9, NAN}, NONE[] = {NAN};
static const struct sweep_point NUMBERS[] = {{"1", SIX, 6}, {"2", TWO, 3}, {"4", NONE, 1}};
static const struct sweep_point WORDS[] = {{"float", SIX, 6}, {ODDER, TWO, 3}};

static int save_sweeps(const char *to, const char *prefix, const char *name, struct err *e)
{
	const struct sweep_line lines[] = {{"quiet", NUMBERS, 3}, {name, NUMBERS, 2}};
	const struct sweep_line word_line = {"", WORDS, 2};
	const struct sweep s[] = {{"guests.count", "timer.late.p99", "us", lines, 2},
		{"placement", "steal.rate", "ms/s", &word_line, 1}};

	return sweep_save_figures(s, ARRAY_SIZE(s),
		&(struct svg_files){.dir = to, .prefix = prefix, .gnuplot = true}, e);
}

static void test_sweeps(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(save_sweeps(dir, "s", "no, \"isy\"", &e), 0);
	/* Each point: where, the median, its interval or the range, boots; then the boots. */
	assert_has(
		"s-timer.late.p99.dat", "1 5.1 4 6 6 # 1\n2 8.5 8 9 2 # 2\n4 NaN NaN NaN 0 # 4\n");
	assert_has("s-timer.late.p99.dat", "# at value: a row for each boot\n1 4 \n1 5 \n");
	assert_has("s-timer.late.p99.gp", "set xtics add (point2 4)");
	assert_has("s-timer.late.p99.gp", "index 2 using 1:3:4 with filledcurves");
	/* Words have no between: bars, and no curve. */
	assert_has("s-steal.rate.gp", "index 0 using ($1+0.05):2:3:4 with yerrorbars");
	assert_has("s-steal.rate.gp", "set xtics (point0 1)");
	/* A name as it is; as TeX takes it; as XML does, which gnuplot leaves to us. */
	assert_has("s-steal.rate.gp", "point1 = 'it''s_100%% & \"odd\" `id` ]]>]]>'; if");
	assert_has("s-steal.rate.gp", "(out eq 'tikz') point1 = 'it''s\\_100\\%% \\& ");
	assert_has("s-steal.rate.gp",
		"\nif (out eq 'svg') point1 = 'it''s_100%% & \"odd\" `id` ]] >]] >'\n");
}

/* As many as there are, for the reader to count. */
static int write_figures(const char *to)
{
	struct analysis *a = made_analysis(120, 2, ODD);
	struct err e = ERR_INIT;
	int n, m;

	a->guests[1].name = ODDER;
	n = gnuplot_save_all(a, &(struct svg_files){.dir = to}, &e);
	made_free(a);
	m = save_comparison(to, "compared", ODDER, &e);
	if (n < 0 || m < 0 || save_sweeps(to, "swept", ODD, &e))
		return 1;
	printf("%d\n", n + m + 2);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_record, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_comparison, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_sweeps, make_folder, remove_folder),
	};

	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_figures(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
