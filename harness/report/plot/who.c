// SPDX-License-Identifier: GPL-3.0-or-later
/* Who took the CPU of whom: a map of culprits and those who waited, and over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/plot/figures.h"
#include "report/plot/svg.h"
#include "report/plot/who.h"

#define CELL_H	   28
#define CELL_LEAST 52 /* wide: room for "1000" and a part of a name */
#define CELL_MOST  130
#define HEAD	   36
#define MOST_VCPUS 64 /* columns; more are in analysis.json */

static size_t waiters_of(const struct analysis *a, bool vcpus, struct waiter **out)
{
	auto_free size_t *order = figure_guest_order(a);
	struct waiter *w = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->n_guests; i++) {
		const struct analysis_guest *g = &a->guests[order[i]];

		for (unsigned v = 0; v < (vcpus ? g->n_vcpus : 1) && n < MOST_VCPUS; v++) {
			ARRAY_GROW(w, n);
			w[n++] = (struct waiter){order[i], vcpus ? (int)v : -1, {0}, 0};
		}
	}
	*out = w;
	return n;
}

/* ms/s of waiting per vCPU; those that did not wait fall out. */
static size_t fill(
	const struct analysis *a, const struct culprit_palette *p, struct waiter *w, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned vcpus = w[i].vcpu < 0 ? a->guests[w[i].guest].n_vcpus : 1;

		for (size_t k = 0; k < a->n_blame; k++) {
			const struct blame_row *b = &a->blame[k];
			double rate = (double)b->ns / 1e6 / a->window_s / fmax(vcpus, 1);

			if (b->guest != w[i].guest ||
				(w[i].vcpu >= 0 && b->vcpu != (unsigned)w[i].vcpu))
				continue;
			w[i].ms_per_s[culprit_slot(p, b->culprit, b->kind)] += rate;
			w[i].sum += rate;
		}
		if (w[i].sum > 0)
			w[kept++] = w[i];
	}
	return kept;
}

size_t who_waited(
	const struct analysis *a, const struct culprit_palette *p, bool vcpus, struct waiter **out)
{
	size_t n = waiters_of(a, vcpus, out);

	return fill(a, p, *out, n);
}

struct map {
	const struct analysis *a;
	struct culprit_palette palette;
	const struct waiter *w;
	size_t n;
	unsigned slots[CULPRIT_SLOTS], n_slots; /* rows */
	double most, name_w, cell_w;
	size_t across; /* columns side by side; more stand below */
};

static void draw_cell(struct svg *s, const struct map *m, const struct waiter *w, unsigned slot,
	double x, double y)
{
	double v = w->ms_per_s[slot], shade = v / m->most;
	char tip[256];

	svg_rect(s, "grid", x + 0.5, y + 0.5, m->cell_w - 1, CELL_H - 1, NULL);
	if (v <= 0)
		return;
	snprintf(tip, sizeof(tip), "%s took %.3g ms/s of %s: %.1f %% of its waiting",
		culprit_slot_name(&m->palette, slot), v, m->a->guests[w->guest].name,
		100 * v / w->sum);
	strbuf_add(s->out, "<g fill-opacity=\"%.2f\">", 0.12 + 0.88 * shade);
	svg_rect(s, culprit_slot_class(slot), x + 1, y + 1, m->cell_w - 2, CELL_H - 2, tip);
	strbuf_add(s->out, "</g>");
	snprintf(tip, sizeof(tip), v < 9.95 ? "%.1f" : "%.0f", v);
	svg_text(s, shade > 0.55 && slot != SLOT_IDLE ? "middle inside" : "middle",
		x + m->cell_w / 2, y + CELL_H / 2.0 + 4, "%s", v < 0.05 ? "< 0.1" : tip);
}

/* The columns [from, to) with their heads. */
static void draw_block(struct svg *s, const struct map *m, size_t from, size_t to, double y)
{
	unsigned room = (unsigned)(m->cell_w / SVG_CHAR_W);

	for (size_t i = from; i < to; i++) {
		const struct analysis_guest *g = &m->a->guests[m->w[i].guest];
		double x = m->name_w + (double)(i - from) * m->cell_w + m->cell_w / 2;

		svg_text(s, "middle", x, y + 12, "%.*s", (int)room, g->name);
		if (m->w[i].vcpu >= 0)
			svg_text(s, "middle dim", x, y + 27, "vcpu%u", g->vcpus[m->w[i].vcpu].id);
		else if (g->is_noise)
			svg_text(s, "middle dim", x, y + 27, "(noise)");
	}
	for (unsigned r = 0; r < m->n_slots; r++) {
		double top = y + HEAD + r * CELL_H;

		svg_rect(s, culprit_slot_class(m->slots[r]), 2, top + 8, 12, 12, NULL);
		svg_text(s, "start", 20, top + CELL_H / 2.0 + 4, "%.*s",
			(int)((m->name_w - 24) / SVG_CHAR_W),
			culprit_slot_name(&m->palette, m->slots[r]));
		for (size_t i = from; i < to; i++)
			draw_cell(s, m, &m->w[i], m->slots[r],
				m->name_w + (double)(i - from) * m->cell_w, top);
	}
}

/* Rows that hold something, and how wide all is. */
static void lay_out(struct map *m, double width)
{
	for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++) {
		bool any = false;

		for (size_t i = 0; i < m->n; i++) {
			any |= m->w[i].ms_per_s[slot] > 0;
			m->most = fmax(m->most, m->w[i].ms_per_s[slot]);
		}
		if (any)
			m->slots[m->n_slots++] = slot;
	}
	m->name_w = width < 600 ? 150 : 250;
	m->across = (size_t)((width - m->name_w) / CELL_LEAST);
	m->across = MIN(m->across, m->n);
	m->cell_w = fmin((width - m->name_w) / (double)m->across, CELL_MOST);
}

bool svg_plot_who(
	struct strbuf *out, double width, bool standalone, const struct analysis *a, bool vcpus)
{
	struct svg s = {.out = out, .standalone = standalone};
	auto_free struct waiter *w = NULL;
	struct map m = {.a = a, .palette = culprit_palette(a)};
	const char *title = "Who had the CPU while a vCPU waited, ms/s per vCPU";
	double y = standalone ? 26 : 4, block;
	size_t blocks;

	m.n = who_waited(a, &m.palette, vcpus, &w);
	m.w = w;
	if (!m.n)
		return false;
	lay_out(&m, width);
	blocks = (m.n + m.across - 1) / m.across;
	block = HEAD + m.n_slots * CELL_H + 14;
	svg_begin(&s, width, y + block * (double)blocks, title);
	if (standalone)
		svg_text(&s, "start", 2, 16, "%s", title);
	for (size_t i = 0; i < m.n; i += m.across, y += block)
		draw_block(&s, &m, i, MIN(i + m.across, m.n), y);
	svg_end(&s);
	return true;
}

/* ---- over time */

#define LEFT   62
#define RIGHT  16
#define BOTTOM 44
#define TALL   220
#define FULL   1000 /* of the bands' own height: whole numbers are short */

void who_bands_release(struct who_bands *b)
{
	for (unsigned i = 0; i < CULPRIT_SLOTS; i++)
		free(b->v[i]);
}

static double column_ms_per_s(
	const struct analysis *a, unsigned column, uint64_t ns, unsigned vcpus)
{
	double begin = (double)column * (double)a->columns.width_ns;
	double length = fmin((double)a->columns.width_ns, a->window_s * 1e9 - begin);

	return length > 0 ? (double)ns / length * 1000 / fmax(vcpus, 1) : 0;
}

struct who_bands who_bands(const struct analysis *a, const struct culprit_palette *p, size_t guest)
{
	struct who_bands b = {0};

	for (size_t i = 0; i < a->n_taken; i++) {
		const struct taken *t = &a->taken[i];
		unsigned slot = culprit_slot(p, t->culprit, t->kind);

		if (t->guest != guest)
			continue;
		if (!b.v[slot])
			b.v[slot] = xcalloc(a->columns.n, sizeof(double));
		for (unsigned c = 0; c < a->columns.n; c++)
			b.v[slot][c] += column_ms_per_s(a, c, t->ns[c], a->guests[guest].n_vcpus);
	}
	for (unsigned c = 0; c < a->columns.n; c++) {
		double sum = 0;

		for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++)
			sum += b.v[slot] ? b.v[slot][c] : 0;
		b.most = fmax(b.most, sum);
	}
	return b;
}

/* From `low` up to `high`, both from the top down: there along the upper edge, back along the lower. */
static void draw_band(
	struct svg *s, unsigned slot, const double *low, const double *high, unsigned n)
{
	strbuf_add(s->out, "<path class=\"%s\" d=\"M0 %.0f", culprit_slot_class(slot), low[0]);
	for (unsigned c = 0; c < n; c++)
		strbuf_add(s->out, "V%.0fh1", high[c]);
	for (unsigned c = n; c-- > 0;)
		strbuf_add(s->out, "V%.0fh-1", low[c]);
	strbuf_add(s->out, "z\"/>");
}

static void draw_bands(struct svg *s, const struct who_bands *b, unsigned n, double hi)
{
	auto_free double *low = xcalloc(n, sizeof(*low)), *high = xcalloc(n, sizeof(*high));

	for (unsigned c = 0; c < n; c++)
		low[c] = FULL;
	for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++) {
		if (!b->v[slot])
			continue;
		for (unsigned c = 0; c < n; c++)
			high[c] = low[c] - b->v[slot][c] / hi * FULL;
		draw_band(s, slot, low, high, n);
		memcpy(low, high, n * sizeof(*low));
	}
}

bool svg_plot_taken(
	struct strbuf *out, double width, bool standalone, const struct analysis *a, size_t guest)
{
	struct svg s = {.out = out, .standalone = standalone, .time = true};
	auto_free char *title = xasprintf("Who had the CPU while %s waited", a->guests[guest].name);
	struct svg_key key[CULPRIT_SLOTS];
	double top = standalone ? 24 : 4, scale;
	struct culprit_palette p;
	struct who_bands b;
	struct axis x, y;
	size_t n = 0;

	if (!a->n_taken) /* counts mode: of hundreds of guests none has bands */
		return false;
	p = culprit_palette(a);
	b = who_bands(a, &p, guest);
	for (unsigned slot = 0; slot < CULPRIT_SLOTS; slot++)
		if (b.v[slot])
			key[n++] = (struct svg_key){
				culprit_slot_class(slot), culprit_slot_name(&p, slot)};
	if (b.most > 0) {
		double legend = svg_key(NULL, key, n, 2, top + 12, width - 4);

		svg_begin(&s, width, legend + 20 + TALL + BOTTOM, title);
		if (standalone)
			svg_text(&s, "start", 2, 16, "%s", title);
		svg_key(&s, key, n, 2, top + 12, width - 4);
		x = svg_time_axis(a->window_s, LEFT, width - RIGHT, &scale);
		y = (struct axis){0, b.most, legend + 20 + TALL, legend + 20, false,
			"waiting (ms/s per vCPU)"};
		axis_round(&y);
		svg_axes(&s, &x, &y);
		svg_cells_begin(&s, &x, &y, a, FULL);
		draw_bands(&s, &b, a->columns.n, y.hi);
		svg_cells_end(&s);
		svg_end(&s);
	}
	who_bands_release(&b);
	return b.most > 0;
}
