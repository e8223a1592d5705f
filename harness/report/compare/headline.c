// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/compare/headline.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "report/compare/words.h"

/* 2 differs for better or worse, 1 something can be said, 0 nothing can; of all results the most. */
static int weight(const struct compare_set *s, size_t row)
{
	int most = 0;

	for (size_t i = 0; s && i < s->n; i++)
		switch (s->results[i].rows[row].verdict) {
		case COMPARE_A_BETTER:
		case COMPARE_B_BETTER:
			return 2;
		case COMPARE_DIFFERENT:
		case COMPARE_SAME:
			most = 1;
			break;
		default:
			break;
		}
	return most;
}

/* A figure of the user's own, then what a guest feels, then the rest. */
static size_t place(const char *name)
{
	static const enum metric_id first[] = {METRIC_TIMER_LATE_P99, METRIC_STEAL_RATE,
		METRIC_JOB_TIME, METRIC_JOB_RATE, METRIC_GAP_RATE};
	enum metric_id id = metric_find(name, NULL);
	size_t i = 0;

	if (id == METRIC_COUNT)
		return 0;
	while (i < ARRAY_SIZE(first) && first[i] != id)
		i++;
	return i + 1;
}

bool headline_before(
	const struct compare_set *set, const char *name_i, size_t i, const char *name_k, size_t k)
{
	int wi = weight(set, i), wk = weight(set, k);
	size_t pi = place(name_i), pk = place(name_k);

	return wi != wk ? wi > wk : pi != pk ? pi < pk : i < k;
}

static size_t count(const struct compare_result *r, enum compare_verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_rows; i++)
		n += r->rows[i].verdict == v;
	return n;
}

/* "; of 9 metrics better in 2, worse in 1, different in 3". */
static void add_counts(const struct compare_result *r, struct strbuf *out)
{
	size_t better = count(r, COMPARE_B_BETTER), worse = count(r, COMPARE_A_BETTER),
	       differs = count(r, COMPARE_DIFFERENT);

	if (r->n_rows < 2 || better + worse + differs + count(r, COMPARE_SAME) == 0)
		return;
	text_add(out, ". Of %zu metrics %s is better in %zu, worse in %zu, different in %zu",
		r->n_rows, r->input->name_b, better, worse, differs);
}

static void of_arm(const struct compare_result *r, bool named, struct strbuf *out)
{
	auto_free char *words = compare_say(r, &r->rows[0]);

	if (named)
		text_add(out, "%s against %s: ", r->input->name_b, r->input->name_a);
	text_add(out, "%s", words);
	add_counts(r, out);
	text_add(out, "\n");
}

/* "better at lab.overcommit=1, 2": of the results [from, to), which are points of one variant. */
static void add_points(const struct compare_result *r, size_t n, enum compare_verdict v,
	const char *word, const char **separator, struct strbuf *out)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const char *point = r[i].input->point, *value = strchr(point, '=');

		if (r[i].rows[0].verdict != v)
			continue;
		if (any)
			text_add(out, ", %s", value ? value + 1 : point);
		else
			text_add(out, "%s%s at %s", *separator, word, point);
		any = true;
	}
	if (any)
		*separator = "; ";
}

static void of_points(const struct compare_result *r, size_t n, struct strbuf *out)
{
	const char *separator = "";

	text_add(out, "%s against %s, %s: ", r->input->name_b, r->input->name_a,
		r->rows[0].metric->name);
	for (enum compare_verdict v = COMPARE_DIFFERENT + 1; v-- > COMPARE_NO_DATA;)
		add_points(r, n, v, compare_words[v].of_b, &separator, out);
	text_add(out, "\n");
}

void headline_of_set(const struct compare_set *s, struct strbuf *out)
{
	for (size_t from = 0, to; from < s->n; from = to) {
		const struct compare_result *r = &s->results[from];

		for (to = from + 1; to < s->n && r->input->point && s->results[to].input->point &&
				    !strcmp(s->results[to].input->name_b, r->input->name_b);)
			to++;
		if (!r->n_rows)
			continue;
		if (r->input->point)
			of_points(r, to - from, out);
		else
			of_arm(r, s->n > 1, out);
	}
}

static void add_value(const struct sweep *s, const char *label, double v, const char *separator,
	struct strbuf *out)
{
	char text[48];

	text_add(out, "%s%s at %s", separator, quantity_text(v, s->unit, false, text, sizeof(text)),
		label);
}

static void of_line(const struct sweep *s, const struct sweep_line *l, struct strbuf *out)
{
	const struct sweep_point *first = NULL, *last = NULL, *from = NULL, *to = NULL;
	double most = 0, v_first = NAN, v_last = NAN;

	for (size_t i = 0; i < l->n; i++) {
		double v = sweep_value(&l->points[i]).median;

		if (!isfinite(v))
			continue;
		if (!first) {
			first = &l->points[i];
			v_first = v;
		} else if (fabs(v - v_last) > most) {
			most = fabs(v - v_last);
			from = last;
			to = &l->points[i];
		}
		last = &l->points[i];
		v_last = v;
	}
	if (!first)
		return;
	text_add(out, "%s%s%s by %s: ", l->name, *l->name ? ": " : "", s->metric, s->key);
	add_value(s, first->label, v_first, "", out);
	if (last != first)
		add_value(s, last->label, v_last, ", ", out);
	if (to && l->n > 2)
		text_add(out, "; its largest step is from %s to %s", from->label, to->label);
	text_add(out, "\n");
}

void headline_of_sweep(const struct sweep *s, struct strbuf *out)
{
	for (size_t i = 0; i < s->n; i++)
		of_line(s, &s->lines[i], out);
}
