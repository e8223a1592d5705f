// SPDX-License-Identifier: GPL-3.0-or-later
/* `report --svg DIR [--pdf]`: every plot as a file. */
#include "report/plot/svg.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/plot/figures.h"

/* PATH.svg as PATH.pdf. */
static int save_pdf(const char *path, struct err *e)
{
	auto_free char *from = xasprintf("%s.svg", path), *to = xasprintf("%s.pdf", path);
	char *const argv[] = {
		(char *)"rsvg-convert", (char *)"--format=pdf", (char *)"--output", to, from, NULL};
	int status, rc;
	pid_t pid;

	rc = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (rc == ENOENT)
		return err_set(e, ENOENT,
			"PDF files are made by rsvg-convert, which is not installed (package librsvg2-bin)");
	if (rc)
		return err_set(e, rc, "cannot start rsvg-convert: %s", strerror(rc));
	if (waitpid(pid, &status, 0) < 0)
		return err_sys(e, "cannot wait for rsvg-convert");
	return status ? err_set(e, EIO, "rsvg-convert made no %s", to) : 0;
}

static int save(
	struct strbuf *svg, const struct svg_files *to, const char *name, int *count, struct err *e)
{
	auto_free char *stem = xasprintf(
		"%s/%s%s%s", to->dir, to->prefix ? to->prefix : "", to->prefix ? "-" : "", name);
	auto_free char *path = xasprintf("%s.svg", stem);
	int rc = make_dirs(to->dir, e);

	if (!rc)
		rc = write_file(path, svg->text ? svg->text : "", svg->len, e);
	if (!rc && to->pdf)
		rc = save_pdf(stem, e);
	strbuf_release(svg);
	*count += !rc;
	return rc;
}

int svg_save(bool (*draw)(const void *what, double width, bool standalone, struct strbuf *out),
	const void *what, const struct svg_files *to, const char *name, struct err *e)
{
	struct strbuf svg = {0};
	int count = 0, rc = 0;

	if (draw(what, SVG_PAPER, true, &svg))
		rc = save(&svg, to, name, &count, e);
	return rc ? rc : count;
}

/* One plot of a figure, or one for each of its groups (lines of one vCPU stand together). */
int figure_each_plot(const struct analysis *a, const struct figure_info *f, figure_plot_fn each,
	void *arg, struct err *e)
{
	size_t n, left_out, groups = 0, n_spans;
	auto_free struct time_span *spans = NULL;
	auto_free char *twin = figure_twin(a, f);
	struct figure_line *lines = figure_lines(a, f, &n, &left_out);
	int rc = 0;

	n_spans = time_spans(a, &spans);
	for (size_t i = 0; i < n && !rc && !twin;) {
		auto_free struct svg_line_data *d = xcalloc(n, sizeof(*d));
		auto_free char *label = xasprintf("%s (%s)", f->name, f->unit);
		auto_free char *title = NULL, *name = NULL;
		const char *group = lines[i].group;
		size_t m = 0;

		for (; i < n && (!group || !strcmp(lines[i].group, group)); i++)
			d[m++] = (struct svg_line_data){
				lines[i].name, &lines[i].series, f->scale, &lines[i].mean};
		title = xasprintf("%s%s%s, bins of %.0f s", f->name, group ? ": " : "",
			group ? group : "", figure_bin_s(a));
		name = group ? xasprintf("%s-%zu", f->id, groups++) : xstrdup(f->id);
		rc = each(&(struct svg_series_plot){title, label, d, m, f->log, spans, n_spans},
			name, arg, e);
	}
	figure_lines_free(lines, n);
	return rc;
}

static int save_series(const struct svg_series_plot *p, const char *name, void *arg, struct err *e)
{
	struct figure_files *files = arg;
	struct strbuf svg = {0};

	svg_plot_series(&svg, SVG_PAPER, true, p);
	return save(&svg, files->to, name, &files->count, e);
}

/* Plots of one guest each: those that waited or were late, victims first. */
static int save_guests(
	const struct analysis *a, const struct svg_files *to, int *count, struct err *e)
{
	const struct {
		const char *name;
		bool (*draw)(struct strbuf *out, double width, bool standalone,
			const struct analysis *a, size_t guest);
	} plots[] = {{"heat", svg_plot_heat}, {"taken", svg_plot_taken}};
	auto_free size_t *order = figure_guest_order(a);
	int rc = 0;

	for (size_t i = 0; i < MIN(a->n_guests, FIGURE_MAX_LINES); i++)
		for (size_t k = 0; k < ARRAY_SIZE(plots) && !rc; k++) {
			auto_free char *name = xasprintf("%s-%02zu", plots[k].name, i);
			struct strbuf svg = {0};

			if (plots[k].draw(&svg, SVG_PAPER, true, a, order[i]))
				rc = save(&svg, to, name, count, e);
		}
	return rc;
}

static int save_who(const struct analysis *a, const struct svg_files *to, int *count, struct err *e)
{
	int rc = 0;

	for (int vcpus = 0; vcpus <= 1 && !rc; vcpus++) {
		struct strbuf svg = {0};

		if (svg_plot_who(&svg, SVG_PAPER, true, a, vcpus))
			rc = save(&svg, to, vcpus ? "who-vcpus" : "who", count, e);
	}
	return rc;
}

static int save_late(
	const struct analysis *a, const struct svg_files *to, int *count, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < a->n_late && !rc; i++) {
		char name[32];
		struct strbuf svg = {0};

		snprintf(name, sizeof(name), "late-%02zu", i);
		svg_plot_late(&svg, SVG_PAPER, true, a, &a->late[i]);
		rc = save(&svg, to, name, count, e);
	}
	return rc;
}

int svg_save_all(const struct analysis *a, const struct svg_files *to, struct err *e)
{
	struct figure_files files = {to, 0};
	struct strbuf svg = {0};
	int count, rc = make_dirs(to->dir, e);

	for (size_t i = 0; i < n_figures && !rc; i++)
		rc = figure_each_plot(a, &figure_table[i], save_series, &files, e);
	count = files.count;
	if (!rc && svg_distribution_of(a, SVG_PAPER, true, &svg))
		rc = save(&svg, to, "distribution", &count, e);
	if (!rc) {
		svg_plot_placement(&svg, SVG_PAPER, true, a);
		rc = save(&svg, to, "placement", &count, e);
	}
	if (!rc)
		rc = save_guests(a, to, &count, e);
	if (!rc)
		rc = save_who(a, to, &count, e);
	if (!rc)
		rc = save_late(a, to, &count, e);
	return rc ? rc : count;
}
