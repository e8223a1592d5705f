// SPDX-License-Identifier: GPL-3.0-or-later
/* A comparison as text, JSON and CSV. */
#include "report/compare/report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "base/wrap.h"
#include "report/escape.h"
#include "json/json_text.h"
#include "report/compare/alike.h"
#include "report/compare/headline.h"
#include "report/compare/words.h"

int compare_rank(const struct compare_result *of, size_t row)
{
	const struct compare_row *r = &of->rows[row];

	if (!r->na && !r->nb)
		return COMPARE_RANKS;
	return row == 0				? 0
	       : r->verdict >= COMPARE_A_BETTER ? 0
	       : r->verdict == COMPARE_SAME	? 1
						: 2;
}

char *compare_line(const struct compare_result *r, size_t i)
{
	return r->rows[i].verdict == COMPARE_TOO_FEW ? compare_say_too_few(r, i)
						     : compare_say(r, &r->rows[i]);
}

void compare_missing(const struct compare_result *r, struct strbuf *out)
{
	const char *separator = "not provided by either: ";

	for (size_t i = 0; i < r->n_rows; i++)
		if (!r->rows[i].na && !r->rows[i].nb) {
			text_add(out, "%s%s", separator, r->rows[i].metric->name);
			separator = ", ";
		}
}

/* Rows with a p by one method, and the most complete blocks of a row compared by it. */
static size_t rows_by(const struct compare_result *r, enum compare_method method, size_t *blocks)
{
	size_t n = 0;

	*blocks = 0;
	for (size_t i = 0; i < r->n_rows; i++)
		if (r->rows[i].method == method && !isnan(r->rows[i].p)) {
			*blocks = MAX(*blocks, r->rows[i].blocks);
			n++;
		}
	return n;
}

void compare_methods(const struct compare_result *r, struct strbuf *out)
{
	size_t blocks;

	if (rows_by(r, COMPARE_SIGNED_RANK, &blocks)) {
		text_add(out,
			"within blocks (%zu complete, %zu wanted): Hodges-Lehmann of the blocks' differences, p by Wilcoxon's signed ranks; delta: share of blocks with b above a - with b below a\n",
			blocks, r->blocks_wanted);
		if (r->input->mismatch)
			text_add(out, "%s: each block lies on one host\n", r->input->mismatch);
	}
	if (!rows_by(r, COMPARE_MANN_WHITNEY, &blocks))
		return;
	text_add(out,
		"as independent samples: Hodges-Lehmann of all pairs, p by Mann-Whitney; Cliff's delta\n");
	if (blocks)
		text_add(out, "not within blocks: %zu complete at most, %zu wanted\n", blocks,
			r->blocks_wanted);
}

/* Lines that a page shows as paragraphs, for a terminal. */
static void add_methods(const struct compare_result *r, struct strbuf *out)
{
	auto_struct(strbuf) lines = {0};

	compare_methods(r, &lines);
	compare_lines(&lines, out);
}

static void table_line(const struct compare_row *r, struct strbuf *out)
{
	const char *unit = r->metric->unit;
	char a[80], b[80], shift[80], lo[80], hi[80], blocks[24] = "-";

	quantity_text(r->median_a, unit, false, a, sizeof(a));
	quantity_text(r->median_b, unit, false, b, sizeof(b));
	if (r->method == COMPARE_SIGNED_RANK)
		snprintf(blocks, sizeof(blocks), "%zu", r->blocks);
	text_add(out, "%-22.40s %6s %5zu %5zu %12s %12s", r->metric->name, blocks, r->na, r->nb,
		r->na ? a : "-", r->nb ? b : "-");
	if (isnan(r->p)) {
		text_add(out, "\n");
		return;
	}
	quantity_text(r->shift.estimate, unit, true, shift, sizeof(shift));
	quantity_text(r->shift.ci.lo, unit, true, lo, sizeof(lo));
	quantity_text(r->shift.ci.hi, unit, true, hi, sizeof(hi));
	text_add(out, " %12s %12s %12s %9.2g %9.2g %+6.2f %s\n", shift, lo, hi, r->p, r->p_holm,
		r->delta, r->delta_word);
}

static void one_text(const struct compare_result *r, struct strbuf *out)
{
	auto_free char *legend = NULL;
	auto_struct(strbuf) missing = {0};

	if (r->warning)
		text_add(out, "warning: %s\n", r->warning);
	for (int rank = 0; rank < COMPARE_RANKS; rank++)
		for (size_t i = 0; i < r->n_rows; i++) {
			auto_free char *words = compare_line(r, i);

			if (!words || compare_rank(r, i) != rank)
				continue;
			if (r->rows[i].verdict == COMPARE_TOO_FEW)
				wrap_add(out, words, 0, 2);
			else
				text_add(out, "%s\n", words);
		}
	compare_missing(r, &missing);
	if (missing.len)
		wrap_add(out, missing.text, 0, 2);
	legend = xasprintf(
		"a = %s, b = %s; shift = b - a, its %.0f %% interval; p(Holm) corrected for all %zu tests",
		r->input->name_a, r->input->name_b, 100 * r->confidence, r->tests);
	text_add(out, "\n");
	wrap_add(out, legend, 0, 0);
	add_methods(r, out);
	text_add(out, "%-22s %6s %5s %5s %12s %12s %12s %12s %12s %9s %9s %6s %s\n", "metric",
		"blocks", "n(a)", "n(b)", "median(a)", "median(b)", "shift", "from", "to", "p",
		"p(Holm)", "delta", "effect");
	for (size_t i = 0; i < r->n_rows; i++)
		if (r->rows[i].na || r->rows[i].nb)
			table_line(&r->rows[i], out);
}

char *compare_outside(const struct compare_set *s)
{
	if (!s->outside || !*s->outside)
		return xstrdup("");
	return xasprintf(
		"seen from outside only, with no agent inside: %s; steal is the run_delay of its vCPU threads",
		s->outside);
}

void compare_lines(const struct strbuf *lines, struct strbuf *out)
{
	auto_free char *text = xstrdup(lines->text ? lines->text : "");
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		wrap_add(out, line, 0, 2);
}

static void set_text(const struct compare_set *s, const struct strbuf *notes, struct strbuf *out)
{
	auto_free char *outside = compare_outside(s);
	auto_struct(strbuf) headline = {0};

	if (s->baseline) {
		if (s->n > 1)
			headline_of_set(s, &headline);
		compare_lines(&headline, out);
		text_add(out, "%zu held against %s; p corrected for all %zu tests together\n", s->n,
			s->results[0].input->name_a, s->results[0].tests);
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->baseline)
			text_add(out, "\n%s against %s%s%s\n", s->results[i].input->name_b,
				s->results[i].input->name_a,
				s->results[i].input->point ? " at " : "",
				s->results[i].input->point ? s->results[i].input->point : "");
		one_text(&s->results[i], out);
	}
	if (notes->len || *outside)
		text_add(out, "\n");
	compare_lines(notes, out);
	if (*outside)
		wrap_add(out, outside, 0, 2);
}

void compare_report_text(const struct compare_set *s, struct strbuf *out)
{
	auto_struct(alike) shown = {0};

	alike_make(s, NULL, 0, &shown);
	set_text(&shown.set, &shown.notes, out);
}

static json_t *pair(struct interval v)
{
	return json_numbers((const double[]){v.lo, v.hi}, 2);
}

static json_t *row_json(const struct compare_result *of, const struct compare_row *r)
{
	auto_free char *words = compare_say(of, r);
	static const char *const better[] = {"lower", "none", "higher"}; /* from BETTER_LOWER */
	const struct compare_metric *m = r->metric;

	return JSON({"name", json_text(m->name)}, {"unit", json_text(m->unit)},
		{"better", json_text(better[m->better - BETTER_LOWER])},
		{"verdict", json_text(compare_words[r->verdict].name)}, {"words", json_text(words)},
		{"method", json_text(compare_method_names[r->method])},
		{"blocks", json_count(r->blocks)},
		{"left_out", json_pack("[o,o]", json_count(r->left_a), json_count(r->left_b))},
		{"n_a", json_count(r->na)}, {"n_b", json_count(r->nb)},
		{"median_a", json_number(r->median_a)}, {"median_b", json_number(r->median_b)},
		{"shift", json_number(r->shift.estimate)}, {"ci", pair(r->shift.ci)},
		{"bootstrap", pair(r->bootstrap)}, {"u", json_number(r->u)},
		{"v", json_number(r->v)}, {"p", json_number(r->p)},
		{"p_holm", json_number(r->p_holm)}, {"exact", json_boolean(r->exact)},
		{"cliffs_delta", json_number(r->delta)}, {"effect", json_text(r->delta_word)},
		{"bound", json_number(r->bound)}, {"values_a", json_numbers(m->a, m->na)},
		{"values_b", json_numbers(m->b, m->nb)});
}

static json_t *one_json(const struct compare_result *r)
{
	json_t *metrics = json_array();

	for (size_t i = 0; i < r->n_rows; i++)
		json_array_append_new(metrics, row_json(r, &r->rows[i]));
	return JSON({"a", json_text(r->input->name_a)}, {"b", json_text(r->input->name_b)},
		{"point", json_text_or_null(r->input->point)},
		{"confidence", json_real(r->confidence)}, {"tests", json_count(r->tests)},
		{"blocks_wanted", json_count(r->blocks_wanted)},
		{"warning", json_text_or_null(r->warning)}, {"metrics", metrics});
}

static json_t *set_json(const struct compare_set *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(list, one_json(&s->results[i]));
	return JSON({"baseline", json_text(s->results[0].input->name_a)},
		{"confidence", json_real(s->results[0].confidence)},
		{"tests", json_count(s->results[0].tests)}, {"comparisons", list});
}

void compare_report_json(const struct compare_set *s, struct strbuf *out)
{
	json_t *root = s->baseline ? set_json(s) : one_json(s->results);
	auto_free char *text = NULL;

	json_object_set_new(root, "seen_from_outside", json_text(s->outside ? s->outside : ""));
	text = json_document(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	strbuf_add(out, "%s", text);
}

static void csv_line(
	const struct compare_result *r, const struct compare_row *row, struct strbuf *out)
{
	const double v[] = {row->median_a, row->median_b, row->shift.estimate, row->shift.ci.lo,
		row->shift.ci.hi, row->bootstrap.lo, row->bootstrap.hi, row->u, row->p, row->p_holm,
		row->delta, row->bound, row->v};

	escape_csv(out, r->input->name_a);
	text_add(out, ",");
	escape_csv(out, r->input->name_b);
	text_add(out, ",%s,%s,%s,%zu,%zu", row->metric->name, row->metric->unit,
		compare_words[row->verdict].name, row->na, row->nb);
	for (size_t k = 0; k < ARRAY_SIZE(v); k++)
		escape_csv_number(out, v[k]);
	text_add(out, ",%s,%zu,%zu,%zu,", compare_method_names[row->method], row->blocks,
		row->left_a, row->left_b);
	escape_csv(out, r->input->point ? r->input->point : "");
	text_add(out, "\n");
}

void compare_report_csv(const struct compare_set *s, struct strbuf *out)
{
	text_add(out,
		"a,b,metric,unit,verdict,n_a,n_b,median_a,median_b,shift,ci_lo,ci_hi,bootstrap_lo,bootstrap_hi,u,p,p_holm,cliffs_delta,bound,v,method,blocks,left_out_a,left_out_b,point\n");
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->results[i].n_rows; k++)
			csv_line(&s->results[i], &s->results[i].rows[k], out);
}
