// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest writes to its serial port without end: what it takes of the disk is bounded, its last part
 * is kept, the record says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/priv.h"

#define MIB (1 << 20)

static char box[] = "/tmp/test-console-XXXXXX";

static void a_flood_is_bounded(void **state)
{
	const struct plan_guest plan = {.name = (char *)"g"};
	struct guest_run g = {.plan = &plan};
	struct session s = {.guests = &g, .n_guests = 1};
	auto_free char *part = xcalloc(1, MIB), *kept = NULL, *text = NULL, *folder = NULL;
	struct err e = ERR_INIT;
	struct stat st;
	size_t len;
	int fd;

	(void)state;
	memset(part, 'x', MIB);
	g.console = xasprintf("%s/g.console.log", box);
	s.folder.path = xasprintf("%s/record", box);
	folder = xasprintf("%s/guest", s.folder.path);
	kept = xasprintf("%s/g.console.log", folder);
	assert_int_equal(make_dirs(folder, &e), 0);
	fd = open(g.console, O_WRONLY | O_CREAT, 0644);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(write_all(fd, part, MIB), 0);
		consoles_bound(&s);
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(st.st_blocks * 512 <= 2 * MIB + 4096);
	}
	assert_int_equal(write_all(fd, "the end\n", 8), 0);
	close(fd);
	consoles_keep(&s);
	text = read_file(kept, 64 * MIB, &len, &e);
	assert_non_null(text);
	assert_int_equal(len, MIB);
	assert_string_equal(text + len - 8, "the end\n");
	assert_int_equal(s.info.warnings.n, 1);
	assert_non_null(strstr(s.info.warnings.items[0], "wrote 16.0 MiB to its console"));
	strv_release(&s.info.warnings);
	free(g.console);
	free(s.folder.path);
}

/* One that stands there in advance is neither followed nor written to. */
static void a_planted_log_is_not_followed(void **state)
{
	const struct plan_guest plan = {.name = (char *)"h"};
	struct guest_run g = {.plan = &plan, .console = xasprintf("%s/h.console.log", box)};
	struct session s = {.guests = &g, .n_guests = 1};
	auto_free char *secret = xasprintf("%s/secret", box), *text = NULL, *link = NULL;
	struct err e = ERR_INIT;

	(void)state;
	s.folder.path = xasprintf("%s/record", box);
	link = xasprintf("%s/guest/h.console.log", s.folder.path);
	assert_int_equal(write_file(secret, "secret", 6, &e), 0);
	assert_int_equal(write_file(g.console, "words", 5, &e), 0);
	assert_int_equal(symlink(secret, link), 0);
	consoles_keep(&s);
	text = read_file(secret, 4096, NULL, &e);
	assert_string_equal(text, "secret");
	assert_int_equal(s.info.warnings.n, 1);
	strv_release(&s.info.warnings);
	free(g.console);
	free(s.folder.path);
}

static int tear_down(void **state)
{
	(void)state;
	return remove_tree(box, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(a_planted_log_is_not_followed),
	};

	return mkdtemp(box) ? cmocka_run_group_tests(tests, NULL, tear_down) : 1;
}
