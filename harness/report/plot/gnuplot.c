// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/plot/gnuplot.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/assets.h"
#include "report/escape.h"
#include "report/plot/figures.h"

/* In single quotes gnuplot takes everything as it is but the quote itself; a tic is a format besides. */
static void add_quoted(struct strbuf *out, const char *text, bool tic)
{
	auto_free char *clean = text_cleaned(text);

	strbuf_add(out, "'");
	for (const char *p = clean; *p; p++)
		strbuf_add(out, *p == '\'' || (tic && *p == '%') ? "%c%c" : "%c", *p, *p);
	strbuf_add(out, "'");
}

/* gnuplot's SVG terminal escapes & and <, not the > that XML does not allow behind two brackets, and what stands
 * for a > it escapes once more: a blank keeps them apart. */
#define CDATA_END "]]>"
static char *apart_for_xml(const char *text)
{
	struct strbuf out = {0};

	for (const char *p = text; *p; p++)
		strbuf_add(&out, p >= text + 2 && !strncmp(p - 2, CDATA_END, 3) ? " %c" : "%c", *p);
	return out.text;
}

static void add_text(struct gnuplot *g, const char *variable, const char *text, bool tic)
{
	auto_struct(strbuf) latex = {0};

	escape_latex(&latex, text);
	strbuf_add(&g->script, "%s = ", variable);
	add_quoted(&g->script, text, tic);
	strbuf_add(&g->script, "; if (out eq 'tikz') %s = ", variable);
	add_quoted(&g->script, latex.text ? latex.text : "", tic);
	if (strstr(text, CDATA_END)) {
		auto_free char *apart = apart_for_xml(text);

		strbuf_add(&g->script, "\nif (out eq 'svg') %s = ", variable);
		add_quoted(&g->script, apart, tic);
	}
	strbuf_add(&g->script, "\n");
}

void gnuplot_text(struct gnuplot *g, const char *variable, const char *text)
{
	add_text(g, variable, text, false);
}

void gnuplot_tic(struct gnuplot *g, const char *variable, const char *text)
{
	add_text(g, variable, text, true);
}

void gnuplot_number(struct strbuf *out, double v)
{
	if (isfinite(v))
		strbuf_add(out, "%.6g ", v);
	else
		strbuf_add(out, "NaN ");
}

void gnuplot_colour(struct strbuf *out, const char *class)
{
	auto_free char *sheet =
		xasprintf("%.*s", (int)asset_size(&asset_svg_css), asset_svg_css.text);
	auto_free char *name = xasprintf("--%s:", class);
	const char *at = strstr(sheet, name);

	at = at ? strchr(at, '#') : NULL; /* the first sheet is the light one */
	strbuf_add(out, "'%.7s'", at ? at : "#808080");
}

void gnuplot_line_colour(struct strbuf *out, size_t i)
{
	char class[8];

	snprintf(class, sizeof(class), "c%zu", i % SVG_COLOURS);
	gnuplot_colour(out, class);
}

void gnuplot_remark(struct gnuplot *g, const char *text)
{
	auto_free char *clean = text_cleaned(text);

	strbuf_add(&g->data, "# %s\n", clean);
}

void gnuplot_begin(struct gnuplot *g, const char *title, const char *x, const char *y)
{
	strbuf_add(&g->script,
		"# gnuplot %s.gp makes %s.pdf; gnuplot -e \"out='svg'\" %s.gp an SVG, out='tikz' a .tex.\n"
		"reset\n" /* one gnuplot may draw many */
		"if (!exists('out')) out = 'pdf'\n"
		"if (out eq 'pdf') set terminal pdfcairo noenhanced size 14cm,7cm font ',9'\n"
		"if (out eq 'svg') set terminal svg noenhanced size 800,400 font ',12' background '#ffffff'\n"
		"if (out eq 'tikz') set terminal tikz size 14cm,7cm\n"
		"set output '%s.'.(out eq 'tikz' ? 'tex' : out)\n"
		"set datafile missing '?'\nset grid lc '#d0d4d8'\nset key outside bottom horizontal\n",
		g->name, g->name, g->name, g->name);
	gnuplot_text(g, "title", title);
	gnuplot_text(g, "x", x);
	gnuplot_text(g, "y", y);
	strbuf_add(&g->script, "set title title\nset xlabel x\nset ylabel y\n");
}

/* ---- lines over time */

/* A block of rows: where a bin begins, then a value a line; the last once more, where it ends. */
static void add_block(struct gnuplot *g, const struct svg_line_data *lines, size_t n, bool mean)
{
	const struct series *first = mean ? lines[0].mean : lines[0].series;
	double bin = (double)first->bin_ns / 1e9;
	size_t rows = 0;

	for (size_t k = 0; k < n; k++)
		rows = MAX(rows, (mean ? lines[k].mean : lines[k].series)->n);
	strbuf_add(&g->data, "# begin_s, then a column for each line%s\n",
		mean ? ": means of longer bins" : "");
	for (size_t i = 0; i <= rows && rows; i++) {
		gnuplot_number(&g->data, (double)i * bin);
		for (size_t k = 0; k < n; k++) {
			const struct series *s = mean ? lines[k].mean : lines[k].series;
			size_t at = MIN(i, rows - 1);

			gnuplot_number(&g->data, at < s->n ? s->v[at] * lines[k].scale : NAN);
		}
		strbuf_add(&g->data, "\n");
	}
	strbuf_add(&g->data, "\n\n");
}

static void add_spans(struct gnuplot *g, const struct svg_series_plot *p)
{
	for (size_t i = 0; i < p->n_spans; i++) {
		const struct time_span *t = &p->spans[i];
		char variable[32];

		strbuf_add(&g->script,
			"set object rectangle from first %.6g, graph 0 to first %.6g, graph 1 behind fs transparent solid 0.13 noborder fc rgb ",
			t->from_s, t->to_s);
		gnuplot_colour(&g->script, t->class);
		strbuf_add(&g->script, "\n");
		if (i && !strcmp(t->name, p->spans[i - 1].name))
			continue;
		snprintf(variable, sizeof(variable), "span%zu", i);
		gnuplot_text(g, variable, t->name);
		strbuf_add(&g->script, "set label %s at first %.6g, graph %.2f offset 0.3,0\n",
			variable, t->from_s, 0.95 - 0.06 * (double)(i % 4));
	}
}

void gnuplot_series(struct gnuplot *g, const struct svg_series_plot *p)
{
	const char *separator = "plot ";
	bool means = p->lines[0].mean && p->lines[0].mean->n;
	double seconds = 0;

	gnuplot_begin(g, p->title, "time since measuring began (s)", p->y_label);
	strbuf_add(&g->script, p->log ? "set logscale y\n" : "set yrange [0:*]\n");
	for (size_t i = 0; i < p->n; i++)
		seconds = fmax(seconds,
			(double)p->lines[i].series->n * (double)p->lines[i].series->bin_ns / 1e9);
	strbuf_add(&g->script, "set xrange [0:%.6g]\n", seconds);
	add_spans(g, p);
	add_block(g, p->lines, p->n, false);
	if (means)
		add_block(g, p->lines, p->n, true);
	for (size_t i = 0; i < p->n; i++) {
		char variable[32];

		snprintf(variable, sizeof(variable), "line%zu", i);
		gnuplot_text(g, variable, p->lines[i].name);
	}
	for (size_t i = 0; i < p->n; i++) {
		for (int mean = means; mean >= 0; mean--) {
			strbuf_add(&g->script,
				"%s'%s.dat' index %d using 1:%zu with steps lw %s lc rgb ",
				separator, g->name, mean, i + 2, mean ? "5" : "1.5");
			gnuplot_line_colour(&g->script, i);
			strbuf_add(&g->script, mean ? " dt 3 notitle" : " title line%zu", i);
			separator = ", \\\n\t";
		}
	}
	strbuf_add(&g->script, "\n");
}

/* ---- distribution */

/* The share of wake-ups later than each lateness that came. */
static void add_distribution(struct gnuplot *g, const struct hist *h)
{
	uint64_t above = h->total;

	strbuf_add(&g->data, "# lateness_ms share_later\n");
	for (size_t k = 0; k < h->n && above; k++) {
		double edge = (double)(hist_bucket_low(k) + hist_bucket_width(k));

		if (!h->count[k])
			continue;
		above -= MIN(above, h->count[k]);
		gnuplot_number(&g->data, fmin(edge, (double)h->max) / 1e6);
		gnuplot_number(&g->data, above ? (double)above / (double)h->total : NAN);
		strbuf_add(&g->data, "\n");
	}
	strbuf_add(&g->data, "\n\n");
}

void gnuplot_distribution(struct gnuplot *g, const struct svg_dist_data *dists, size_t n)
{
	const char *separator = "plot ";
	auto_struct(strbuf) plot = {0};
	unsigned block = 0;

	gnuplot_begin(
		g, "Lateness of timer wake-ups", "lateness (ms)", "share of wake-ups later than x");
	strbuf_add(&g->script, "set logscale xy\nset format y '%%g'\n");
	for (size_t i = 0; i < n; i++) {
		char variable[32];

		if (!dists[i].hist->total)
			continue;
		add_distribution(g, dists[i].hist);
		snprintf(variable, sizeof(variable), "line%u", block);
		gnuplot_text(g, variable, dists[i].name);
		strbuf_add(&plot, "%s'%s.dat' index %u using 1:2 with steps lw 1.5 lc rgb ",
			separator, g->name, block);
		gnuplot_line_colour(&plot, i); /* those without too: each keeps its colour */
		strbuf_add(&plot, " title line%u", block++);
		separator = ", \\\n\t";
	}
	strbuf_add(&g->script, "%s\n", plot.text ? plot.text : "");
}

static bool draw_distribution(struct gnuplot *g, const struct analysis *a, size_t unused)
{
	auto_free size_t *order = figure_guest_order(a);
	auto_free struct svg_dist_data *d = xcalloc(a->n_guests, sizeof(*d));
	size_t n = 0;

	(void)unused;
	for (size_t i = 0; i < a->n_guests && n < FIGURE_MAX_LINES; i++)
		if (a->guests[order[i]].late.total)
			d[n++] = (struct svg_dist_data){
				a->guests[order[i]].name, &a->guests[order[i]].late};
	if (n)
		gnuplot_distribution(g, d, n);
	return n > 0;
}

/* ---- files */

static int write_files(const struct gnuplot *g, const struct svg_files *to, struct err *e)
{
	auto_free char *data = xasprintf("%s/%s.dat", to->dir, g->name);
	auto_free char *script = xasprintf("%s/%s.gp", to->dir, g->name);
	int rc = write_file(data, g->data.text ? g->data.text : "", g->data.len, e);

	return rc ? rc : write_file(script, g->script.text ? g->script.text : "", g->script.len, e);
}

int gnuplot_save(gnuplot_draw draw, const void *what, const struct svg_files *to, const char *name,
	struct err *e)
{
	auto_free char *whole =
		xasprintf("%s%s%s", to->prefix ? to->prefix : "", to->prefix ? "-" : "", name);
	struct gnuplot g = {.name = whole};
	int rc = make_dirs(to->dir, e), drawn = !rc && draw(&g, what);

	if (drawn)
		rc = write_files(&g, to, e);
	strbuf_release(&g.data);
	strbuf_release(&g.script);
	return rc ? rc : drawn;
}

static bool draw_series(struct gnuplot *g, const void *plot)
{
	gnuplot_series(g, plot);
	return true;
}

static int save_series(const struct svg_series_plot *p, const char *id, void *arg, struct err *e)
{
	struct figure_files *files = arg;
	int rc = gnuplot_save(draw_series, p, files->to, id, e);

	files->count += MAX(rc, 0);
	return MIN(rc, 0);
}

/* One figure of an analysis: of one guest, of one late wake-up, or of all. */
struct part {
	const struct analysis *a;
	bool (*draw)(struct gnuplot *g, const struct analysis *a, size_t i);
	size_t i;
};

static bool draw_part(struct gnuplot *g, const void *part)
{
	const struct part *p = part;

	return p->draw(g, p->a, p->i);
}

/* n: how many there may be. */
static int save_each(const struct analysis *a, const char *id,
	bool (*draw)(struct gnuplot *g, const struct analysis *a, size_t i), size_t n,
	struct figure_files *files, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc >= 0; i++) {
		auto_free char *name = n > 1 ? xasprintf("%s-%02zu", id, i) : xstrdup(id);

		rc = gnuplot_save(draw_part, &(struct part){a, draw, i}, files->to, name, e);
		files->count += MAX(rc, 0);
	}
	return MIN(rc, 0);
}

int gnuplot_save_all(const struct analysis *a, const struct svg_files *to, struct err *e)
{
	struct figure_files files = {to, 0};
	size_t guests = MIN(a->n_guests, (size_t)FIGURE_MAX_LINES);
	int rc = make_dirs(to->dir, e);

	for (size_t i = 0; i < n_figures && !rc; i++)
		rc = figure_each_plot(a, &figure_table[i], save_series, &files, e);
	if (!rc)
		rc = save_each(a, "distribution", draw_distribution, 1, &files, e);
	if (!rc)
		rc = save_each(a, "who", gnuplot_who, 1, &files, e);
	if (!rc)
		rc = save_each(a, "heat", gnuplot_heat, guests, &files, e);
	if (!rc)
		rc = save_each(a, "taken", gnuplot_taken, guests, &files, e);
	if (!rc)
		rc = save_each(a, "late", gnuplot_late, a->n_late, &files, e);
	return rc ? rc : files.count;
}
