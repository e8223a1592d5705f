// SPDX-License-Identifier: GPL-3.0-or-later
/* The placement map as SVG: who may run on which CPU. */
#include "report/plot/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL	   26
#define CELL_LEAST 12
#define NAME_W	   170
#define MAX_CPUS   256 /* columns drawn */
#define FOLD_FROM  48  /* rows: of more, neighbours that may run on the same CPUs are one */
#define MAX_ROWS   128 /* rows drawn */

struct place_row {
	const char *name;
	char *sub;
	const struct cpuset *cpus;
	size_t colour;
	unsigned alike; /* rows behind it that it stands for, too */
};

struct place_rows {
	struct place_row *row;
	size_t n;
	bool fold;
};

static void add_row(struct place_rows *r, struct place_row new)
{
	struct place_row *last = r->n ? &r->row[r->n - 1] : NULL;

	if (r->fold && last && cpuset_equal(last->cpus, new.cpus)) {
		last->alike++;
		free(new.sub);
		return;
	}
	ARRAY_GROW(r->row, r->n);
	r->row[r->n++] = new;
}

static struct place_rows collect_rows(const struct analysis *a)
{
	const struct run_info *r = &a->info;
	struct place_rows rows = {0};
	size_t all = 0, colour = 0;

	for (size_t g = 0; g < r->n_guests; g++)
		all += r->guests[g].n_vcpus;
	rows.fold = all > FOLD_FROM;
	for (size_t g = 0; g < r->n_guests; g++, colour++)
		for (size_t v = 0; v < r->guests[g].n_vcpus; v++)
			add_row(&rows, (struct place_row){r->guests[g].name,
					       xasprintf("vcpu%u", r->guests[g].vcpus[v].id),
					       &r->guests[g].vcpus[v].cpu_set, colour, 0});
	rows.fold = false;
	for (size_t i = 0; i < r->n_noises; i++, colour++)
		add_row(&rows, (struct place_row){r->noises[i].name,
				       xasprintf("%u %s", r->noises[i].threads, r->noises[i].kind),
				       &r->noises[i].cpus, colour, 0});
	return rows;
}

/* CPUs that anything here may use. */
static struct cpuset cpus_of(const struct analysis *a, const struct place_rows *rows)
{
	struct cpuset all = cpuset_or(&a->info.lab_cpus, &a->info.housekeeping_cpus);

	for (size_t i = 0; i < rows->n; i++)
		all = cpuset_or(&all, rows->row[i].cpus);
	return all;
}

static void draw_row(
	struct svg *s, const struct place_row *r, const struct cpuset *cpus, double y, double cell)
{
	char class[16], tip[160], more[24] = "";
	int column = 0;

	snprintf(class, sizeof(class), "b%zu", r->colour % 8);
	if (r->alike)
		snprintf(more, sizeof(more), " +%u", r->alike);
	svg_text(s, "end", NAME_W - 8, y + CELL / 2.0 + 2, "%.14s %.10s%s", r->name, r->sub, more);
	cpuset_for_each (cpu, cpus) {
		double x = NAME_W + column * cell;

		if (column++ >= MAX_CPUS)
			break;
		svg_rect(s, "grid", x + 0.5, y + 0.5, cell - 1, CELL - 5, NULL);
		if (!cpuset_has(r->cpus, (unsigned)cpu))
			continue;
		if (r->alike)
			snprintf(tip, sizeof(tip),
				"%.64s %.20s and %u vCPUs behind it may run on CPU %d", r->name,
				r->sub, r->alike, cpu);
		else
			snprintf(tip, sizeof(tip), "%.64s %.20s may run on CPU %d", r->name, r->sub,
				cpu);
		svg_rect(s, class, x + 1.5, y + 1.5, cell - 3, CELL - 7, tip);
	}
}

static void draw_head(struct svg *s, const struct cpuset *cpus, double head, double cell)
{
	int column = 0;

	svg_text(s, "end dim", NAME_W - 8, head - 8, "CPU");
	cpuset_for_each (cpu, cpus) {
		if (column >= MAX_CPUS)
			break;
		if (cell >= 20 || column % 4 == 0)
			svg_text(s, "middle dim", NAME_W + (column + 0.5) * cell, head - 8, "%d",
				cpu);
		column++;
	}
}

static void draw_foot(
	struct svg *s, const struct analysis *a, const struct cpuset *cpus, double y, double cell)
{
	int column = 0;

	svg_text(s, "end dim", NAME_W - 8, y + 12, "lab CPU");
	cpuset_for_each (cpu, cpus) {
		if (column < MAX_CPUS && cpuset_has(&a->info.lab_cpus, (unsigned)cpu))
			svg_rect(s, "sleep", NAME_W + column * cell + 1.5, y + 5, cell - 3, 7,
				"lab CPU");
		column++;
	}
}

void svg_plot_placement(struct strbuf *out, double width, bool standalone, const struct analysis *a)
{
	struct svg s = {.out = out, .standalone = standalone};
	struct place_rows rows = collect_rows(a);
	const size_t drawn = MIN(rows.n, (size_t)MAX_ROWS);
	const struct cpuset cpus = cpus_of(a, &rows);
	const unsigned all = cpuset_count(&cpus), columns = MIN(all, MAX_CPUS);
	double head = standalone ? 50 : 26, cell, y = head;
	const bool cut = drawn < rows.n || columns < all;
	bool folded = false;

	cell = fmin(CELL * 2, fmax(CELL_LEAST, (width - NAME_W - 4) / fmax(columns, 1)));
	for (size_t i = 0; i < drawn; i++)
		folded |= rows.row[i].alike > 0;
	svg_begin(&s, fmax(NAME_W + cell * columns + 4, 300),
		head + (double)drawn * CELL + 20 + (cut ? 18 : 0) + (folded ? 18 : 0), "Placement");
	if (standalone)
		svg_text(&s, "start", 2, 16, "Placement");
	draw_head(&s, &cpus, head, cell);
	for (size_t i = 0; i < drawn; i++, y += CELL)
		draw_row(&s, &rows.row[i], &cpus, y, cell);
	draw_foot(&s, a, &cpus, y, cell);
	if (folded)
		svg_text(&s, "start dim", 2, y + 30,
			"+N: and the N vCPUs behind it, on the same CPUs");
	if (cut)
		svg_text(&s, "start dim", 2, y + (folded ? 48 : 30),
			"shown: %zu of %zu rows, %u of %u CPUs", drawn, rows.n, columns, all);
	svg_end(&s);
	for (size_t i = 0; i < rows.n; i++)
		free(rows.row[i].sub);
	free(rows.row);
}
