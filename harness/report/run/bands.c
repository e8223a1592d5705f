// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/bands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/stats/stats.h"
#include "base/text.h"
#include "json/json_text.h"
#include "report/assets.h"
#include "report/markup.h"
#include "report/page/parts.h"
#include "report/plot/figures.h"
#include "report/plot/svg.h"

#define PERIOD_NS (10 * NS_PER_MS) /* of the sleep that was published */
#define LEFT	  12
#define ROW	  64
#define BAR	  14

/* ---- what the guest felt */

static size_t subject(const struct analysis *a)
{
	size_t g = 0;

	while (g < a->n_guests && a->guests[g].is_noise)
		g++;
	return g;
}

static bool wakes_every_10_ms(const struct analysis *a, size_t g)
{
	const struct run_guest *info = &a->info.guests[g];

	for (size_t i = 0; i < info->n_probes; i++)
		if (word_is(&words_probe, info->probes[i].name, PROBE_TIMER) &&
			info->probes[i].p[0] == PERIOD_NS)
			return true;
	return false;
}

/* The values of one series, times `scale`, plus `more`. */
static void felt(const struct analysis *a, size_t g, enum series_id id, double scale, double more,
	struct band *out)
{
	auto_free double *v = NULL;
	size_t n = 0;

	for (unsigned k = 0; k < a->guests[g].n_vcpus; k++) {
		struct series s = figure_trim(&a->guests[g].vcpus[k].series[id], a->window_s);

		for (size_t i = 0; i < s.n; i++)
			if (isfinite(s.v[i])) {
				ARRAY_GROW(v, n);
				v[n++] = s.v[i] * scale + more;
			}
	}
	if (!n) {
		out->missing = "the guest has no such figure of a whole 10 s";
		return;
	}
	stats_sort(v, n);
	out->felt = (struct band_felt){n, stats_quantile_sorted(v, n, 0.1),
		stats_quantile_sorted(v, n, 0.5), stats_quantile_sorted(v, n, 0.9), v[n - 1]};
}

static void fill(const struct analysis *a, const char *series, struct band *out)
{
	size_t g = subject(a);

	if (!strcmp(series, "steal")) {
		out->unit = "ms/s";
		if (g < a->n_guests)
			felt(a, g, SERIES_STEAL, 1, 0, out);
	} else {
		out->unit = "ms";
		if (g < a->n_guests && wakes_every_10_ms(a, g))
			felt(a, g, SERIES_TIMER_LATE, 1e-3, (double)PERIOD_NS / 1e6, out);
		else
			out->missing = "no guest wakes every 10 ms";
	}
	if (g == a->n_guests)
		out->missing = "no guest left a record";
}

static double number_or_none(json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

void bands_make(const struct analysis *a, struct bands *out)
{
	const char *key = a->info.published ? a->info.published : "";
	json_t *table, *rows, *row;
	size_t i;

	*out = (struct bands){0};
	if (!*key)
		return;
	out->json =
		json_loadb(asset_published_json.text, asset_size(&asset_published_json), 0, NULL);
	table = json_object_get(out->json, key);
	rows = json_object_get(table, "bands");
	json_array_foreach(rows, i, row)
	{
		const char *series = json_string_value(json_object_get(row, "series"));
		struct band *b = &out->band[out->n];

		if (out->n == BANDS_MAX || !series)
			break;
		*b = (struct band){.what = json_string_value(json_object_get(row, "what")),
			.said = json_string_value(json_object_get(row, "said")),
			.low = number_or_none(row, "low"),
			.high = number_or_none(row, "high"),
			.peak = number_or_none(row, "peak")};
		fill(a, series, b);
		out->n++;
	}
	if (out->n) {
		out->title = json_string_value(json_object_get(table, "title"));
		out->source = json_string_value(json_object_get(table, "source"));
	}
}

void bands_release(struct bands *b)
{
	json_decref(b->json);
	*b = (struct bands){0};
}

/* ---- told */

char *band_line(const struct band *b)
{
	const struct band_felt *f = &b->felt;

	if (!f->n)
		return xasprintf(
			"%s: published: %s; here not provided: %s", b->what, b->said, b->missing);
	return xasprintf(
		"%s: published: %s; here %.1f to %.1f %s (10th to 90th percentile of %zu values), median %.1f, highest %.1f",
		b->what, b->said, f->low, f->high, b->unit, f->n, f->median, f->most);
}

json_t *bands_json(const struct analysis *a)
{
	struct bands b;
	json_t *list;

	bands_make(a, &b);
	list = b.n ? json_array() : NULL;
	for (size_t i = 0; i < b.n; i++) {
		const struct band *r = &b.band[i];
		const struct band_felt *f = &r->felt;

		json_array_append_new(
			list, JSON({"what", json_text(r->what)}, {"unit", json_text(r->unit)},
				      {"published", JSON({"said", json_text(r->said)},
							    {"low", json_number(r->low)},
							    {"high", json_number(r->high)},
							    {"peak", json_number(r->peak)})},
				      {"felt", f->n ? JSON({"values", json_count(f->n)},
							      {"p10", json_number(f->low)},
							      {"p50", json_number(f->median)},
							      {"p90", json_number(f->high)},
							      {"max", json_number(f->most)})
						    : json_null()},
				      {"not_provided", f->n ? NULL : json_text(r->missing)}));
	}
	bands_release(&b);
	return list;
}

/* ---- drawn: on one axis what was published, and below it what was felt */

static void draw_row(struct svg *s, const struct band *b, double y)
{
	const struct band_felt *f = &b->felt;
	struct axis x = {.lo = 0,
		.hi = fmax(fmax(b->peak, b->high), f->n ? f->most : 0),
		.from = LEFT,
		.to = s->w - 2 * LEFT,
		.label = b->unit};
	double at;

	axis_round(&x);
	svg_text(s, "start", LEFT, y - 6, "%s", b->what);
	if (isfinite(b->low) && isfinite(b->high))
		svg_rect(s, "b0 band", axis_at(&x, b->low), y,
			axis_at(&x, b->high) - axis_at(&x, b->low), 2 * BAR, b->said);
	if (isfinite(b->peak))
		svg_line(s, "mark", axis_at(&x, b->peak), y, axis_at(&x, b->peak), y + 2 * BAR);
	if (f->n) {
		at = axis_at(&x, f->low);
		svg_rect(s, "b1", at, y + BAR, fmax(axis_at(&x, f->high) - at, 1), BAR - 4,
			"10th to 90th percentile, here");
		svg_line(s, "span", axis_at(&x, f->median), y + BAR - 3, axis_at(&x, f->median),
			y + 2 * BAR - 1);
		svg_line(s, "c1 line", axis_at(&x, f->most), y + BAR - 3, axis_at(&x, f->most),
			y + 2 * BAR - 1);
	}
	svg_x_axis(s, &x, y + 2 * BAR);
}

static bool draw(const void *what, double width, bool standalone, struct strbuf *out)
{
	const struct bands *b = what;
	struct svg s = {.out = out, .standalone = standalone};

	svg_begin(&s, width, (double)b->n * (ROW + BAR) + BAR, b->title);
	for (size_t i = 0; i < b->n; i++)
		draw_row(&s, &b->band[i], (double)i * (ROW + BAR) + 2 * BAR);
	svg_end(&s);
	return b->n > 0;
}

void html_bands(const struct analysis *a, struct strbuf *out)
{
	struct bands b;

	bands_make(a, &b);
	if (b.n) {
		html_add(out, "<h3>%s</h3>\n", b.title);
		html_plot(out, draw, &b);
		html_raw(out,
			"<p class=\"note\">Shaded: the range that was published; dashed: its peak. The bar below: the 10th to the 90th percentile of the values here, their median, the highest.</p>\n<ul>\n");
		for (size_t i = 0; i < b.n; i++) {
			auto_free char *line = band_line(&b.band[i]);

			html_add(out, "<li>%s</li>\n", line);
		}
		html_add(out, "</ul>\n<p class=\"note\">Source: %s.</p>\n", b.source);
	}
	bands_release(&b);
}
