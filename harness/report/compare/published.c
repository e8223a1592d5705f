// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"
#include "report/compare/priv.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stats/stats.h"
#include "report/assets.h"
#include "json/json_text.h"
#include "terms/words.h"

static bool read_row(json_t *j, struct row *out)
{
	json_t *change = json_object_get(j, "change"), *cases = json_object_get(j, "cases");

	*out = (struct row){.on_xen = json_object_get(j, "on") != NULL,
		.dom0_floats = json_object_get(j, "dom0") != NULL,
		.who = json_string_value(json_object_get(j, "who")),
		.said = json_string_value(json_object_get(j, "said")),
		.change = change ? json_number_value(change) : NAN};
	for (size_t c = 0; c < COLUMNS && !out->said; c++) {
		json_t *pair = json_array_get(cases, c);

		out->cases[c].with = json_string_value(json_array_get(pair, 0));
		out->cases[c].without = json_string_value(json_array_get(pair, 1));
		if (!out->cases[c].with || !out->cases[c].without)
			return false;
	}
	return out->who;
}

static bool read_figure(json_t *j, struct figure *out)
{
	json_t *rows = json_object_get(j, "rows");

	out->title = json_string_value(json_object_get(j, "title"));
	out->n_rows = json_array_size(rows);
	if (!out->title || out->n_rows > ROWS_MAX)
		return false;
	for (size_t r = 0; r < out->n_rows; r++)
		if (!read_row(json_array_get(rows, r), &out->rows[r]))
			return false;
	return true;
}

/* False when there is no table of that name, or (a test sees to it) it is not whole. */
static bool read_table(const char *key, struct table *out)
{
	json_t *j, *figures;
	const char *metric;
	bool whole;

	out->json =
		json_loadb(asset_published_json.text, asset_size(&asset_published_json), 0, NULL);
	j = json_object_get(out->json, key);
	figures = json_object_get(j, "figures");
	out->title = json_string_value(json_object_get(j, "title"));
	out->source = json_string_value(json_object_get(j, "source"));
	metric = json_string_value(json_object_get(j, "metric"));
	out->metric = metric ? metric_find(metric, NULL) : METRIC_COUNT;
	out->n_figures = json_array_size(figures);
	whole = out->title && out->source && out->metric != METRIC_COUNT &&
		out->n_figures <= FIGURES_MAX;
	for (size_t c = 0; c < COLUMNS; c++) {
		out->columns[c] =
			json_string_value(json_array_get(json_object_get(j, "columns"), c));
		whole &= out->columns[c] != NULL;
	}
	for (size_t f = 0; f < out->n_figures && whole; f++)
		whole = read_figure(json_array_get(figures, f), &out->figures[f]);
	return whole;
}

/* ---- ours */

static const struct analysis_guest *subject(const struct analysis *a)
{
	for (size_t i = 0; i < a->n_guests; i++)
		if (!a->guests[i].is_noise)
			return &a->guests[i];
	return NULL;
}

static bool is_of_xen(const struct analysis *a)
{
	const struct analysis_guest *g = subject(a);

	return g && word_is(&words_accel_found, g->accel, SHM_ACCEL_XEN);
}

/* What keeps house for a guest of Xen's is dom0: the record has it as the guest's emulator CPUs. */
static bool dom0_floats(const struct analysis *a)
{
	const struct analysis_guest *g = subject(a);

	for (size_t i = 0; g && i < a->info.n_guests; i++) {
		const struct run_guest *info = &a->info.guests[i];

		for (size_t v = 0; v < info->n_vcpus && !strcmp(info->name, g->name); v++) {
			struct cpuset both =
				cpuset_and(&info->vcpus[v].cpu_set, &info->emulator_cpus);

			if (!cpuset_empty(&both))
				return true;
		}
	}
	return false;
}

static bool is_of_row(const struct row *row, const struct analysis *a)
{
	return is_of_xen(a) == row->on_xen && (!row->on_xen || dom0_floats(a) == row->dom0_floats);
}

/* NAN when no boot of the variant has it. */
static double median_of(struct published *p, const struct analysis *const *set, size_t n,
	const struct row *row, const char *variant)
{
	auto_free double *v = xcalloc(n + 1, sizeof(*v));
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const struct analysis_guest *g = subject(set[i]);

		if (g && !strcmp(set[i]->info.variant, variant) && is_of_row(row, set[i]) &&
			g->metrics[p->table.metric].have)
			v[k++] = g->metrics[p->table.metric].value;
	}
	if (k && (!p->boots || k < p->boots))
		p->boots = k;
	return k ? stats_median(v, k) : NAN;
}

static const char *fact(const struct analysis *a, const char *key)
{
	for (size_t i = 0; i < a->info.n_facts; i++)
		if (!strcmp(a->info.facts[i].key, key))
			return a->info.facts[i].value;
	return NULL;
}

static bool differ(const struct analysis *a, const struct analysis *b, const char *key)
{
	const char *of_a = fact(a, key), *of_b = fact(b, key);

	return strcmp(of_a ? of_a : "", of_b ? of_b : "") != 0;
}

/* Of one kind, but of two boxes: labs may share a name, boxes a model. */
static bool are_mixed(const struct analysis *a, const struct analysis *b)
{
	const struct analysis_guest *g = subject(a), *h = subject(b);

	return g && h && !strcmp(g->accel, h->accel) &&
	       (differ(a, b, "host.name") || differ(a, b, "cpu.model"));
}

/* "kvm on Intel ...": labs of several boxes may stand in one table, which then says so. */
static void add_systems(struct published *p, const struct analysis *const *set, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct analysis_guest *g = subject(set[i]);
		const char *model = fact(set[i], "cpu.model");
		auto_free char *system =
			g ? xasprintf("%s%s%s", g->accel, model ? " on " : "", model ? model : "")
			  : NULL;

		if (!g)
			continue;
		if (!p->accels.text || !strstr(p->accels.text, g->accel))
			text_add(&p->accels, "%s%s", p->accels.len ? ", " : "", g->accel);
		for (size_t k = 0; k < i; k++)
			p->mixed |= are_mixed(set[i], set[k]);
		if (!strv_has(&p->systems, system))
			strv_add(&p->systems, "%s", system);
	}
}

static void fill_row(
	struct published *p, const struct analysis *const *set, size_t n, size_t f, size_t r)
{
	const struct row *row = &p->table.figures[f].rows[r];
	double sum = 0;
	unsigned k = 0;

	for (size_t c = 0; c < COLUMNS && !row->said; c++) {
		struct cell *cell = &p->cells[f][r][c];

		cell->with = median_of(p, set, n, row, row->cases[c].with);
		cell->without = median_of(p, set, n, row, row->cases[c].without);
		cell->change = cell->without > 0 ? (cell->with / cell->without - 1) * 100 : NAN;
		if (isfinite(cell->change)) {
			sum += cell->change;
			k++;
		}
	}
	p->means[f][r] = row->said ? row->change : k ? sum / k : NAN;
}

/* Without boots of Xen's its rows are left out; what was published of it stays. */
static void drop_rows(struct figure *f, const struct analysis *const *set, size_t n)
{
	size_t kept = 0;

	for (size_t r = 0; r < f->n_rows; r++) {
		bool wanted = !f->rows[r].on_xen;

		for (size_t i = 0; i < n && !wanted; i++)
			wanted = is_of_row(&f->rows[r], set[i]);
		if (wanted)
			f->rows[kept++] = f->rows[r];
	}
	f->n_rows = kept;
}

struct published *published_make(const struct analysis *const *set, size_t n)
{
	const char *key = n && set[0]->info.published ? set[0]->info.published : "";
	struct published *p;

	if (!*key)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	if (!read_table(key, &p->table)) {
		published_free(p);
		return NULL;
	}
	add_systems(p, set, n);
	for (size_t f = 0; f < p->table.n_figures; f++) {
		drop_rows(&p->table.figures[f], set, n);
		for (size_t r = 0; r < p->table.figures[f].n_rows; r++)
			fill_row(p, set, n, f, r);
	}
	return p;
}

void published_free(struct published *p)
{
	if (!p)
		return;
	json_decref(p->table.json);
	strbuf_release(&p->accels);
	strv_release(&p->systems);
	free(p);
}

/* ---- told */

void published_change(struct strbuf *out, double v)
{
	if (isfinite(v))
		strbuf_add(out, "%+.2f %%", v);
	else
		strbuf_add(out, "-");
}

const char *published_doubt(const struct published *p)
{
	return p->mixed
		       ? "Boots of several boxes stand in one row: choose one with host= or experiment=."
		       : "Order and sign compare, not digits.";
}

void published_text(const struct published *p, struct strbuf *out)
{
	const struct table *t = &p->table;

	strbuf_add(out, "%s\n", t->title);
	for (size_t f = 0; f < t->n_figures; f++) {
		strbuf_add(out, "\n  %-58s %10s %10s %16s\n", t->figures[f].title, t->columns[0],
			t->columns[1], "mean");
		for (size_t r = 0; r < t->figures[f].n_rows; r++) {
			const struct row *row = &t->figures[f].rows[r];
			struct strbuf c[COLUMNS + 1] = {{0}};

			for (size_t k = 0; k < COLUMNS; k++)
				published_change(&c[k], row->said ? NAN : p->cells[f][r][k].change);
			if (row->said)
				strbuf_add(&c[COLUMNS], "%s", row->said);
			else
				published_change(&c[COLUMNS], p->means[f][r]);
			strbuf_add(out, "    %-56s %10s %10s %16s\n", row->who,
				row->said ? "" : c[0].text, row->said ? "" : c[1].text,
				c[COLUMNS].text);
			for (size_t k = 0; k <= COLUMNS; k++)
				strbuf_release(&c[k]);
		}
	}
	strbuf_add(out, "\n  Ours, %zu boot%s of each variant, ran on:\n", p->boots,
		p->boots == 1 ? "" : "s");
	for (size_t i = 0; i < p->systems.n; i++)
		text_add(out, "    %.90s\n", p->systems.items[i]);
	strbuf_add(out, "  %s\n", published_doubt(p));
}

static json_t *row_json(const struct published *p, size_t f, size_t r)
{
	const struct row *row = &p->table.figures[f].rows[r];
	json_t *change = json_array();

	for (size_t k = 0; k < COLUMNS && !row->said; k++)
		json_array_append_new(change, json_number(p->cells[f][r][k].change));
	return JSON({"who", json_text(row->who)}, {"published", json_text(row->said)},
		{"change", change}, {"mean", json_number(p->means[f][r])});
}

json_t *published_json(const struct published *p)
{
	const struct table *t = &p->table;
	json_t *figures = json_array(), *columns = json_array();

	for (size_t c = 0; c < COLUMNS; c++)
		json_array_append_new(columns, json_text(t->columns[c]));
	for (size_t f = 0; f < t->n_figures; f++) {
		json_t *rows = json_array();

		for (size_t r = 0; r < t->figures[f].n_rows; r++)
			json_array_append_new(rows, row_json(p, f, r));
		json_array_append_new(
			figures, JSON({"title", json_text(t->figures[f].title)}, {"rows", rows}));
	}
	return JSON({"title", json_text(t->title)}, {"source", json_text(t->source)},
		{"accel", json_text(p->accels.text)}, {"systems", json_texts(&p->systems)},
		{"boots", json_count(p->boots)}, {"columns", columns}, {"figures", figures});
}
