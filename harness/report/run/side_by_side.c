// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/side_by_side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/markup.h"
#include "report/plot/figures.h"
#include "report/page/parts.h"
#include "report/plot/svg.h"
#include "report/page/template.h"

static const char *const figure_ids[] = {"steal", "elapsed"};

static const enum metric_id columns[] = {METRIC_STEAL_RATE, METRIC_STEAL_RATE_10S,
	METRIC_SLEEP_ELAPSED_P99, METRIC_SLEEP_ELAPSED_MAX};

/* One figure of all records. */
struct drawing {
	const struct side_by_side *set;
	const struct figure_info *figure;
};

static const struct figure_info *find_figure(const char *id)
{
	for (size_t i = 0; i < n_figures; i++)
		if (!strcmp(figure_table[i].id, id))
			return &figure_table[i];
	return NULL;
}

/* Bins of one length for all: a mean of 1 s beside one of 10 s looks worse than it is. */
static bool use_fine(const struct side_by_side *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (figure_bin_s(s->runs[i]) > 1)
			return false;
	return true;
}

/* "RUN GUEST"; the guest alone where that is enough. */
static char *line_name(const struct side_by_side *s, size_t run, const struct analysis_guest *g)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->runs[i]->n_guests; k++)
			if (i != run && !strcmp(s->runs[i]->guests[k].name, g->name))
				return xasprintf("%s %s", s->runs[run]->info.run, g->name);
	return xstrdup(g->name);
}

static struct figure_line *all_lines(const struct drawing *d, size_t *n)
{
	struct figure_line *lines = NULL;

	*n = 0;
	for (size_t i = 0; i < d->set->n; i++)
		for (size_t k = 0; k < d->set->runs[i]->n_guests; k++) {
			const struct analysis_guest *g = &d->set->runs[i]->guests[k];
			auto_free struct figure_line *line = NULL;

			if (g->is_noise || !figure_guest_line(d->set->runs[i], g, d->figure,
						   use_fine(d->set), &line))
				continue;
			free(line->name);
			line->name = line_name(d->set, i, g);
			ARRAY_GROW(lines, *n);
			lines[(*n)++] = *line;
		}
	return lines;
}

static bool draw(const void *what, double width, bool standalone, struct strbuf *out)
{
	const struct drawing *d = what;
	auto_free char *label = xasprintf("%s (%s)", d->figure->name, d->figure->unit);
	auto_free char *title = xasprintf("%s, %s of %d s", d->figure->name,
		d->figure->series[0] == SERIES_STEAL ? "means" : "the worst",
		use_fine(d->set) ? 1 : 10);
	size_t n;
	struct figure_line *lines = all_lines(d, &n);
	auto_free struct svg_line_data *data = xcalloc(n + 1, sizeof(*data));

	for (size_t i = 0; i < n; i++)
		data[i] = (struct svg_line_data){
			lines[i].name, &lines[i].series, d->figure->scale, NULL};
	if (n)
		svg_plot_series(out, width, standalone,
			&(struct svg_series_plot){
				.title = title, .y_label = label, .lines = data, .n = n});
	figure_lines_free(lines, n);
	return n > 0;
}

static void add_figure(const struct side_by_side *s, const char *id, struct strbuf *out)
{
	struct drawing d = {s, find_figure(id)};

	html_add(out, "<section id=\"%s\"><h2>%s over time</h2>\n<p>", id, d.figure->name);
	if (d.figure->series[0] == SERIES_STEAL)
		html_add(out,
			"CPU time per second that a vCPU asked for and did not get: means of %d s and of a machine's vCPUs.",
			use_fine(s) ? 1 : 10);
	else
		html_add(out, "The longest that a sleep took, its period included, in each %d s.",
			use_fine(s) ? 1 : 10);
	html_raw(out, "</p>\n");
	if (!html_plot(out, draw, &d))
		html_missing(out, d.figure->missing);
	html_raw(out, "</section>\n");
}

static void add_rows(const struct side_by_side *s, size_t run, struct strbuf *out)
{
	const struct analysis *a = s->runs[run];

	for (size_t i = 0; i < a->n_guests; i++) {
		const struct analysis_guest *g = &a->guests[i];

		if (g->is_noise)
			continue;
		html_add(out,
			"<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td class=\"n\">%u</td><td class=\"n\">%.0f s</td>",
			g->name, a->info.run, g->accel, g->n_vcpus, a->window_s);
		for (size_t m = 0; m < ARRAY_SIZE(columns); m++)
			html_metric(columns[m], &g->metrics[columns[m]], out);
		html_raw(out, "</tr>\n");
	}
}

static void add_table(const struct side_by_side *s, struct strbuf *out)
{
	html_raw(out, "<section id=\"summary\"><h2>Figures</h2>\n");
	html_wide(out, "Figures");
	html_raw(out,
		"<table><tr><th>machine</th><th>record</th><th>accel</th><th class=\"n\">vCPUs</th><th class=\"n\">measured</th>");
	for (size_t m = 0; m < ARRAY_SIZE(columns); m++) {
		html_add(out, "<th class=\"n\">%s</th>", metric_table[columns[m]].name);
	}
	html_raw(out, "</tr>\n");
	for (size_t i = 0; i < s->n; i++)
		add_rows(s, i, out);
	html_raw(out, "</table></div>\n</section>\n");
}

/* What the records say of themselves that bears on their figures: a cut, no counter. */
static void add_warnings(const struct side_by_side *s, struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->runs[i]->info.warnings.n;
	if (!n)
		return;
	html_raw(out, "<section id=\"warnings\"><h2>Warnings</h2>\n<ul>\n");
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->runs[i]->info.warnings.n; k++) {
			html_add(out, "<li>%s: %s</li>\n", s->runs[i]->info.run,
				s->runs[i]->info.warnings.items[k]);
		}
	html_raw(out, "</ul>\n</section>\n");
}

static bool has_figure(const struct side_by_side *s, size_t run, const char *id)
{
	struct side_by_side one = {.runs = {s->runs[run]}, .n = 1};
	struct drawing d = {&one, find_figure(id)};
	size_t n;
	struct figure_line *lines = all_lines(&d, &n);

	figure_lines_free(lines, n);
	return n > 0;
}

int side_by_side_check(const struct side_by_side *s, struct err *e)
{
	size_t guests = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!has_figure(s, i, figure_ids[0]) && !has_figure(s, i, figure_ids[1]))
			return err_set_exit(e, EXIT_USAGE, ENODATA,
				"%s has neither a steal counter nor a timer probe over time: nothing to lay beside others",
				s->runs[i]->info.run);
		for (size_t k = 0; k < s->runs[i]->n_guests; k++)
			guests += !s->runs[i]->guests[k].is_noise;
	}
	if (guests > SIDE_BY_SIDE_MAX)
		return err_set_exit(e, EXIT_USAGE, E2BIG,
			"these records hold %zu guests; at most %d lines can be told apart: name fewer records",
			guests, SIDE_BY_SIDE_MAX);
	return 0;
}

void side_by_side_page(const struct side_by_side *s, struct strbuf *out)
{
	auto_free char *title = xasprintf("%zu records side by side \xc2\xb7 stealscope", s->n);
	auto_struct(strbuf) body = {0};

	html_add(&body,
		"<header>\n<h1>%zu records side by side</h1>\n<p class=\"sub\">Each begins at 0, whenever it was made. Two machines are two blocks: differences between them have many causes.</p>\n"
		"</header>\n<main id=\"main\">\n",
		s->n);
	for (size_t i = 0; i < ARRAY_SIZE(figure_ids); i++)
		add_figure(s, figure_ids[i], &body);
	add_table(s, &body);
	add_warnings(s, &body);
	html_raw(&body, "</main>\n");
	plain_page(title, &body, out);
}

int side_by_side_save(const struct side_by_side *s, const char *path, struct err *e)
{
	auto_struct(strbuf) page = {0};

	side_by_side_page(s, &page);
	return template_save(&page, path, e);
}

int side_by_side_svg(const struct side_by_side *s, const struct svg_files *to, struct err *e)
{
	int rc = make_dirs(to->dir, e);

	for (size_t i = 0; i < ARRAY_SIZE(figure_ids) && !rc; i++) {
		struct drawing d = {s, find_figure(figure_ids[i])};

		rc = MIN(svg_save(draw, &d, to, figure_ids[i], e), 0);
	}
	return rc;
}
