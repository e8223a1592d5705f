// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/beneath.h"
#include "base/replace.h"
#include "record/sqlite_beneath.h"
#include "record/tables.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

struct tables {
	char *path, *part; /* the final name, and the one until then */
	sqlite3 *db;
	struct {
		sqlite3_stmt *insert;
		unsigned n;
	} * items;
	size_t n;
	struct err error; /* the first */
	bool finished;
};

static void note_failure(struct tables *t, int rc, const char *what)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || t->error.code)
		return;
	err_set(&t->error, rc == SQLITE_FULL ? ENOSPC : EIO, "%s: cannot %s: %s", t->part, what,
		t->db ? sqlite3_errmsg(t->db) : sqlite3_errstr(rc));
}

static void run_sql(struct tables *t, const char *sql, const char *what)
{
	if (!t->error.code)
		note_failure(t, sqlite3_exec(t->db, sql, NULL, NULL, NULL), what);
}

int tables_create(const char *path, struct tables **out, struct err *e)
{
	struct tables *t = xcalloc(1, sizeof(*t));

	t->path = xstrdup(path);
	t->part = replace_name(path);
	/* By the whole name: SQLite leaves "." and ".." out by itself. */
	note_failure(t,
		sqlite3_open_v2(t->part, &t->db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			sqlite_beneath()),
		"be created");
	/* Nobody reads it before it is renamed: no journal. */
	run_sql(t, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN", "be begun");
	if (t->error.code) {
		int rc;

		*e = t->error;
		rc = -e->code;
		tables_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

void tables_add(struct tables *t, const char *name, const char *columns, unsigned n_columns)
{
	auto_free char *create = xasprintf("CREATE TABLE %s (%s)", name, columns);
	auto_struct(strbuf) insert = {0};

	ARRAY_GROW(t->items, t->n);
	t->items[t->n].insert = NULL;
	t->items[t->n].n = n_columns;
	run_sql(t, create, "make its tables");
	strbuf_add(&insert, "INSERT INTO %s VALUES (?", name);
	for (unsigned i = 1; i < n_columns; i++)
		strbuf_add(&insert, ",?");
	strbuf_add(&insert, ")");
	if (!t->error.code)
		note_failure(t,
			sqlite3_prepare_v2(t->db, insert.text, -1, &t->items[t->n].insert, NULL),
			"make its tables");
	t->n++;
}

static void bind(sqlite3_stmt *s, int at, const struct table_cell *c)
{
	switch (c->type) {
	case TABLE_TEXT:
		sqlite3_bind_text(s, at, c->text, -1, SQLITE_STATIC);
		break;
	case TABLE_REAL:
		sqlite3_bind_double(s, at, c->real); /* NaN becomes NULL */
		break;
	case TABLE_INTEGER:
		sqlite3_bind_int64(s, at, c->integer);
		break;
	default:
		sqlite3_bind_null(s, at);
	}
}

void tables_insert(struct tables *t, unsigned table, const struct table_cell *cells)
{
	sqlite3_stmt *s = t->items[table].insert;

	if (t->error.code)
		return;
	for (unsigned i = 0; i < t->items[table].n; i++)
		bind(s, (int)i + 1, &cells[i]);
	note_failure(t, sqlite3_step(s), "be written");
	sqlite3_reset(s);
}

static void close_db(struct tables *t)
{
	for (size_t i = 0; i < t->n; i++)
		sqlite3_finalize(t->items[i].insert);
	t->n = 0;
	if (t->db && sqlite3_close(t->db) != SQLITE_OK)
		note_failure(t, SQLITE_ERROR, "be closed");
	t->db = NULL;
}

int tables_finish(struct tables *t, struct err *e)
{
	run_sql(t, "COMMIT", "be written");
	close_db(t);
	if (!t->error.code && beneath_rename(t->part, t->path))
		err_sys(&t->error, "cannot rename %s to %s", t->part, t->path);
	t->finished = !t->error.code;
	if (t->finished)
		return 0;
	*e = t->error;
	return -e->code;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	close_db(t);
	if (!t->finished)
		beneath_unlink(t->part);
	free(t->items);
	free(t->path);
	free(t->part);
	free(t);
}
