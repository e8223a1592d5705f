// SPDX-License-Identifier: GPL-3.0-or-later
/* The figures over time as the JSON that assets/report.js reads. */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/markup.h"
#include "report/plot/figures.h"
#include "report/plot/spans.h"
#include "report/run/html.h"
#include "report/page/parts.h"

static size_t count_values(const struct analysis *a)
{
	size_t total = 0;

	for (size_t i = 0; i < n_figures; i++) {
		size_t n, left_out;
		struct figure_line *lines = figure_lines(a, &figure_table[i], &n, &left_out);

		for (size_t k = 0; k < n; k++)
			total += lines[k].series.n + lines[k].mean.n;
		figure_lines_free(lines, n);
	}
	return total;
}

static size_t thinning(const struct analysis *a)
{
	return count_values(a) / HTML_MAX_VALUES + 1;
}

/* The highest of bins [from, to), NaN when none is known. */
static double highest(const struct series *s, size_t from, size_t to)
{
	double best = NAN;

	for (size_t i = from; i < MIN(to, s->n); i++)
		if (isnan(best) || s->v[i] > best)
			best = s->v[i];
	return best;
}

static void add_values(struct strbuf *out, const struct series *s, double scale, size_t thin)
{
	strbuf_add(out, "[");
	for (size_t i = 0; i < s->n; i += thin) {
		if (i)
			strbuf_addn(out, ",", 1);
		escape_number(out, highest(s, i, i + thin) * scale, 4);
	}
	strbuf_add(out, "]");
}

static void add_figure(
	const struct analysis *a, const struct figure_info *f, size_t thin, struct strbuf *out)
{
	size_t n, left_out;
	auto_free char *twin = figure_twin(a, f);
	struct figure_line *lines = figure_lines(a, f, &n, &left_out);

	strbuf_add(out,
		"{\"id\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\",\"bin_s\":%g,\"log\":%s,\"missing\":",
		f->id, f->name, f->unit, figure_bin_s(a) * (double)thin, f->log ? "true" : "false");
	escape_json(out, f->missing);
	strbuf_add(out, ",\"left_out\":%zu,\"lines\":[", left_out);
	for (size_t i = 0; i < n && !twin; i++) {
		strbuf_add(out, "%s{\"name\":", i ? "," : "");
		escape_json(out, lines[i].name);
		strbuf_add(out, ",\"group\":");
		escape_json(out, lines[i].group);
		strbuf_add(out, ",\"v\":");
		add_values(out, &lines[i].series, f->scale, thin);
		if (lines[i].mean.n) {
			strbuf_add(out,
				",\"mean_s\":%g,\"mean\":", (double)lines[i].mean.bin_ns / 1e9);
			add_values(out, &lines[i].mean, f->scale, 1);
		}
		strbuf_add(out, "}");
	}
	strbuf_add(out, "]}");
	figure_lines_free(lines, n);
}

static void add_spans(const struct analysis *a, struct strbuf *out)
{
	auto_free struct time_span *spans = NULL;
	size_t n = time_spans(a, &spans);

	strbuf_add(out, ",\"spans\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_add(out, "%s{\"name\":", i ? "," : "");
		escape_json(out, spans[i].name);
		strbuf_add(out, ",\"colour\":\"--%s\",\"from\":%.6g,\"to\":%.6g}", spans[i].class,
			spans[i].from_s, spans[i].to_s);
	}
	strbuf_add(out, "]");
}

void html_data(const struct analysis *a, struct strbuf *out)
{
	size_t thin = thinning(a);

	strbuf_add(out, "{\"window_s\":");
	escape_number(out, a->window_s, 9);
	add_spans(a, out);
	strbuf_add(out, ",\"figures\":[");
	for (size_t i = 0; i < n_figures; i++) {
		strbuf_add(out, i ? ",\n" : "");
		add_figure(a, &figure_table[i], thin, out);
	}
	strbuf_add(out, "]}");
}

void html_series_note(const struct analysis *a, struct strbuf *out)
{
	size_t n, left_out, thin = thinning(a);
	struct figure_line *lines = figure_lines(a, &figure_table[0], &n, &left_out);
	auto_free char *rest = time_spans_rest(a);

	figure_lines_free(lines, n);
	if (rest)
		html_add(out, "<p class=\"note\">%s</p>\n", rest);
	if (thin > 1)
		html_add(out,
			"<p class=\"note\">So long a run is thinned for this page: each point of the figures over time is the highest %.0f s value of %.0f s.</p>\n",
			figure_bin_s(a), figure_bin_s(a) * (double)thin);
	if (left_out)
		html_add(out,
			"<p class=\"note\">%zu more lines are not drawn; analysis.json has them.</p>\n",
			left_out);
}

static void figure_or_twin(const struct analysis *a, const char *id, struct strbuf *out)
{
	for (size_t i = 0; i < n_figures; i++) {
		auto_free char *twin = NULL;

		if (strcmp(figure_table[i].id, id) != 0)
			continue;
		twin = figure_twin(a, &figure_table[i]);
		if (twin)
			html_add(out, "<p class=\"note\">%s.</p>\n", twin);
		else
			html_add(out, "<div class=\"figure\" data-figure=\"%s\"></div>\n", id);
	}
}

void html_elapsed(const struct analysis *a, struct strbuf *out)
{
	figure_or_twin(a, "elapsed", out);
}

void html_witnesses(const struct analysis *a, struct strbuf *out)
{
	figure_or_twin(a, "witnesses", out);
}
