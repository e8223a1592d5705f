// SPDX-License-Identifier: GPL-3.0-or-later
/* base: CPU sets, errors, strings, files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpuset.h"
#include "base/util.h"
#include "base/wrap.h"

static void cpuset_round_trip(void **state)
{
	static const struct {
		const char *in, *out;
		unsigned count;
	} rows[] = {{"", "", 0}, {"0", "0", 1}, {"0-3,8", "0-3,8", 5}, {" 3, 1 ,2\n", "1-3", 3},
		{"63-64,1023", "63-64,1023", 3}, {"5,5,5", "5", 1}, {"8190-8191", "8190-8191", 2},
		{"0-3,^2", "0-1,3", 3}, {"^2,0-3,^0", "1-3", 3}, {"0-3,^2,2", "0-3", 4}};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cpuset s;

		assert_int_equal(cpuset_parse(rows[i].in, &s, NULL), 0);
		assert_string_equal(cpuset_format(&s, buf, sizeof(buf)), rows[i].out);
		assert_int_equal(cpuset_count(&s), rows[i].count);
	}
}

static void cpuset_bad_text(void **state)
{
	static const char *const rows[] = {
		"8192", "3-1", "a", "1-", "-1", "1..3", "0x1", "1;2", "^", "^a", "0-3,^1-2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cpuset s = cpuset_of(7);
		struct err e = ERR_INIT;

		assert_int_equal(cpuset_parse(rows[i], &s, &e), -EINVAL);
		assert_non_null(strstr(e.msg, rows[i]));
		assert_true(cpuset_has(&s, 7)); /* the output is untouched on failure */
	}
}

static void cpuset_masks(void **state)
{
	struct cpuset s;
	struct err e = ERR_INIT;
	char buf[64], *longest = xmalloc(CPUSET_TEXT);

	(void)state;
	assert_int_equal(cpuset_parse_mask("0000,00000001,0000ff03\n", &s, &e), 0);
	assert_string_equal(cpuset_format(&s, buf, sizeof(buf)), "0-1,8-15,32");
	assert_int_equal(cpuset_parse_mask("zebra", &s, &e), -EINVAL);
	/* The longest text there is fits; a short buffer is cut behind a number. */
	memset(&s, 0x55, sizeof(s));
	assert_true(strlen(cpuset_format(&s, longest, CPUSET_TEXT)) > 19000);
	assert_string_equal(longest + strlen(longest) - 5, ",8190");
	assert_string_equal(cpuset_format(&s, buf, 10), "0,2,4,6,8");
	assert_string_equal(cpuset_format(&s, buf, 9), "0,2,4,6");
	free(longest);
}

static void cpuset_of_threads(void **state)
{
	struct cpuset all, one, now;

	(void)state;
	assert_int_equal(cpuset_of_thread(0, &all), 0);
	assert_false(cpuset_empty(&all));
	one = cpuset_of((unsigned)cpuset_next(&all, 0));
	assert_int_equal(cpuset_bind_thread(0, &one), 0);
	assert_int_equal(cpuset_of_thread(0, &now), 0);
	assert_true(cpuset_is_of_thread(0, &one));
	assert_int_equal(cpuset_is_of_thread(0, &all), cpuset_equal(&all, &one));
	assert_false(cpuset_is_of_thread(0, &(struct cpuset){{0}}));
	assert_false(cpuset_is_of_thread(1 << 30, &one));
	assert_true(cpuset_equal(&now, &one));
	assert_int_equal(cpuset_bind_thread(0, &all), 0);
	one = cpuset_of(8191);
	assert_int_equal(cpuset_bind_thread(0, &one), -EINVAL);
}

static void cpuset_algebra(void **state)
{
	struct cpuset a, b, r;

	(void)state;
	assert_int_equal(cpuset_parse("0-3,70", &a, NULL), 0);
	assert_int_equal(cpuset_parse("2-5", &b, NULL), 0);
	r = cpuset_and(&a, &b);
	assert_int_equal(cpuset_count(&r), 2);
	assert_true(cpuset_subset(&r, &a) && cpuset_subset(&r, &b));
	r = cpuset_minus(&a, &b);
	assert_int_equal(cpuset_nth(&r, 2), 70);
	assert_int_equal(cpuset_nth(&r, 3), -1);
	r = cpuset_or(&a, &b);
	assert_int_equal(cpuset_next(&r, 6), 70);
	assert_int_equal(cpuset_next(&r, 71), -1);
	assert_false(cpuset_subset(&r, &a));
}

static void cpuset_format_cuts(void **state)
{
	struct cpuset s;
	char buf[4];

	(void)state;
	assert_int_equal(cpuset_parse("1,3,5,7", &s, NULL), 0);
	cpuset_format(&s, buf, sizeof(buf));
	assert_true(strlen(buf) < sizeof(buf));
}

static void errors_gain_context(void **state)
{
	struct err e = ERR_INIT;
	char longer[3000];

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "cannot open %s", "x"), -ENOENT);
	assert_int_equal(err_wrap(&e, "guest %s", "victim"), -ENOENT);
	assert_string_equal(e.msg, "guest victim: cannot open x: No such file or directory");
	assert_int_equal(e.exit, EXIT_FAILED);
	assert_int_equal(err_set_exit(&e, EXIT_HOST, ENODEV, "no"), -ENODEV);
	assert_int_equal(e.exit, EXIT_HOST);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&e, EINVAL, "%s", longer);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_string_equal(e.msg + sizeof(e.msg) - 4, "...");
	assert_int_equal(err_set(NULL, EINVAL, "nobody listens"), -EINVAL);
}

/* 80 columns are used, the 81st is not; a word too long for any line is not cut. */
static void words_wrap(void **state)
{
	static const char seventy[] =
		"nine.char nine.char nine.char nine.char nine.char nine.char nine.char ";
	auto_free char *fits = xasprintf("%sten.chars.", seventy);
	auto_free char *spills = xasprintf("%s!", fits);
	struct strbuf b = {0};

	(void)state;
	assert_int_equal(strlen(fits), 80);
	wrap_add(&b, fits, 0, 2);
	assert_int_equal(b.len, 81);
	b.len = 0;
	wrap_add(&b, spills, 0, 2);
	assert_string_equal(b.text + 69, "\n  ten.chars.!\n");
	b.len = 0;
	wrap_add(&b, "a  b", 78, 4);
	assert_string_equal(b.text, "a\n    b\n");
	b.len = 0;
	wrap_add(&b, "", 0, 2);
	assert_string_equal(b.text, "\n");
	strbuf_release(&b);
}

static void buffers_grow(void **state)
{
	struct strbuf b = {0};
	struct strv v = {0};
	int *numbers = NULL;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		strbuf_add(&b, "%d,", i);
		strv_add(&v, "item %d", i);
		ARRAY_GROW(numbers, n);
		assert_int_equal(numbers[n], 0);
		numbers[n++] = i;
	}
	assert_int_equal(strlen(b.text), b.len);
	assert_string_equal(v.items[999], "item 999");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	strbuf_release(&b);
	strv_release(&v);
	free(numbers);
}

static void files_and_trees(void **state)
{
	char dir[] = "/tmp/stealscope-base.XXXXXX";
	auto_free char *deep = NULL, *file = NULL, *text = NULL, *alias = NULL, *text2 = NULL;
	struct err e = ERR_INIT;
	uint64_t v;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(dir));
	deep = xasprintf("%s/a/b/c", dir);
	file = xasprintf("%s/number", deep);
	assert_int_equal(make_dirs(deep, &e), 0);
	assert_int_equal(make_dirs(deep, &e), 0);
	assert_int_equal(write_file(file, " 42\n", 4, &e), 0);
	assert_int_equal(read_u64(file, &v, &e), 0);
	assert_int_equal(v, 42);
	text = read_file(file, 100, &len, &e);
	assert_int_equal(len, 4);
	assert_null(read_file(file, 3, NULL, &e));
	assert_int_equal(e.code, EFBIG);
	assert_int_equal(write_file(file, "x", 1, &e), 0);
	assert_int_equal(read_u64(file, &v, &e), -EINVAL);
	assert_int_equal(v, 42);
	/* A link where a file is to be written: neither followed when there, nor made by it. */
	alias = xasprintf("%s/alias", deep);
	assert_int_equal(symlink(file, alias), 0);
	assert_int_equal(write_file(alias, "y", 1, &e), -ELOOP);
	text2 = read_file(file, 100, NULL, &e);
	assert_string_equal(text2, "x");
	assert_int_equal(remove_tree(dir, &e), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(remove_tree(dir, &e), 0);
	/* Files of /proc say that they are empty and are not. */
	free(text);
	text = read_file("/proc/self/status", 1 << 20, &len, &e);
	assert_true(len > 100);
}

/* At the end of a file errno is of the past. */
static void reads_end(void **state)
{
	char buf[8];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write_all(fds[1], "abc", 3), 0);
	assert_int_equal(read_some(fds[0], buf, sizeof(buf)), 3);
	close(fds[1]);
	errno = EINTR;
	assert_int_equal(read_some(fds[0], buf, sizeof(buf)), 0);
	close(fds[0]);
	assert_int_equal(read_some(fds[0], buf, sizeof(buf)), -EBADF);
}

static void names(void **state)
{
	(void)state;
	assert_true(name_is_safe("victim-0.a_b"));
	assert_false(name_is_safe(""));
	assert_false(name_is_safe("../etc"));
	assert_false(name_is_safe("-x"));
	assert_false(name_is_safe("a b"));
	assert_false(name_is_safe("a;b"));
	assert_int_equal(edit_distance("guest", "gest"), 1);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("same", "same"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpuset_round_trip),
		cmocka_unit_test(cpuset_bad_text),
		cmocka_unit_test(cpuset_masks),
		cmocka_unit_test(cpuset_of_threads),
		cmocka_unit_test(cpuset_algebra),
		cmocka_unit_test(cpuset_format_cuts),
		cmocka_unit_test(words_wrap),
		cmocka_unit_test(errors_gain_context),
		cmocka_unit_test(buffers_grow),
		cmocka_unit_test(files_and_trees),
		cmocka_unit_test(reads_end),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
