// SPDX-License-Identifier: GPL-3.0-or-later
/* Attacks by one who may rename in the results folder: what they plant is neither written nor
 * followed, and what was begun goes on where it was begun. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/replace.h"
#include "base/util.h"
#include "collect/guest_ring.h"
#include "collect/hostd.h"
#include "record/folder.h"
#include "record/index.h"
#include "record/tables.h"
#include "report/page/template.h"
#include "study/journal.h"

static char box[] = "/tmp/test-beneath-XXXXXX";
static char *results, *victim; /* a folder to rename in; a file that must stay as it is */

#define SECRET "not to be touched\n"

static char *at(const char *rest)
{
	return xasprintf("%s/%s", results, rest);
}

static int set_up(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	strcpy(box, "/tmp/test-beneath-XXXXXX");
	if (!mkdtemp(box))
		return -1;
	results = xasprintf("%s/results", box);
	victim = xasprintf("%s/victim", box);
	return make_dirs(results, &e) || write_file(victim, SECRET, strlen(SECRET), &e);
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(box, NULL);
	free(results);
	free(victim);
	return 0;
}

static void assert_untouched(void)
{
	auto_free char *text = read_file(victim, 4096, NULL, NULL);

	assert_non_null(text);
	assert_string_equal(text, SECRET);
}

static void plant(const char *name)
{
	auto_free char *path = at(name);

	assert_int_equal(symlink(victim, path), 0);
}

static void index_is_no_link(void **state)
{
	static const char *const names[] = {"index.db", "index.db-journal", "index.db-wal"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct index *x = NULL;
		struct err e = ERR_INIT;
		auto_free char *path = at(names[i]);

		plant(names[i]);
		if (index_open(results, &x, &e) == 0) {
			assert_int_not_equal(i, 0);
			index_close(x);
		} else {
			assert_true(e.msg[0]);
		}
		assert_untouched();
		unlink(path);
		assert_int_equal(index_reset(results, &e), 0);
	}
}

static void index_is_no_second_name(void **state)
{
	auto_free char *path = at("index.db");
	struct index *x = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(link(victim, path), 0);
	assert_true(index_open(results, &x, &e) < 0);
	assert_non_null(strstr(e.msg, "several names"));
	assert_untouched();
}

/* The results folder is exchanged between the opening of the index and the first writing. */
static void index_stays_where_it_was(void **state)
{
	auto_free char *away = xasprintf("%s/away", box);
	auto_free char *there = xasprintf("%s/away/index.db", box), *db = at("index.db");
	struct run_info info = {.run = (char *)"r", .scenario = (char *)"s"};
	struct index *x = NULL;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(index_open(results, &x, &e), 0);
	assert_int_equal(rename(results, away), 0);
	assert_int_equal(mkdir(results, 0755), 0);
	plant("index.db-journal");
	plant("index.db-wal");
	index_add(x, &info, "r", NULL, 0, &e);
	index_close(x);
	assert_untouched();
	assert_int_equal(stat(there, &st), 0);
	assert_int_equal(lstat(db, &st), -1);
}

static void export_is_no_link(void **state)
{
	auto_free char *path = at("out.db");
	auto_free char *part = xasprintf("out.db.%d.part", (int)getpid());
	struct tables *t = NULL;
	struct err e = ERR_INIT;

	(void)state;
	plant("out.db");
	plant(part);
	assert_int_equal(tables_create(path, &t, &e), 0);
	tables_add(t, "t", "a", 1);
	assert_int_equal(tables_finish(t, &e), 0);
	tables_free(t);
	assert_untouched();
}

/* The record is renamed away while it is written and a link stands in its place: to a folder of
 * root's with a file of the same name in it. */
static void record_is_written_where_it_began(void **state)
{
	auto_free char *away = xasprintf("%s/away", box), *trap = xasprintf("%s/trap", box);
	auto_free char *trapped = xasprintf("%s/guest.bin", trap);
	auto_free char *file = NULL, *real = xasprintf("%s/guest.bin", away);
	struct record_folder f;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(record_begin(results, "s", "v", &f, &e), 0);
	assert_int_equal(mkdir(trap, 0755), 0);
	assert_int_equal(write_file(trapped, SECRET, strlen(SECRET), &e), 0);
	assert_int_equal(rename(f.path, away), 0);
	assert_int_equal(symlink(trap, f.path), 0);
	file = xasprintf("%s/guest.bin", f.path);
	assert_int_equal(write_file(file, "mine", 4, &e), 0);
	assert_int_equal(stat(trapped, &st), 0);
	assert_int_equal(st.st_size, strlen(SECRET));
	assert_int_equal(stat(real, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(record_finish(&f, &e), -ESTALE);
	record_folder_release(&f);
}

static void planted_names_are_not_followed(void **state)
{
	auto_free char *out = at("out");
	auto_free char *page = xasprintf("%s.%d.part", out, (int)getpid());
	struct shm_probe probe = {.id = PROBE_TIMER};
	struct strbuf text = {(char *)"new", 3};
	struct hostd_options o = {.path = "/bin/cat", .out = out};
	struct guest_shm *g = NULL;
	struct hostd *h = NULL;
	struct err e = ERR_INIT;
	char shm[64];

	(void)state;
	plant("out");
	assert_int_equal(symlink(victim, page), 0);
	assert_int_equal(write_file(out, "new", 3, &e), -ELOOP);
	assert_int_equal(hostd_spawn(&o, &h, &e), -ELOOP);
	snprintf(shm, sizeof(shm), "stealscope-beneath-%d", (int)getpid());
	assert_true(guest_shm_create(shm, "g", 1, 64, &probe, 1, out, &g, &e) < 0);
	assert_untouched();
	assert_int_equal(template_save(&text, out, &e), 0);
	assert_untouched();
	assert_int_equal(symlink(victim, page), 0);
	assert_int_equal(replace_file(out, "new", &e), 0);
	assert_untouched();
}

/* What a writer that was killed left goes with the next write, but nothing that somebody may be writing. */
static void left_overs_go(void **state)
{
	static const struct {
		const char *name;
		bool old, stays;
	} rows[] = {{"page.999999999.part", true, false}, {"page.999999999.part2", true, true},
		{"page.1.part", true, true}, {"page.999999998.part", false, true},
		{"pages.999999999.part", true, true}, {"page-999999999.part", true, true},
		{"page.part", true, true}};
	const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	auto_free char *path = at("page");
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *file = at(rows[i].name);

		assert_int_equal(write_file(file, "x", 1, &e), 0);
		if (rows[i].old)
			assert_int_equal(utimensat(AT_FDCWD, file, long_ago, 0), 0);
	}
	assert_int_equal(replace_file(path, "new", &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *file = at(rows[i].name);

		if (!access(file, F_OK) != rows[i].stays)
			fail_msg("%s", rows[i].name);
	}
}

static void batch_is_no_link(void **state)
{
	auto_free char *dir = at("batch"), *file = at("batch/" JOURNAL_NAME);
	struct journal j = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(make_dirs(dir, &e), 0);
	assert_int_equal(symlink(victim, file), 0);
	assert_int_equal(journal_open(dir, &j, &e), -ELOOP);
	assert_untouched();
}

static void no_way_out(void **state)
{
	static const struct {
		const char *name;
		int flags, code;
	} rows[] = {{"../victim", O_RDONLY, EXDEV}, {"sub/../../victim", O_RDONLY, EXDEV},
		{"up/victim", O_RDONLY, ELOOP}, {"link", O_RDONLY, ELOOP},
		{"link", O_WRONLY | O_CREAT, ELOOP}, {"second", O_WRONLY | O_TRUNC, EMLINK},
		{"pipe", O_RDONLY, EINVAL}, {"pipe", O_WRONLY, ENXIO}, {"", O_WRONLY, EISDIR}};
	auto_free char *sub = at("sub"), *up = at("up"), *pipe = at("pipe"), *second = at("second");
	auto_free char *fine = at("sub//./fine");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(symlink(box, up), 0);
	assert_int_equal(mkfifo(pipe, 0644), 0);
	assert_int_equal(link(victim, second), 0);
	plant("link");
	assert_int_equal(beneath_hold(results, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = at(rows[i].name);

		errno = 0;
		assert_int_equal(beneath_open(path, rows[i].flags, 0644), -1);
		assert_int_equal(errno, rows[i].code);
	}
	assert_int_equal(write_file(fine, "x", 1, &e), 0);
	assert_untouched();
	beneath_drop(results);
	assert_false(beneath_is_held(results));
}

/* A user's own name for a folder may lead through links. */
static void ones_own_links_are_fine(void **state)
{
	auto_free char *link = xasprintf("%s/link", box);
	auto_free char *file = xasprintf("%s/file", link), *real = at("file");
	struct record_folder f;
	struct index *x = NULL;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(symlink(results, link), 0);
	assert_int_equal(write_file(file, "x", 1, &e), 0);
	assert_int_equal(stat(real, &st), 0);
	assert_int_equal(record_begin(link, "s", "v", &f, &e), 0);
	assert_int_equal(record_finish(&f, &e), 0);
	record_folder_release(&f);
	assert_int_equal(index_open(link, &x, &e), 0);
	index_close(x);
	assert_false(beneath_is_held(link));
}

static void names_are_relative_too(void **state)
{
	auto_free char *old = getcwd(NULL, 0);
	struct index *x = NULL;
	struct record_folder f;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(chdir(results), 0);
	assert_int_equal(record_begin("../results/deep/er", "s", "v", &f, &e), 0);
	assert_int_equal(index_open("../results/deep/er", &x, &e), 0);
	index_close(x);
	assert_int_equal(record_finish(&f, &e), 0);
	record_folder_release(&f);
	assert_int_equal(index_open(".", &x, &e), 0);
	index_close(x);
	assert_int_equal(remove_tree("deep", &e), 0);
	assert_int_equal(access("deep", F_OK), -1);
	assert_int_equal(chdir(old), 0);
}

/* remove_tree() takes links away, not what they lead to. */
static void removing_follows_nothing(void **state)
{
	auto_free char *dir = at("dir"), *inner = at("dir/a/b"), *link = at("dir/a/link");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(make_dirs(inner, &e), 0);
	assert_int_equal(symlink(box, link), 0);
	assert_int_equal(remove_tree(dir, &e), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(remove_tree(dir, &e), 0);
	assert_untouched();
	assert_int_equal(symlink(box, dir), 0);
	remove_tree(dir, &e);
	assert_untouched();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(index_is_no_link),
		TEST(index_is_no_second_name),
		TEST(index_stays_where_it_was),
		TEST(export_is_no_link),
		TEST(record_is_written_where_it_began),
		TEST(planted_names_are_not_followed),
		TEST(left_overs_go),
		TEST(batch_is_no_link),
		TEST(no_way_out),
		TEST(ones_own_links_are_fine),
		TEST(names_are_relative_too),
		TEST(removing_follows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
