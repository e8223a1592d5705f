// SPDX-License-Identifier: GPL-3.0-or-later
/* What happened when, from samples to the cells and bands of a plot; one colour for a culprit in all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "analysis/trace/taken.h"
#include "made_analysis.h"
#include "report/plot/culprits.h"
#include "report/plot/figures.h"
#include "report/plot/svg.h"

#define S UINT64_C(1000000000)

static void test_columns(void **state)
{
	const struct {
		uint64_t span, width;
		unsigned n;
	} rows[] = {{20 * S, S / 10, 200}, {60 * S, S / 2, 120}, {36000 * S, 200 * S, 180},
		{240, 1, 240}, {241, 2, 121}, {0, 1, 0}, {7 * S + 1, S / 20, 141}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct columns c = columns_make(5 * S, 5 * S + rows[i].span);

		assert_int_equal(c.width_ns, rows[i].width);
		assert_int_equal(c.n, rows[i].n);
		assert_true(c.n <= COLUMNS_MAX);
	}
	struct columns c = columns_make(5 * S, 25 * S);

	assert_int_equal(columns_at(&c, 5 * S - 1), -1);
	assert_int_equal(columns_at(&c, 5 * S), 0);
	assert_int_equal(columns_at(&c, 5 * S + S / 10 - 1), 0);
	assert_int_equal(columns_at(&c, 5 * S + S / 10), 1);
	assert_int_equal(columns_at(&c, 25 * S - 1), 199);
	assert_int_equal(columns_at(&c, 25 * S), -1);
}

/* Rows tile what can be late: each edge belongs to the row that it opens. */
static void test_rows(void **state)
{
	(void)state;
	assert_int_equal(heat_row(0), 0);
	for (unsigned row = 1; row < HEAT_ROWS; row++) {
		assert_int_equal(heat_row(heat_row_low(row)), row);
		assert_int_equal(heat_row(heat_row_low(row) - 1), row - 1);
	}
	assert_int_equal(heat_row_low(8), 1000);
	assert_int_equal(heat_row_low(32), 1000000);
	assert_int_equal(heat_row(UINT64_MAX), HEAT_ROWS - 1);
}

static void test_spans_are_split(void **state)
{
	struct taken_acc t = {.columns = columns_make(100 * S, 120 * S)};
	uint64_t sum = 0;

	(void)state;
	taken_span(NULL, 7, 0, S);
	taken_span(&t, 7, 100 * S + S / 20, 100 * S + S / 4);
	assert_int_equal(t.ns[7][0], S / 20);
	assert_int_equal(t.ns[7][1], S / 10);
	assert_int_equal(t.ns[7][2], S / 20);
	taken_span(&t, 7, 119 * S, 120 * S);
	for (unsigned c = 0; c < t.columns.n; c++)
		sum += t.ns[7][c];
	assert_int_equal(sum, S / 5 + S);
	for (uint32_t id = 100; id < 400; id++) /* more than have columns of their own */
		taken_span(&t, id, 101 * S, 101 * S + 10);
	assert_true(t.used <= TAKEN_MOST + 1);
	assert_int_equal(t.ns[3][10], (300 - (TAKEN_MOST - 1)) * 10); /* CULPRIT_ID_OTHERS */
	taken_release(&t);
}

/* The cell of one wake-up stands where the axes say: 3.25 s and 2 ms. */
static void test_a_cell_stands_at_its_place(void **state)
{
	struct analysis *a = made_analysis(20, 1, "noise burst");
	struct strbuf svg = {0};
	double w, rows, column, seconds, lateness;
	unsigned c, r, run;
	const char *cells, *path;

	(void)state;
	heat_release(&a->guests[1].heat);
	assert_false(svg_plot_heat(&svg, SVG_PAPER, true, a, 1));
	heat_add(&a->guests[1].heat, &a->columns, a->window_start_ns + 3250000000, 2000000);
	assert_true(svg_plot_heat(&svg, SVG_PAPER, true, a, 1));
	cells = strstr(svg.text, "viewBox=\"0 0 ");
	cells = strstr(cells + 1, "viewBox=\"0 0 ");
	assert_int_equal(sscanf(cells, "viewBox=\"0 0 %lf %lf\"", &w, &rows), 2);
	assert_int_equal(sscanf(strstr(cells, "data-column"),
				 "data-column=\"%lf\" data-seconds=\"%lf\"", &column, &seconds),
		2);
	path = strstr(cells, "<path class=\"heat h8\" d=\"M");
	assert_non_null(path);
	assert_int_equal(
		sscanf(path, "<path class=\"heat h8\" d=\"M%u %u.5h%u\"", &c, &r, &run), 3);
	assert_int_equal(run, 1);
	assert_float_equal(w * column, seconds, 1e-6);
	assert_true(c * column <= 3.25 && 3.25 < (c + 1) * column);
	/* One decade, 1 to 10 ms, its least at the bottom. */
	assert_int_equal(rows, HEAT_A_DECADE);
	lateness = pow(10, (rows - 1 - r) / HEAT_A_DECADE);
	assert_true(lateness <= 2 && 2 < lateness * pow(10, 1.0 / HEAT_A_DECADE));
	assert_non_null(strstr(svg.text, ">1</text>"));
	assert_non_null(strstr(svg.text, ">10</text>"));
	strbuf_release(&svg);
	made_free(a);
}

static void test_groups(void **state)
{
	char name[CULPRIT_TEXT];

	(void)state;
	culprit_group("vm my hog-0 vcpu1", CULPRIT_VM, name);
	assert_string_equal(name, "vm my hog-0");
	culprit_group("vm hog-0 qemu", CULPRIT_VM_THREAD, name);
	assert_string_equal(name, "vm hog-0");
	culprit_group("process two words", CULPRIT_PROCESS, name);
	assert_string_equal(name, "process two words");
	culprit_group("vm", CULPRIT_VM, name);
	assert_string_equal(name, "vm");
}

/* The element whose <title> is `tip` has which class? */
static void class_of_tip(const char *svg, const char *tip, char class[static 16])
{
	auto_free char *title = xasprintf("<title>%s", tip);
	const char *at = strstr(svg, title);

	assert_non_null(at);
	while (strncmp(at, "class=\"", 7) != 0)
		at--;
	assert_int_equal(sscanf(at, "class=\"%15[^\"]\"", class), 1);
}

/* In the map, the bands over time and the anatomy: largest first has w0 in all three. */
static void test_one_colour_for_a_culprit(void **state)
{
	struct analysis *a = made_analysis(20, 1, "noise burst");
	struct culprit_palette p = culprit_palette(a);
	struct strbuf map = {0}, bands = {0}, late = {0};
	char class[16];
	double y, high;

	(void)state;
	assert_int_equal(culprit_slot(&p, "noise burst", CULPRIT_NOISE), 0);
	assert_int_equal(culprit_slot(&p, "vm hog vcpu0", CULPRIT_VM), 1);
	assert_int_equal(culprit_slot(&p, "vm hog qemu", CULPRIT_VM_THREAD), 1);
	assert_int_equal(culprit_slot(&p, "quota", CULPRIT_QUOTA), SLOT_QUOTA);
	assert_int_equal(culprit_slot(&p, "nobody", CULPRIT_PROCESS), SLOT_OTHERS);
	assert_true(svg_plot_who(&map, SVG_PAPER, false, a, false));
	class_of_tip(map.text, "noise burst took 32.2 ms/s of victim", class);
	assert_string_equal(class, "w0");
	class_of_tip(map.text, "vm hog took 9.9 ms/s of victim", class);
	assert_string_equal(class, "w1");
	svg_plot_late(&late, SVG_PAPER, false, a, &a->late[0]);
	class_of_tip(late.text, "noise burst<", class);
	assert_string_equal(class, "w0");
	class_of_tip(late.text, "vm hog vcpu0<", class);
	assert_string_equal(class, "w1");
	/* 120 of the axis' 0 to 250 ms/s, in the columns 10 to 90 only. */
	assert_true(svg_plot_taken(&bands, SVG_PAPER, false, a, 1));
	assert_int_equal(
		sscanf(strstr(bands.text, "<path class=\"w0\""),
			"<path class=\"w0\" d=\"M0 %lfV1000h1V1000h1V1000h1V1000h1V1000h1V1000h1V1000h1V1000h1V1000h1V1000h1V%lfh1",
			&y, &high),
		2);
	assert_int_equal(y, 1000);
	assert_int_equal(high, 1000 - 1000 * 120 / 250);
	assert_non_null(strstr(bands.text, "<path class=\"throttle\""));
	strbuf_release(&map);
	strbuf_release(&bands);
	strbuf_release(&late);
	made_free(a);
}

static void test_spans(void **state)
{
	struct analysis *a = made_analysis(20, 1, "noise burst");
	struct time_span *spans = NULL;
	auto_free char *all = NULL;
	size_t n = time_spans(a, &spans);

	(void)state;
	assert_int_equal(n, 2);
	assert_string_equal(spans[0].name, "victim held by its quota"); /* columns 20 to 40 */
	assert_string_equal(spans[0].class, "throttle");
	assert_float_equal(spans[0].from_s, 2, 1e-9);
	assert_float_equal(spans[0].to_s, 4, 1e-9);
	assert_string_equal(spans[1].name, "noise burst");
	assert_string_equal(spans[1].class, "w0");
	assert_float_equal(spans[1].from_s, 5, 1e-9);
	assert_float_equal(spans[1].to_s, 12, 1e-9);
	free(spans);
	assert_null(time_spans_rest(a));
	a->info.noises[0].start_ns = 0;
	a->info.noises[0].stop_ns = 20 * S;
	all = time_spans_rest(a);
	assert_string_equal(all, "On all the time: noise burst.");
	a->info.noises[0].stop_ns = 0; /* a record of before this was kept */
	assert_null(time_spans_rest(a));
	made_free(a);
}

/* A curve that another one already is becomes a sentence with their difference. */
static void test_twins(void **state)
{
	struct analysis *a = made_analysis(120, 1, "noise burst");
	const struct figure_info *elapsed = &figure_table[2], *witnesses = &figure_table[3];
	auto_free char *same = figure_twin(a, elapsed), *one = NULL;
	struct series *late = &a->guests[1].vcpus[0].fine[SERIES_TIMER_LATE];

	(void)state;
	assert_non_null(same);
	assert_non_null(strstr(same, "a period of 10.0 ms: within 0"));
	late->v[7] -= 3000; /* deadlines were missed before it */
	assert_null(figure_twin(a, elapsed));
	assert_null(figure_twin(a, &figure_table[0]));
	one = figure_twin(a, witnesses);
	assert_non_null(one);
	assert_non_null(strstr(one, "differ by 0.300 ms/s at most"));
	a->guests[1].vcpus[0].fine[SERIES_WAIT].v[3] += 30;
	assert_null(figure_twin(a, witnesses));
	made_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_spans_are_split),
		cmocka_unit_test(test_a_cell_stands_at_its_place),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_one_colour_for_a_culprit),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
