// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope list: the records, or one of the tables that the documents are printed from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "terms/metrics.h"
#include "cmd/cmd.h"
#include "cmd/library.h"
#include "cmd/privileges.h"
#include "noise/noise.h"
#include "report/export/export.h"
#include "report/run/lists.h"
#include "scenario/experiment.h"
#include "scenario/units.h"
#include "study/results.h"

struct args {
	const char *what;
	struct index_filter filter;
	char *metric_text;
	bool rebuild;
};

/* "steal.rate>=100" into the filter. */
static void take_where(void *args, const char *arg, struct argp_state *state)
{
	struct args *a = args;
	size_t name = strcspn(arg, "<>="), op = strspn(arg + name, "<>=");
	char sign[4] = "", choices[64];
	double factor = 1;
	enum metric_id id;
	char *end;

	if (op && op < sizeof(sign))
		memcpy(sign, arg + name, op);
	a->metric_text = xstrdup(arg);
	a->metric_text[name] = '\0';
	a->filter.metric = a->metric_text;
	a->filter.op = index_op_parse(sign);
	a->filter.value = strtod(arg + name + op, &end);
	if (!a->filter.op || end == arg + name + op)
		argp_error(state, "--where wants METRIC<NUMBER, also <= > >= =, not '%s'", arg);
	id = metric_find(a->metric_text, NULL);
	/* Not one of stealscope's own: it may be a record's, see check_metric(). */
	if (id == METRIC_COUNT && (*end || !name_is_safe(a->metric_text)))
		argp_error(state, "no metric '%s'; `stealscope list metrics` shows them",
			a->metric_text);
	else if (id < METRIC_COUNT && *end && !unit_factor(end, metric_table[id].unit, &factor))
		argp_error(state, "'%s': %s is in %s; give it in %s", arg, a->metric_text,
			metric_table[id].unit, unit_choices(metric_table[id].unit, choices));
	a->filter.value *= factor;
}

static void take_limit(void *args, const char *word, struct argp_state *state)
{
	size_t *limit = &((struct args *)args)->filter.limit;
	char *end;

	*limit = strtoul(word, &end, 10);
	if (*end || end == word || !*limit)
		argp_error(state, "--limit wants a number, not '%s'", word);
}

static const struct cmd_option options[] = {
	{"scenario", 0, "NAME", "Runs of this scenario; * and ? are wild",
		TO_TEXT(filter.scenario)},
	{"variant", 0, "NAME", "Runs of this variant; * and ? are wild", TO_TEXT(filter.variant)},
	{"host", 0, "NAME", "Runs on this host", TO_TEXT(filter.host)},
	{"since", 0, "DATE", "Runs begun on or after it: 2026-11-20", TO_TEXT(filter.since)},
	{"where", 0, "CONDITION", "Runs in which any guest meets it: 'steal.rate>100'",
		BY(take_where)},
	{"limit", 0, "N", "At most the newest N", BY(take_limit)},
	{"rebuild", 0, NULL, "Make the index anew from the folders", TO_FLAG(rebuild)},
	{0},
};

/* A name that is none of stealscope's own must be that of some record's <measure>. */
static int check_metric(struct index *x, const char *name, struct err *e)
{
	struct index_filter any = {.metric = name, .limit = 1};
	struct index_row *rows = NULL;
	size_t n = 0;
	int rc;

	if (!name || metric_find(name, NULL) < METRIC_COUNT)
		return 0;
	rc = index_query(x, &any, &rows, &n, e);
	index_rows_free(rows, n);
	if (!rc && !n)
		rc = err_set_exit(e, EXIT_USAGE, EINVAL,
			"no metric '%.60s' in any record; `stealscope list metrics` shows stealscope's own",
			name);
	return rc;
}

static int list_records(const struct cmd_common *c, struct args *a, struct err *e)
{
	auto_ptr(index_close) struct index *x = NULL;
	struct index_row *rows = NULL;
	size_t n = 0;
	int rc = results_open(&c->study, a->rebuild, &x, e);

	if (!rc)
		rc = check_metric(x, a->filter.metric, e);
	if (!rc)
		rc = index_query(x, &a->filter, &rows, &n, e);
	if (!rc && c->json) {
		auto_free char *json = runs_json(rows, n);

		fputs(json, stdout);
	} else if (!rc) {
		for (size_t i = n; i-- > 0;)
			text_print(stdout, "%-56s %6.1f s  %s\n", rows[i].run, rows[i].duration_s,
				rows[i].status);
		if (!n)
			cmd_say(c,
				"no records in %s; `stealscope run scenarios/first-light.xml` makes one",
				c->results);
	}
	index_rows_free(rows, n);
	return rc;
}

static void list_metrics(FILE *f)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		text_print(f, "%-24s %-8s %s\n", metric_table[i].name, metric_table[i].unit,
			metric_table[i].doc);
}

static void list_noise(FILE *f)
{
	for (unsigned i = 0; i < words_noise_kind.n; i++) {
		struct err why = ERR_INIT;
		const struct kind *k = kind_of(&words_noise_kind, i);
		int rc = noise_available(k, &why);

		text_print(f, "%-10s %s%s%s\n", k->name, k->doc, rc ? " -- not here: " : "",
			rc ? why.msg : "");
	}
}

/* What `list` knows besides the records. The last four are what `make docs` writes to files. */
static const struct {
	const char *name, *doc;
	void (*print)(FILE *f);
	int (*look)(const struct cmd_common *c, struct err *e); /* instead: it may fail */
} lists[] = {
	{"scenarios", "the scenarios that come with it, and which run here", NULL, library_list},
	{"metrics", "the metrics with units and definitions", list_metrics, NULL},
	{"probes", "what runs inside a guest", library_list_probes, NULL},
	{"noise", "the kinds of noisy neighbours", list_noise, NULL},
	{"tables", "what `stealscope export` writes, column by column", export_print_tables, NULL},
	{"keys", "the scenario language (docs/scenario-keys.md)", scenario_print_keys, NULL},
	{"rng", "its RELAX NG schema (scenarios/scenario.rng)", scenario_print_rng, NULL},
	{"metrics-doc", "docs/metrics.md", metrics_print_markdown, NULL},
	{"privileges", "what needs which privilege (docs/privileges.md)", privileges_print_markdown,
		NULL},
};

/* 0, or negative with `e`. */
static int list_what(const struct cmd_common *c, const char *what, struct err *e)
{
	if (c->json) /* text on stdout would break its promise */
		return err_set_exit(e, EXIT_USAGE, EINVAL,
			"--json lists the records only; %.40s is text", what);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (strcmp(what, lists[i].name) != 0)
			continue;
		if (lists[i].look)
			return lists[i].look(c, e);
		lists[i].print(stdout);
		return 0;
	}
	return err_set_exit(e, EXIT_USAGE, EINVAL,
		"nothing to list called '%.40s'; `stealscope list --help` names what there is",
		what);
}

int cmd_list(const struct command *c, int argc, char **argv)
{
	struct args a = {0};
	struct cmd_common common;
	auto_struct(strbuf) more = {0};
	struct err e = ERR_INIT;
	int rc;

	strbuf_add(&more, "Without WHAT: the records. WHAT may be:\n");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strbuf_add(&more, "  %-12s %s\n", lists[i].name, lists[i].doc);
	cmd_parse(c,
		&(struct cmd_line){.more = more.text,
			.options = options,
			.operand = TO_TEXT(what),
			.many = "one thing at a time"},
		&a, &common, argc, argv);
	rc = a.what ? list_what(&common, a.what, &e) : list_records(&common, &a, &e);
	free(a.metric_text);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
