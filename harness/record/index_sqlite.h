/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What index_open.c, index.c and index_query.c share. Not for others: include record/index.h. */
#ifndef SS_RECORD_INDEX_SQLITE_H
#define SS_RECORD_INDEX_SQLITE_H

#include <sqlite3.h>

#include "record/index.h"

AUTO_PTR(sqlite3_finalize, sqlite3_stmt *)

#define INDEX_FORMAT 3 /* of the tables; 2 becomes it in place, another is made anew */

struct index {
	sqlite3 *db;
	char *dir, *path;
	enum index_access access;
};

/* Fill `e` from an SQLite result code: "PATH: cannot WHAT: ...". Returns -errno. */
int index_sqlite_error(const struct index *x, int rc, const char *what, struct err *e);
/* Statements without a result. 0 or -errno, in words as above. */
int index_run_sql(struct index *x, const char *sql, const char *what, struct err *e);

#endif
