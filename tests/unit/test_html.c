// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * report/html, svg, escape: the page is well-formed where it must be, bounded, and harmless
 * whatever text a record holds. `test_html --write DIR` writes the pages that
 * tests/e2e/report_browser.sh opens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <dirent.h>
#include <unistd.h>

#include <jansson.h>
#include <libxml/parser.h>

#include "made_analysis.h"
#include "report/escape.h"
#include "report/compare_html.h"
#include "report/html.h"
#include "report/svg.h"
#include "report/sweep_report.h"

#define HOSTILE "</script><img src=x onerror=\"alert(1)\">'&\x01\xff]]><!--"

static struct strbuf page_of(struct analysis *a)
{
	struct strbuf page = {0};
	struct err e = ERR_INIT;

	if (access(HTML_DYGRAPHS "/dygraph.min.js", R_OK)) {
		print_message("SKIP html: no " HTML_DYGRAPHS " (package libjs-dygraphs)\n");
		skip();
	}
	if (html_report(a, NULL, &page, &e))
		fail_msg("%s", e.msg);
	return page;
}

/* The JSON between <script ... id="data"> and the next </script>, as a browser cuts it. */
static json_t *data_of(const char *page)
{
	const char *start = strstr(page, "id=\"data\">"), *end;

	assert_non_null(start);
	start += strlen("id=\"data\">");
	end = strstr(start, "</script>");
	assert_non_null(end);
	return json_loadb(start, (size_t)(end - start), 0, NULL);
}

static void test_page(void **state)
{
	struct analysis *a = made_analysis(120, 2, "noise burst");
	struct strbuf page = page_of(a);
	json_t *data = data_of(page.text), *figures = json_object_get(data, "figures");
	const char *left;

	(void)state;
	assert_non_null(
		strstr(page.text, "Content-Security-Policy\" content=\"default-src 'none'"));
	assert_non_null(strstr(page.text, "dygraphs/blob/v2"));
	left = strstr(page.text, "{{"); /* dygraphs itself, behind the data, has such */
	assert_true(!left || left > strstr(page.text, "id=\"data\""));
	assert_null(strstr(page.text, "sourceMappingURL"));
	assert_non_null(strstr(page.text, "4.32 ms"));
	assert_int_equal(json_array_size(figures), 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(
			json_array_size(json_object_get(json_array_get(figures, i), "lines")) >= 3);
	json_decref(data);
	strbuf_release(&page);
	made_free(a);
}

static void test_hostile_text(void **state)
{
	struct analysis *a = made_analysis(30, 1, HOSTILE);
	struct strbuf page;
	json_t *data;

	(void)state;
	a->guests[1].name = HOSTILE;
	a->info.scenario = MADE_TEXT(HOSTILE);
	page = page_of(a);
	data = data_of(page.text);
	assert_non_null(data);
	assert_null(strstr(page.text, "<img"));
	assert_null(strstr(page.text, "]]>"));
	json_decref(data);
	strbuf_release(&page);
	made_free(a);
}

/* Ten hours of sixteen vCPUs stay below 5 MB. */
static void test_long_run_is_bounded(void **state)
{
	struct analysis *a = made_analysis(36000, 16, "noise burst");
	struct strbuf page = page_of(a);

	(void)state;
	print_message("report of 10 h, 17 vCPUs: %zu bytes\n", page.len);
	assert_true(page.len < 5000000);
	assert_non_null(strstr(page.text, "is the highest 10 s value of"));
	strbuf_release(&page);
	made_free(a);
}

static void test_empty_analysis(void **state)
{
	struct analysis a = {.window_s = 0, .box_steal_ms_per_s = NAN};
	struct strbuf page = page_of(&a);

	(void)state;
	assert_non_null(strstr(page.text, "Not provided: no guest left a record"));
	strbuf_release(&page);
}

static void test_package_missing(void **state)
{
	struct analysis a = {.window_s = 0};
	struct strbuf page = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(html_report(&a, "/nonexistent", &page, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_HOST);
	assert_non_null(strstr(e.msg, "apt-get install libjs-dygraphs"));
	assert_null(page.text);
}

static void test_svg_files(void **state)
{
	struct analysis *a = made_analysis(120, 2, HOSTILE);
	char dir[] = "/tmp/ss-test-svg-XXXXXX";
	struct dirent **names = NULL;
	struct err e = ERR_INIT;
	int n, files = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	n = svg_save_all(a, dir, &e);
	assert_int_equal(n, 3 + 3 + 2 + 8); /* over time, witnesses of 3 vCPUs, two maps, 8 late */
	for (int left = scandir(dir, &names, NULL, alphasort); left-- > 0; free(names[left])) {
		auto_free char *path = xasprintf("%s/%s", dir, names[left]->d_name);
		xmlDoc *doc;

		if (names[left]->d_name[0] == '.')
			continue;
		doc = xmlReadFile(path, NULL, XML_PARSE_NONET);
		assert_non_null(doc);
		xmlFreeDoc(doc);
		files++;
	}
	free(names);
	assert_int_equal(files, n);
	assert_int_equal(remove_tree(dir, &e), 0);
	made_free(a);
}

static void test_sweep(void **state)
{
	const double one[] = {4, 5, 6, 5.5, 4.5, 5.2}, two[] = {8, 9, NAN}, none[] = {NAN};
	const struct sweep_point points[] = {{"1", one, 6}, {"2", two, 3}, {"4", none, 1}};
	const struct sweep_point words[] = {{"float", one, 6}, {"pinned <apart>", two, 3}};
	const struct sweep s = {"guests.count", "timer.late.p99", "us", points, 3};
	const struct sweep w = {"placement", "timer.late.p99", "us", words, 2},
			   empty = {"k", "m", "", NULL, 0};
	struct strbuf text = {0}, js = {0}, svg = {0};
	struct sweep_value v = sweep_value(&points[0]);
	json_t *root;
	xmlDoc *doc;

	(void)state;
	assert_true(v.n == 6 && v.enough && v.ci.lo == 4 && v.ci.hi == 6);
	v = sweep_value(&points[1]);
	assert_true(v.n == 2 && !v.enough && v.median == 8.5 && v.ci.hi == 9);
	sweep_report_text(&s, &text);
	assert_non_null(strstr(text.text, "not provided"));
	assert_non_null(strstr(text.text, "* fewer than 6 boots"));
	sweep_report_json(&s, &js);
	root = json_loads(js.text, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(root, "points")), 3);
	json_decref(root);
	strbuf_add(&svg, "<x>");
	svg_plot_sweep(&svg, SVG_PAPER, true, &s);
	svg_plot_sweep(&svg, SVG_NARROW, false, &w);
	svg_plot_sweep(&svg, SVG_NARROW, false, &empty);
	strbuf_add(&svg, "</x>");
	doc = xmlReadMemory(svg.text, (int)svg.len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	assert_null(strstr(svg.text, "nan"));
	xmlFreeDoc(doc);
	strbuf_release(&text);
	strbuf_release(&js);
	strbuf_release(&svg);
}

static void test_escape(void **state)
{
	struct strbuf x = {0}, j = {0};

	(void)state;
	escape_xml(&x, "a<b>&\"'\x02\xc3\xa9\xc0\xaf\xed\xa0\x80z");
	assert_string_equal(x.text, "a&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd"
				    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	escape_json(&j, "\"\\</script>\n");
	assert_string_equal(j.text, "\"\\\"\\\\\\u003c/script\\u003e\\n\"");
	strbuf_release(&x);
	strbuf_release(&j);
	escape_json(&j, NULL);
	escape_number(&j, NAN, 3);
	escape_number(&j, 1234.567, 4);
	assert_string_equal(j.text, "nullnull1235");
	strbuf_release(&j);
}

/* A page of two arms with a planted shift; `text` names the second arm. */
static struct strbuf compare_page_of(const char *text)
{
	struct analysis *boots[2] = {
		made_analysis(30, 1, text), made_analysis(30, 1, "vm hog vcpu0")};
	const struct analysis *const *set = (const struct analysis *const *)boots;
	double a[12], b[12], zero[12] = {0};
	struct compare_metric m[] = {
		{"timer.late.p99", "us", BETTER_LOWER, a, b, 12, 12},
		{"steal.rate", "ms/s", BETTER_LOWER, a, a, 12, 12},
		{"job.rate", "units/s", BETTER_HIGHER, b, a, 12, 11},
		{"wasted.rate", "ms/s", BETTER_LOWER, zero, zero, 12, 12},
		{"gap.rate", "ms/s", BETTER_LOWER, a, b, 3, 3},
		{"job.time", "s", BETTER_LOWER, a, b, 12, 0},
	};
	struct compare_input in = {.name_a = "float",
		.name_b = text,
		.metrics = m,
		.n_metrics = 6,
		.mismatch = "kernels 6.1 and 6.12",
		.force = true};
	struct compare_result r;
	struct compare_page page = {&r, set, set + 1, 1, 1};
	struct strbuf out = {0};
	struct err e = ERR_INIT;

	for (int i = 0; i < 12; i++) {
		a[i] = 4000 + 90 * (i * 7 % 12);
		b[i] = 1100 + 61 * (i * 5 % 12);
	}
	if (compare_arms(&in, &r, &e))
		fail_msg("%s", e.msg);
	compare_html(&page, &out);
	compare_result_release(&r);
	made_free(boots[0]);
	made_free(boots[1]);
	return out;
}

static void test_compare_page(void **state)
{
	struct strbuf page = compare_page_of(HOSTILE);

	(void)state;
	assert_null(strstr(page.text, "{{"));
	assert_null(strstr(page.text, "<img"));
	assert_non_null(strstr(page.text, "is better: timer.late.p99 -3.06 ms"));
	assert_non_null(strstr(page.text, "kernels 6.1 and 6.12"));
	strbuf_release(&page);
}

static int write_pages(const char *dir)
{
	const struct {
		const char *name, *text;
		double window_s;
		unsigned vcpus;
	} pages[] = {{"short", "noise burst", 30, 2}, {"minutes", "noise burst", 900, 2},
		{"long", "noise burst", 36000, 16}, {"hostile", HOSTILE, 120, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		struct analysis *a =
			made_analysis(pages[i].window_s, pages[i].vcpus, pages[i].text);
		auto_free char *path = xasprintf("%s/%s.html", dir, pages[i].name);
		struct strbuf page = {0};
		struct err e = ERR_INIT;
		int rc = html_report(a, NULL, &page, &e);

		if (!rc)
			rc = write_file(path, page.text, page.len, &e);
		strbuf_release(&page);
		made_free(a);
		if (rc) {
			fprintf(stderr, "%s\n", e.msg);
			return 1;
		}
	}
	auto_free char *path = xasprintf("%s/compare.html", dir);
	struct strbuf page = compare_page_of("pinned");
	int rc = write_file(path, page.text, page.len, NULL);

	strbuf_release(&page);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_long_run_is_bounded),
		cmocka_unit_test(test_empty_analysis),
		cmocka_unit_test(test_package_missing),
		cmocka_unit_test(test_svg_files),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_compare_page),
	};

	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_pages(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
