/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of rows in an SQLite file, written once from front to back. Memory does not grow with the
 * rows. The file appears under its name when it is complete; a failure is kept and told by
 * tables_finish().
 */
#ifndef SS_RECORD_TABLES_H
#define SS_RECORD_TABLES_H

#include "base/util.h"

struct tables;

enum table_type { TABLE_NULL, TABLE_TEXT, TABLE_REAL, TABLE_INTEGER };
struct table_cell {
	enum table_type type;
	const char *text;
	double real; /* NaN is stored as NULL */
	int64_t integer;
};

/* Begin a file that will replace `path`. */
int tables_create(const char *path, struct tables **out, struct err *e);
/* A table; `columns` as in SQL: "guest TEXT, vcpu INTEGER". Tables are numbered from 0. */
void tables_add(struct tables *t, const char *name, const char *columns, unsigned n_columns);
/* The columns of table number `table`, in order. */
void tables_insert(struct tables *t, unsigned table, const struct table_cell *cells);
/* Make it visible under its name. After a failure of any step: its error, and no file. */
int tables_finish(struct tables *t, struct err *e);
/* Frees, and removes the file unless tables_finish() succeeded. NULL is fine. */
void tables_free(struct tables *t);
AUTO_PTR(tables_free, struct tables *)

#endif
