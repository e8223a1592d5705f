/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the page; each appends HTML. Not for others: include report/run/html.h. */
#ifndef SS_REPORT_PAGE_PARTS_H
#define SS_REPORT_PAGE_PARTS_H

#include "analysis/analysis.h"
#include "report/markup.h"

/* html_parts.c: what stands around the figures */
void html_header(const struct analysis *a, struct strbuf *out);
void html_alerts(const struct analysis *a, struct strbuf *out);
void html_expectations(const struct analysis *a, struct strbuf *out);
void html_checks(const struct analysis *a, struct strbuf *out);
void html_losses(const struct analysis *a, struct strbuf *out);
void html_warnings(const struct analysis *a, struct strbuf *out);
void html_host(const struct analysis *a, struct strbuf *out);
void html_placement(const struct analysis *a, struct strbuf *out);
void html_distribution(const struct analysis *a, struct strbuf *out);
void html_footer(const struct analysis *a, struct strbuf *out);

/* html_summary.c: a line per guest */
void html_summary(const struct analysis *a, struct strbuf *out);

/* html_who.c: lateness over time; who took the CPU of whom */
void html_heat(const struct analysis *a, struct strbuf *out);
void html_blame(const struct analysis *a, struct strbuf *out);
/* html_tables.c: metrics, stalls that were played, late wake-ups */
void html_metrics(const struct analysis *a, struct strbuf *out);
void html_played(const struct analysis *a, struct strbuf *out);
void html_late(const struct analysis *a, struct strbuf *out);

/* html_data.c: the figures over time as JSON, and what the page says of them */
void html_data(const struct analysis *a, struct strbuf *out);
void html_series_note(const struct analysis *a, struct strbuf *out);
/* Figures that another one already is: what they would say. */
void html_elapsed(const struct analysis *a, struct strbuf *out);
void html_witnesses(const struct analysis *a, struct strbuf *out);

/* A cell with a metric in the unit that reads best; where it is not provided "-", or what it lies
 * below, and why as its title. */
void html_value(const struct metric_value *v, const char *unit, struct strbuf *out);
/* With a class of its own beside "n". */
void html_value_as(
	const char *class, const struct metric_value *v, const char *unit, struct strbuf *out);
void html_metric(enum metric_id id, const struct metric_value *v, struct strbuf *out);
/* "<p class=missing>Not provided: WHY</p>" */
void html_missing(struct strbuf *out, const char *why);
/* Opens a <div> that scrolls sideways where it is too wide, by keys too; `label` names it. */
void html_wide(struct strbuf *out, const char *label);
/* A paragraph of this class for each line. */
void html_lines(struct strbuf *out, const char *class, const struct strbuf *lines);
/* What comes now is of stealscope, not of what it measures. */
void html_instrument(struct strbuf *out);
/* A plot of `what`, drawn for a wide and for a narrow screen (svg.h); false when there is nothing
 * to draw, and nothing is added. */
typedef bool (*html_draw)(const void *what, double width, bool standalone, struct strbuf *out);
bool html_plot(struct strbuf *out, html_draw draw, const void *what);
/* ns as "3.12 ms" */
void html_ns(struct strbuf *out, uint64_t ns);

#endif
