// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope export: a record for other tools. */
#include <string.h>
#include <unistd.h>

#include <errno.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "report/export/export.h"
#include "study/arms.h"

enum format { FORMAT_PERFETTO, FORMAT_CSV, FORMAT_JSONL, FORMATS };
static const char *const format_names[FORMATS] = {"perfetto", "csv", "jsonl"};

struct export_args {
	struct strv runs;
	const char *output, *sqlite;
	enum format format;
	enum export_table table;
};

enum { OPT_SQLITE = 0x100 };

static const struct argp_option options[] = {
	{"format", 'f', "FORMAT", 0,
		"perfetto (default; open it in ui.perfetto.dev), csv, or jsonl (JSON Lines)", 0},
	{"table", 't', "TABLE", 0,
		"For csv and jsonl: samples (default), states, series, metrics, blame, late", 0},
	{"output", 'o', "FILE", 0, "Write there instead of standard output", 0},
	{"sqlite", OPT_SQLITE, "FILE", 0,
		"All tables of one or more records as an SQLite file, in place of what was there",
		0},
	{0},
};

static enum format find_format(const char *name)
{
	enum format f = 0;

	while (f < FORMATS && strcmp(name, format_names[f]))
		f++;
	return f;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct export_args *a = state->input;

	switch (key) {
	case 'f':
		a->format = find_format(arg);
		if (a->format == FORMATS)
			argp_error(state, "no format '%s'; there are perfetto, csv and jsonl", arg);
		return 0;
	case 't':
		a->table = export_table_find(arg);
		if (a->table == EXPORT_TABLES)
			argp_error(
				state, "no table '%s'; `stealscope list tables` shows them", arg);
		return 0;
	case 'o':
		a->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case OPT_SQLITE:
		a->sqlite = arg;
		return 0;
	case ARGP_KEY_ARG:
		strv_add(&a->runs, "%s", arg);
		return 0;
	case ARGP_KEY_END:
		if (!a->runs.n)
			argp_error(state,
				"which record? `stealscope list` shows them; `last` is the newest");
		if (a->runs.n > 1 && !a->sqlite)
			argp_error(state, "one record at a time, but with --sqlite");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int write_export(
	const struct export_args *args, const struct analysis *a, FILE *out, struct err *e)
{
	switch (args->format) {
	case FORMAT_CSV:
		return export_csv(a, args->table, out, e);
	case FORMAT_JSONL:
		return export_jsonl(a, args->table, out, e);
	default:
		return export_perfetto(a, out, e);
	}
}

static int export_one(const struct cmd_common *c, const struct export_args *args, struct err *e)
{
	auto_free char *dir = cmd_find_record(c, args->runs.items[0], e);
	struct analysis *a = NULL;
	FILE *out = stdout;
	int rc = dir ? analysis_make(dir, &a, e) : -e->code;

	if (!rc && args->output) {
		out = fopen(args->output, "we");
		rc = out ? 0 : err_sys(e, "cannot create %s", args->output);
	}
	if (!rc)
		rc = write_export(args, a, out, e);
	if (out && out != stdout && fclose(out) && !rc)
		rc = err_sys(e, "cannot write %s", args->output);
	analysis_free(a);
	return rc;
}

/* The records' folders: of one record, or of all that meet the conditions. */
static int find_dirs(
	const struct cmd_common *c, const struct strv *runs, struct strv *dirs, struct err *e)
{
	struct index *x = NULL;
	int rc = 0;

	for (size_t i = 0; i < runs->n && !rc; i++) {
		struct arm *set;

		if (!strchr(runs->items[i], '=')) {
			auto_free char *dir = cmd_find_record(c, runs->items[i], e);

			rc = dir ? 0 : -e->code;
			if (dir)
				strv_add(dirs, "%s", dir);
			continue;
		}
		if (!x)
			rc = results_open(&c->study, false, &x, e);
		set = xcalloc(1, sizeof(*set));
		if (!rc)
			rc = arm_read(set, &c->study, x, runs->items[i], e);
		for (size_t k = 0; k < set->n; k++)
			strv_add(dirs, "%s/%s", c->results, set->rows[k].folder);
		arms_free(set, 1);
	}
	index_close(x);
	return rc;
}

static int export_tables(const struct cmd_common *c, const struct export_args *args, struct err *e)
{
	auto_struct(strv) dirs = {0};
	struct tables *db = NULL;
	int rc = find_dirs(c, &args->runs, &dirs, e);

	if (!rc) {
		db = export_sqlite_begin(args->sqlite, e);
		rc = db ? 0 : -e->code;
	}
	for (size_t i = 0; i < dirs.n && !rc; i++) {
		struct analysis *a = NULL;

		cmd_progress(c, "[%zu/%zu] %s", i + 1, dirs.n, dirs.items[i]);
		rc = analysis_make(dirs.items[i], &a, e);
		if (!rc)
			rc = export_sqlite_run(db, a, (unsigned)i + 1, e);
		analysis_free(a);
	}
	if (!rc)
		rc = tables_finish(db, e);
	tables_free(db);
	cmd_progress(c, "%s", "");
	return rc;
}

int cmd_export(const struct command *c, int argc, char **argv)
{
	struct export_args args = {.table = EXPORT_SAMPLES};
	struct cmd_common common;
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c,
		"RUN as in `stealscope analyze`; with --sqlite also a set as in `stealscope compare`: scenario=x,variant=y. `stealscope list tables` says what the tables and their columns are. Records are streamed: memory does not grow with them.",
		options, parse, &args, &common, argc, argv);
	rc = args.sqlite ? export_tables(&common, &args, &e) : export_one(&common, &args, &e);
	strv_release(&args.runs);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
