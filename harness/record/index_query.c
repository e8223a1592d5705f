// SPDX-License-Identifier: GPL-3.0-or-later
/* Questions to the index of runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/index_sqlite.h"

/* The filter as one fixed clause; an unset parameter is NULL and lets everything pass. */
#define FILTER                                                                                     \
	" FROM runs r WHERE (?1 IS NULL OR r.run GLOB ?1)"                                         \
	" AND (?2 IS NULL OR r.experiment GLOB ?2) AND (?3 IS NULL OR r.scenario GLOB ?3)"         \
	" AND (?4 IS NULL OR r.variant GLOB ?4) AND (?5 IS NULL OR r.host GLOB ?5)"                \
	" AND (?6 IS NULL OR r.kernel GLOB ?6) AND (?17 IS NULL OR r.overrides GLOB ?17)"          \
	" AND (?7 IS NULL OR r.status GLOB ?7) AND (?18 IS NULL OR r.arm GLOB ?18)"                \
	" AND (?8 IS NULL OR r.started >= ?8) AND (?9 IS NULL OR r.started < ?9)"                  \
	" AND (?10 IS NULL OR EXISTS (SELECT 1 FROM metrics m WHERE m.run = r.run"                 \
	" AND m.name = ?10 AND m.vcpu = -1 AND (?11 IS NULL OR m.guest GLOB ?11)"                  \
	" AND CASE ?12 WHEN 1 THEN m.value < ?13 WHEN 2 THEN m.value <= ?13"                       \
	" WHEN 3 THEN m.value > ?13 WHEN 4 THEN m.value >= ?13 WHEN 5 THEN m.value = ?13"          \
	" ELSE 1 END))"

static const struct {
	const char *text;
	enum index_op op;
} ops[] = {{"<", INDEX_LT}, {"<=", INDEX_LE}, {">", INDEX_GT}, {">=", INDEX_GE}, {"=", INDEX_EQ},
	{"==", INDEX_EQ}};

enum index_op index_op_parse(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i].text, text))
			return ops[i].op;
	return INDEX_OP_NONE;
}

static int prepare(struct index *x, const char *sql, const struct index_filter *f,
	sqlite3_stmt **out, struct err *e)
{
	const char *const text[] = {f->run, f->experiment, f->scenario, f->variant, f->host,
		f->kernel, f->status, f->since, f->until, f->metric, f->guest};
	int rc = sqlite3_prepare_v2(x->db, sql, -1, out, NULL);

	if (rc != SQLITE_OK)
		return index_sqlite_error(x, rc, "be asked", e);
	for (size_t i = 0; i < ARRAY_SIZE(text); i++) /* a NULL text binds NULL */
		sqlite3_bind_text(*out, (int)i + 1, text[i], -1, SQLITE_STATIC);
	sqlite3_bind_int(*out, 12, (int)f->op);
	sqlite3_bind_double(*out, 13, f->value);
	sqlite3_bind_text(*out, 17, f->overrides, -1, SQLITE_STATIC);
	sqlite3_bind_text(*out, 18, f->arm, -1, SQLITE_STATIC);
	sqlite3_bind_int64(*out, 14, f->limit ? (sqlite3_int64)f->limit : -1);
	return 0;
}

static char *text_column(sqlite3_stmt *s, int i)
{
	const char *t = (const char *)sqlite3_column_text(s, i);

	return xstrdup(t ? t : "");
}

static struct index_row read_row(sqlite3_stmt *s)
{
	return (struct index_row){
		.run = text_column(s, 0),
		.folder = text_column(s, 1),
		.experiment = text_column(s, 2),
		.scenario = text_column(s, 3),
		.variant = text_column(s, 4),
		.point = text_column(s, 5),
		.status = text_column(s, 6),
		.started = text_column(s, 7),
		.host = text_column(s, 8),
		.kernel = text_column(s, 9),
		.repeat = (unsigned)sqlite3_column_int64(s, 10),
		.seed = (uint64_t)sqlite3_column_int64(s, 11),
		.duration_s = sqlite3_column_double(s, 12),
		.overrides = text_column(s, 13),
		.arm = text_column(s, 14),
	};
}

int index_query(struct index *x, const struct index_filter *f, struct index_row **rows, size_t *n,
	struct err *e)
{
	struct index_row *found = NULL;
	auto_ptr(sqlite3_finalize) sqlite3_stmt *s = NULL;
	size_t count = 0;
	int rc = prepare(x,
		"SELECT run, folder, experiment, scenario, variant, point, status, started, host, kernel, repeat, seed, duration_s, overrides, arm" FILTER
		" ORDER BY r.started DESC, r.run DESC LIMIT ?14",
		f, &s, e);

	if (rc)
		return rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		ARRAY_GROW(found, count);
		found[count++] = read_row(s);
	}
	if (rc != SQLITE_DONE) {
		rc = index_sqlite_error(x, rc, "be read", e);
		index_rows_free(found, count);
		found = NULL;
	} else {
		*rows = found;
		*n = count;
		rc = 0;
	}
	return rc;
}

void index_rows_free(struct index_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rows[i].run);
		free(rows[i].folder);
		free(rows[i].experiment);
		free(rows[i].scenario);
		free(rows[i].variant);
		free(rows[i].arm);
		free(rows[i].point);
		free(rows[i].status);
		free(rows[i].started);
		free(rows[i].host);
		free(rows[i].kernel);
		free(rows[i].overrides);
	}
	free(rows);
}

int index_values(struct index *x, const struct index_filter *f, const char *guest, const char *name,
	double **values, size_t *n, struct err *e)
{
	double *v = NULL;
	auto_ptr(sqlite3_finalize) sqlite3_stmt *s = NULL;
	size_t count = 0;
	int rc = prepare(x,
		"SELECT (SELECT avg(m.value) FROM metrics m WHERE m.run = r.run AND m.name = ?15 AND m.vcpu = -1 AND CASE WHEN ?16 IS NULL THEN NOT m.noise ELSE m.guest GLOB ?16 END)" FILTER
		" ORDER BY r.started, r.run LIMIT ?14",
		f, &s, e);

	if (rc)
		return rc;
	sqlite3_bind_text(s, 15, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 16, guest, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		ARRAY_GROW(v, count);
		v[count++] = sqlite3_column_type(s, 0) == SQLITE_NULL ? NAN
								      : sqlite3_column_double(s, 0);
	}
	if (rc != SQLITE_DONE) {
		rc = index_sqlite_error(x, rc, "be read", e);
		free(v);
	} else {
		*values = v;
		*n = count;
		rc = 0;
	}
	return rc;
}
