// SPDX-License-Identifier: GPL-3.0-or-later
/* JSON written member by member: what comes out is what went in, as another library reads it. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json_out.h"

static void test_looks(void **state)
{
	struct json_out o = {0};

	(void)state;
	json_out_open(&o, NULL, '{');
	json_out_text(&o, "name", "a");
	json_out_integer(&o, "least", INT64_MIN);
	json_out_open(&o, "list", '[');
	json_out_close(&o, ']');
	json_out_open(&o, "rows", '[');
	for (int i = 0; i < 2; i++) {
		json_out_open(&o, NULL, '{');
		json_out_boolean(&o, "yes", i);
		json_out_text(&o, "none", NULL);
		json_out_close(&o, '}');
	}
	json_out_close(&o, ']');
	json_out_null(&o, "end");
	json_out_close(&o, '}');
	assert_string_equal(o.text.text,
		"{\"name\":\"a\",\"least\":-9223372036854775808,\"list\":[],\"rows\":[{\"yes\":false,\"none\":null},"
		"{\"yes\":true,\"none\":null}],\"end\":null}");
	strbuf_release(&o.text);
}

static const char *written(struct json_out *o, double v)
{
	strbuf_release(&o->text);
	*o = (struct json_out){0};
	json_out_number(o, NULL, v);
	return o->text.text;
}

static void test_numbers(void **state)
{
	struct json_out o = {0};

	(void)state;
	assert_string_equal(written(&o, 0), "0.0");
	assert_string_equal(written(&o, -0.0), "0.0");
	assert_string_equal(written(&o, 1000), "1000.0");
	assert_string_equal(written(&o, 0.000001), "0.000001");
	assert_string_equal(written(&o, -12.5), "-12.5");
	assert_string_equal(written(&o, -0.0000001), "0.0");
	assert_string_equal(written(&o, 999.9999996), "1000.0");
	assert_string_equal(written(&o, 10.01), "10.01");
	assert_string_equal(written(&o, NAN), "null");
	assert_string_equal(written(&o, -INFINITY), "null");
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		double v = (double)random() / pow(10, (double)(random() % 12)), read;
		char *end;

		read = strtod(written(&o, v), &end);
		assert_int_equal(*end, '\0');
		assert_true(fabs(read - v) <= 5.1e-7);
	}
	assert_true(fabs(strtod(written(&o, -3e15), NULL) + 3e15) < 1e7);
	strbuf_release(&o.text);
}

/* Names hold anything: a row is never lost, and nothing but its text gets out. */
static void test_texts(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"plain ~ text", "plain ~ text"},
		{"", ""},
		{"q\"b\\s/", "q\"b\\s/"},
		{"\",\"x\":1}", "\",\"x\":1}"},
		{"two\nlines\t", "two\nlines\t"},
		{"esc\x1b[2J", "esc\xef\xbf\xbd[2J"},
		{"not \xff utf", "not \xef\xbf\xbd utf"},
		{"\xc3\xa4", "\xc3\xa4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_out o = {0};
		json_t *read;

		json_out_open(&o, NULL, '[');
		json_out_text(&o, NULL, rows[i].in);
		json_out_close(&o, ']');
		read = json_loads(o.text.text, 0, NULL);
		assert_non_null(read);
		assert_int_equal(json_array_size(read), 1);
		assert_string_equal(json_string_value(json_array_get(read, 0)), rows[i].out);
		json_decref(read);
		strbuf_release(&o.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
