// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/batch/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/batch/figures.h"
#include "json/json_text.h"

const char *batch_state_name(enum batch_state s)
{
	static const char *const names[] = {[BATCH_DONE] = "done",
		[BATCH_FAILED] = "failed",
		[BATCH_OPEN] = "open",
		[BATCH_STOPPED] = "not needed"};

	return names[s];
}

size_t batch_count(const struct batch_report *r, enum batch_state s)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_runs; i++)
		n += r->runs[i].state == s;
	return n;
}

static int by_place(const void *a, const void *b)
{
	const struct batch_run *x = *(const struct batch_run *const *)a,
			       *y = *(const struct batch_run *const *)b;
	int by_name = strverscmp(x->config, y->config);

	if (x->scenario != y->scenario)
		return x->scenario < y->scenario ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return by_name ? by_name : (x->repeat > y->repeat) - (x->repeat < y->repeat);
}

const struct batch_run **batch_order(const struct batch_report *r)
{
	const struct batch_run **list = xcalloc(r->n_runs + 1, sizeof(*list));

	for (size_t i = 0; i < r->n_runs; i++)
		list[i] = &r->runs[i];
	qsort(list, r->n_runs, sizeof(*list), by_place);
	return list;
}

/* Whether two warnings are the same but for the words with a figure in them: numbers, names of records. */
static bool alike(const char *a, const char *b)
{
	for (;;) {
		size_t na = strcspn(a, " "), nb = strcspn(b, " ");
		bool figure_a = strcspn(a, "0123456789") < na,
		     figure_b = strcspn(b, "0123456789") < nb;

		if (figure_a != figure_b || (!figure_a && (na != nb || memcmp(a, b, na) != 0)))
			return false;
		a += na;
		b += nb;
		if (!*a || !*b)
			return !*a && !*b;
		a++;
		b++;
	}
}

static int by_count(const void *a, const void *b)
{
	const struct batch_warning *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n ? 1 : strcmp(x->text, y->text);
}

struct batch_warning *batch_warnings(const struct batch_report *r, size_t *n)
{
	struct batch_warning *list = NULL;
	size_t done = batch_count(r, BATCH_DONE), count = 0;

	for (size_t i = 0; i < r->n_runs; i++) {
		for (size_t k = 0; k < r->runs[i].warnings.n; k++) {
			const char *text = r->runs[i].warnings.items[k];
			size_t w = 0;

			while (w < count && !alike(list[w].text, text))
				w++;
			if (w == count) {
				ARRAY_GROW(list, count);
				list[count++] = (struct batch_warning){.text = text};
			}
			list[w].varies |= strcmp(list[w].text, text) != 0;
			if (list[w].n && list[w].runs[list[w].n - 1] == i)
				continue;
			ARRAY_GROW(list[w].runs, list[w].n);
			list[w].runs[list[w].n++] = i;
		}
	}
	for (size_t w = 0; w < count; w++)
		list[w].every = list[w].n == done;
	if (count)
		qsort(list, count, sizeof(*list), by_count);
	*n = count;
	return list;
}

void batch_warnings_free(struct batch_warning *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(w[i].runs);
	free(w);
}

static void text_warnings(const struct batch_report *r, struct strbuf *out)
{
	size_t n;
	struct batch_warning *w = batch_warnings(r, &n);

	for (size_t i = 0; i < n; i++) {
		if (w[i].every) {
			text_add(out, "warning, every run: %s%s\n", w[i].text,
				w[i].varies ? BATCH_VARIES : "");
			continue;
		}
		text_add(out, "warning, %zu run%s: %s%s\n", w[i].n, w[i].n == 1 ? "" : "s",
			w[i].text, w[i].varies ? BATCH_VARIES : "");
		for (size_t k = 0; k < MIN(w[i].n, 5u); k++)
			text_add(out, "\t%s\n", r->runs[w[i].runs[k]].record);
		if (w[i].n > 5)
			text_add(out, "\tand %zu more\n", w[i].n - 5);
	}
	batch_warnings_free(w, n);
}

/* Mean time that a run spent on other things than measuring; NaN without a run. */
static double mean_overhead(const struct batch_report *r)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->n_runs; i++) {
		if (r->runs[i].state != BATCH_DONE || !isfinite(r->runs[i].overhead_s))
			continue;
		sum += r->runs[i].overhead_s;
		n++;
	}
	return n ? sum / (double)n : NAN;
}

void batch_report_text(const struct batch_report *r, struct strbuf *out)
{
	text_add(out, "batch %s: %zu runs done, %zu failed, %zu open", r->id,
		batch_count(r, BATCH_DONE), batch_count(r, BATCH_FAILED),
		batch_count(r, BATCH_OPEN));
	if (batch_count(r, BATCH_STOPPED))
		text_add(out, ", %zu not needed", batch_count(r, BATCH_STOPPED));
	if (isfinite(mean_overhead(r)))
		text_add(out, "; %.1f s a run not measuring", mean_overhead(r));
	text_add(out, "\n");
	for (size_t i = 0; i < r->n_scenarios; i++) {
		if (*r->scenarios[i].skipped)
			text_add(out, "skipped %s: %s\n", r->scenarios[i].name,
				r->scenarios[i].skipped);
		if (*r->scenarios[i].stopped)
			text_add(out, "stopped %s early: %s\n", r->scenarios[i].name,
				r->scenarios[i].stopped);
	}
	for (size_t i = 0; i < r->n_runs; i++)
		if (r->runs[i].state == BATCH_FAILED)
			text_add(out, "failed %s %s, repeat %u: %s\n",
				r->scenarios[r->runs[i].scenario].name, r->runs[i].config,
				r->runs[i].repeat + 1, r->runs[i].why);
	text_warnings(r, out);
	for (size_t i = 0; i < r->n_scenarios; i++)
		if (r->scenarios[i].published)
			published_text(r->scenarios[i].published, out);
	batch_figures_text(r, out);
	for (size_t i = 0; i < r->n_expects; i++)
		text_add(out, "expect %-7s %s %s: %s: %s\n", verdict_name(r->expects[i].verdict),
			r->scenarios[r->expects[i].scenario].name, r->expects[i].variant,
			r->expects[i].text, r->expects[i].why);
}

static json_t *run_json(const struct batch_report *r, const struct batch_run *u)
{
	return JSON({"scenario", json_text(r->scenarios[u->scenario].name)},
		{"variant", json_text(u->config)}, {"repeat", json_integer(u->repeat)},
		{"block", json_integer(u->block)}, {"state", json_text(batch_state_name(u->state))},
		{"run", json_text(u->record)}, {"why", json_text(u->why)},
		{"wall_s", json_number(u->wall_s)}, {"overhead_s", json_number(u->overhead_s)},
		{"warnings", json_texts(&u->warnings)});
}

static json_t *expect_json(const struct batch_report *r, const struct batch_expect *x)
{
	return JSON({"scenario", json_text(r->scenarios[x->scenario].name)},
		{"variant", json_text(x->variant)},
		{"verdict", json_text(verdict_name(x->verdict))}, {"text", json_text(x->text)},
		{"why", json_text(x->why)});
}

static json_t *scenario_json(const struct batch_scenario *s)
{
	return JSON({"name", json_text(s->name)}, {"path", json_text(s->path)},
		{"skipped", json_text(s->skipped)}, {"stopped", json_text(s->stopped)},
		{"published", s->published ? published_json(s->published) : NULL});
}

void batch_report_json(const struct batch_report *r, struct strbuf *out)
{
	json_t *runs = json_array(), *expects = json_array(), *scenarios = json_array();
	auto_free char *text = NULL;

	for (size_t i = 0; i < r->n_runs; i++)
		json_array_append_new(runs, run_json(r, &r->runs[i]));
	for (size_t i = 0; i < r->n_expects; i++)
		json_array_append_new(expects, expect_json(r, &r->expects[i]));
	for (size_t i = 0; i < r->n_scenarios; i++)
		json_array_append_new(scenarios, scenario_json(&r->scenarios[i]));
	text = json_document(JSON({"batch", json_text(r->id)}, {"status", json_integer(r->status)},
				     {"seed", json_u64(r->seed)}, {"shard", json_integer(r->shard)},
				     {"shards", json_integer(r->shards)}, {"runs", runs},
				     {"expect", expects}, {"scenarios", scenarios}),
		JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	strbuf_add(out, "%s", text);
}
