// SPDX-License-Identifier: GPL-3.0-or-later
/* A memory file that is written while it is read: every byte once and in order, what was not used again, and
 * nothing kept of what was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_file.h"

struct reader {
	uint32_t next; /* the number that comes now */
	size_t at_most;
};

static ssize_t use(void *arg, const void *data, size_t len, struct err *e)
{
	struct reader *r = arg;
	size_t n = MIN(len, r->at_most) / sizeof(uint32_t);

	for (size_t i = 0; i < n; i++) {
		uint32_t got;

		memcpy(&got, (const char *)data + i * sizeof(got), sizeof(got));
		if (got != r->next++)
			return err_set(e, EPROTO, "%u, not %u", got, r->next - 1);
	}
	return (ssize_t)(n * sizeof(uint32_t));
}

static uint32_t written;

static void put(struct memory_file *m, size_t bytes)
{
	char buf[4096];

	for (size_t i = 0; i < bytes; i += sizeof(written), written++)
		memcpy(buf + i, &written, sizeof(written));
	assert_int_equal(write(m->fd, buf, bytes), bytes);
}

static void read_while_written(void **state)
{
	struct memory_file m;
	struct reader r = {.at_most = 8192};
	struct stat st;

	(void)state;
	written = 0;
	assert_int_equal(memory_file_make(&m, "stealscope-test", NULL), 0);
	for (int i = 0; i < 2048; i++) { /* 8 MiB in all */
		put(&m, 4096);
		if (i % 512 == 511)
			assert_int_equal(memory_file_take(&m, use, &r, NULL), 0);
	}
	assert_int_equal(r.next, written);
	fstat(m.fd, &st);
	assert_int_equal(st.st_size, 8 << 20);
	assert_true(st.st_blocks * 512 < 1 << 20);
	memory_file_close(&m);
	memory_file_close(&m); /* nothing more */
}

/* Half a number is none: it comes again, whole. */
static void rest_comes_again(void **state)
{
	struct memory_file m;
	struct reader r = {.at_most = SIZE_MAX};
	struct err e = ERR_INIT;
	uint32_t wrong = 99;

	(void)state;
	written = 0;
	memory_file_make(&m, "stealscope-test", NULL);
	put(&m, 8);
	assert_int_equal(write(m.fd, &written, 2), 2);
	assert_int_equal(memory_file_take(&m, use, &r, NULL), 0);
	assert_int_equal(r.next, 2);
	assert_int_equal(write(m.fd, (const char *)&written + 2, 2), 2);
	assert_int_equal(memory_file_take(&m, use, &r, NULL), 0);
	assert_int_equal(r.next, 3);
	assert_int_equal(write(m.fd, &wrong, 4), 4);
	assert_int_equal(memory_file_take(&m, use, &r, &e), -EPROTO);
	assert_string_equal(e.msg, "99, not 3");
	memory_file_close(&m);
	assert_true(memory_file_take(&m, use, &r, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_while_written),
		cmocka_unit_test(rest_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
