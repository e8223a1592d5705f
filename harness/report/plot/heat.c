// SPDX-License-Identifier: GPL-3.0-or-later
/* Lateness over time: how many wake-ups of each column of time were how late. */
#include <math.h>

#include "base/quantity.h"
#include "report/plot/figures.h"
#include "report/plot/svg.h"

#define LEFT   62
#define RIGHT  16
#define BOTTOM 44
#define TALL   230 /* of the data area */
#define KEY_H  18
#define LEVELS 8 /* classes h1 to h8 */

/* What of the grid is drawn: whole decades that hold something. */
struct part {
	const uint32_t *count;
	unsigned columns, from, to; /* rows from <= r < to */
	uint32_t most;
};

static struct part part_of(const struct analysis *a, const struct heat *h)
{
	struct part p = {h->count, a->columns.n, HEAT_ROWS, 0, 0};

	for (unsigned c = 0; h->count && c < p.columns; c++)
		for (unsigned r = 0; r < HEAT_ROWS; r++) {
			uint32_t n = h->count[c * HEAT_ROWS + r];

			if (!n)
				continue;
			p.from = MIN(p.from, r);
			p.to = MAX(p.to, r + 1);
			p.most = MAX(p.most, n);
		}
	p.from = p.from / HEAT_A_DECADE * HEAT_A_DECADE;
	p.to = (p.to + HEAT_A_DECADE - 1) / HEAT_A_DECADE * HEAT_A_DECADE;
	return p;
}

/* Logarithmic: one is seen beside ten thousand. */
static unsigned level_of(uint32_t count, uint32_t most)
{
	if (!count)
		return 0;
	return most < 2 ? LEVELS
			: 1 + (unsigned)((LEVELS - 1) * log((double)count) / log((double)most));
}

/* One shade of one row: runs of cells, in units of a cell. */
static void draw_row(struct svg *s, const struct part *p, unsigned row, unsigned level, bool *begun)
{
	for (unsigned c = 0; c < p->columns; c++) {
		unsigned from = c;

		while (c < p->columns && level_of(p->count[c * HEAT_ROWS + row], p->most) == level)
			c++;
		if (c == from)
			continue;
		if (!*begun)
			strbuf_add(s->out, "<path class=\"heat h%u\" d=\"", level);
		*begun = true;
		strbuf_add(s->out, "M%u %u.5h%u", from, p->to - 1 - row, c - from);
	}
}

static void draw_cells(struct svg *s, const struct part *p)
{
	for (unsigned level = 1; level <= LEVELS; level++) {
		bool begun = false;

		for (unsigned row = p->from; row < p->to; row++)
			draw_row(s, p, row, level, &begun);
		if (begun)
			strbuf_add(s->out, "\"/>");
	}
}

/* "1 [shades] 640 wake-ups a cell of 200 s x 1/8 decade" */
static void draw_key(struct svg *s, const struct analysis *a, const struct part *p, double y)
{
	char width[24];
	double x = LEFT;

	svg_text(s, "start dim", x, y, "1");
	x += 12;
	for (unsigned level = 1; level <= LEVELS; level++, x += 16) {
		char class[16];

		snprintf(class, sizeof(class), "b h%u", level);
		svg_rect(s, class, x, y - 10, 16, 11, NULL);
	}
	svg_text(s, "start dim", x + 5, y, s->w < 600 ? "%u in %s" : "%u wake-ups in a cell of %s",
		p->most, quantity_ns(a->columns.width_ns, width, sizeof(width)));
}

bool svg_plot_heat(
	struct strbuf *out, double width, bool standalone, const struct analysis *a, size_t guest)
{
	struct svg s = {.out = out, .standalone = standalone, .time = true};
	auto_free char *title = xasprintf("Lateness of %s over time", a->guests[guest].name);
	struct part p = part_of(a, &a->guests[guest].heat);
	double top = (standalone ? 24 : 4) + KEY_H + 26, scale;
	struct axis x, y;

	if (!p.most)
		return false;
	svg_begin(&s, width, top + TALL + BOTTOM, title);
	if (standalone)
		svg_text(&s, "start", 2, 16, "%s", title);
	draw_key(&s, a, &p, top - 26);
	x = svg_time_axis(a->window_s, LEFT, width - RIGHT, &scale);
	y = (struct axis){.lo = (double)heat_row_low(p.from) / 1e6,
		.hi = (double)heat_row_low(p.from) / 1e6 *
		      pow(10, (double)(p.to - p.from) / HEAT_A_DECADE),
		.from = top + TALL,
		.to = top,
		.log = true,
		.label = "lateness (ms)"};
	svg_axes(&s, &x, &y);
	svg_cells_begin(&s, &x, &y, a, p.to - p.from);
	draw_cells(&s, &p);
	svg_cells_end(&s);
	svg_end(&s);
	return true;
}
