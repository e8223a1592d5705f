// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope export: a record for other tools. */
#include <string.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "report/export/export.h"
#include "study/arms.h"

enum format { FORMAT_PERFETTO, FORMAT_CSV, FORMAT_JSONL, FORMAT_STALLS, FORMATS };
static const char *const format_names[FORMATS] = {"perfetto", "csv", "jsonl", "stalls"};

struct args {
	struct strv runs;
	const char *output, *sqlite, *guest;
	enum format format;
	enum export_table table;
};

static void take_format(void *args, const char *word, struct argp_state *state)
{
	struct args *a = args;

	for (a->format = 0; a->format < FORMATS; a->format++)
		if (!strcmp(word, format_names[a->format]))
			return;
	argp_error(state, "no format '%s'; there are perfetto, csv, jsonl and stalls", word);
}

static void take_table(void *args, const char *word, struct argp_state *state)
{
	struct args *a = args;

	a->table = export_table_find(word);
	if (a->table == EXPORT_TABLES)
		argp_error(state, "no table '%s'; `stealscope list tables` shows them", word);
}

static const struct cmd_option options[] = {
	{"format", 'f', "FORMAT",
		"perfetto (default; open it in ui.perfetto.dev), csv, jsonl (JSON Lines), or stalls (docs/stalls.md)",
		BY(take_format)},
	{"table", 't', "TABLE",
		"For csv and jsonl: samples (default), states, series, metrics, blame, late",
		BY(take_table)},
	{"guest", 0, "GUEST", "For stalls: whose (default: the first guest that is no noise)",
		TO_TEXT(guest)},
	{"output", 'o', "FILE", "Write there instead of standard output", TO_TEXT(output)},
	{"sqlite", 0, "FILE",
		"All tables of one or more records as an SQLite file, in place of what was there",
		TO_TEXT(sqlite)},
	{0},
};

static void check(void *args, struct argp_state *state)
{
	struct args *a = args;

	if (a->runs.n > 1 && !a->sqlite)
		argp_error(state, "one record at a time, but with --sqlite");
	if (a->output && !strcmp(a->output, "-"))
		a->output = NULL;
}

static const struct cmd_line line = {
	.more = "RUN as in `stealscope analyze`; with --sqlite also a set as in `stealscope compare`: scenario=x,variant=y. `stealscope list tables` says what the tables and their columns are. Records are streamed: memory does not grow with them.",
	.options = options,
	.operand = TO_LIST(runs),
	.none = WHICH_RECORD,
	.check = check,
};

static int write_export(const struct args *args, const struct analysis *a, FILE *out, struct err *e)
{
	switch (args->format) {
	case FORMAT_CSV:
		return export_csv(a, args->table, out, e);
	case FORMAT_JSONL:
		return export_jsonl(a, args->table, out, e);
	case FORMAT_STALLS:
		return export_stalls(a, args->guest, out, e);
	default:
		return export_perfetto(a, out, e);
	}
}

static int export_one(const struct cmd_common *c, const struct args *args, struct err *e)
{
	auto_free char *dir = cmd_find_record(c, args->runs.items[0], e);
	auto_ptr(analysis_free) struct analysis *a = NULL;
	FILE *out = stdout;
	int rc = dir ? analysis_make(dir, &a, e) : -e->code;

	if (!rc)
		rc = export_check(a, e);
	if (!rc && args->output) {
		out = fopen(args->output, "we");
		rc = out ? 0 : err_sys(e, "cannot create %s", args->output);
	}
	if (!rc)
		rc = write_export(args, a, out, e);
	if (out && out != stdout && fclose(out) && !rc)
		rc = err_sys(e, "cannot write %s", args->output);
	return rc;
}

/* The records' folders: of one record, or of all that meet the conditions. */
static int find_dirs(
	const struct cmd_common *c, const struct strv *runs, struct strv *dirs, struct err *e)
{
	auto_ptr(index_close) struct index *x = NULL;
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
	return rc;
}

static int export_tables(const struct cmd_common *c, const struct args *args, struct err *e)
{
	auto_struct(strv) dirs = {0};
	auto_ptr(tables_free) struct tables *db = NULL;
	int rc = find_dirs(c, &args->runs, &dirs, e);

	if (!rc) {
		db = export_sqlite_begin(args->sqlite, e);
		rc = db ? 0 : -e->code;
	}
	for (size_t i = 0; i < dirs.n && !rc; i++) {
		auto_ptr(analysis_free) struct analysis *a = NULL;

		cmd_progress(c, "[%zu/%zu] %s", i + 1, dirs.n, dirs.items[i]);
		rc = analysis_make(dirs.items[i], &a, e);
		if (!rc)
			rc = export_check(a, e);
		if (!rc)
			rc = export_sqlite_run(db, a, (unsigned)i + 1, e);
	}
	if (!rc)
		rc = tables_finish(db, e);
	cmd_progress(c, "%s", "");
	return rc;
}

int cmd_export(const struct command *c, int argc, char **argv)
{
	struct args args = {.table = EXPORT_SAMPLES};
	struct cmd_common common;
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c, &line, &args, &common, argc, argv);
	rc = args.sqlite ? export_tables(&common, &args, &e) : export_one(&common, &args, &e);
	strv_release(&args.runs);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
