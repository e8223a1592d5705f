// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope compare: two sets of boots, metric by metric, with verdicts a reviewer would accept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "cmd/cmd.h"
#include "cmd/results.h"
#include "report/compare_html.h"
#include "report/compare_report.h"

struct compare_args {
	const char *sets[2];
	unsigned n_sets;
	const char *guest;
	struct strv metrics;
	bool force, csv;
	const char *html;
};

enum { OPT_GUEST = 0x100, OPT_METRIC, OPT_FORCE, OPT_CSV, OPT_HTML };

static const struct argp_option options[] = {
	{"guest", OPT_GUEST, "NAME", 0,
		"Values of this guest (default: the mean over the run's guests)", 0},
	{"metric", OPT_METRIC, "NAME", 0, "This metric only; may be repeated (default: all)", 0},
	{"force", OPT_FORCE, NULL, 0, "Compare even across different hosts or kernels", 0},
	{"html", OPT_HTML, "FILE", 0, "Also write a page with paired plots", 0},
	{"csv", OPT_CSV, NULL, 0, "One line per metric instead of text", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct compare_args *a = state->input;

	switch (key) {
	case OPT_GUEST:
		a->guest = arg;
		return 0;
	case OPT_METRIC:
		if (metric_find(arg) == METRIC_COUNT)
			argp_error(
				state, "no metric '%s'; `stealscope list metrics` shows them", arg);
		strv_add(&a->metrics, "%s", arg);
		return 0;
	case OPT_FORCE:
		a->force = true;
		return 0;
	case OPT_HTML:
		a->html = arg;
		return 0;
	case OPT_CSV:
		a->csv = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->n_sets == 2)
			argp_error(state, "two sets of runs, not more");
		a->sets[a->n_sets++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->n_sets != 2)
			argp_error(
				state, "which two sets? For example variant=float variant=pinned");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* One arm: its filter, and the hosts and kernels its runs come from. */
struct arm {
	const char *what;
	struct index_filter filter;
	char *text;
	struct index_row *rows;
	size_t n;
};

static int arm_read(
	struct arm *a, const struct cmd_common *c, struct index *x, const char *what, struct err *e)
{
	int rc;

	a->what = what;
	rc = results_select(c, what, &a->filter, &a->text, e);
	if (!rc)
		rc = index_query(x, &a->filter, &a->rows, &a->n, e);
	if (!rc && a->n == 0)
		rc = err_set_exit(e, EXIT_USAGE, ENOENT, "no complete run matches '%s'", what);
	return rc;
}

static void arm_release(struct arm *a)
{
	index_rows_free(a->rows, a->n);
	free(a->text);
}

/* NULL when all runs of both arms come from one host with one kernel. A host is a block: arms from
 * different hosts differ by their hosts. Caller frees. */
static char *find_mismatch(const struct arm *a, const struct arm *b)
{
	const struct index_row *first = &a->rows[0];

	for (unsigned k = 0; k < 2; k++) {
		const struct arm *arm = k ? b : a;

		for (size_t i = 0; i < arm->n; i++) {
			const struct index_row *r = &arm->rows[i];

			if (strcmp(r->host, first->host))
				return xasprintf("hosts %s and %s", first->host, r->host);
			if (strcmp(r->kernel, first->kernel))
				return xasprintf("kernels %s and %s", first->kernel, r->kernel);
		}
	}
	return NULL;
}

static bool wanted(const struct compare_args *args, const char *name)
{
	for (size_t i = 0; i < args->metrics.n; i++)
		if (!strcmp(args->metrics.items[i], name))
			return true;
	return args->metrics.n == 0;
}

static int read_metrics(struct index *x, const struct compare_args *args, const struct arm *arms,
	struct compare_metric *out, size_t *n, struct err *e)
{
	*n = 0;
	for (size_t m = 0; m < METRIC_COUNT; m++) {
		struct compare_metric *row = &out[*n];
		int rc;

		if (!wanted(args, metric_table[m].name))
			continue;
		*row = (struct compare_metric){.name = metric_table[m].name,
			.unit = metric_table[m].unit,
			.better = metric_table[m].better};
		rc = index_values(x, &arms[0].filter, args->guest, row->name, (double **)&row->a,
			&row->na, e);
		if (!rc)
			rc = index_values(x, &arms[1].filter, args->guest, row->name,
				(double **)&row->b, &row->nb, e);
		if (rc)
			return rc;
		(*n)++;
	}
	return 0;
}

/* The analyses of an arm's records, for lateness and blame on the page. Those that cannot be read
 * any more are left out; the figures come from the index. */
static const struct analysis **arm_analyses(
	const struct cmd_common *c, const struct arm *a, size_t *n)
{
	const struct analysis **list = xcalloc(a->n, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < a->n; i++) {
		auto_free char *dir = xasprintf("%s/%s", c->results, a->rows[i].folder);
		struct analysis *one = NULL;
		struct err e = ERR_INIT;

		if (analysis_make(dir, &one, &e) == 0)
			list[(*n)++] = one;
		else
			cmd_say(c, "note: %s", e.msg);
	}
	return list;
}

static int save_page(const struct cmd_common *c, const char *path, const struct arm *arms,
	const struct compare_result *r, struct err *e)
{
	struct compare_page page = {.result = r};
	const struct analysis **lists[2];
	int rc;

	page.a = lists[0] = arm_analyses(c, &arms[0], &page.na);
	page.b = lists[1] = arm_analyses(c, &arms[1], &page.nb);
	rc = compare_html_save(&page, path, e);
	for (unsigned k = 0; k < 2; k++) {
		for (size_t i = 0; i < (k ? page.nb : page.na); i++)
			analysis_free((struct analysis *)(uintptr_t)lists[k][i]);
		free(lists[k]);
	}
	return rc;
}

static int compare_and_print(const struct cmd_common *c, const struct compare_args *args,
	struct index *x, const struct arm *arms, struct err *e)
{
	struct compare_metric metrics[METRIC_COUNT] = {{0}};
	auto_free char *mismatch = find_mismatch(&arms[0], &arms[1]);
	struct compare_input in = {.name_a = arms[0].what,
		.name_b = arms[1].what,
		.mismatch = mismatch,
		.force = args->force,
		.metrics = metrics,
		.seed = 1};
	struct compare_result result = {0};
	struct strbuf out = {0};
	int rc = read_metrics(x, args, arms, metrics, &in.n_metrics, e);

	if (!rc)
		rc = compare_arms(&in, &result, e);
	if (!rc) {
		(c->json	    ? compare_report_json
			: args->csv ? compare_report_csv
				    : compare_report_text)(&result, &out);
		fputs(out.text, stdout);
		if (args->html)
			rc = save_page(c, args->html, arms, &result, e);
		compare_result_release(&result);
	}
	strbuf_release(&out);
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		free((void *)(uintptr_t)metrics[i].a);
		free((void *)(uintptr_t)metrics[i].b);
	}
	return rc;
}

int cmd_compare(const struct command *c, int argc, char **argv)
{
	struct compare_args args = {0};
	struct cmd_common common;
	struct arm arms[2] = {{0}};
	struct index *x = NULL;
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c,
		"A and B are sets of runs: a record, or conditions such as "
		"scenario=first-light,variant=base\n"
		"(also experiment=, host=, kernel=, since=, until=). The boot is the unit: fewer "
		"than six an\n"
		"arm support no claim, ten are wanted. B is held against A.",
		options, parse, &args, &common, argc, argv);
	rc = results_open(&common, false, &x, &e);
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = arm_read(&arms[i], &common, x, args.sets[i], &e);
	if (!rc)
		rc = compare_and_print(&common, &args, x, arms, &e);
	arm_release(&arms[0]);
	arm_release(&arms[1]);
	index_close(x);
	strv_release(&args.metrics);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
