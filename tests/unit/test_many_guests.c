// SPDX-License-Identifier: GPL-3.0-or-later
/* A record of many guests: the worst first, the rest folded, on the page and on a terminal. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "made_analysis.h"
#include "report/plot/figures.h"
#include "report/run/html.h"
#include "report/run/report.h"

#define GUESTS 40

static char names[GUESTS][8];

/* Beside a hog and a victim: each waits for something else, in no order; two of the same, of which one is later; one of which nobody
 * knows how long it waited, but for its steal. */
static struct analysis *many(unsigned n)
{
	struct analysis *a = made_analysis(30, 1, "noise burst");

	for (unsigned i = 0; i < n; i++) {
		struct analysis_guest *g;

		snprintf(names[i], sizeof(names[i]), "g%02u", i);
		made_guest(a, names[i], 1, false);
		g = &a->guests[a->n_guests - 1];
		g->metrics[METRIC_WAIT_RATE] = (struct metric_value){
			.have = i != 9, .value = i == 21 ? 7 * 17 % 41 : i * 17 % 41};
		g->metrics[METRIC_STEAL_RATE].value = i == 9 ? 999 : 0;
		g->metrics[METRIC_TIMER_LATE_P99].value = i == 21 ? 9000 : 4000;
	}
	a->guests[1].metrics[METRIC_WAIT_RATE] = (struct metric_value){.have = true, .value = 0};
	return a;
}

static void the_worst_come_first(void **state)
{
	struct analysis *a = many(GUESTS);
	size_t *order = figure_guest_order(a), at[GUESTS + 2];

	(void)state;
	for (size_t i = 0; i < a->n_guests; i++)
		at[order[i]] = i;
	assert_int_equal(at[2 + 9], 0);	 /* by its steal */
	assert_int_equal(at[2 + 12], 1); /* 12 * 17 % 41 = 40 */
	assert_int_equal(at[2 + 24], 2); /* 39 */
	assert_true(at[2 + 21] + 1 == at[2 + 7]);
	assert_int_equal(at[0], GUESTS + 1); /* noise, whatever it waits */
	free(order);
	made_free(a);
}

static void few_stand_as_planned(void **state)
{
	struct analysis *a = many(FIGURE_MANY_GUESTS - 2);
	size_t *order = figure_guest_order(a);

	(void)state;
	for (size_t i = 0; i + 1 < a->n_guests; i++)
		assert_int_equal(order[i], i + 1);
	assert_int_equal(order[a->n_guests - 1], 0);
	free(order);
	made_free(a);
}

static void the_rest_folds_on_the_page(void **state)
{
	struct analysis *a = many(GUESTS);
	struct strbuf page = {0};
	struct err e = ERR_INIT;
	const char *table, *worst, *fold, *least;

	(void)state;
	if (access(HTML_DYGRAPHS "/dygraph.min.js", R_OK)) {
		print_message("SKIP html: no " HTML_DYGRAPHS " (package libjs-dygraphs)\n");
		skip();
	}
	assert_int_equal(html_report(a, NULL, &page, &e), 0);
	table = strstr(page.text, "<table class=\"guests\">");
	assert_non_null(table);
	worst = strstr(table, "<th scope=\"row\">g09");
	fold = strstr(table, "<details><summary>18 more guests</summary>");
	least = strstr(table, "<th scope=\"row\">g00");
	assert_true(worst && fold && least && worst < fold && fold < least);
	assert_null(strstr(least + 1, "<th scope=\"row\">g09"));
	strbuf_release(&page);
	made_free(a);
}

static void the_rest_is_counted_on_a_terminal(void **state)
{
	struct analysis *a = many(GUESTS);
	char *text = NULL;
	size_t len, rows = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	report_text(a, f, false);
	fclose(f);
	for (const char *p = text; (p = strstr(p, "\ng")); p++)
		rows += p[2] >= '0' && p[2] <= '9' && strstr(p, "metal") == p + 15;
	assert_int_equal(rows, FIGURE_MANY_GUESTS);
	assert_non_null(strstr(text, "\ng09 "));
	assert_null(strstr(text, "\ng00 "));
	assert_non_null(strstr(text, "those that waited longest, noise last; 18 more"));
	free(text);
	made_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_come_first),
		cmocka_unit_test(few_stand_as_planned),
		cmocka_unit_test(the_rest_folds_on_the_page),
		cmocka_unit_test(the_rest_is_counted_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
