/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.html: one self-contained file that asks nothing of any network (its own content security
 * policy forbids it). The page is assets/report.html; each {{name}} in it is a row of the table in
 * html.c. Figures over time are drawn by dygraphs, read at report time from Debian's package
 * libjs-dygraphs; the other plots are our own SVG.
 *
 * Size: long series are thinned to HTML_MAX_VALUES in all, keeping the highest value of each
 * stretch, and the page says so.
 */
#ifndef SS_REPORT_RUN_HTML_H
#define SS_REPORT_RUN_HTML_H

#include "analysis/analysis.h"

#define HTML_DYGRAPHS	"/usr/share/javascript/dygraphs"
#define HTML_MAX_VALUES 200000 /* about 1.5 MB of JSON */

/* The page. -ENOENT, naming the package, when dygraphs cannot be read. `dygraphs`: its folder; NULL
 * = HTML_DYGRAPHS. */
int html_report(const struct analysis *a, const char *dygraphs, struct strbuf *out, struct err *e);
/* To a file, by rename. */
int html_report_save(const struct analysis *a, const char *path, struct err *e);

#endif
