// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope compare: sets of boots, metric by metric, with verdicts a reviewer would accept. */
#include <stdlib.h>
#include <string.h>

#include "cmd/compare.h"
#include "report/compare/paper.h"
#include "report/compare/report.h"
#include "study/points.h"

static const struct cmd_option options[] = {
	{"baseline", 0, "NAME",
		"Hold every other variant of the set A against its variant NAME, in a sweep point by point; with more sets, each of them against the set NAME. p is corrected for all tests together",
		TO_TEXT(baseline)},
	{"sweep", 0, NULL,
		"How the metrics of the set A follow what its scenario sweeps: medians of the boots with 95 % intervals",
		TO_FLAG(sweep)},
	{"pool", 0, NULL,
		"Mix the boots of all points of a sweep, which is refused without: they are no sample of one thing",
		TO_FLAG(pool)},
	{"published", 0, NULL,
		"The sets' runs beside the figures that their scenario was made after, whatever boxes they ran on: one row for each system (native, guests, guests of Xen)",
		TO_FLAG(published)},
	{"guest", 0, "NAME",
		"Values of this guest (default: the mean over the run's guests that are not noise; a curve for each where these are unequal)",
		TO_TEXT(guest)},
	{"metric", 0, "NAME",
		"This metric, or group of metrics (timer, timer.late), only; may be repeated (default: all)",
		TO_LIST(metrics)},
	{"force", 0, NULL, "Compare even across different hosts, kernels or --set values",
		TO_FLAG(force)},
	{"unpaired", 0, NULL,
		"Compare the boots as independent samples, whatever blocks they were run in",
		TO_FLAG(unpaired)},
	{"html", 0, "FILE", "Also write a page with the plots of all arms", TO_TEXT(html)},
	{"svg", 0, "DIR", "Also write every plot into DIR as an SVG file of its own", TO_TEXT(svg)},
	OPTION_PDF(pdf),
	OPTIONS_FIGURES(figures),
	{"csv", 0, NULL, "Comma-separated values instead of text", TO_FLAG(csv)},
	{"latex", 0, NULL,
		"A table for a paper instead of text (booktabs): medians, shift, interval, n, p, test",
		TO_FLAG(latex)},
	{"methods", 0, NULL,
		"A paragraph for a paper instead of text: boots, blocks, order, host, kernel, versions, tests and their correction, as they were",
		TO_FLAG(methods)},
	{0},
};

/* argp fills the paragraphs. */
static const char help[] =
	"A and B are sets of runs: a record, or conditions such as scenario=x,variant=pinned (also arm=, a variant at all points of a sweep, experiment=, host=, kernel=, overrides=, since=, until=). The boot is the unit: fewer than six an arm support no claim, ten are wanted. B is held against A: within the blocks that both were run in (a repeat of a scenario in an experiment, on one host with one kernel) where enough of these are complete, which their number and that of the tests decide, 7 for one test, 11 for 25; else as independent samples, which must be of one host and kernel.\n\n"
	"  compare scenario=x,variant=float scenario=x,variant=pinned\n"
	"  compare --baseline float scenario=x\n"
	"  compare --baseline float last            (all runs of its experiment)\n"
	"  compare --baseline float scenario=swept  (each point of its sweep on its own)\n"
	"  compare --sweep --metric steal.rate scenario=overcommit-sweep\n"
	"  compare --published scenario=vmm-overhead-3v4\n\n"
	"--csv: a line per metric, of a baseline per arm and metric, of a sweep per metric, line and point. The first line names the columns.\n\n"
	"--json: {a, b, point, confidence, tests, blocks_wanted, warning, seen_from_outside, metrics: [{name, unit, better, verdict, words, method, blocks, left_out, n_a, n_b, median_a, median_b, shift, ci, bootstrap, u, v, p, p_holm, exact, cliffs_delta, effect, bound, values_a, values_b}]}. With --baseline {baseline, confidence, tests, seen_from_outside, comparisons: [of these]}. With --sweep {key, sweeps: [{metric, unit, lines: [{name, points: [{label, n, median, interval, enough, values}]}]}]}. With --published {title, source, accel, systems, boots, figures: [{title, rows: [{who, published, change, mean}]}]}.\n\n"
	"Methods: signed-rank (within blocks; v), mann-whitney (independent samples; u). Verdicts: no_data, too_few, same, a_better, b_better, different. What does not exist is null, in CSV an empty field; figures are in their \"unit\".";

static void check(void *args, struct argp_state *state)
{
	const struct args *a = args;

	if (a->pdf && !a->svg)
		argp_error(state, PDF_ALONE);
	figures_check(&a->figures, state);
	if (a->csv + a->latex + a->methods > 1)
		argp_error(state, "one of --csv, --latex and --methods");
	if (a->sweep && (a->latex || a->methods))
		argp_error(state, "--latex and --methods are for arms, not for --sweep");
	if (a->published && (a->sweep || a->baseline || a->csv || a->latex || a->methods ||
				    a->svg || a->figures.dir || !a->sets.n))
		argp_error(state,
			"--published wants one set of runs or more, and beside it --json and --html only");
	if (a->sweep && (a->baseline || a->unpaired || a->sets.n != 1))
		argp_error(state,
			"--sweep wants one set of runs, and neither --baseline nor --unpaired");
	if (a->baseline && !a->sets.n)
		argp_error(state, "--baseline of which runs? For example scenario=NAME");
	if (!a->sweep && !a->baseline && !a->published && a->sets.n != 2)
		argp_error(state, "%s",
			a->sets.n > 2 ? "two sets of runs, or --baseline for more"
				      : "which two sets? For example variant=float variant=pinned");
}

static const struct cmd_line line = {
	.more = help, .options = options, .operand = TO_LIST(sets), .check = check};

/* All arms of the comparison, the one the others are held against first. */
static int read_arms(const struct study *s, const struct args *args, struct index *x,
	struct arm **arms, size_t *n, struct err *e)
{
	int rc = 0;

	if (args->baseline && args->sets.n == 1 && !strchr(args->baseline, '=')) {
		struct arm *whole = xcalloc(1, sizeof(*whole));

		rc = arm_read_scenario(whole, s, x, args->sets.items[0], e);
		if (!rc)
			rc = arms_of_variants(whole, x, args->baseline, arms, n, e);
		/* The arms' filters point into its text. */
		if (*n) {
			free((*arms)[0].text);
			(*arms)[0].text = whole->text;
			whole->text = NULL;
		}
		arms_free(whole, 1);
		return rc;
	}
	*arms = xcalloc(args->sets.n + 1, sizeof(**arms));
	if (args->baseline)
		rc = arm_read(&(*arms)[(*n)++], s, x, args->baseline, e);
	for (size_t i = 0; i < args->sets.n && !rc; i++)
		rc = arm_read(&(*arms)[(*n)++], s, x, args->sets.items[i], e);
	if (!rc)
		arms_shorten_names(*arms, *n);
	return rc;
}

/* One comparison, of `arm` with the first of the arms. */
static void fill_input(const struct args *args, const struct metric_names *names,
	const struct arm *first, const struct arm *arm, struct compare_metric *metrics,
	struct compare_blocks *blocks, struct compare_input *in)
{
	*blocks = arms_blocks(first, arm);
	*in = (struct compare_input){.name_a = first->name,
		.name_b = arm->name,
		.mismatch = arms_mismatch(first, arm),
		.force = args->force,
		.blocks = args->unpaired ? NULL : blocks,
		.metrics = metrics,
		.seed = 1};
	for (size_t m = 0; m < names->n; m++)
		if (metric_wanted(&args->metrics, names->items[m].name))
			metrics[in->n_metrics++] =
				(struct compare_metric){.name = names->items[m].name,
					.unit = names->items[m].unit,
					.better = names->items[m].better,
					.a = first->values[m].v,
					.na = first->values[m].n,
					.b = arm->values[m].v,
					.nb = arm->values[m].n};
}

struct svg_files compare_folder(const struct args *args, size_t i)
{
	return i ? figures_files(&args->figures, NULL)
		 : (struct svg_files){args->svg, NULL, args->pdf, false};
}

static int save_plots(const struct study *s, const struct args *args, const struct arm *arms,
	const struct compare_set *set, struct err *e)
{
	struct compare_page page = {.set = set, .n_arms = set->n + 1};
	auto_free struct compare_boots *boots = xcalloc(page.n_arms, sizeof(*boots));
	int rc = 0;

	for (size_t i = 0; i < page.n_arms; i++)
		boots[i] = arm_boots(s, &arms[i]);
	page.arms = boots;
	if (args->html)
		rc = compare_html_save(&page, args->html, e);
	for (size_t i = 0; i < COMPARE_FOLDERS && !rc; i++) {
		const struct svg_files to = compare_folder(args, i);

		if (to.dir)
			rc = MIN(compare_save_figures(&page, &to, e), 0);
	}
	for (size_t i = 0; i < page.n_arms; i++)
		arm_boots_free(&boots[i]);
	return rc;
}

static void print_methods(const struct args *args, const struct arm *arms,
	const struct compare_set *set, struct strbuf *out)
{
	auto_struct(arms_origin) origin;

	arms_origin(arms, set->n + 1, args->guest, &origin);
	compare_report_methods(set, &origin.origin, out);
}

static int print_set(const struct cmd_common *c, const struct args *args, const struct arm *arms,
	const struct compare_set *set, struct err *e)
{
	auto_struct(strbuf) out = {0};

	if (args->methods && !c->json)
		print_methods(args, arms, set, &out);
	else
		(c->json	      ? compare_report_json
			: args->csv   ? compare_report_csv
			: args->latex ? compare_report_latex
				      : compare_report_text)(set, &out);
	fputs(out.text, stdout);
	return args->html || args->svg || args->figures.dir
		       ? save_plots(&c->study, args, arms, set, e)
		       : 0;
}

static int compare_and_print(const struct cmd_common *c, const struct args *args,
	const struct metric_names *names, const struct arm *arms, size_t n_arms, struct err *e)
{
	size_t n = n_arms - 1;
	auto_free struct compare_metric *metrics = xcalloc(n * names->n, sizeof(*metrics));
	auto_free struct compare_blocks *blocks = xcalloc(n, sizeof(*blocks));
	auto_free struct compare_input *in = xcalloc(n, sizeof(*in));
	auto_free struct compare_result *results = xcalloc(n, sizeof(*results));
	auto_free char *outside = arms_outside(&c->study, arms, n_arms);
	const struct compare_set set = {results, n, args->baseline != NULL, outside};
	int rc;

	for (size_t i = 0; i < n; i++)
		fill_input(args, names, &arms[0], &arms[i + 1], metrics + i * names->n, &blocks[i],
			&in[i]);
	rc = compare_each(in, n, results, e);
	if (!rc)
		rc = print_set(c, args, arms, &set, e);
	for (size_t i = 0; i < n; i++) {
		compare_result_release(&results[i]);
		arms_blocks_release(&blocks[i]);
		free((void *)(uintptr_t)in[i].mismatch);
	}
	return rc;
}

static int compare_sets(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e)
{
	auto_struct(metric_names) names = {0};
	struct arm *arms = NULL;
	size_t n = 0;
	int rc = read_arms(&c->study, args, x, &arms, &n, e);

	if (!rc && !args->force)
		rc = arms_check_overrides(arms, n, e);
	if (!rc && !args->pool)
		rc = points_check_arms(arms, n, e);
	if (!rc) {
		arms_read_names(&c->study, arms, n, &names);
		rc = metric_names_check(&names, &args->metrics, e);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < names.n && !rc; m++)
			if (metric_wanted(&args->metrics, names.items[m].name))
				rc = arm_read_values(&arms[i], x, args->guest, &names, m, e);
	if (!rc)
		rc = compare_and_print(c, args, &names, arms, n, e);
	arms_free(arms, n);
	return rc;
}

/* Whether variants of a sweep are to be held against one of them. */
static bool over_points(const struct cmd_common *c, const struct args *args, struct index *x)
{
	return args->baseline && args->sets.n == 1 && !strchr(args->baseline, '=') &&
	       points_are_meant(&c->study, x, args->sets.items[0], args->baseline);
}

int cmd_compare(const struct command *c, int argc, char **argv)
{
	struct args args = {0};
	struct cmd_common common;
	auto_ptr(index_close) struct index *x = NULL;
	struct err e = ERR_INIT;
	int rc;

	cmd_parse(c, &line, &args, &common, argc, argv);
	rc = results_open(&common.study, false, &x, &e);
	if (!rc)
		rc = (args.published			 ? compare_published
			: args.sweep			 ? compare_sweep
			: over_points(&common, &args, x) ? compare_points
							 : compare_sets)(&common, &args, x, &e);
	strv_release(&args.metrics);
	strv_release(&args.sets);
	return rc ? cmd_fail(&e) : EXIT_DONE;
}
