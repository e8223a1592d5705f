// SPDX-License-Identifier: GPL-3.0-or-later
/* report/published: changes from variant to variant, over boots, beside published ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <libxml/parser.h>
#include <string.h>

#include "report/compare/published.h"
#include "report/run/bands.h"

#define LIT(s) ((char *)(uintptr_t)(s))

struct boot {
	struct analysis a;
	struct analysis_guest guests[2];
};

static void make_boot(
	struct boot *b, const char *key, const char *variant, const char *accel, double s)
{
	*b = (struct boot){.guests = {{.name = "noise", .accel = "kvm", .is_noise = true},
				   {.name = "box", .accel = accel}}};
	b->a.info.published = LIT(key);
	b->a.info.variant = LIT(variant);
	b->a.guests = b->guests;
	b->a.n_guests = 2;
	b->guests[1].metrics[METRIC_JOB_TIME] = (struct metric_value){.have = s > 0, .value = s};
}

static struct published *make(struct boot *boots, size_t n)
{
	const struct analysis *set[16] = {0};

	for (size_t i = 0; i < n; i++)
		set[i] = &boots[i].a;
	return published_make(set, n);
}

/* A row of figure `f` by its name. */
static json_t *row_of(json_t *all, size_t f, const char *who)
{
	json_t *rows = json_object_get(json_array_get(json_object_get(all, "figures"), f), "rows");
	size_t i;
	json_t *row;

	json_array_foreach(rows, i,
		row) if (!strcmp(json_string_value(json_object_get(row, "who")), who)) return row;
	return NULL;
}

static double change(json_t *row, size_t column)
{
	return json_number_value(json_array_get(json_object_get(row, "change"), column));
}

static void none_unless_asked_for(void **state)
{
	struct boot b[1];

	(void)state;
	assert_null(make(b, 0));
	make_boot(&b[0], "", "native-bzip2-n-pinned", "native", 1);
	assert_null(make(b, 1));
	make_boot(&b[0], "no-such-table", "native-bzip2-n-pinned", "native", 1);
	assert_null(make(b, 1));
	b[0].a.info.published = NULL;
	assert_null(make(b, 1));
}

static void changes_are_of_medians(void **state)
{
	struct boot b[8];
	struct published *p;
	json_t *all, *row;

	(void)state;
	make_boot(&b[0], "choi-3v4", "native-bzip2-n1-pinned", "native", 2.0);
	make_boot(&b[1], "choi-3v4", "native-bzip2-n-pinned", "native", 2.1);
	make_boot(&b[2], "choi-3v4", "native-bzip2-n-pinned", "native", 99);
	make_boot(&b[3], "choi-3v4", "native-bzip2-n-pinned", "native", 2.2);
	make_boot(&b[4], "choi-3v4", "native-gnugo-n1-pinned", "native", 1.0);
	make_boot(&b[5], "choi-3v4", "native-gnugo-n-pinned", "native", 1.2);
	make_boot(&b[6], "choi-3v4", "guest-gnugo-n1-pinned", "tcg", 1.0);
	make_boot(&b[7], "choi-3v4", "guest-gnugo-n-pinned", "tcg", 0); /* no unit was done */
	p = make(b, 8);
	assert_non_null(p);
	all = published_json(p);
	assert_string_equal(json_string_value(json_object_get(all, "accel")), "native, tcg");
	assert_int_equal(json_integer_value(json_object_get(all, "boots")), 1);
	row = row_of(all, 0, "native, pinned");
	assert_non_null(row);
	assert_float_equal(change(row, 0), 10, 1e-6);
	assert_float_equal(change(row, 1), 20, 1e-6);
	assert_float_equal(json_number_value(json_object_get(row, "mean")), 15, 1e-6);
	row = row_of(all, 0, "guest, pinned");
	assert_true(json_is_null(json_array_get(json_object_get(row, "change"), 1)));
	assert_true(json_is_null(json_object_get(row, "mean")));
	row = row_of(all, 0, "paper: KVM");
	assert_string_equal(json_string_value(json_object_get(row, "published")), "+4.89 %");
	assert_float_equal(json_number_value(json_object_get(row, "mean")), 4.89, 1e-6);
	assert_non_null(row_of(all, 1, "paper: Xen, 4 jobs"));
	json_decref(all);
	published_free(p);
}

/* Guests of Xen's are no guests of KVM's, and those beside whom dom0 may run no others; without any, their rows are left out. */
static void xen_has_rows_of_its_own(void **state)
{
	struct run_fact lab = {LIT("cpu.model"), LIT("a lab's")},
			other = {LIT("cpu.model"), LIT("another\x1b[31m")};
	struct run_vcpu vcpu[2] = {{.cpu_set = cpuset_of(1)}, {.cpu_set = cpuset_of(2)}};
	struct run_guest apart = {
		.name = LIT("box"), .vcpus = vcpu, .n_vcpus = 2, .emulator_cpus = cpuset_of(0)};
	struct run_guest among = apart;
	struct strbuf text = {0};
	struct published *p;
	struct boot b[7];
	json_t *all;

	(void)state;
	among.emulator_cpus = cpuset_of(2);
	make_boot(&b[0], "choi-3v4", "guest-bzip2-n1-pinned", "kvm", 1.0);
	make_boot(&b[1], "choi-3v4", "guest-bzip2-n-pinned", "kvm", 1.1);
	make_boot(&b[2], "choi-3v4", "guest-bzip2-n1-pinned", "xen", 1.0);
	make_boot(&b[3], "choi-3v4", "guest-bzip2-n-pinned", "xen", 1.2);
	make_boot(&b[4], "choi-3v4", "guest-bzip2-n1-pinned", "xen", 1.0);
	make_boot(&b[5], "choi-3v4", "guest-bzip2-n-pinned", "xen", 1.3);
	make_boot(&b[6], "choi-3v4", "native-bzip2-n-pinned", "native", 1);
	for (size_t i = 0; i < 7; i++) {
		b[i].a.info.facts = &lab;
		b[i].a.info.n_facts = 1;
		b[i].a.info.guests = i < 4 ? &apart : &among;
		b[i].a.info.n_guests = 1;
	}
	p = make(b, 7);
	all = published_json(p);
	assert_float_equal(change(row_of(all, 0, "guest, pinned"), 0), 10, 1e-6);
	assert_float_equal(change(row_of(all, 0, "Xen, pinned"), 0), 20, 1e-6);
	assert_float_equal(change(row_of(all, 0, "Xen, pinned, dom0 floating"), 0), 30, 1e-6);
	assert_non_null(row_of(all, 1, "Xen, every CPU"));
	assert_int_equal(json_array_size(json_object_get(all, "systems")), 3);
	published_text(p, &text);
	assert_non_null(strstr(text.text, "xen on a lab's\n"));
	assert_null(strstr(text.text, "several boxes"));
	strbuf_release(&text);
	json_decref(all);
	published_free(p);

	p = make(b, 2);
	all = published_json(p);
	assert_null(row_of(all, 0, "Xen, pinned"));
	assert_null(row_of(all, 1, "Xen, every CPU"));
	assert_non_null(row_of(all, 0, "paper: Xen"));
	assert_non_null(row_of(all, 1, "paper: Xen, 4 jobs"));
	json_decref(all);
	published_free(p);

	/* Of two boxes: a change from one to the other is of the boxes. */
	b[1].a.info.facts = &other;
	p = make(b, 2);
	published_text(p, &text);
	assert_non_null(strstr(text.text, "several boxes"));
	assert_non_null(strstr(text.text, "kvm on another"));
	assert_null(strchr(text.text, '\x1b')); /* a record's words reach no terminal raw */
	strbuf_release(&text);
	published_free(p);
}

static void text_fits_and_html_is_whole(void **state)
{
	struct boot b[2];
	struct strbuf text = {0}, html = {0};
	struct published *p;
	xmlDocPtr doc;

	(void)state;
	make_boot(&b[0], "choi-3v4", "guest-bzip2-n-float", "<b>&", 3.0);
	make_boot(&b[1], "choi-3v4", "guest-bzip2-n1-float", "<b>&", 2.0);
	p = make(b, 2);
	published_text(p, &text);
	assert_non_null(strstr(text.text, "+50.00 %"));
	assert_non_null(strstr(text.text, "+3.75 %"));
	for (const char *line = text.text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	published_html(p, &html);
	doc = xmlReadMemory(html.text, (int)html.len, "x", NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	xmlFreeDoc(doc);
	assert_non_null(strstr(html.text, "2.00 s to 3.00 s"));
	/* The first figure is drawn, before its table, theirs in another colour; the second has none of ours. */
	assert_non_null(strstr(html.text, ">guest, floating</text>"));
	assert_non_null(strstr(html.text, "class=\"wx\""));
	assert_true(strstr(html.text, "<svg") < strstr(html.text, "<table"));
	assert_null(strstr(html.text, ">paper: Xen, 4 jobs</text>"));
	strbuf_release(&text);
	strbuf_release(&html);
	published_free(p);
}

/* Ranges: of whole 10 s of the first guest that is no noise, drawn and told; none without the figure. */
static void ranges_stand_beside_what_was_felt(void **state)
{
	double steal[] = {21, 25, 29, 31, 35, 39, 48, NAN, 23, 27, 33};
	double late[] = {500, 900, 8000, 30000, 200, 700, 600, 800, 300, 400, 100};
	struct analysis_vcpu vcpu = {.series = {[SERIES_STEAL] = {10 * NS_PER_S, 11, steal},
					     [SERIES_TIMER_LATE] = {10 * NS_PER_S, 11, late}}};
	struct run_probe probe = {.name = LIT("timer"), .vcpu_mask = 1, .p = {10 * NS_PER_MS}};
	struct run_guest info[2] = {{0}, {.probes = &probe, .n_probes = 1}};
	struct strbuf html = {0};
	struct bands bands;
	struct boot b;
	json_t *j;

	(void)state;
	make_boot(&b, "vultr", "base", "kvm", 1);
	b.guests[1].vcpus = &vcpu;
	b.guests[1].n_vcpus = 1;
	b.a.window_s = 104; /* of the last 10 s less than half */
	b.a.info.guests = info;
	b.a.info.n_guests = 2;
	bands_make(&b.a, &bands);
	assert_int_equal(bands.n, 2);
	assert_int_equal(bands.band[0].felt.n, 9);
	assert_float_equal(bands.band[0].felt.median, 29, 1e-9);
	assert_float_equal(bands.band[0].felt.most, 48, 1e-9);
	assert_true(bands.band[0].felt.low < 24 && bands.band[0].felt.high > 38);
	/* how long a sleep of 10 ms took, as published */
	assert_float_equal(bands.band[1].felt.most, 40, 1e-9);
	assert_float_equal(bands.band[1].low, 10, 1e-9);
	bands_release(&bands);
	html_bands(&b.a, &html);
	assert_non_null(strstr(html.text, "often 20 to 40 ms/s, peaks about 50; here "));
	assert_non_null(strstr(html.text, "<svg"));
	strbuf_release(&html);
	probe.p[0] = NS_PER_MS; /* another sleep than was published */
	j = bands_json(&b.a);
	assert_true(json_is_null(json_object_get(json_array_get(j, 1), "felt")));
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(j, 1), "not_provided")),
		"no guest wakes every 10 ms");
	json_decref(j);
	b.a.info.published = LIT("choi-3v4");
	assert_null(bands_json(&b.a));
	b.a.info.published = LIT("aws");
	bands_make(&b.a, &bands);
	assert_true(bands.n == 2 && isnan(bands.band[0].low) && bands.band[0].peak > 9);
	bands_release(&bands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_unless_asked_for),
		cmocka_unit_test(changes_are_of_medians),
		cmocka_unit_test(xen_has_rows_of_its_own),
		cmocka_unit_test(ranges_stand_beside_what_was_felt),
		cmocka_unit_test(text_fits_and_html_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
