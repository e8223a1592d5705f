// SPDX-License-Identifier: GPL-3.0-or-later
/* The file of the index: its tables, an older one that is brought up to date, opening and removing it. */
#include "record/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arm.h"
#include "base/beneath.h"
#include "record/index_sqlite.h"
#include "record/sqlite_beneath.h"

#define BUSY_MS 10000

#define ARM	 "arm TEXT NOT NULL DEFAULT ''"
#define WARNINGS "warnings TEXT NOT NULL DEFAULT ''"
#define GUESTS                                                                                     \
	"CREATE TABLE IF NOT EXISTS guests (run TEXT NOT NULL REFERENCES runs (run), guest TEXT NOT NULL, noise INTEGER NOT NULL, kind TEXT NOT NULL, vcpus INTEGER NOT NULL, weight INTEGER NOT NULL, quota_us INTEGER NOT NULL, period_us INTEGER NOT NULL, PRIMARY KEY (run, guest)) WITHOUT ROWID;"

static const char *const schema =
	"CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, folder TEXT NOT NULL, experiment TEXT NOT NULL, scenario TEXT NOT NULL, variant TEXT NOT NULL, point TEXT NOT NULL, overrides TEXT NOT NULL, repeat INTEGER NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL, duration_s REAL NOT NULL, host TEXT NOT NULL, kernel TEXT NOT NULL, version TEXT NOT NULL, " ARM
	", " WARNINGS
	") WITHOUT ROWID;CREATE INDEX IF NOT EXISTS runs_started ON runs (started);CREATE TABLE IF NOT EXISTS metrics (run TEXT NOT NULL REFERENCES runs (run), guest TEXT NOT NULL, noise INTEGER NOT NULL, vcpu INTEGER NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (run, name, guest, vcpu)) WITHOUT ROWID;" GUESTS;

static const char *const upgrade =
	"ALTER TABLE runs ADD COLUMN " ARM ";ALTER TABLE runs ADD COLUMN " WARNINGS ";" GUESTS;
#define OLD_FORMAT 2

int index_sqlite_error(const struct index *x, int rc, const char *what, struct err *e)
{
	int code = (rc & 0xff) == SQLITE_BUSY					   ? EBUSY
		   : (rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT ? EILSEQ
										   : EIO;

	return err_set(e, code, "%s: cannot %s: %s%s", x->path, what,
		x->db ? sqlite3_errmsg(x->db) : sqlite3_errstr(rc),
		code == EILSEQ ? "; `stealscope list --rebuild` makes the index anew" : "");
}

int index_run_sql(struct index *x, const char *sql, const char *what, struct err *e)
{
	int rc = sqlite3_exec(x->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : index_sqlite_error(x, rc, what, e);
}

/* Two processes that switch a new file to WAL at once: one is told "busy" without waiting. A file
 * system that cannot do WAL leaves the old journal on, which is as safe. */
static void enter_wal(struct index *x)
{
	for (int i = 0; i < BUSY_MS / 10; i++) {
		int rc = sqlite3_exec(x->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);

		if (rc != SQLITE_BUSY)
			return;
		sleep_ns(10 * NS_PER_MS);
	}
}

static int check_format(struct index *x, int *format, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(x->db, "PRAGMA user_version", -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW) {
		rc = index_sqlite_error(x, rc, "be opened", e);
		sqlite3_finalize(s);
		return rc;
	}
	*format = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	if (*format && *format != INDEX_FORMAT && *format != OLD_FORMAT)
		return err_set(e, EPROTO,
			"%s has format %d, made by %s stealscope; this one knows %d", x->path,
			*format, *format > INDEX_FORMAT ? "a newer" : "an older", INDEX_FORMAT);
	return 0;
}

/* arm_of() for SQL. */
static void sql_arm(sqlite3_context *c, int n, sqlite3_value **v)
{
	const char *config = (const char *)sqlite3_value_text(v[0]),
		   *point = (const char *)sqlite3_value_text(v[1]);
	auto_free char *arm = arm_of(config ? config : "", point ? point : "");

	(void)n;
	sqlite3_result_text(c, arm, -1, SQLITE_TRANSIENT);
}

/* Of runs that are older than the column. */
static int name_arms(struct index *x, struct err *e)
{
	int rc =
		sqlite3_create_function(x->db, "arm_of", 2, SQLITE_UTF8, NULL, sql_arm, NULL, NULL);

	if (rc != SQLITE_OK)
		return index_sqlite_error(x, rc, "name its arms", e);
	return index_run_sql(x, "UPDATE runs SET arm = arm_of(variant, point)", "name its arms", e);
}

static int prepare_file(struct index *x, struct err *e)
{
	auto_free char *set_format = xasprintf("PRAGMA user_version=%d", INDEX_FORMAT);
	int format = 0, rc;

	sqlite3_busy_timeout(x->db, BUSY_MS);
	rc = check_format(x, &format, e);
	if (rc || format == INDEX_FORMAT)
		return rc;
	enter_wal(x);
	rc = index_run_sql(x, "BEGIN IMMEDIATE", "be locked", e);
	if (rc)
		return rc;
	rc = check_format(x, &format, e); /* another may have been first */
	if (!rc && format == OLD_FORMAT)
		rc = index_run_sql(x, upgrade, "be given its new columns", e);
	else if (!rc && !format)
		rc = index_run_sql(x, schema, "make its tables", e);
	if (!rc && format == OLD_FORMAT)
		rc = name_arms(x, e);
	if (!rc)
		rc = index_run_sql(x, set_format, "set its format", e);
	if (!rc)
		rc = index_run_sql(x, "COMMIT", "commit", e);
	if (rc)
		sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

/* SQLite says of anything that it is "unable to open database file". */
static int check_file(struct index *x, struct err *e)
{
	struct stat st;

	if (beneath_stat(x->path, &st))
		return errno == ENOENT ? 0 : err_sys(e, "%s", x->path);
	if (S_ISREG(st.st_mode) && st.st_nlink == 1)
		return 0;
	return err_set(e, S_ISLNK(st.st_mode) ? ELOOP : EINVAL,
		"%s is %s: it is not touched; the index is a file of its own", x->path,
		S_ISLNK(st.st_mode) ? "a symbolic link"
		: st.st_nlink > 1   ? "a file with several names"
				    : "no file");
}

static bool may_write(const struct index *x)
{
	int dir = beneath_handle(x->dir);

	return !faccessat(dir, ".", W_OK, AT_EACCESS) &&
	       (!faccessat(dir, "index.db", W_OK, AT_EACCESS) || errno == ENOENT);
}

/* Another user's results. SQLite joins others at a write-ahead log only where it may write: here it reads the
 * file as if nobody changed it, and misses what a log still holds. */
static int open_to_read(struct index *x, struct err *e)
{
	auto_free char *name = sqlite_beneath_name(x->path);
	auto_free char *uri = xasprintf("file:%s?immutable=1", name);
	auto_free char *log = xasprintf("%s-wal", x->path);
	int format = 0,
	    rc = sqlite3_open_v2(uri, &x->db,
		    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, sqlite_beneath());
	struct stat st;

	if (rc == SQLITE_OK && !check_format(x, &format, NULL) && format == INDEX_FORMAT) {
		x->access = beneath_stat(log, &st) || !st.st_size ? INDEX_READ : INDEX_BEHIND;
		return 0;
	}
	sqlite3_close(x->db);
	x->db = NULL;
	x->access = INDEX_IN_MEMORY;
	rc = sqlite3_open_v2(":memory:", &x->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	return rc == SQLITE_OK ? prepare_file(x, e) : index_sqlite_error(x, rc, "be opened", e);
}

static int open_file(struct index *x, struct err *e)
{
	auto_free char *name = NULL;
	int rc = check_file(x, e);

	if (rc)
		return rc;
	if (!may_write(x))
		return open_to_read(x, e);
	name = sqlite_beneath_name(x->path);
	rc = sqlite3_open_v2(name, &x->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, sqlite_beneath());
	return rc == SQLITE_OK ? prepare_file(x, e) : index_sqlite_error(x, rc, "be opened", e);
}

int index_open(const char *results_dir, struct index **out, struct err *e)
{
	struct index *x;
	int rc = beneath_hold(results_dir, e);

	if (rc)
		return rc;
	x = xcalloc(1, sizeof(*x));
	x->dir = xstrdup(results_dir);
	x->path = xasprintf("%s/index.db", results_dir);
	rc = open_file(x, e);
	if (rc) {
		index_close(x);
		return rc;
	}
	*out = x;
	return 0;
}

enum index_access index_access(const struct index *x)
{
	return x->access;
}

void index_close(struct index *x)
{
	if (!x)
		return;
	sqlite3_close(x->db);
	beneath_drop(x->dir);
	free(x->dir);
	free(x->path);
	free(x);
}

int index_reset(const char *results_dir, struct err *e)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < ARRAY_SIZE(suffix); i++) {
		auto_free char *path = xasprintf("%s/index.db%s", results_dir, suffix[i]);

		if (beneath_unlink(path) && errno != ENOENT)
			return err_sys(e, "cannot remove %s", path);
	}
	return 0;
}
