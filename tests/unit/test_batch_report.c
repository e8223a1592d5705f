// SPDX-License-Identifier: GPL-3.0-or-later
/* report/batch_*, report/junit: a batch told as text, JSON, JUnit XML and a page, with hostile
 * names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/batch/figures.h"
#include "report/batch/page.h"
#include "report/batch/junit.h"

#define LIT(s)	((char *)(uintptr_t)(s))
#define HOSTILE "<b>&\"'\x01\xff]]>"

static struct batch_scenario scenarios[] = {
	{"one", "/x/one.xml", "", "", NULL},
	{"two" HOSTILE, "/x/two.xml", "", "narrow", NULL},
	{"three", "/x/three.xml", "no second node", "", NULL},
};

static struct batch_expect expects[] = {
	{0, LIT("a"), LIT("steal below 2"), LIT("is 1"), VERDICT_PASS},
	{0, LIT("b"), LIT("steal below 2 <"), LIT("is 3"), VERDICT_FAIL},
	{1, LIT("a"), LIT("steal"), LIT("not provided"), VERDICT_UNKNOWN},
};

static struct batch_run runs[6];

static struct batch_report make(void)
{
	static char *all[] = {LIT("every run has it"), LIT("only one: " HOSTILE)};
	static char *other[] = {LIT("17 CPUs of r-2"), LIT("every run has it")};
	static char *third[] = {LIT("every run has it"), LIT("3 CPUs of r-4b")};
	struct strv one = {other, 2}, two = {all, 2}, three = {third, 2};

	runs[0] = (struct batch_run){0, "a", 0, 1, BATCH_DONE, "r0", "", 2.5, 1.5, one, {0}, 1};
	runs[1] = (struct batch_run){0, "b", 0, 1, BATCH_DONE, "r1", "", 3.5, 2.5, two, {0}, 0};
	runs[2] =
		(struct batch_run){0, "a", 1, 2, BATCH_FAILED, "", HOSTILE, NAN, NAN, {0}, {0}, 1};
	runs[3] = (struct batch_run){0, "b", 1, 2, BATCH_OPEN, "", "", NAN, NAN, {0}, {0}, 0};
	runs[4] = (struct batch_run){1, "a", 0, 3, BATCH_DONE, "r4", "", 1, 0.5, three, {0}, 0};
	runs[5] = (struct batch_run){
		1, "a", 1, 4, BATCH_STOPPED, "", "narrow", NAN, NAN, {0}, {0}, 0};
	return (struct batch_report){.id = "abc",
		.results = "..",
		.seed = 5,
		.shard = 1,
		.shards = 2,
		.status = 1,
		.scenarios = scenarios,
		.n_scenarios = 3,
		.runs = runs,
		.n_runs = 6,
		.expects = expects,
		.n_expects = 3};
}

static void warnings_are_grouped(void **state)
{
	struct batch_report r = make();
	size_t n;
	struct batch_warning *w = batch_warnings(&r, &n);

	(void)state;
	assert_int_equal(n, 3);
	assert_false(w[0].every);
	assert_int_equal(w[0].n, 1);
	assert_int_equal(w[0].runs[0], 1);
	assert_false(w[0].varies);
	assert_int_equal(w[1].n, 2); /* the same but for its figures */
	assert_string_equal(w[1].text, "17 CPUs of r-2");
	assert_true(w[1].varies);
	assert_true(w[2].every && !w[2].varies);
	assert_int_equal(w[2].n, 3);
	batch_warnings_free(w, n);
}

/* By scenario, place and repeat; where no journal knows the places, by name as a person counts. */
static void runs_stand_in_order(void **state)
{
	static const char *const wanted[] = {"b0", "b1", "a0", "a1", "n-20", "n-21", "n-100"};
	struct batch_run made[] = {
		{.scenario = 1, .config = "n-10", .place = SIZE_MAX},
		{.scenario = 1, .config = "n-2", .repeat = 1, .place = SIZE_MAX},
		{.scenario = 0, .config = "a", .repeat = 1, .place = 1},
		{.scenario = 0, .config = "b", .repeat = 1, .place = 0},
		{.scenario = 0, .config = "a", .place = 1},
		{.scenario = 1, .config = "n-2", .place = SIZE_MAX},
		{.scenario = 0, .config = "b", .place = 0},
	};
	struct batch_report r = {.runs = made, .n_runs = ARRAY_SIZE(made)};
	auto_free const struct batch_run **list = batch_order(&r);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		auto_free char *got = xasprintf("%s%u", list[i]->config, list[i]->repeat);

		assert_string_equal(got, wanted[i]);
	}
}

/* Medians per configuration, over the boots that have a value; a metric that none has is no
 * column. */
static void figures_are_medians(void **state)
{
	struct batch_report r = make();
	struct strbuf text = {0}, page = {0};
	struct batch_figure *f;
	size_t n;

	(void)state;
	for (size_t i = 0; i < r.n_runs; i++)
		for (size_t k = 0; k < BATCH_FELT; k++)
			runs[i].felt[k] = NAN;
	runs[2].state = runs[3].state = BATCH_DONE;
	runs[0].felt[0] = 10;
	runs[2].felt[0] = 30;
	runs[1].felt[0] = 500;
	runs[4].felt[2] = 1500;
	f = batch_figures(&r, &n);
	assert_int_equal(n, 3);
	/* In the scenario's order, where b comes first, whatever was run before. */
	assert_string_equal(f[0].config, "b");
	assert_int_equal(f[0].boots, 2);
	assert_true(f[1].felt[0] == 20 && f[0].felt[0] == 500 && isnan(f[2].felt[0]));
	assert_true(f[2].scenario == 1 && f[2].boots == 1 && f[2].felt[2] == 1500);
	batch_figures_text(&r, &text);
	assert_non_null(strstr(text.text, "20.0 ms/s              -\n"));
	assert_non_null(strstr(text.text, "1.50 ms\n"));
	assert_null(strstr(text.text, "job.rate"));
	batch_figures_html(&r, &page);
	assert_non_null(strstr(page.text, "two&lt;b&gt;"));
	assert_non_null(strstr(page.text, "steal.rate of one</h3>"));
	assert_null(strstr(page.text, "steal.rate of two")); /* no boot has it */
	assert_true(strstr(page.text, ">b</text>") < strstr(page.text, ">a</text>"));
	strbuf_release(&text);
	strbuf_release(&page);
	free(f);
}

static double count(xmlDocPtr doc, const char *what)
{
	xmlXPathContextPtr c = xmlXPathNewContext(doc);
	auto_free char *expression = xasprintf("number(%s)", what);
	xmlXPathObjectPtr o = xmlXPathEvalExpression((const xmlChar *)expression, c);
	double v = o->floatval;

	xmlXPathFreeObject(o);
	xmlXPathFreeContext(c);
	return v;
}

static void junit_is_xml_and_adds_up(void **state)
{
	struct batch_report r = make();
	struct strbuf b = {0};
	xmlDocPtr doc;

	(void)state;
	junit_xml(&r, &b);
	doc = xmlReadMemory(b.text, (int)b.len, "junit.xml", NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	assert_true(count(doc, "count(//testsuite)") == 3);
	assert_true(count(doc, "count(//testcase)") == 6 + 3 + 1);
	assert_true(count(doc, "sum(//testsuite/@tests)") == 10);
	assert_true(count(doc, "sum(//testsuite/@failures)") == 1);
	assert_true(count(doc, "count(//failure)") == 1);
	assert_true(count(doc, "sum(//testsuite/@errors)") == 1);
	assert_true(count(doc, "count(//error)") == 1);
	assert_true(count(doc, "sum(//testsuite/@skipped)") == 4);
	assert_true(count(doc, "count(//skipped)") == 4);
	assert_true(fabs(count(doc, "sum(//testcase/@time)") - 7) < 1e-9);
	xmlFreeDoc(doc);
	strbuf_release(&b);
}

static void json_parses(void **state)
{
	struct batch_report r = make();
	struct strbuf b = {0};
	json_t *j, *run;

	(void)state;
	batch_report_json(&r, &b);
	j = json_loads(b.text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	assert_int_equal(json_array_size(json_object_get(j, "runs")), 6);
	assert_int_equal(json_array_size(json_object_get(j, "expect")), 3);
	run = json_array_get(json_object_get(j, "runs"), 1);
	assert_string_equal(json_string_value(json_object_get(run, "run")), "r1");
	assert_true(json_real_value(json_object_get(run, "overhead_s")) == 2.5);
	run = json_array_get(json_object_get(j, "runs"), 2);
	assert_true(json_is_null(json_object_get(run, "wall_s")));
	json_decref(j);
	strbuf_release(&b);
}

static void text_names_what_matters(void **state)
{
	struct batch_report r = make();
	struct strbuf b = {0};

	(void)state;
	batch_report_text(&r, &b);
	assert_non_null(strstr(b.text, "3 runs done, 1 failed, 1 open, 1 not needed; 1.5 s a run"));
	assert_non_null(strstr(b.text, "skipped three: no second node"));
	assert_non_null(strstr(b.text, "failed one a, repeat 2: "));
	assert_non_null(strstr(b.text, "expect fail    one b: steal below 2 <: is 3"));
	assert_non_null(strstr(b.text, "warning, every run: every run has it"));
	strbuf_release(&b);
}

static void page_links_and_escapes(void **state)
{
	struct batch_report r = make();
	struct strbuf b = {0};

	(void)state;
	batch_page(&r, &b);
	assert_non_null(strstr(b.text, "<a href=\"../r4/report.html\">r4</a>"));
	assert_non_null(strstr(b.text, "shard 1 of 2"));
	assert_true(strstr(b.text, "../r1/report.html\">r1</a></td></tr>") <
		    strstr(b.text, "../r0/report.html\">r0</a></td></tr>"));
	assert_null(strstr(b.text, "<b>"));
	assert_null(strstr(b.text, "<script"));
	assert_null(strstr(b.text, "href=\"http"));
	assert_null(strstr(b.text, "src="));
	strbuf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_stand_in_order),
		cmocka_unit_test(figures_are_medians),
		cmocka_unit_test(warnings_are_grouped),
		cmocka_unit_test(junit_is_xml_and_adds_up),
		cmocka_unit_test(json_parses),
		cmocka_unit_test(text_names_what_matters),
		cmocka_unit_test(page_links_and_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
