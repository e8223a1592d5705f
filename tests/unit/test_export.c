/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exports of a simulated record, parsed back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>
#include <unistd.h>

#include "report/export/columns.h"
#include "report/export/export.h"
#include "tests/bench/simulate.h"

static char dir[] = "/tmp/test_export.XXXXXX";
static struct analysis *a;
static struct sim_truth truth;

static int make(void **state)
{
	static const struct sim_config config = {.vcpus = 2,
		.duration_ns = 2 * NS_PER_S,
		.mean_ns = 5000000,
		.tsc_hz = 2e9,
		.seed = 3};
	struct err e = ERR_INIT;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	simulate_record(dir, &config, &truth);
	return analysis_make(dir, &a, &e);
}

static int drop(void **state)
{
	(void)state;
	analysis_free(a);
	return remove_tree(dir, NULL);
}

static char *text_of(int (*write)(const struct analysis *, enum export_table, FILE *, struct err *),
	enum export_table t)
{
	char *text = NULL;
	struct err e = ERR_INIT;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(write(a, t, f, &e), 0);
	fclose(f);
	return text;
}

static int perfetto(const struct analysis *x, enum export_table t, FILE *out, struct err *e)
{
	(void)t;
	return export_perfetto(x, out, e);
}

/* Waiting inside the window, by state lanes and by culprit lanes, is what the analysis has. */
static void test_perfetto_parses_back(void **state)
{
	auto_free char *text = text_of(perfetto, EXPORT_SAMPLES);
	json_t *j = json_loads(text, 0, NULL), *events, *ev;
	double from, to, waiting = 0, behind = 0;
	size_t i, late = 0;

	(void)state;
	assert_non_null(j);
	from = json_number_value(
		json_object_get(json_object_get(j, "otherData"), "window_start_us"));
	to = json_number_value(json_object_get(json_object_get(j, "otherData"), "window_end_us"));
	events = json_object_get(j, "traceEvents");
	json_array_foreach(events, i, ev)
	{
		const char *ph = json_string_value(json_object_get(ev, "ph"));
		const char *name = json_string_value(json_object_get(ev, "name"));
		double ts = json_number_value(json_object_get(ev, "ts"));
		double end = ts + json_number_value(json_object_get(ev, "dur"));
		double inside = fmin(end, to) - fmax(ts, from);

		assert_non_null(ph);
		assert_non_null(name);
		if (strcmp(ph, "X") != 0)
			continue;
		assert_true(ts >= 0 && end >= ts);
		late += !strcmp(name, "late");
		if (inside > 0 && !strcmp(name, "waiting"))
			waiting += inside;
		if (inside > 0 && (!strcmp(name, "noise hog") || !strcmp(name, "process intruder")))
			behind += inside;
	}
	assert_true(late > 200);
	assert_true(fabs(waiting - (double)(truth.wait_ns[0] + truth.wait_ns[1]) / 1e3) < 10);
	assert_true(fabs(behind - waiting) < 10);
	json_decref(j);
}

static void test_csv_has_units_and_equal_rows(void **state)
{
	(void)state;
	for (unsigned t = 0; t < EXPORT_TABLES; t++) {
		auto_free char *text = text_of(export_csv, (enum export_table)t);
		size_t columns = 0, commas = 0, lines = 0;
		bool quoted = false;

		for (const char *p = text; *p; p++) {
			quoted ^= *p == '"';
			commas += *p == ',' && !quoted;
			if (*p != '\n')
				continue;
			columns = lines++ ? columns : commas;
			assert_int_equal(commas, columns);
			commas = 0;
		}
		assert_true(lines > 2 || (t == EXPORT_GUESTS && lines == 2));
		assert_int_equal(export_table_find(export_columns[t].name), t);
	}
	assert_int_equal(export_table_find("no such"), EXPORT_TABLES);
}

static void test_json_lines_parse(void **state)
{
	(void)state;
	for (unsigned t = 0; t < EXPORT_TABLES; t++) {
		auto_free char *text = text_of(export_jsonl, (enum export_table)t);
		size_t lines = 0;

		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
			json_t *j = json_loads(line, 0, NULL);

			if (!json_object_get(j, "guest"))
				fail_msg("not an object with a guest: %s", line);
			json_decref(j);
		}
		assert_true(lines > (t != EXPORT_GUESTS));
	}
}

/* One number of one query. */
static double ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	double v;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	v = sqlite3_column_double(s, 0);
	sqlite3_finalize(s);
	return v;
}

static size_t lines_of(enum export_table t)
{
	auto_free char *text = text_of(export_csv, t);
	size_t n = 0;

	for (const char *p = text; *p; p++)
		n += *p == '\n';
	return n - 1; /* the head */
}

/* Every table has the rows of its CSV, for each run; sums are those that the simulator knows. */
static void test_sqlite_reads_back(void **state)
{
	auto_free char *path = xasprintf("%s/out.db", dir);
	struct err e = ERR_INIT;
	struct tables *t = export_sqlite_begin(path, &e);
	sqlite3 *db;
	double wait;

	(void)state;
	assert_non_null(t);
	assert_int_equal(export_sqlite_run(t, a, 1, &e), 0);
	assert_int_equal(export_sqlite_run(t, a, 2, &e), 0);
	assert_int_not_equal(access(path, F_OK), 0); /* not before it is whole */
	assert_int_equal(tables_finish(t, &e), 0);
	tables_free(t);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (unsigned i = 0; i < EXPORT_TABLES; i++) {
		enum export_table k = (enum export_table)i;
		auto_free char *sql = xasprintf(
			"SELECT count(*) FROM %s WHERE run_id = 2", export_columns[k].name);

		assert_int_equal((size_t)ask(db, sql), lines_of(k));
	}
	assert_true(ask(db, "SELECT count(*) FROM runs WHERE run = 'simulated'") == 2);
	assert_true(
		ask(db, "SELECT count(*) FROM runs JOIN guests g USING (run_id) WHERE runs.arm = coalesce(g.arm, '') AND runs.host = coalesce(g.host, '') AND runs.warnings = coalesce(g.warnings, '')") >
		0);
	wait = ask(db,
		"SELECT sum(length_us) FROM states JOIN runs USING (run_id) WHERE run_id = 1 AND state = 'waiting' AND start_s > 0 AND start_s + length_us / 1e6 < window_s");
	assert_true(wait > 0.9 * (double)(truth.wait_ns[0] + truth.wait_ns[1]) / 1e3);
	assert_true(wait <= (double)(truth.wait_ns[0] + truth.wait_ns[1]) / 1e3 + 1);
	assert_true(
		ask(db, "SELECT value FROM metrics WHERE run_id = 1 AND vcpu = -1 AND metric = 'wait.rate'") >
		0);
	assert_true(
		ask(db, "SELECT count(*) FROM metrics WHERE value IS NULL AND not_provided IS NULL") ==
		0);
	sqlite3_close(db);
}

static void test_sqlite_failures(void **state)
{
	auto_free char *path = xasprintf("%s/no/such/out.db", dir);
	struct err e = ERR_INIT;
	struct tables *t;

	(void)state;
	assert_null(export_sqlite_begin(path, &e));
	assert_true(e.code && e.msg[0]);
	/* One that is given up leaves nothing. */
	free(path);
	path = xasprintf("%s/gone.db", dir);
	t = export_sqlite_begin(path, &e);
	assert_non_null(t);
	tables_free(t);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void test_sample_rows(void **state)
{
	auto_free char *text = text_of(export_csv, EXPORT_SAMPLES);

	(void)state;
	assert_int_equal(
		strncmp(text,
			"guest,vcpu,time_s,probe,length_us,missed,elapsed_us,steal_ns,value\n", 60),
		0);
	assert_non_null(strstr(text, "victim,1,"));
	assert_non_null(strstr(text, ",timer,"));
}

static void test_full_disk_is_an_error(void **state)
{
	struct err e = ERR_INIT;
	FILE *f = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(f);
	assert_true(export_perfetto(a, f, &e) < 0);
	assert_true(strlen(e.msg) > 5);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perfetto_parses_back),
		cmocka_unit_test(test_csv_has_units_and_equal_rows),
		cmocka_unit_test(test_json_lines_parse),
		cmocka_unit_test(test_sample_rows),
		cmocka_unit_test(test_sqlite_reads_back),
		cmocka_unit_test(test_sqlite_failures),
		cmocka_unit_test(test_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
