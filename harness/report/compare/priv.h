/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published figures beside ours, for those who tell of them: published.c and published_page.c. */
#ifndef SS_REPORT_COMPARE_PRIV_H
#define SS_REPORT_COMPARE_PRIV_H

#include <jansson.h>

#include "report/compare/published.h"

#define COLUMNS	    2 /* programs, or whatever the cases of a row are */
#define ROWS_MAX    12
#define FIGURES_MAX 4

/* ---- the tables (assets/published.json): what was published, and which variants of ours stand
 * beside it. Strings lie in the JSON. */

struct row {
	const char *who;
	const char *said; /* as published; NULL = a row of ours */
	double change;	  /* of `said` in %, NAN = only the words */
	bool on_xen;	  /* boots of Xen's; else all others */
	bool dom0_floats; /* those in which dom0 may use the guest's CPUs; else those in which it may not */
	struct {
		const char *with, *without; /* variants: metric in `with` over `without`, minus 1 */
	} cases[COLUMNS];
};

struct figure {
	const char *title;
	struct row rows[ROWS_MAX];
	size_t n_rows;
};

struct table {
	const char *title, *source;
	enum metric_id metric;
	const char *columns[COLUMNS];
	struct figure figures[FIGURES_MAX];
	size_t n_figures;
	json_t *json;
};

struct cell {
	double with, without, change; /* medians over boots; change in % */
};

struct published {
	struct table table;
	struct strbuf accels; /* "native, tcg" */
	struct strv systems;  /* "native on (its CPU)" */
	bool mixed;	      /* two boxes in one row */
	size_t boots;	      /* of the variant that has fewest of those that were run */
	struct cell cells[FIGURES_MAX][ROWS_MAX][COLUMNS];
	double means[FIGURES_MAX][ROWS_MAX];
};

/* Figure i as bars, the published ones in another colour; false when there is none of ours. */
struct published_plot {
	const struct published *of;
	size_t i;
};
bool published_draw(const void *plot, double width, bool standalone, struct strbuf *out);

/* What is to be thought of it, a sentence. */
const char *published_doubt(const struct published *p);

/* "+1.28 %", "-" without. */
void published_change(struct strbuf *out, double v);

#endif
