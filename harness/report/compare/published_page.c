// SPDX-License-Identifier: GPL-3.0-or-later
/* Published figures beside ours as a part of a page. */
#include <math.h>

#include "base/quantity.h"
#include "report/compare/priv.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/page/template.h"

/* "95.1 ms to 206 ms" */
static void add_values(const struct published *p, const struct cell *c, struct strbuf *out)
{
	const char *unit = metric_table[p->table.metric].unit;
	char from[64], to[64];

	if (isfinite(c->change))
		html_add(out, "%s to %s",
			quantity_text(c->without, unit, false, from, sizeof(from)),
			quantity_text(c->with, unit, false, to, sizeof(to)));
}

static void html_row(const struct published *p, size_t f, size_t r, struct strbuf *out)
{
	const struct row *row = &p->table.figures[f].rows[r];
	double mean = p->means[f][r];

	html_add(out, "<tr><th scope=\"row\">%s</th>", row->who);
	for (size_t k = 0; k < COLUMNS; k++) {
		html_raw(out, "<td class=\"n\">");
		if (!row->said) {
			published_change(out, p->cells[f][r][k].change);
			html_raw(out, "<div class=\"note\">");
			add_values(p, &p->cells[f][r][k], out);
			html_raw(out, "</div>");
		}
		html_raw(out, "</td>");
	}
	html_raw(out, "<td class=\"n\">");
	if (row->said)
		html_add(out, "%s", row->said);
	else
		published_change(out, mean);
	html_raw(out, "</td></tr>\n");
}

void published_html(const struct published *p, struct strbuf *out)
{
	const struct table *t = &p->table;
	struct published_plot plot = {p, 0};
	auto_free char *systems = strv_join(&p->systems, "; ");

	html_add(out,
		"<section><h2>%s</h2>\n<p>%s. Ours ran on: %s; %zu boot%s of each variant, the median of them. %s</p>\n",
		t->title, t->source, systems, p->boots, p->boots == 1 ? "" : "s",
		published_doubt(p));
	for (plot.i = 0; plot.i < t->n_figures; plot.i++) {
		html_add(out, "<h3>%s</h3>\n", t->figures[plot.i].title);
		if (!html_plot(out, published_draw, &plot))
			html_missing(out, "no two variants of ours have a job time");
	}
	html_raw(out, "<h3>In figures</h3>\n");
	for (size_t f = 0; f < t->n_figures; f++) {
		html_wide(out, t->figures[f].title);
		html_add(out, "<table><caption>%s</caption><tr><th></th>", t->figures[f].title);
		for (size_t k = 0; k < COLUMNS; k++)
			html_add(out, "<th scope=\"col\" class=\"n\">%s</th>", t->columns[k]);
		html_raw(out, "<th scope=\"col\" class=\"n\">mean</th></tr>\n");
		for (size_t r = 0; r < t->figures[f].n_rows; r++)
			html_row(p, f, r, out);
		html_raw(out, "</table></div>\n");
	}
	html_raw(out, "</section>\n");
}

int published_save(const struct published *p, const char *path, struct err *e)
{
	auto_struct(strbuf) body = {0}, page = {0};

	html_add(&body, "<header><h1>%s</h1></header>\n<main id=\"main\">\n", p->table.title);
	published_html(p, &body);
	html_raw(&body, "</main>\n");
	plain_page("published figures \xc2\xb7 stealscope", &body, &page);
	return template_save(&page, path, e);
}
