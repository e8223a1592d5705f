/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A record for other tools. Records are streamed: memory does not grow with their number. Times are
 * seconds of host clock since the window began; in the Perfetto trace us since some time before it.
 */
#ifndef SS_REPORT_EXPORT_EXPORT_H
#define SS_REPORT_EXPORT_EXPORT_H

#include "analysis/analysis.h"
#include "record/tables.h"

enum export_table {
	EXPORT_SAMPLES, /* every guest record of a probe */
	EXPORT_STATES,	/* every stretch of a vCPU thread: state, CPU, who had it */
	EXPORT_SERIES,	/* the 10 s (and 1 s) windows */
	EXPORT_METRICS,
	EXPORT_BLAME,
	EXPORT_LATE,   /* every late wake-up and long gap with its parts */
	EXPORT_GUESTS, /* every guest, and of which run */
	EXPORT_TABLES,
};
/* EXPORT_TABLES when there is none. */
enum export_table export_table_find(const char *name);

/* One header line, names with units: "time_s,late_us". Missing values are empty. */
int export_csv(const struct analysis *a, enum export_table t, FILE *out, struct err *e);
/* One JSON object a line, the CSV's columns as keys. Missing values are null. */
int export_jsonl(const struct analysis *a, enum export_table t, FILE *out, struct err *e);
/* All tables of any number of records as one SQLite file: begin, one call a record with a run_id of
 * its own, tables_finish() (record/tables.h). NULL with `e` set when it cannot be created. */
struct tables *export_sqlite_begin(const char *path, struct err *e);
int export_sqlite_run(struct tables *db, const struct analysis *a, unsigned run_id, struct err *e);
/* The tables and their columns, for people. */
void export_print_tables(FILE *out);
/* The stalls of a guest (NULL: the first that is no noise), or what its steal counter grew by as a rate
 * series where it had no gap probe: docs/stalls.md. */
int export_stalls(const struct analysis *a, const char *guest, FILE *out, struct err *e);
/* Chrome JSON trace format (ui.perfetto.dev opens it): guest samples, vCPU states and culprits on
 * one timeline, one process per guest. */
/* What cannot be read whole is not exported at all. */
int export_check(const struct analysis *a, struct err *e);
int export_perfetto(const struct analysis *a, FILE *out, struct err *e);

#endif
