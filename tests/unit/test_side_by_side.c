// SPDX-License-Identifier: GPL-3.0-or-later
/* report/side_by_side: several records on one page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "made_analysis.h"
#include "report/plot/figures.h"
#include "report/run/side_by_side.h"

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* Names that are told apart by the record where guests have the same; each figure drawn for a wide
 * and for a narrow screen. */
static void test_two(void **state)
{
	struct analysis *a = made_analysis(120, 2, "x"), *b = made_analysis(600, 3, "x");
	struct side_by_side s = {.runs = {a, b}, .n = 2};
	struct strbuf page = {0};
	struct err e = ERR_INIT;

	(void)state;
	a->info.run = MADE_TEXT("first-1");
	b->info.run = MADE_TEXT("second-2");
	assert_int_equal(side_by_side_check(&s, &e), 0);
	side_by_side_page(&s, &page);
	assert_int_equal(count(page.text, "<svg"), 4);
	assert_true(count(page.text, "first-1 victim") >= 4);
	assert_true(count(page.text, "second-2 victim, mean of 3 vCPUs") == 0); /* renamed */
	assert_true(count(page.text, "second-2 victim") >= 4);
	assert_non_null(strstr(page.text, "means of 1 s"));
	assert_int_equal(count(page.text, "<script"), 0);
	assert_null(strstr(page.text, "{{"));
	strbuf_release(&page);
	made_free(a);
	made_free(b);
}

static void drop(struct analysis *a, enum series_id id)
{
	for (size_t g = 0; g < a->n_guests; g++)
		for (unsigned v = 0; v < a->guests[g].n_vcpus; v++) {
			a->guests[g].vcpus[v].series[id].n = 0;
			a->guests[g].vcpus[v].fine[id].n = 0;
		}
}

/* No steal counter: the figure says so, never 0. Neither figure: refused by name. */
static void test_missing(void **state)
{
	struct analysis *a = made_analysis(120, 1, "x"), *b = made_analysis(120, 1, "x");
	struct side_by_side s = {.runs = {a, b}, .n = 2};
	struct strbuf page = {0};
	struct err e = ERR_INIT;

	(void)state;
	a->info.run = MADE_TEXT("first-1");
	b->info.run = MADE_TEXT("second-2");
	drop(a, SERIES_STEAL);
	drop(b, SERIES_STEAL);
	assert_int_equal(side_by_side_check(&s, &e), 0);
	side_by_side_page(&s, &page);
	assert_int_equal(count(page.text, "<svg"), 2);
	assert_non_null(strstr(page.text, "Not provided: no guest has a steal counter"));
	drop(b, SERIES_SLEEP_ELAPSED);
	assert_true(side_by_side_check(&s, &e) < 0);
	assert_non_null(strstr(e.msg, "second-2 has neither"));
	assert_int_equal(e.exit, EXIT_USAGE);
	strbuf_release(&page);
	made_free(a);
	made_free(b);
}

/* A short record beside a long one: bins of one length, else 1 s means look worse than 10 s
 * ones. */
static void test_one_bin(void **state)
{
	struct analysis *a = made_analysis(30, 1, "x"), *b = made_analysis(1200, 1, "x");
	struct side_by_side s = {.runs = {a, b}, .n = 2};
	struct strbuf page = {0};

	(void)state;
	a->info.run = MADE_TEXT("first-1");
	b->info.run = MADE_TEXT("second-2");
	side_by_side_page(&s, &page);
	assert_null(strstr(page.text, "means of 1 s"));
	assert_non_null(strstr(page.text, "means of 10 s"));
	strbuf_release(&page);
	s.n = 1;
	side_by_side_page(&s, &page);
	assert_non_null(strstr(page.text, "means of 1 s"));
	strbuf_release(&page);
	made_free(a);
	made_free(b);
}

/* The line of a guest is the mean of its vCPUs for steal, the highest for a sleep. */
static void test_guest_line(void **state)
{
	struct analysis *a = made_analysis(120, 2, "x");
	const struct analysis_guest *g = &a->guests[1];
	struct figure_line *line;

	(void)state;
	assert_int_equal(figure_guest_line(a, g, &figure_table[0], false, &line), 1);
	assert_float_equal(line->series.v[3],
		(g->vcpus[0].series[SERIES_STEAL].v[3] + g->vcpus[1].series[SERIES_STEAL].v[3]) / 2,
		1e-9);
	figure_lines_free(line, 1);
	assert_int_equal(figure_guest_line(a, g, &figure_table[2], false, &line), 1);
	assert_float_equal(line->series.v[3],
		fmax(g->vcpus[0].series[SERIES_SLEEP_ELAPSED].v[3],
			g->vcpus[1].series[SERIES_SLEEP_ELAPSED].v[3]),
		1e-9);
	figure_lines_free(line, 1);
	made_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_one_bin),
		cmocka_unit_test(test_guest_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
