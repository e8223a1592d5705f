// SPDX-License-Identifier: GPL-3.0-or-later
/* The page of a trial: verdict, blocks over time, both arms, neighbours, commands, runs. */
#include <math.h>
#include <stdlib.h>

#include "report/compare/trial.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/page/template.h"
#include "report/plot/compare.h"

static bool draw_timeline(const void *what, double width, bool standalone, struct strbuf *out)
{
	const struct trial *t = what;
	static const char *const names[] = {"as it is", "changed"};
	struct svg s = {.out = out, .standalone = standalone};
	struct axis x = {0, 1, 70, width - 20, false, "time since the trial began (s)"};
	struct axis y = {0, 1, 250, 20, false, "waiting (ms/s of each vCPU)"};

	if (!t->n_runs)
		return false;
	for (size_t i = 0; i < t->n_runs; i++) {
		x.hi = fmax(x.hi, t->runs[i].start_s + t->each_s);
		if (isfinite(t->runs[i].wait))
			y.hi = fmax(y.hi, t->runs[i].wait);
	}
	axis_round(&y);
	svg_begin(&s, width, 330, "Waiting in each run, block by block");
	svg_axes(&s, &x, &y);
	for (size_t i = 0; i < t->n_runs; i++) {
		const struct trial_run *r = &t->runs[i];
		double from = axis_at(&x, r->start_s), to = axis_at(&x, r->start_s + t->each_s);
		auto_free char *tip =
			xasprintf("block %u, %s: %.1f ms/s", r->block, names[r->changed], r->wait);

		if (isfinite(r->wait))
			svg_rect(&s, r->changed ? "b1" : "b0", from, axis_at(&y, r->wait) - 2,
				fmax(to - from, 2),
				fmax(axis_at(&y, 0) - axis_at(&y, r->wait), 0) + 2, tip);
	}
	svg_legend(&s, names, 2, 70, 310, width - 90);
	svg_end(&s);
	return true;
}

struct arms_of {
	const struct trial_figure *f;
	size_t n;
};

static bool draw_arms(const void *what, double width, bool standalone, struct strbuf *out)
{
	const struct arms_of *of = what;
	const struct trial_figure *f = of->f;
	const struct svg_arm arms[] = {
		{"as it is", f->before, of->n}, {"changed", f->after, of->n}};

	if (!of->n)
		return false;
	svg_plot_arms(out, width, standalone, f->name, f->unit, arms, 2);
	return true;
}

static void add_rows(const struct trial_figure *f, const struct compare_result *r,
	const char *title, struct strbuf *out)
{
	if (!r->n_rows)
		return;
	html_add(out, "<section><h2>%s</h2>\n", title);
	html_wide(out, title);
	html_raw(out,
		"<table><tr><th>figure</th><th class=\"n\">as it is</th><th class=\"n\">changed</th><th class=\"n\">shift</th><th class=\"n\">interval</th><th class=\"n\">p</th></tr>\n");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct compare_row *x = &r->rows[i];

		html_add(out,
			"<tr><td>%s (%s)</td><td class=\"n\">%.4g</td><td class=\"n\">%.4g</td>",
			f[i].name, f[i].unit, x->median_a, x->median_b);
		if (isfinite(x->shift.estimate))
			html_add(out,
				"<td class=\"n\">%+.4g</td><td class=\"n\">%+.4g to %+.4g</td><td class=\"n\">%.2g</td></tr>\n",
				x->shift.estimate, x->shift.ci.lo, x->shift.ci.hi, x->p_holm);
		else
			html_raw(out,
				"<td colspan=\"3\">too few rounds for an interval</td></tr>\n");
	}
	html_raw(out, "</table></div>\n</section>\n");
}

#define BLAME_MAX 12 /* rows: the rest is in trial.json */

static void add_blame(const struct trial *t, struct strbuf *out)
{
	if (!t->n_blame)
		return;
	html_raw(out, "<section><h2>Who had its waiting</h2>\n");
	html_wide(out, "Who had its waiting");
	html_raw(out,
		"<table><caption>ms/s of each vCPU, mean of the runs; stealscope's own programs do not count for the verdict</caption><tr><th>who</th><th class=\"n\">as it is</th><th class=\"n\">changed</th></tr>\n");
	for (size_t i = 0; i < MIN(t->n_blame, (size_t)BLAME_MAX); i++)
		html_add(out,
			"<tr><td>%s</td><td class=\"n\">%.1f</td><td class=\"n\">%.1f</td></tr>\n",
			t->blame[i].culprit, t->blame[i].before, t->blame[i].after);
	html_raw(out, "</table></div>\n</section>\n");
}

static void add_commands(const struct trial *t, struct strbuf *out)
{
	if (!t->virsh.n)
		return;
	html_raw(out, "<section><h2>Commands</h2>\n<p>The change:</p>\n<pre>");
	for (size_t i = 0; i < t->virsh.n; i++)
		html_add(out, "%s\n", t->virsh.items[i]);
	html_add(out, "</pre>\n<p>%s:</p>\n<pre>",
		t->kept ? "It was kept; it is undone by" : "It was taken back; by hand that is");
	for (size_t i = 0; i < t->undo.n; i++)
		html_add(out, "%s\n", t->undo.items[i]);
	html_raw(out, "</pre>\n</section>\n");
}

static void add_runs(const struct trial *t, struct strbuf *out)
{
	html_raw(out,
		"<section><h2>Runs</h2>\n<p>In running order; each is a record of its own.</p>\n");
	html_wide(out, "Runs");
	html_raw(out,
		"<table><tr><th class=\"n\">block</th><th>arm</th><th class=\"n\">at, s</th><th class=\"n\">waiting, ms/s</th><th>most of it had</th><th>report</th></tr>\n");
	for (size_t i = 0; i < t->n_runs; i++) {
		const struct trial_run *r = &t->runs[i];

		html_add(out,
			"<tr><td class=\"n\">%u</td><td>%s</td><td class=\"n\">%.1f</td><td class=\"n\">%.1f</td><td>%s</td><td class=\"nowrap\"><a href=\"../%s/report.html\">%s</a></td></tr>\n",
			r->block, r->changed ? "changed" : "as it is", r->start_s, r->wait,
			r->culprit, r->record, r->record);
	}
	html_raw(out, "</table></div>\n</section>\n");
}

/* The verdict first; then what was expected, why it ended, what it took. */
static void add_header(const struct trial *t, struct strbuf *out)
{
	html_add(out, "<header>\n<h1>%s on %s</h1>\n<p class=\"alert\" role=\"note\">%s</p>\n",
		t->candidate, t->domain, t->verdict);
	if (isfinite(t->expected) && t->judged && isfinite(t->subject.rows[0].shift.estimate))
		html_add(out,
			"<p>It was expected to gain %.1f ms/s of each vCPU, and gained %.1f.</p>\n",
			t->expected, -t->subject.rows[0].shift.estimate);
	html_add(out,
		"<p class=\"sub\">%u of %u rounds, %.3g s each \xc2\xb7 took %.1f s and %.1f s of CPU \xc2\xb7 %s</p>\n<p>%s</p>\n</header>\n",
		t->rounds, t->rounds_asked, t->each_s, t->wall_s, t->cpu_s, t->ended, t->because);
}

void trial_page(const struct trial *t, struct strbuf *out)
{
	auto_free char *title = xasprintf("%s on %s \xc2\xb7 stealscope", t->candidate, t->domain);
	struct strbuf body = {0};

	add_header(t, &body);
	html_raw(&body, "<main id=\"main\">\n");
	html_raw(&body, "<section><h2>Blocks over time</h2>\n");
	html_plot(&body, draw_timeline, t);
	html_raw(&body, "</section>\n");
	if (t->judged) {
		add_rows(t->figures, &t->subject, "The VM itself", &body);
		add_rows(t->neighbours, &t->others, "Waiting of its neighbours", &body);
		html_raw(&body, "<section><h2>Both arms</h2>\n");
		for (size_t i = 0; i < t->n_figures; i++)
			html_plot(&body, draw_arms, &(struct arms_of){&t->figures[i], t->rounds});
		html_raw(&body, "</section>\n");
	}
	add_blame(t, &body);
	add_commands(t, &body);
	add_runs(t, &body);
	html_raw(&body, "</main>\n");
	plain_page(title, &body, out);
	strbuf_release(&body);
}
