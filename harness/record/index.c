// SPDX-License-Identifier: GPL-3.0-or-later
/* The index of runs: adding, removing, making it anew. Its file is opened in index_open.c, questions are in index_query.c. */
#include "record/index.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arm.h"
#include "base/beneath.h"
#include "record/index_sqlite.h"

/* Facts that name the host and its kernel, first match wins. */
static const char *const host_facts[] = {"host.name", "hostname", "host"};
static const char *const kernel_facts[] = {"kernel.release", "kernel", "host.kernel"};

static const char *fact(const struct run_info *r, const char *const *keys, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < r->n_facts; i++)
			if (r->facts[i].key && !strcmp(r->facts[i].key, keys[k]))
				return r->facts[i].value;
	return "";
}

const char *index_host_of(const struct run_info *r)
{
	return fact(r, host_facts, ARRAY_SIZE(host_facts));
}

const char *index_kernel_of(const struct run_info *r)
{
	return fact(r, kernel_facts, ARRAY_SIZE(kernel_facts));
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text ? text : "", -1, SQLITE_TRANSIENT);
}

/* Step a statement that gives no rows to its end and make it ready for the next. */
static int begin(
	struct index *x, const char *sql, const char *what, sqlite3_stmt **s, struct err *e)
{
	int rc = sqlite3_prepare_v2(x->db, sql, -1, s, NULL);

	return rc == SQLITE_OK ? 0 : index_sqlite_error(x, rc, what, e);
}

static int finish(struct index *x, sqlite3_stmt *s, const char *what, struct err *e)
{
	int rc = sqlite3_step(s);

	if (rc != SQLITE_DONE) {
		rc = index_sqlite_error(x, rc, what, e);
		sqlite3_reset(s);
		return rc;
	}
	sqlite3_reset(s);
	return 0;
}

static int forget(struct index *x, const char *run, struct err *e)
{
	static const char *const sql[] = {"DELETE FROM metrics WHERE run = ?",
		"DELETE FROM guests WHERE run = ?", "DELETE FROM runs WHERE run = ?"};

	for (size_t i = 0; i < ARRAY_SIZE(sql); i++) {
		auto_ptr(sqlite3_finalize) sqlite3_stmt *s = NULL;
		int rc = begin(x, sql[i], "forget a run", &s, e);

		if (rc)
			return rc;
		bind_text(s, 1, run);
		rc = finish(x, s, "forget a run", e);
		if (rc)
			return rc;
	}
	return 0;
}

static int add_run(struct index *x, const struct run_info *r, const char *folder, struct err *e)
{
	auto_free char *overrides = strv_join(&r->overrides, " ");
	auto_free char *warnings = strv_join(&r->warnings, "; ");
	auto_free char *arm = arm_of(r->variant ? r->variant : "", r->point ? r->point : "");
	const char *const text[] = {r->run, folder, r->experiment, r->scenario, r->variant,
		r->point, r->status, r->started, index_host_of(r), index_kernel_of(r), r->version,
		overrides, arm, warnings};
	uint64_t window =
		r->window_end_ns > r->window_start_ns ? r->window_end_ns - r->window_start_ns : 0;
	auto_ptr(sqlite3_finalize) sqlite3_stmt *s = NULL;
	int rc = begin(x,
		"INSERT INTO runs (run, folder, experiment, scenario, variant, point, status, started, host, kernel, version, overrides, arm, warnings, repeat, seed, duration_s) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		"add a run", &s, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++)
		bind_text(s, (int)i + 1, text[i]);
	sqlite3_bind_int64(s, 15, r->repeat);
	sqlite3_bind_int64(s, 16, (sqlite3_int64)r->seed);
	sqlite3_bind_double(s, 17, (double)window / 1e9);
	return finish(x, s, "add a run", e);
}

static int add_guests(struct index *x, const struct run_info *r, struct err *e)
{
	auto_ptr(sqlite3_finalize) sqlite3_stmt *s = NULL;
	int rc = begin(
		x, "INSERT OR REPLACE INTO guests VALUES (?,?,?,?,?,?,?,?)", "add guests", &s, e);

	for (size_t i = 0; i < r->n_guests && !rc; i++) {
		const struct run_guest *g = &r->guests[i];

		bind_text(s, 1, r->run);
		bind_text(s, 2, g->name);
		sqlite3_bind_int(s, 3, g->is_noise);
		bind_text(s, 4, g->kind);
		sqlite3_bind_int64(s, 5, (sqlite3_int64)g->n_vcpus);
		sqlite3_bind_int64(s, 6, (sqlite3_int64)g->shares);
		sqlite3_bind_int64(s, 7, (sqlite3_int64)g->quota_us);
		sqlite3_bind_int64(s, 8, (sqlite3_int64)g->period_us);
		rc = finish(x, s, "add guests", e);
	}
	return rc;
}

static int add_metrics(
	struct index *x, const char *run, const struct index_metric *m, size_t n, struct err *e)
{
	auto_ptr(sqlite3_finalize) sqlite3_stmt *s = NULL;
	int rc = begin(
		x, "INSERT OR REPLACE INTO metrics VALUES (?,?,?,?,?,?,?)", "add metrics", &s, e);

	for (size_t i = 0; i < n && !rc; i++) {
		if (!isfinite(m[i].value))
			continue;
		bind_text(s, 1, run);
		bind_text(s, 2, m[i].guest);
		sqlite3_bind_int(s, 3, m[i].noise);
		sqlite3_bind_int(s, 4, m[i].vcpu);
		bind_text(s, 5, m[i].name);
		bind_text(s, 6, m[i].unit);
		sqlite3_bind_double(s, 7, m[i].value);
		rc = finish(x, s, "add metrics", e);
	}
	return rc;
}

static int put(struct index *x, const struct run_info *r, const char *folder,
	const struct index_metric *metrics, size_t n, struct err *e)
{
	int rc = forget(x, r->run, e);

	if (!rc)
		rc = add_run(x, r, folder, e);
	if (!rc)
		rc = add_guests(x, r, e);
	if (!rc)
		rc = add_metrics(x, r->run, metrics, n, e);
	return rc;
}

/* End the transaction begun: commit when rc is 0, else roll back and hand rc on. */
static int end(struct index *x, int rc, struct err *e)
{
	if (!rc)
		rc = index_run_sql(x, "COMMIT", "commit", e);
	if (rc)
		sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int index_add(struct index *x, const struct run_info *r, const char *folder,
	const struct index_metric *metrics, size_t n_metrics, struct err *e)
{
	int rc;

	if (!r->run || !*r->run)
		return err_set(e, EINVAL, "a run without a name cannot be indexed");
	rc = index_run_sql(x, "BEGIN IMMEDIATE", "be locked", e);
	return rc ? rc : end(x, put(x, r, folder, metrics, n_metrics, e), e);
}

/* Add one folder. 1 when it was a record, 0 when not, -errno when the index itself failed. */
static int rebuild_one(struct index *x, const char *folder, index_read_fn read, void *ctx,
	struct strv *problems, struct err *e)
{
	auto_free char *dir = xasprintf("%s/%s", x->dir, folder);
	auto_free char *json = xasprintf("%s/run.json", dir);
	auto_free struct index_metric *metrics = NULL;
	struct stat st;
	auto_struct(run_info) r = {0};
	const struct strv *warnings = &r.warnings;
	struct run_info told;
	struct err why = ERR_INIT;
	size_t n = 0;
	int rc;

	if (beneath_stat(json, &st))
		return 0;
	if (run_info_load(&r, dir, &why)) {
		strv_add(problems, "%s: %s", folder, why.msg);
		return 0;
	}
	if (read && read(ctx, dir, &r, &metrics, &n, &warnings, &why) < 0) {
		strv_add(problems, "%s: %s", folder, why.msg);
		n = 0;
	}
	told = r;
	told.warnings = *warnings;
	rc = put(x, &told, folder, metrics, n, e);
	return rc ? rc : 1;
}

bool index_is_empty(struct index *x)
{
	struct err why = ERR_INIT;
	sqlite3_stmt *s = NULL;
	bool empty = !begin(x, "SELECT 1 FROM runs LIMIT 1", "be read", &s, &why) &&
		     sqlite3_step(s) == SQLITE_DONE;

	sqlite3_finalize(s);
	return empty;
}

int index_rebuild(
	struct index *x, index_read_fn read, void *ctx, struct strv *problems, struct err *e)
{
	auto_free struct dirent **names = NULL;
	int n = scandirat(beneath_handle(x->dir), ".", &names, NULL, alphasort), added = 0, rc;

	if (n < 0)
		return err_sys(e, "cannot list %s", x->dir);
	rc = index_run_sql(x,
		"BEGIN IMMEDIATE; DELETE FROM metrics; DELETE FROM guests; DELETE FROM runs",
		"be emptied", e);
	for (int i = 0; i < n; i++) {
		if (!rc && names[i]->d_name[0] != '.') {
			int one = rebuild_one(x, names[i]->d_name, read, ctx, problems, e);

			rc = MIN(one, 0);
			added += one > 0;
		}
		free(names[i]);
	}
	rc = end(x, rc, e);
	return rc ? rc : added;
}
