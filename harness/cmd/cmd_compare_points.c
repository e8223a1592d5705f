// SPDX-License-Identifier: GPL-3.0-or-later
/* stealscope compare over what a scenario sweeps: curves, and variants held against one point by point. */
#include <stdlib.h>

#include "cmd/compare.h"
#include "report/compare/paper.h"
#include "report/compare/points.h"
#include "study/points.h"

static int save_figures(const struct args *args, const struct sweeps *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < COMPARE_FOLDERS && !rc; i++) {
		const struct svg_files to = compare_folder(args, i);

		if (to.dir)
			rc = sweep_save_figures(s->list, s->n, &to, e);
	}
	return rc;
}

static int print_sweeps(
	const struct cmd_common *c, const struct args *args, const struct sweeps *s, struct err *e)
{
	auto_struct(strbuf) out = {0};
	int rc = 0;

	(c->json	    ? sweep_report_json
		: args->csv ? sweep_report_csv
			    : sweep_report_text)(s->list, s->n, &out);
	fputs(out.text ? out.text : "", stdout);
	if (args->html)
		rc = sweep_page_save(s->list, s->n, s->scenario, args->html, e);
	return rc ? rc : save_figures(args, s, e);
}

int compare_sweep(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e)
{
	auto_struct(sweeps) sweeps = {0};
	int rc = sweeps_read(&c->study, x, args->sets.items[0], args->guest, &args->metrics,
		args->force, false, &sweeps, e);

	if (!rc)
		rc = print_sweeps(c, args, &sweeps, e);
	return rc;
}

static int print_points(const struct cmd_common *c, const struct args *args, const struct sweeps *s,
	const struct compare_set *set, struct err *e)
{
	auto_struct(strbuf) out = {0};
	int rc = 0;

	if (args->methods && !c->json) {
		auto_struct(arms_origin) origin;

		arms_origin(s->whole, 1, args->guest, &origin);
		compare_report_methods(set, &origin.origin, &out);
	} else {
		(c->json	      ? compare_report_json
			: args->csv   ? compare_report_csv
			: args->latex ? compare_report_latex
				      : points_text)(set, &out);
	}
	fputs(out.text, stdout);
	if (args->html)
		rc = points_page_save(set, s->list, s->n, s->scenario, args->html, e);
	return rc ? rc : save_figures(args, s, e);
}

int compare_points(
	const struct cmd_common *c, const struct args *args, struct index *x, struct err *e)
{
	const struct points_how how = {args->baseline, args->pool, args->force, args->unpaired};
	auto_struct(sweeps) sweeps = {0};
	auto_struct(point_pairs) points = {0};
	auto_free struct compare_result *results = NULL;
	auto_free char *outside = NULL;
	int rc = sweeps_read(&c->study, x, args->sets.items[0], args->guest, &args->metrics,
		args->force, true, &sweeps, e);

	if (!rc)
		rc = point_pairs_make(&sweeps, &how, &points, e);
	if (rc)
		return rc;
	outside = arms_outside(&c->study, sweeps.whole, 1);
	results = xcalloc(points.n, sizeof(*results));
	rc = compare_each(points.in, points.n, results, e);
	if (!rc)
		rc = print_points(c, args, &sweeps,
			&(struct compare_set){results, points.n, true, outside}, e);
	for (size_t i = 0; i < points.n; i++)
		compare_result_release(&results[i]);
	return rc;
}
