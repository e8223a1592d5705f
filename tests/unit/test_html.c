// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * report/html, svg, escape: the page is well-formed where it must be, bounded, and harmless
 * whatever text a record holds. `test_html --write DIR` writes the pages that
 * tests/e2e/report_browser.sh opens. Computes only.
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
#include "report/batch/page.h"
#include "base/text.h"
#include "report/escape.h"
#include "report/markup.h"
#include "report/compare/html.h"
#include "report/plot/figures.h"
#include "report/run/html.h"
#include "report/plot/svg.h"
#include "report/compare/sweep_lines.h"

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
	assert_null(strstr(page.text, "stealscope replay")); /* as of a recording: of no scenario */
	assert_int_equal(json_array_size(figures), 4);
	for (size_t i = 0; i < 2; i++)
		assert_true(
			json_array_size(json_object_get(json_array_get(figures, i), "lines")) >= 3);
	/* The other two would say it again. */
	assert_non_null(strstr(page.text, "is the lateness and a period of 10.0 ms"));
	assert_non_null(strstr(page.text, "draw one curve, that of steal over time"));
	assert_null(strstr(page.text, "data-figure=\"elapsed\""));
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
	a->info.scenario = a->info.scenario_file = MADE_TEXT(HOSTILE);
	page = page_of(a);
	data = data_of(page.text);
	assert_non_null(data);
	assert_null(strstr(page.text, "<img"));
	assert_null(strstr(page.text, "]]>"));
	assert_non_null(
		strstr(page.text, "<code>stealscope replay 20261120T161500Z-made-3f9c</code>"));
	json_decref(data);
	strbuf_release(&page);
	made_free(a);
}

/* Ten hours of sixteen vCPUs stay below 3 MB. */
static void test_long_run_is_bounded(void **state)
{
	struct analysis *a = made_analysis(36000, 16, "noise burst");
	struct strbuf page = page_of(a);

	(void)state;
	print_message("report of 10 h, 17 vCPUs: %zu bytes\n", page.len);
	assert_true(page.len < 3000000);
	assert_non_null(strstr(page.text, "is the highest 10 s value of"));
	strbuf_release(&page);
	made_free(a);
}

/* Recordings: no trace, so nothing is said of bands that are not there. */
static void test_without_a_trace(void **state)
{
	struct analysis *a = made_analysis(30, 1, "noise burst");
	size_t n_blame = a->n_blame;
	struct strbuf page;

	(void)state;
	page = page_of(a);
	assert_non_null(strstr(page.text, "<div class=\"key\">"));
	strbuf_release(&page);
	a->have_trace = false;
	a->n_blame = 0;
	page = page_of(a);
	assert_null(strstr(page.text, "<div class=\"key\">"));
	assert_non_null(strstr(page.text, "not provided: no host trace"));
	strbuf_release(&page);
	a->n_blame = n_blame;
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
	n = svg_save_all(a, &(struct svg_files){.dir = dir, .prefix = "one"}, &e);
	assert_int_equal(
		n, 2 + 3 + 2 + 2 +
			   8); /* over time without twins, heat and bands, who, two maps, 8 late */
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

static const double SIX[] = {4, 5, 6, 5.5, 4.5, 5.2}, TWO[] = {8, 9, NAN}, NONE[] = {NAN};
static const struct sweep_point NUMBERS[] = {{"1", SIX, 6}, {"2", TWO, 3}, {"4", NONE, 1}};
static const struct sweep_point WORDS[] = {{"float", SIX, 6}, {"pinned <apart>", TWO, 3}};
static const struct sweep_line LINES[] = {{"quiet", NUMBERS, 3}, {"no, \"isy\"", NUMBERS, 2}};
static const struct sweep_line WORD_LINES[] = {{"", WORDS, 2}};
static const struct sweep_line NO_LINE[] = {{"", NUMBERS + 2, 1}};

static void test_sweep(void **state)
{
	const struct sweep s[] = {{"guests.count", "timer.late.p99", "us", LINES, 2},
		{"guests.count", "gap.rate", "ms/s", NO_LINE, 1}};
	const struct sweep w = {"placement", "timer.late.p99", "us", WORD_LINES, 1},
			   empty = {"k", "m", "", NULL, 0};
	struct strbuf text = {0}, js = {0}, csv = {0}, svg = {0}, page = {0};
	struct sweep_value v = sweep_value(&NUMBERS[0]);
	json_t *root, *list;
	xmlDoc *doc;

	(void)state;
	assert_true(v.n == 6 && v.enough && v.ci.lo == 4 && v.ci.hi == 6);
	v = sweep_value(&NUMBERS[1]);
	assert_true(v.n == 2 && !v.enough && v.median == 8.5 && v.ci.hi == 9);
	sweep_report_text(s, 2, &text);
	assert_non_null(strstr(text.text, "not provided\n"));
	assert_non_null(strstr(text.text, "* fewer than 6 boots"));
	assert_non_null(strstr(text.text, "\nnot provided: gap.rate\n"));
	sweep_report_json(s, 2, &js);
	root = json_loads(js.text, 0, NULL);
	list = json_object_get(root, "sweeps");
	assert_int_equal(json_array_size(list), 1); /* gap.rate has no value */
	list = json_object_get(json_array_get(list, 0), "lines");
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "points")), 3);
	json_decref(root);
	sweep_report_csv(s, 2, &csv);
	assert_non_null(strstr(
		csv.text, "\ntimer.late.p99,us,\"no, \"\"isy\"\"\",guests.count,2,2,8.5,8,9,no\n"));
	assert_null(strstr(csv.text, "gap.rate"));
	strbuf_add(&svg, "<x>");
	svg_plot_sweep(&svg, SVG_PAPER, true, &s[0]);
	svg_plot_sweep(&svg, SVG_NARROW, false, &s[1]);
	svg_plot_sweep(&svg, SVG_NARROW, false, &w);
	svg_plot_sweep(&svg, SVG_NARROW, false, &empty);
	strbuf_add(&svg, "</x>");
	doc = xmlReadMemory(svg.text, (int)svg.len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	assert_null(strstr(svg.text, "nan"));
	xmlFreeDoc(doc);
	sweep_page(s, 2, "who <b>", &page);
	assert_null(strstr(page.text, "{{"));
	assert_null(strstr(page.text, "who <b>"));
	strbuf_release(&text);
	strbuf_release(&js);
	strbuf_release(&csv);
	strbuf_release(&svg);
	strbuf_release(&page);
}

/* Lines and points as they are found from runs in random order. */
static void test_sweep_lines(void **state)
{
	const struct sweep_run grid[] = {
		{"pinned-overcommit-10_duty-50", "lab.overcommit=10 noise.h.duty=50%"},
		{"base-overcommit-2_duty-50", "lab.overcommit=2 noise.h.duty=50%"},
		{"pinned-overcommit-2_duty-90", "lab.overcommit=2 noise.h.duty=90%"},
		{"pinned-overcommit-2_duty-50", "lab.overcommit=2 noise.h.duty=50%"},
		{"pinned-overcommit-2_duty-50", "lab.overcommit=2 noise.h.duty=50%"}, {"base", ""}};
	const struct sweep_run zip[] = {{"overcommit-3_duty-9", "lab.overcommit=3 noise.h.duty=9%"},
		{"overcommit-20_duty-5", "lab.overcommit=20 noise.h.duty=5%"}};
	const struct sweep_run none[] = {{"a", ""}, {"b", ""}};
	const double values[] = {10, 2, 3, 4, 5, 6};
	struct sweep_lines l;
	struct err e = ERR_INIT;
	struct sweep s;

	(void)state;
	assert_int_equal(sweep_lines_make(grid, 6, &l, &e), 0);
	assert_string_equal(l.key, "lab.overcommit");
	assert_int_equal(l.n, 3);
	assert_string_equal(l.lines[0].name, "base noise.h.duty=50%");
	assert_string_equal(l.lines[1].name, "pinned noise.h.duty=50%");
	assert_string_equal(l.lines[2].name, "pinned noise.h.duty=90%");
	s = sweep_make(&l, "steal.rate", "ms/s", values);
	assert_int_equal(s.lines[1].n, 2); /* 2 before 10 */
	assert_string_equal(s.lines[1].points[0].label, "2");
	assert_int_equal(s.lines[1].points[0].n, 2);
	assert_true(s.lines[1].points[0].v[1] == 5);
	assert_true(s.lines[1].points[1].v[0] == 10);
	sweep_release(&s);
	sweep_lines_release(&l);
	assert_int_equal(sweep_lines_make(zip, 2, &l, &e), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.lines[0].name, "");
	assert_string_equal(l.lines[0].points[1].label, "20");
	sweep_lines_release(&l);
	assert_int_equal(sweep_lines_make(none, 2, &l, &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_USAGE);
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

/* A page of `arms` arms, a planted shift in the second, which `text` names. */
static struct strbuf compare_page_of(const char *text, size_t arms)
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
	struct compare_input inputs[3] = {in, in, in};
	struct compare_result r[3];
	struct compare_set comparisons = {r, arms - 1, arms > 2, "vm"};
	struct compare_boots boots_of[4] = {
		{"float", set, 1}, {text, set + 1, 1}, {"stacked", set, 1}, {"siblings", NULL, 0}};
	struct compare_page page = {&comparisons, boots_of, arms};
	struct strbuf out = {0};
	struct err e = ERR_INIT;

	for (int i = 0; i < 12; i++) {
		a[i] = 4000 + 90 * (i * 7 % 12);
		b[i] = 1100 + 61 * (i * 5 % 12);
	}
	inputs[1].name_b = "stacked";
	inputs[2].name_b = "siblings";
	if (compare_each(inputs, arms - 1, r, &e))
		fail_msg("%s", e.msg);
	compare_html(&page, &out);
	for (size_t i = 0; i < arms - 1; i++)
		compare_result_release(&r[i]);
	made_free(boots[0]);
	made_free(boots[1]);
	return out;
}

static void test_compare_page(void **state)
{
	(void)state;
	for (size_t arms = 2; arms <= 4; arms++) {
		struct strbuf page = compare_page_of(HOSTILE, arms);

		assert_null(strstr(page.text, "{{"));
		assert_null(strstr(page.text, "<img"));
		assert_non_null(strstr(page.text, "is better: timer.late.p99 -3.06 ms"));
		assert_non_null(strstr(page.text, "kernels 6.1 and 6.12"));
		assert_int_equal(
			arms == 4, strstr(page.text, "<h3>siblings against float") != NULL);
		strbuf_release(&page);
	}
}

static int write_page(const char *dir, const char *name, struct strbuf page)
{
	auto_free char *path = xasprintf("%s/%s.html", dir, name);
	int rc = write_file(path, page.text, page.len, NULL);

	strbuf_release(&page);
	return rc ? 1 : 0;
}

static struct strbuf batch_page_of(void)
{
	struct batch_scenario scenarios[] = {{.name = "pinned-vs-float",
						     .path = "pinned-vs-float.xml",
						     .skipped = "",
						     .stopped = ""},
		{.name = "numa",
			.path = "numa.xml",
			.skipped = "this box has one memory node",
			.stopped = ""}};
	struct batch_expect expects[] = {
		{0, MADE_TEXT("pinned"), MADE_TEXT("timer.late.p99 below that of float"),
			MADE_TEXT("1.1 ms of 4.4 ms"), VERDICT_PASS}};
	struct batch_run runs[40];
	struct batch_report r = {.id = "0123456789abcdef",
		.results = "..",
		.shard = 1,
		.shards = 2,
		.scenarios = scenarios,
		.n_scenarios = 2,
		.runs = runs,
		.n_runs = ARRAY_SIZE(runs),
		.expects = expects,
		.n_expects = 1};
	struct strbuf out = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(runs); i++) {
		runs[i] = (struct batch_run){.config = i % 2 ? "pinned" : "float",
			.repeat = i / 2,
			.block = i / 2 + 1,
			.state = i == 39 ? BATCH_FAILED : BATCH_DONE,
			.record = i == 39 ? "" : "20261120T161500Z-pinned-vs-float-pinned-3f9c",
			.why = i == 39 ? "the guest victim died: KVM internal error" : "",
			.place = i % 2,
			.wall_s = 14.2,
			.overhead_s = 3.9,
			.felt = {i % 2 ? 500 : 667, 120, i % 2 ? 1100 : 4400, NAN}};
		if (i % 7 == 3)
			strv_add(&runs[i].warnings,
				"the host changed during the run: cpu.governor was \"performance\", is \"powersave\"");
	}
	batch_page(&r, &out);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		strv_release(&runs[i].warnings);
	return out;
}

static struct strbuf sweep_page_of(void)
{
	const struct sweep s[] = {{"lab.overcommit", "timer.late.p99", "us", LINES, 2},
		{"placement", "steal.rate", "ms/s", WORD_LINES, 1}};
	struct strbuf out = {0};

	sweep_page(s, 2, "overcommit-sweep", &out);
	return out;
}

static int write_compare_pages(const char *dir)
{
	return write_page(dir, "compare", compare_page_of("pinned", 2)) ||
	       write_page(dir, "compare-many", compare_page_of("pinned", 4)) ||
	       write_page(dir, "summary", batch_page_of()) ||
	       write_page(dir, "sweep", sweep_page_of());
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
	return write_compare_pages(dir);
}

/* Recordings of large machines side by side: one line for each, and none is left out. */
static void test_line_per_guest(void **state)
{
	struct analysis *a = made_analysis(120, 16, "noise burst");
	struct figure_line *lines;
	size_t n, left_out;

	(void)state;
	made_guest(a, "other", 4, false);
	for (unsigned v = 0; v < 4; v++)
		for (size_t i = 0; i < a->guests[2].vcpus[v].fine[SERIES_STEAL].n; i++)
			a->guests[2].vcpus[v].fine[SERIES_STEAL].v[i] = i ? 10.0 * v : NAN;
	lines = figure_lines(a, &figure_table[0], &n, &left_out);
	assert_int_equal(n, 3);
	assert_int_equal(left_out, 0);
	assert_string_equal(lines[0].name, "victim, mean of 16 vCPUs");
	assert_string_equal(lines[1].name, "other, mean of 4 vCPUs");
	assert_string_equal(lines[2].name, "hog vcpu0 (noise)");
	assert_true(isnan(lines[1].series.v[0]));
	assert_float_equal(lines[1].series.v[1], 15, 1e-9);
	figure_lines_free(lines, n);
	made_free(a);
}

/* What comes in by %s is text, wherever in the markup and whatever it holds. */
static void test_text_is_escaped_by_default(void **state)
{
	static const char *volatile nothing; /* the compiler shall not know */
	struct strbuf b = {0};

	(void)state;
	html_add(&b, "<b title=\"%s\">%s %c %5.1f %%</b>", "\" onload='x'", "<i>&\x1b[2J", '<',
		2.25);
	assert_string_equal(b.text,
		"<b title=\"&quot; onload=&#39;x&#39;\">&lt;i&gt;&amp;" TEXT_REPLACEMENT
		"[2J &lt;   2.2 %</b>");
	html_raw(&b, "<br>");
	html_add(&b, "%.*s%s", 2, "<<<", nothing);
	html_join(&b, "<hr>");
	assert_non_null(strstr(b.text, "</b><br>&lt;&lt;<hr>"));
	strbuf_release(&b);
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* The placement of 200 guests on 300 CPUs. A row where the guest before may run on others; not more than fit. */
static struct strbuf placement_of(bool pinned, unsigned guests)
{
	struct run_guest guest[200] = {0};
	struct run_vcpu vcpu[200] = {0};
	struct strbuf out = {0};
	struct analysis a = {.info = {.guests = guest, .n_guests = guests}};

	for (unsigned i = 0; i < 300; i++)
		cpuset_add(&a.info.lab_cpus, i);
	for (unsigned i = 0; i < guests; i++) {
		vcpu[i].cpu_set = pinned ? cpuset_of(i) : a.info.lab_cpus;
		guest[i] = (struct run_guest){
			.name = xasprintf("g-%u", i + 1), .vcpus = &vcpu[i], .n_vcpus = 1};
	}
	svg_plot_placement(&out, SVG_WIDE, false, &a);
	for (unsigned i = 0; i < guests; i++)
		free(guest[i].name);
	return out;
}

static void test_placement(void **state)
{
	struct strbuf out = placement_of(false, 48);

	(void)state;
	assert_int_equal(count_of(out.text, " vcpu0</text>"), 48);
	assert_null(strstr(out.text, "behind it"));
	assert_non_null(strstr(out.text, "shown: 48 of 48 rows, 256 of 300 CPUs"));
	strbuf_release(&out);

	out = placement_of(false, 200);
	assert_int_equal(count_of(out.text, " vcpu0"), count_of(out.text, "g-1 vcpu0"));
	assert_non_null(strstr(out.text, ">g-1 vcpu0 +199</text>"));
	assert_non_null(strstr(out.text, "and 199 vCPUs behind it may run on CPU 255"));
	assert_non_null(strstr(out.text, "shown: 1 of 1 rows, 256 of 300 CPUs"));
	strbuf_release(&out);

	out = placement_of(true, 200);
	assert_int_equal(count_of(out.text, " vcpu0</text>"), 128);
	assert_non_null(strstr(out.text, "shown: 128 of 200 rows"));
	strbuf_release(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_text_is_escaped_by_default),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_long_run_is_bounded),
		cmocka_unit_test(test_without_a_trace),
		cmocka_unit_test(test_empty_analysis),
		cmocka_unit_test(test_package_missing),
		cmocka_unit_test(test_svg_files),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_sweep_lines),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_compare_page),
		cmocka_unit_test(test_line_per_guest),
	};

	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_pages(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
