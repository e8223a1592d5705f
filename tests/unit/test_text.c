// SPDX-License-Identifier: GPL-3.0-or-later
/* Text that leaves: names that would move the cursor, make a row, turn the reading direction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wrap.h"
#include "record/index.h"
#include "report/escape.h"
#include "report/run/lists.h"

#define BAD TEXT_REPLACEMENT

static const struct {
	const char *in, *out;
} names[] = {
	{"db-1", "db-1"},
	{"Gr\xc3\xbc\xc3\x9f-\xe6\x97\xa5-\xf0\x9f\x90\xa7",
		"Gr\xc3\xbc\xc3\x9f-\xe6\x97\xa5-\xf0\x9f\x90\xa7"},
	{"a\033[2Jb", "a" BAD "[2Jb"},			   /* ESC */
	{"a\nvm2/vcpu0   0.0", "a" BAD "vm2/vcpu0   0.0"}, /* a row of its own */
	{"a\r\tb\a\b\x7f", "a" BAD BAD "b" BAD BAD BAD},   /* C0, DEL */
	{"a\xc2\x9b"
	 "2J\xc2\x80\xc2\x9f",
		"a" BAD "2J" BAD BAD}, /* C1: U+009B is CSI */
	{"a\xc2\xa0", "a\xc2\xa0"},    /* the first after C1 */
	{"\xe2\x80\xae"
	 "gpj\xe2\x80\xaa\xe2\x80\xac",
		BAD "gpj" BAD BAD},				  /* U+202E A C */
	{"\xe2\x81\xa6x\xe2\x81\xa9", BAD "x" BAD},		  /* U+2066, U+2069 */
	{"\xe2\x81\xa5\xe2\x81\xaa", "\xe2\x81\xa5\xe2\x81\xaa"}, /* beside them */
	{"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7", BAD BAD "\xe2\x80\xa7"},
	{"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", BAD BAD BAD},
	{"\x9b"
	 "2J\xff\xc0\x80",
		BAD "2J" BAD BAD BAD}, /* not UTF-8, one for each byte */
	{"\xed\xa0\x80\xf4\x90\x80\x80", BAD BAD BAD BAD BAD BAD BAD},
	{"cut \xe6\x97", "cut " BAD BAD},
};

static void names_are_cleaned(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *clean = text_cleaned(names[i].in);
		auto_free char *again = text_cleaned(clean);
		struct strbuf b = {0};

		assert_string_equal(clean, names[i].out);
		assert_string_equal(again, clean);
		text_add(&b, "<%s>", names[i].in);
		assert_int_equal(b.len, strlen(clean) + 2);
		assert_memory_equal(b.text + 1, clean, strlen(clean));
		b.len = 0;
		wrap_add(&b, names[i].in, 0, 0);
		assert_ptr_equal(strchr(b.text, '\n'), b.text + b.len - 1);
		assert_null(strchr(b.text, '\033'));
		strbuf_release(&b);
	}
}

static void lines_may_be_kept(void **state)
{
	auto_free char *text = text_cleaned_lines("one\n\ttwo\033\r");

	(void)state;
	assert_string_equal(text, "one\n\ttwo" BAD BAD);
}

/* printf()'s own answer for what it knows. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		auto_free char *want = xasprintf(__VA_ARGS__);                                     \
		struct strbuf got = {0};                                                           \
		text_add(&got, __VA_ARGS__);                                                       \
		assert_string_equal(got.text, want);                                               \
		strbuf_release(&got);                                                              \
	} while (0)

static void formats_as_printf(void **state)
{
	long long big = INT64_MIN;
	size_t size = SIZE_MAX;

	(void)state;
	SAME("%s", "");
	SAME("100 %% of %s, %-8s|%8s|%.3s|%-6.2s|%*s|%-*s|%.*s", "it", "left", "right", "cut",
		"both", 9, "star", -9, "minus", 2, "prec");
	SAME("%d %i %u %x %#o %+d %05d %-5d| %lld %llu %zu %zd %ld %hhu %c", -1, 2, 3u, 0xbeefu, 8u,
		4, 42, 43, big, (unsigned long long)big, size, (ssize_t)-7, -9l, (unsigned char)200,
		'c');
	SAME("%.3f %8.2f %-8.1f| %g %e %+.2f %9.2g %.0f", 1.0005, 2.5, 3.25, 1e-9, 12345.678, 0.5,
		123456.0, 2.5);
	SAME("%" PRIu64 " %" PRIx64 " %4u%%", UINT64_MAX, UINT64_MAX, 7u);
	SAME("%.*s and %.4s", 3, "abcdef", (const char[4]){'a', 'b', 'c', 'd'});
}

/* Width and precision count characters: a column holds its place, a character is never cut. */
static void columns_count_characters(void **state)
{
	struct strbuf b = {0};

	(void)state;
	text_add(&b, "[%-4s|%4s|%.2s|%-4.2s]", "\xc3\xa4", "\xc3\xa4\n",
		"\xe6\x97\xa5\xe6\x97\xa5x", "\xff\xfe\xfd");
	assert_string_equal(
		b.text, "[\xc3\xa4   |  \xc3\xa4" BAD "|\xe6\x97\xa5\xe6\x97\xa5|" BAD BAD "  ]");
	strbuf_release(&b);
}

static void styles_pass_by_place(void **state)
{
	struct strbuf b = {0};

	(void)state;
	text_add(&b, "%s%s%s%s", text_styles[STYLE_RED], "\033[31m", text_styles[STYLE_PLAIN], "");
	assert_string_equal(b.text, "\033[31m" BAD "[31m\033[0m");
	strbuf_release(&b);
}

static void csv_is_cleaned_and_defused(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"plain", "plain"}, {"a,b", "\"a,b\""}, {"a\"b", "\"a\"\"b\""},
		{"a\nb", "a" BAD "b"}, {"\xff,\033", "\"" BAD "," BAD "\""}, {"=1+1", "\"'=1+1\""},
		{"+1", "\"'+1\""}, {"-1", "\"'-1\""}, {"@x", "\"'@x\""}, {"\t=1", "\"'" BAD "=1\""},
		{"\r=1", "\"'" BAD "=1\""}, {"1-1", "1-1"}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf b = {0};

		strbuf_addn(&b, "", 0);
		escape_csv(&b, rows[i].in);
		assert_string_equal(b.text, rows[i].out);
		strbuf_release(&b);
	}
}

static void markup_is_cleaned(void **state)
{
	struct strbuf xml = {0}, json = {0};

	(void)state;
	escape_xml(&xml, "<\033\xc2\x9b\xe2\x80\xae\xff\n>");
	assert_string_equal(xml.text, "&lt;" BAD BAD BAD BAD "\n&gt;");
	escape_json(&json, "\"\033\xc2\x9b\xe2\x80\xae\xff\n");
	assert_string_equal(json.text, "\"\\\"" BAD BAD BAD BAD "\\n\"");
	strbuf_release(&xml);
	strbuf_release(&json);
}

/* jansson refuses what is not UTF-8: the row must be there all the same. */
static void no_row_is_lost(void **state)
{
	char bad[] = "a\xff\033[2J", fine[] = "fine";
	struct index_row rows[] = {{.run = bad,
					   .folder = bad,
					   .experiment = bad,
					   .scenario = bad,
					   .variant = bad,
					   .point = bad,
					   .status = bad,
					   .started = bad,
					   .host = bad,
					   .kernel = bad,
					   .overrides = bad},
		{.run = fine,
			.folder = fine,
			.experiment = fine,
			.scenario = fine,
			.variant = fine,
			.point = fine,
			.status = fine,
			.started = fine,
			.host = fine,
			.kernel = fine,
			.overrides = fine}};
	auto_free char *json = runs_json(rows, 2);

	(void)state;
	assert_non_null(strstr(json, "\"run\": \"a" BAD BAD "[2J\""));
	assert_non_null(strstr(json, "\"run\": \"fine\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_cleaned),
		cmocka_unit_test(lines_may_be_kept),
		cmocka_unit_test(formats_as_printf),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(styles_pass_by_place),
		cmocka_unit_test(csv_is_cleaned_and_defused),
		cmocka_unit_test(markup_is_cleaned),
		cmocka_unit_test(no_row_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
