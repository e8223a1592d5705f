/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of exports, column by column. Not for others: include report/export/export.h. */
#ifndef SS_REPORT_EXPORT_COLUMNS_H
#define SS_REPORT_EXPORT_COLUMNS_H

#include "report/export/export.h"

#define EXPORT_MAX_COLUMNS 16

/* A column: its name with its unit, its SQL type, what it is. */
struct export_column {
	const char *name, *type, *doc;
};

extern const struct export_columns {
	const char *name, *doc;
	struct export_column columns[EXPORT_MAX_COLUMNS]; /* a NULL name ends */
} export_columns[EXPORT_TABLES];

/* Of SQLite only: the table runs, whose number is EXPORT_TABLES; run_id stands in front of every
 * other table. */
#define EXPORT_RUN_COLUMNS 16
extern const struct export_column export_run_columns[EXPORT_RUN_COLUMNS];

#endif
