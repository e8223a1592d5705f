// SPDX-License-Identifier: GPL-3.0-or-later
/* record/index: what goes in comes out, by any filter; two processes at once; damage;
 * rebuilding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/index_sqlite.h"

static char dir[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ss-test-index-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return remove_tree(dir, &e);
}

/* run_info owns its strings; these are literals and are never released. */
#define LIT(s) ((char *)(uintptr_t)(s))

static struct run_info make_run(const char *name, const char *variant, const char *started)
{
	static struct run_fact facts[2];

	facts[0] = (struct run_fact){LIT("hostname"), LIT("box")};
	facts[1] = (struct run_fact){LIT("kernel.release"), LIT("6.18.5")};
	return (struct run_info){
		.format = RUN_INFO_FORMAT,
		.run = LIT(name),
		.experiment = LIT("e1"),
		.scenario = LIT("pinned-vs-float"),
		.variant = LIT(variant),
		.point = LIT(""),
		.status = LIT("complete"),
		.started = LIT(started),
		.version = LIT("0"),
		.connect = LIT(""),
		.plan_text = LIT(""),
		.trace_mode = LIT("none"),
		.seed = UINT64_MAX,
		.window_start_ns = 5,
		.window_end_ns = 10000000005,
		.facts = facts,
		.n_facts = 2,
	};
}

static struct index *open_index(void)
{
	struct index *x = NULL;
	struct err e = ERR_INIT;

	if (index_open(dir, &x, &e))
		fail_msg("%s", e.msg);
	return x;
}

static void add(struct index *x, int i, double steal)
{
	char name[64], started[64], variant[16];
	struct run_info r;
	struct index_metric m[] = {
		{"victim", false, -1, "steal.rate", "ms/s", steal},
		{"victim", false, 0, "steal.rate", "ms/s", steal / 2},
		{"hog-0", true, -1, "steal.rate", "ms/s", steal}, /* in no mean */
		{"other", false, -1, "steal.rate", "ms/s", steal + 100},
		{"victim", false, -1, "gap.rate", "ms/s", NAN},
	};
	struct err e = ERR_INIT;

	snprintf(name, sizeof(name), "run-%06d", i);
	snprintf(variant, sizeof(variant), "%s", i % 2 ? "pinned" : "float");
	snprintf(started, sizeof(started), "2026-11-%02dT10:00:%02dZ", 1 + i % 28, i % 60);
	r = make_run(name, variant, started);
	if (index_add(x, &r, name, m, ARRAY_SIZE(m), &e))
		fail_msg("%s", e.msg);
}

static size_t count(struct index *x, const struct index_filter *f)
{
	struct index_row *rows = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;

	if (index_query(x, f, &rows, &n, &e))
		fail_msg("%s", e.msg);
	index_rows_free(rows, n);
	return n;
}

static void test_add_and_query(void **state)
{
	struct index *x = open_index();
	struct index_row *rows;
	struct err e = ERR_INIT;
	size_t n;

	(void)state;
	for (int i = 0; i < 10; i++)
		add(x, i, i * 10);
	assert_int_equal(index_query(x, &(struct index_filter){.limit = 3}, &rows, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_string_equal(rows[0].run, "run-000009");
	assert_string_equal(rows[0].host, "box");
	assert_string_equal(rows[0].kernel, "6.18.5");
	assert_true(rows[0].seed == UINT64_MAX);
	assert_true(rows[0].duration_s == 10);
	index_rows_free(rows, n);
	index_close(x);
	x = open_index(); /* it is on disk */
	assert_int_equal(count(x, &(struct index_filter){0}), 10);
	index_close(x);
}

static void test_filters(void **state)
{
	struct index *x = open_index();

	(void)state;
	for (int i = 0; i < 10; i++)
		add(x, i, i * 10);
#define COUNT(...) count(x, &(struct index_filter){__VA_ARGS__})
	assert_int_equal(COUNT(.variant = "pinned"), 5);
	assert_int_equal(COUNT(.variant = "pin*"), 5);
	assert_int_equal(COUNT(.scenario = "nothing"), 0);
	assert_int_equal(COUNT(.host = "box", .kernel = "6.18.*"), 10);
	assert_int_equal(COUNT(.since = "2026-11-05"), 6);
	assert_int_equal(COUNT(.since = "2026-11-05", .until = "2026-11-06"), 1);
	assert_int_equal(
		COUNT(.metric = "steal.rate", .guest = "victim", .op = INDEX_GT, .value = 65), 3);
	assert_int_equal(
		COUNT(.metric = "steal.rate", .guest = "victim", .op = INDEX_LE, .value = 20), 3);
	assert_int_equal(COUNT(.metric = "steal.rate", .op = INDEX_GE, .value = 190), 1);
	assert_int_equal(COUNT(.metric = "gap.rate"), 0);
	assert_int_equal(COUNT(.status = "failed*"), 0);
	assert_int_equal(COUNT(.run = "run'; DROP TABLE runs; --"), 0);
	assert_int_equal(COUNT(.limit = 4), 4);
	assert_int_equal(index_op_parse(">="), INDEX_GE);
	assert_int_equal(index_op_parse("~"), INDEX_OP_NONE);
	index_close(x);
}

static void test_replace_and_remove(void **state)
{
	struct index *x = open_index();
	struct index_filter f = {0};
	struct err e = ERR_INIT;
	double *v;
	size_t n;

	(void)state;
	add(x, 1, 10);
	add(x, 1, 20);
	add(x, 2, 40);
	assert_int_equal(index_values(x, &f, "victim", "steal.rate", &v, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_true(v[0] == 20 && v[1] == 40);
	free(v);
	assert_int_equal(index_values(x, &f, NULL, "steal.rate", &v, &n, &e), 0);
	assert_true(v[0] == 70);
	free(v);
	assert_int_equal(index_values(x, &f, "victim", "gap.rate", &v, &n, &e), 0);
	assert_true(n == 2 && isnan(v[0]));
	free(v);
	index_close(x);
}

/* What --set changed makes another experiment of it; an index of an older format is refused. */
static void test_overrides_and_format(void **state)
{
	struct index *x = open_index();
	struct run_info r = make_run("set", "base", "2026-11-20T10:00:00Z");
	struct index_filter given = {.overrides = "duration=2s lab.cpus=1"},
			    none = {.overrides = ""};
	auto_free char *path = xasprintf("%s/index.db", dir);
	struct err e = ERR_INIT;
	sqlite3 *db;

	(void)state;
	add(x, 1, 10);
	strv_add(&r.overrides, "duration=2s");
	strv_add(&r.overrides, "lab.cpus=1");
	assert_int_equal(index_add(x, &r, "set", NULL, 0, &e), 0);
	strv_release(&r.overrides);
	assert_int_equal(count(x, &given), 1);
	assert_int_equal(count(x, &none), 1);
	index_close(x);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=1", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(index_open(dir, &x, &e), -EPROTO);
	assert_non_null(strstr(e.msg, "an older stealscope"));
	assert_int_equal(index_reset(dir, &e), 0);
}

/* Four processes open a new index and add to it, all at the same time. */
static void test_processes_at_once(void **state)
{
	struct index *x;

	(void)state;
	for (int p = 0; p < 4; p++)
		if (fork() == 0) {
			struct index *mine = open_index();

			for (int i = 0; i < 50; i++)
				add(mine, p * 1000 + i, i);
			index_close(mine);
			_exit(0);
		}
	for (int p = 0; p < 4; p++) {
		int status;

		wait(&status);
		assert_int_equal(status, 0);
	}
	x = open_index();
	assert_int_equal(count(x, &(struct index_filter){0}), 200);
	index_close(x);
}

static void test_killed_writer(void **state)
{
	struct index *x;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct index *mine = open_index();

		for (int i = 0;; i++)
			add(mine, i, i);
	}
	sleep_ns(100 * NS_PER_MS);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	x = open_index();
	/* Each run is there with all its metrics or not at all. */
	assert_int_equal(count(x, &(struct index_filter){0}),
		count(x, &(struct index_filter){.metric = "steal.rate"}));
	add(x, 999999, 1);
	index_close(x);
}

/* What it writes is what it asks for, or it would refuse its own work. */
static void test_own_format(void **state)
{
	auto_free char *path = xasprintf("%s/index.db", dir);
	struct err e = ERR_INIT;
	sqlite3_stmt *s;
	sqlite3 *db;

	(void)state;
	assert_int_equal(index_reset(dir, &e), 0);
	index_close(open_index());
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(s, 0), INDEX_FORMAT);
	sqlite3_finalize(s);
	sqlite3_close(db);
	index_close(open_index());
}

static void test_damaged_file(void **state)
{
	auto_free char *path = xasprintf("%s/index.db", dir);
	struct index *x = NULL;
	struct err e = ERR_INIT;
	char junk[8192];

	(void)state;
	memset(junk, 'x', sizeof(junk));
	assert_int_equal(write_file(path, junk, sizeof(junk), &e), 0);
	assert_int_equal(index_open(dir, &x, &e), -EILSEQ);
	assert_non_null(strstr(e.msg, "list --rebuild"));
	assert_null(x);
	assert_int_equal(index_reset(dir, &e), 0);
	index_close(open_index());
	assert_true(index_open("/nonexistent", &x, &e) < 0);
}

/* The one text that a question gives. */
static char *ask(const char *sql)
{
	auto_free char *path = xasprintf("%s/index.db", dir);
	sqlite3_stmt *s;
	sqlite3 *db;
	char *text;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	text = xstrdup((const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	sqlite3_close(db);
	return text;
}

static int one_metric(void *ctx, const char *record, const struct run_info *r,
	struct index_metric **metrics, size_t *n, const struct strv **warnings, struct err *e)
{
	static char *doubts[] = {LIT("noisy"), LIT("late")};
	static const struct strv told = {doubts, 2};

	(void)ctx;
	(void)record;
	if (!strcmp(r->run, "bad"))
		return err_set(e, EINVAL, "no samples");
	*warnings = &told;
	*metrics = xcalloc(1, sizeof(**metrics));
	(*metrics)[0] = (struct index_metric){"victim", false, -1, "steal.rate", "ms/s", 7};
	*n = 1;
	return 0;
}

static void save_record(const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct run_info r = make_run(name, "base", "2026-11-20T10:00:00Z");
	struct err e = ERR_INIT;

	assert_int_equal(make_dirs(path, &e), 0);
	if (run_info_save(&r, path, &e))
		fail_msg("%s", e.msg);
}

static void test_rebuild(void **state)
{
	struct index *x = open_index();
	struct strv problems = {0};
	struct err e = ERR_INIT;
	auto_free char *doubts = NULL, *half = xasprintf("%s/half", dir),
		       *json = xasprintf("%s/half/run.json", dir);

	(void)state;
	assert_true(index_is_empty(x));
	add(x, 1, 1); /* has no folder: must go */
	assert_false(index_is_empty(x));
	save_record("good");
	save_record("bad");
	assert_int_equal(make_dirs(half, &e), 0);
	assert_int_equal(write_file(json, "{", 1, &e), 0);
	assert_int_equal(index_rebuild(x, one_metric, NULL, &problems, &e), 2);
	assert_int_equal(problems.n, 2);
	assert_int_equal(count(x, &(struct index_filter){0}), 2);
	assert_int_equal(count(x, &(struct index_filter){.metric = "steal.rate"}), 1);
	strv_release(&problems);
	index_close(x);
	doubts = ask("SELECT group_concat(run || ': ' || warnings) FROM runs");
	assert_string_equal(doubts, "bad: ,good: noisy; late");
}

/* What a person sorts runs by is a column: guests with weight and quota, arm and point, warnings. */
static void test_columns(void **state)
{
	static char *doubts[] = {LIT("noisy"), LIT("late")};
	struct run_guest guests[] = {{.name = LIT("victim"), .kind = LIT("metal"), .shares = 512},
		{.name = LIT("hog"),
			.kind = LIT("metal"),
			.is_noise = true,
			.quota_us = 5000,
			.period_us = 10000}};
	struct run_info r = make_run("r", "pinned-overcommit-2", "2026-11-20T10:00:00Z");
	struct index *x = open_index();
	auto_free char *guest = NULL, *run = NULL;
	struct err e = ERR_INIT;

	(void)state;
	r.point = LIT("lab.overcommit=2");
	r.guests = guests;
	r.n_guests = 2;
	r.warnings = (struct strv){doubts, 2};
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(index_add(x, &r, "r", NULL, 0, &e), 0);
	assert_int_equal(count(x, &(struct index_filter){.arm = "pinned"}), 1);
	assert_int_equal(count(x, &(struct index_filter){.arm = "float"}), 0);
	index_close(x);
	run = ask("SELECT arm || ',' || point || ',' || warnings FROM runs");
	assert_string_equal(run, "pinned,lab.overcommit=2,noisy; late");
	guest = ask(
		"SELECT group_concat(guest || ' ' || noise || ' ' || weight || ' ' || quota_us || '/' || period_us) FROM guests");
	assert_string_equal(guest, "hog 1 0 5000/10000,victim 0 512 0/0");
}

/* An index that an older stealscope left is read, and written on. */
static void test_older_format(void **state)
{
	auto_free char *path = xasprintf("%s/index.db", dir), *arms = NULL;
	struct index *x;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			"CREATE TABLE runs (run TEXT PRIMARY KEY, folder TEXT NOT NULL, experiment TEXT NOT NULL, scenario TEXT NOT NULL, variant TEXT NOT NULL, point TEXT NOT NULL, overrides TEXT NOT NULL, repeat INTEGER NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL, duration_s REAL NOT NULL, host TEXT NOT NULL, kernel TEXT NOT NULL, version TEXT NOT NULL) WITHOUT ROWID;"
			"CREATE TABLE metrics (run TEXT NOT NULL REFERENCES runs (run), guest TEXT NOT NULL, noise INTEGER NOT NULL, vcpu INTEGER NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (run, name, guest, vcpu)) WITHOUT ROWID;"
			"INSERT INTO runs VALUES ('old', 'old', 'e', 's', 'float-overcommit-4', 'lab.overcommit=4', '', 0, 1, 'complete', '2026-11-01T00:00:00Z', 10, 'box', '6.1', '0');"
			"INSERT INTO metrics VALUES ('old', 'victim', 0, -1, 'steal.rate', 'ms/s', 5);"
			"PRAGMA user_version=2",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	x = open_index();
	assert_int_equal(
		count(x, &(struct index_filter){.arm = "float", .metric = "steal.rate"}), 1);
	add(x, 1, 10);
	assert_int_equal(count(x, &(struct index_filter){0}), 2);
	index_close(x);
	index_close(open_index());
	arms = ask("SELECT group_concat(arm) FROM runs");
	assert_string_equal(arms, "float,pinned");
}

/* No time is asserted (the machine may be busy); it is printed. */
static void test_thousand(void **state)
{
	struct index *x = open_index();
	uint64_t start, all, one;

	(void)state;
	for (int i = 0; i < 1000; i++)
		add(x, i, i);
	start = now_ns();
	assert_int_equal(count(x, &(struct index_filter){0}), 1000);
	all = now_ns() - start;
	start = now_ns();
	assert_int_equal(count(x, &(struct index_filter){.metric = "steal.rate",
					  .guest = "victim",
					  .op = INDEX_GE,
					  .value = 900}),
		100);
	one = now_ns() - start;
	print_message("1,000 runs: listed in %.1f ms, filtered by a metric in %.1f ms\n",
		(double)all / 1e6, (double)one / 1e6);
	index_close(x);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(test_add_and_query),
		TEST(test_filters),
		TEST(test_replace_and_remove),
		TEST(test_overrides_and_format),
		TEST(test_processes_at_once),
		TEST(test_killed_writer),
		TEST(test_own_format),
		TEST(test_columns),
		TEST(test_older_format),
		TEST(test_damaged_file),
		TEST(test_rebuild),
		TEST(test_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
