// SPDX-License-Identifier: GPL-3.0-or-later
/* `report --svg DIR`: every plot as a file. */
#include "report/plot/svg.h"

#include <stdlib.h>
#include <string.h>

#include "report/plot/figures.h"

static int save(struct strbuf *svg, const char *dir, const char *name, int *count, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s.svg", dir, name);
	int rc = write_file(path, svg->text ? svg->text : "", svg->len, e);

	strbuf_release(svg);
	*count += !rc;
	return rc;
}

int svg_save(bool (*draw)(const void *what, double width, bool standalone, struct strbuf *out),
	const void *what, const char *dir, const char *name, struct err *e)
{
	struct strbuf svg = {0};
	int count = 0, rc = 0;

	if (draw(what, SVG_PAPER, true, &svg))
		rc = save(&svg, dir, name, &count, e);
	return rc ? rc : count;
}

/* One file of a figure, or one for each of its groups (lines of one vCPU stand together). */
static int save_figure(const struct analysis *a, const struct figure_info *f, const char *dir,
	int *count, struct err *e)
{
	size_t n, left_out, groups = 0;
	struct figure_line *lines = figure_lines(a, f, &n, &left_out);
	int rc = 0;

	for (size_t i = 0; i < n && !rc;) {
		auto_free struct svg_line_data *d = xcalloc(n, sizeof(*d));
		auto_free char *label = xasprintf("%s (%s)", f->name, f->unit);
		auto_free char *title = NULL, *name = NULL;
		const char *group = lines[i].group;
		struct strbuf svg = {0};
		size_t m = 0;

		for (; i < n && (!group || !strcmp(lines[i].group, group)); i++)
			d[m++] = (struct svg_line_data){lines[i].name, &lines[i].series, f->scale};
		title = xasprintf("%s%s%s, bins of %.0f s", f->name, group ? ": " : "",
			group ? group : "", figure_bin_s(a));
		name = group ? xasprintf("%s-%zu", f->id, groups++) : xstrdup(f->id);
		svg_plot_series(&svg, SVG_PAPER, true, title, label, d, m);
		rc = save(&svg, dir, name, count, e);
	}
	figure_lines_free(lines, n);
	return rc;
}

static int save_late(const struct analysis *a, const char *dir, int *count, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < a->n_late && !rc; i++) {
		char name[32];
		struct strbuf svg = {0};

		snprintf(name, sizeof(name), "late-%02zu", i);
		svg_plot_late(&svg, SVG_PAPER, true, a, &a->late[i]);
		rc = save(&svg, dir, name, count, e);
	}
	return rc;
}

int svg_save_all(const struct analysis *a, const char *dir, struct err *e)
{
	struct strbuf svg = {0};
	int count = 0, rc = make_dirs(dir, e);

	for (size_t i = 0; i < n_figures && !rc; i++)
		rc = save_figure(a, &figure_table[i], dir, &count, e);
	if (!rc && svg_distribution_of(a, SVG_PAPER, true, &svg))
		rc = save(&svg, dir, "distribution", &count, e);
	if (!rc) {
		svg_plot_placement(&svg, SVG_PAPER, true, a);
		rc = save(&svg, dir, "placement", &count, e);
	}
	if (!rc)
		rc = save_late(a, dir, &count, e);
	return rc ? rc : count;
}
