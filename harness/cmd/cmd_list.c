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
#include "report/run/runs_json.h"
#include "scenario/experiment.h"
#include "scenario/units.h"
#include "study/results.h"

struct list_args {
	const char *what;
	struct index_filter filter;
	char *metric_text;
	bool rebuild;
};

enum { OPT_SCENARIO = 0x100, OPT_VARIANT, OPT_HOST, OPT_SINCE, OPT_WHERE, OPT_LIMIT, OPT_REBUILD };

static const struct argp_option options[] = {
	{"scenario", OPT_SCENARIO, "NAME", 0, "Runs of this scenario; * and ? are wild", 0},
	{"variant", OPT_VARIANT, "NAME", 0, "Runs of this variant; * and ? are wild", 0},
	{"host", OPT_HOST, "NAME", 0, "Runs on this host", 0},
	{"since", OPT_SINCE, "DATE", 0, "Runs begun on or after it: 2026-11-20", 0},
	{"where", OPT_WHERE, "CONDITION", 0, "Runs in which any guest meets it: 'steal.rate>100'",
		0},
	{"limit", OPT_LIMIT, "N", 0, "At most the newest N", 0},
	{"rebuild", OPT_REBUILD, NULL, 0, "Make the index anew from the folders", 0},
	{0},
};

/* "steal.rate>=100" into the filter. */
static void parse_where(struct list_args *a, char *arg, struct argp_state *state)
{
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

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct list_args *a = state->input;
	char *end;

	switch (key) {
	case OPT_SCENARIO:
		a->filter.scenario = arg;
		return 0;
	case OPT_VARIANT:
		a->filter.variant = arg;
		return 0;
	case OPT_HOST:
		a->filter.host = arg;
		return 0;
	case OPT_SINCE:
		a->filter.since = arg;
		return 0;
	case OPT_WHERE:
		parse_where(a, arg, state);
		return 0;
	case OPT_LIMIT:
		a->filter.limit = strtoul(arg, &end, 10);
		if (*end || end == arg || !a->filter.limit)
			argp_error(state, "--limit wants a number, not '%s'", arg);
		return 0;
	case OPT_REBUILD:
		a->rebuild = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->what)
			argp_error(state, "one thing at a time");
		a->what = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

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

static int list_records(const struct cmd_common *c, struct list_args *a, struct err *e)
{
	struct index *x = NULL;
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
	index_close(x);
	return rc;
}

static int list_metrics(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	for (size_t i = 0; i < METRIC_COUNT; i++)
		text_print(stdout, "%-24s %-8s %s\n", metric_table[i].name, metric_table[i].unit,
			metric_table[i].doc);
	return 0;
}

static int list_noise(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	for (unsigned i = 0; i < words_noise_kind.n; i++) {
		struct err why = ERR_INIT;
		const struct kind *k = kind_of(&words_noise_kind, i);
		int rc = noise_available(k, &why);

		text_print(stdout, "%-10s %s%s%s\n", k->name, k->doc, rc ? " -- not here: " : "",
			rc ? why.msg : "");
	}
	return 0;
}

static int list_keys(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	scenario_print_keys(stdout);
	return 0;
}

static int list_rng(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	scenario_print_rng(stdout);
	return 0;
}

static int list_tables(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	export_print_tables(stdout);
	return 0;
}

static int list_metrics_doc(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	metrics_print_markdown(stdout);
	return 0;
}

static int list_privileges(const struct cmd_common *c, struct err *e)
{
	(void)c;
	(void)e;
	privileges_print_markdown(stdout);
	return 0;
}

/* What `list` knows besides the records. The last four are what `make docs` writes to files. */
static const struct {
	const char *name, *doc;
	int (*print)(const struct cmd_common *c, struct err *e);
} lists[] = {
	{"scenarios", "the scenarios that come with it, and which run here", library_list},
	{"metrics", "the metrics with units and definitions", list_metrics},
	{"probes", "what runs inside a guest", library_list_probes},
	{"noise", "the kinds of noisy neighbours", list_noise},
	{"tables", "what `stealscope export` writes, column by column", list_tables},
	{"keys", "the scenario language (docs/scenario-keys.md)", list_keys},
	{"rng", "its RELAX NG schema (scenarios/scenario.rng)", list_rng},
	{"metrics-doc", "docs/metrics.md", list_metrics_doc},
	{"privileges", "what needs which privilege (docs/privileges.md)", list_privileges},
};

int cmd_list(const struct command *c, int argc, char **argv)
{
	struct list_args a = {0};
	struct cmd_common common;
	auto_struct(strbuf) more = {0};
	struct err e = ERR_INIT;
	int rc = -EINVAL;

	strbuf_add(&more, "Without WHAT: the records. WHAT may be:\n");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strbuf_add(&more, "  %-12s %s\n", lists[i].name, lists[i].doc);
	cmd_parse(c, more.text, options, parse, &a, &common, argc, argv);
	if (!a.what) {
		rc = list_records(&common, &a, &e);
	} else if (common.json) { /* text on stdout would break its promise */
		err_set_exit(&e, EXIT_USAGE, EINVAL, "--json lists the records only; %.40s is text",
			a.what);
	} else {
		err_set_exit(&e, EXIT_USAGE, EINVAL,
			"nothing to list called '%.40s'; `stealscope list --help` names what there is",
			a.what);
		for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
			if (!strcmp(a.what, lists[i].name))
				rc = lists[i].print(&common, &e);
	}
	free(a.metric_text);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
