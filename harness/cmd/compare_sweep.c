// SPDX-License-Identifier: GPL-3.0-or-later
/* `stealscope compare --sweep`: how metrics follow what a scenario sweeps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/compare.h"
#include "report/compare/sweep_lines.h"

/* All metrics that were asked for; the caller frees with sweep_free(). */
static int make_sweeps(const struct compare_args *args, struct arm *whole, struct index *x,
	const struct sweep_lines *lines, struct sweep **out, size_t *n, struct err *e)
{
	for (size_t m = 0; m < METRIC_COUNT; m++) {
		int rc;

		if (!compare_wants(args, metric_table[m].name))
			continue;
		rc = arm_read_values(whole, x, args->guest, m, e);
		if (rc)
			return rc;
		out[(*n)++] = sweep_make(
			lines, metric_table[m].name, metric_table[m].unit, whole->values[m].v);
	}
	return 0;
}

static int print_sweeps(const struct cmd_common *c, const struct compare_args *args,
	const char *scenario, const struct sweep *s, size_t n, struct err *e)
{
	struct strbuf out = {0};
	int rc = 0;

	(c->json	    ? sweep_report_json
		: args->csv ? sweep_report_csv
			    : sweep_report_text)(s, n, &out);
	fputs(out.text ? out.text : "", stdout);
	strbuf_release(&out);
	if (args->html)
		rc = sweep_page_save(s, n, scenario, args->html, e);
	if (!rc && args->svg)
		rc = sweep_svg_save(s, n, args->svg, e);
	return rc;
}

/* Runs of different hosts or kernels are not one curve. */
static int check_one_host(const struct cmd_common *c, const struct compare_args *args,
	const struct arm *a, struct err *e)
{
	auto_free char *mismatch = arms_mismatch(a, a);

	if (mismatch && !args->force)
		return err_set(e, EXDEV,
			"%s is no one curve: %s; a host is a block (--force draws it nevertheless)",
			a->name, mismatch);
	if (mismatch)
		cmd_say(c, "warning: drawn across different conditions: %s", mismatch);
	return 0;
}

int compare_sweep(
	const struct cmd_common *c, const struct compare_args *args, struct index *x, struct err *e)
{
	struct arm *whole = xcalloc(1, sizeof(*whole));
	struct sweep *made[METRIC_COUNT], all[METRIC_COUNT];
	auto_free struct sweep_run *runs = NULL;
	struct sweep_lines lines = {0};
	size_t n = 0;
	int rc = arm_read_scenario(whole, c, x, args->sets.items[0], e);

	if (!rc && !args->force)
		rc = arms_check_overrides(whole, 1, e);
	if (!rc)
		rc = check_one_host(c, args, whole, e);
	runs = xcalloc(whole->n, sizeof(*runs));
	for (size_t i = 0; i < whole->n; i++)
		runs[i] = (struct sweep_run){whole->rows[i].variant, whole->rows[i].point};
	if (!rc)
		rc = sweep_lines_make(runs, whole->n, &lines, e);
	if (!rc)
		rc = make_sweeps(args, whole, x, &lines, made, &n, e);
	for (size_t i = 0; i < n; i++)
		all[i] = *made[i];
	if (!rc)
		rc = print_sweeps(c, args, whole->rows[0].scenario, all, n, e);
	for (size_t i = 0; i < n; i++)
		sweep_free(made[i]);
	sweep_lines_release(&lines);
	arms_free(whole, 1);
	return rc;
}
