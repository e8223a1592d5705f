/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which lines stand in which figure over time: one table for the page and for the SVG files. */
#ifndef SS_REPORT_PLOT_FIGURES_H
#define SS_REPORT_PLOT_FIGURES_H

#include "analysis/analysis.h"
#include "report/plot/svg.h"

#define FIGURE_MAX_LINES                                                                           \
	16 /* a figure with more cannot be read; guests that are no noise come first */

struct figure_info {
	const char *id; /* also the name of its SVG file */
	const char *name, *unit;
	enum series_id series[3];
	unsigned n_series; /* more than one: a group of lines for each vCPU */
	double scale;	   /* from the series' unit to `unit` */
	bool log;
	const char *missing; /* what it takes, said where there is nothing to show */
};
extern const struct figure_info figure_table[];
extern const size_t n_figures;

struct figure_line {
	char *name, *group;   /* group: NULL, or the vCPU whose lines belong together */
	struct series series; /* borrows the analysis' values, or */
	struct series mean;   /* over 10 s, where the series' bins are 1 s; n = 0: none */
	double *own;	      /* these, freed with the line */
};

/* The lines of a figure that have data, one per vCPU; one per guest, the mean (steal) or highest of
 * its vCPUs, where these would be too many (recordings of large machines side by side). The caller
 * frees with figure_lines_free(). 1 s bins in short runs, else 10 s. *left_out: how many more there
 * are. */
struct figure_line *figure_lines(
	const struct analysis *a, const struct figure_info *f, size_t *n, size_t *left_out);
/* One line for a guest, of a figure with one series: the mean (steal) or the highest of its vCPUs,
 * in bins of 1 s (fine) or 10 s. 1, or 0 when it has none; the caller frees as above. */
size_t figure_guest_line(const struct analysis *a, const struct analysis_guest *g,
	const struct figure_info *f, bool fine, struct figure_line **line);
void figure_lines_free(struct figure_line *lines, size_t n);

/* The series without its last bin when the window covers less than half of it: what came in a few
 * ms does not stand beside whole bins. */
struct series figure_trim(const struct series *s, double window_s);

/* A sentence in the place of a figure that would draw once more what another shows, with their
 * difference; NULL: it says something of its own. */
char *figure_twin(const struct analysis *a, const struct figure_info *f);

/* Each plot of a figure as it is saved: with its title, spans and the name of its file. */
typedef int (*figure_plot_fn)(
	const struct svg_series_plot *p, const char *name, void *arg, struct err *e);
int figure_each_plot(const struct analysis *a, const struct figure_info *f, figure_plot_fn each,
	void *arg, struct err *e);
/* What such a function is given: where to, and how many there are. */
struct figure_files {
	const struct svg_files *to;
	int count;
};

/* Length of the bins of the figures of this analysis, in seconds. */
double figure_bin_s(const struct analysis *a);

/* So many guests stand in the open; those of more fold. */
#define FIGURE_MANY_GUESTS 24

/* Indices of the guests, those that are no noise first, as the plan has them. Of more than FIGURE_MANY_GUESTS the worst
 * come first, so that what folds is the least: who waited longest (steal, where no trace tells), then whose timers were latest.
 * Caller frees. */
size_t *figure_guest_order(const struct analysis *a);

#endif
