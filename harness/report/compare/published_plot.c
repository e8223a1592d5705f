// SPDX-License-Identifier: GPL-3.0-or-later
/* Published figures beside ours as bars from 0: the mean of the programs, each program a tick. */
#include <math.h>

#include "report/compare/priv.h"
#include "report/plot/svg.h"

#define ROW    26
#define BOTTOM 44
#define NAME   180 /* where the names end, on a wide screen */
#define VALUE  76  /* room for "+128.45 %" at either end */

static struct axis find_axis(const struct published *p, size_t f, double from, double to)
{
	struct axis x = {0, 0, from, to, false, "change of the job time (%)"};

	for (size_t r = 0; r < p->table.figures[f].n_rows; r++) {
		const struct cell *c = p->cells[f][r];

		for (size_t k = 0; k <= COLUMNS; k++) {
			double v = k < COLUMNS ? c[k].change : p->means[f][r];

			if (isfinite(v)) {
				x.lo = fmin(x.lo, v);
				x.hi = fmax(x.hi, v);
			}
		}
	}
	if (x.lo == x.hi)
		x.hi = 1;
	axis_round(&x);
	x.from += x.lo < 0 ? VALUE : 10;
	return x;
}

static void draw_row(struct svg *s, const struct published *p, size_t f, size_t r,
	const struct axis *x, double y, bool above)
{
	const struct row *row = &p->table.figures[f].rows[r];
	double mean = p->means[f][r], zero = axis_at(x, 0),
	       at = isfinite(mean) ? axis_at(x, mean) : zero;
	double left = fmin(zero, at), right = fmax(zero, at);
	auto_struct(strbuf) text = {0};

	if (above)
		svg_text(s, "start", 2, y - 4, "%s", row->who);
	else
		svg_text(s, "end", NAME, y + 15, "%s", row->who);
	svg_line(s, "axis", zero, y, zero, y + ROW - 2);
	if (isfinite(mean))
		svg_rect(s, row->said ? "wx" : "b0", left, y + 4, fmax(right - left, 1), ROW - 10,
			NULL);
	for (size_t k = 0; k < COLUMNS && !row->said; k++)
		if (isfinite(p->cells[f][r][k].change)) {
			double tick = axis_at(x, p->cells[f][r][k].change);

			svg_line(s, "span", tick, y + 2, tick, y + ROW - 4);
			left = fmin(left, tick);
			right = fmax(right, tick);
		}
	if (row->said)
		strbuf_add(&text, "%s", row->said);
	else
		published_change(&text, mean);
	if (mean < 0)
		svg_text(s, "end", left - 6, y + 15, "%s", text.text);
	else
		svg_text(s, "start", right + 6, y + 15, "%s", text.text);
}

bool published_draw(const void *plot, double width, bool standalone, struct strbuf *out)
{
	static const struct svg_key keys[] = {
		{"b0", "ours (mean; a tick is a program)"}, {"wx", "the paper's"}};
	const struct published *p = ((const struct published_plot *)plot)->of;
	size_t f = ((const struct published_plot *)plot)->i, n = p->table.figures[f].n_rows,
	       ours = 0;
	bool above = width < 500;
	double row = above ? ROW + 16 : ROW, head = 8 + svg_key(NULL, keys, 2, 2, 0, width - 10);
	struct svg s = {.out = out, .standalone = standalone};
	struct axis x = find_axis(p, f, above ? 2 : NAME + 10, width - VALUE - 20);

	for (size_t r = 0; r < n; r++)
		ours += !p->table.figures[f].rows[r].said && isfinite(p->means[f][r]);
	if (!ours)
		return false;
	svg_begin(&s, width, head + (double)n * row + BOTTOM, p->table.figures[f].title);
	svg_key(&s, keys, 2, 2, 12, width - 10);
	for (size_t r = 0; r < n; r++)
		draw_row(&s, p, f, r, &x, head + (double)r * row + (above ? 16 : 0), above);
	svg_x_axis(&s, &x, head + (double)n * row + 4);
	svg_end(&s);
	return true;
}
