// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope export: a record for other tools. */
#include <string.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "cmd/cmd.h"
#include "report/export.h"

enum format { FORMAT_PERFETTO, FORMAT_CSV, FORMAT_JSONL, FORMATS };
static const char *const format_names[FORMATS] = {"perfetto", "csv", "jsonl"};

struct export_args {
	const char *run, *output;
	enum format format;
	enum export_table table;
};

static const struct argp_option options[] = {
	{"format", 'f', "FORMAT", 0,
		"perfetto (default; open it in ui.perfetto.dev), csv, or jsonl (JSON Lines)", 0},
	{"table", 't', "TABLE", 0,
		"For csv and jsonl: samples (default), states, series, metrics, blame, late", 0},
	{"output", 'o', "FILE", 0, "Write there instead of standard output", 0},
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
			argp_error(state,
				"no table '%s'; there are samples, states, series, metrics and "
				"blame",
				arg);
		return 0;
	case 'o':
		a->output = arg;
		return 0;
	default:
		return cmd_one_record(key, arg, state, &a->run);
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

int cmd_export(const struct command *c, int argc, char **argv)
{
	struct export_args args = {.table = EXPORT_SAMPLES};
	struct cmd_common common;
	struct err e = ERR_INIT;
	struct analysis *a = NULL;
	auto_free char *dir = NULL;
	FILE *out = stdout;
	int rc;

	cmd_parse(c,
		"RUN as in `stealscope analyze`. Records are streamed: memory does not grow with "
		"them.",
		options, parse, &args, &common, argc, argv);
	dir = cmd_find_record(&common, args.run, &e);
	rc = dir ? analysis_make(dir, &a, &e) : -e.code;
	if (!rc && args.output) {
		out = fopen(args.output, "we");
		rc = out ? 0 : err_sys(&e, "cannot create %s", args.output);
	}
	if (!rc)
		rc = write_export(&args, a, out, &e);
	if (out && out != stdout && fclose(out) && !rc)
		rc = err_sys(&e, "cannot write %s", args.output);
	analysis_free(a);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
