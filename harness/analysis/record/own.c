// SPDX-License-Identifier: GPL-3.0-or-later
/* A record's own metrics: the figures of its <measure>s, by their own names, units and directions,
 * as run.json has them. */
#include <math.h>
#include <string.h>

#include "analysis/priv.h"

#define OWN_MAX 256 /* of one record; more are not believed */

static size_t find(const struct analysis *a, const char *name)
{
	size_t i = 0;

	while (i < a->n_own && strcmp(a->own[i].name, name) != 0)
		i++;
	return i;
}

/* One of stealscope's own names is not the record's to give. */
static bool is_sound(const struct run_measure *m)
{
	return name_is_safe(m->name) && metric_find(m->name, NULL) == METRIC_COUNT;
}

static void name_all(struct analysis *a)
{
	for (size_t i = 0; i < a->info.n_measures; i++) {
		const struct run_measure *m = &a->info.measures[i];
		bool higher = word_is(&words_measure_better, m->better, MEASURE_HIGHER);

		if (!is_sound(m) || find(a, m->name) < a->n_own || a->n_own == OWN_MAX)
			continue;
		ARRAY_GROW(a->own, a->n_own);
		a->own[a->n_own++] = (struct own_metric){
			m->name, m->unit, higher ? BETTER_HIGHER : BETTER_LOWER, m->command};
	}
}

/* `of` is the guest, or what its copies are numbered after. */
static bool is_of(const struct run_measure *m, const struct analysis_guest *g)
{
	size_t len = strlen(m->of);
	const char *rest;

	if (!len)
		return !g->is_noise;
	if (strncmp(g->name, m->of, len) != 0)
		return false;
	rest = g->name + len;
	return !*rest ||
	       (*rest == '-' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

void own_fold(struct build *b)
{
	struct analysis *a = b->a;

	name_all(a);
	for (size_t g = 0; g < a->n_guests; g++) {
		a->guests[g].own = xcalloc(a->n_own + 1, sizeof(*a->guests[g].own));
		for (size_t i = 0; i < a->n_own; i++)
			a->guests[g].own[i] = (struct metric_value){
				.value = NAN, .why = "it is another guest's figure"};
	}
	for (size_t i = 0; i < a->info.n_measures; i++) {
		const struct run_measure *m = &a->info.measures[i];
		size_t at = find(a, m->name);

		for (size_t g = 0; at < a->n_own && g < a->n_guests; g++) {
			struct metric_value *v = &a->guests[g].own[at];

			if (v->have || !is_of(m, &a->guests[g]))
				continue;
			*v = m->have && isfinite(m->value)
				     ? (struct metric_value){.have = true, .value = m->value}
				     : (struct metric_value){.value = NAN, .why = m->status};
		}
	}
}

const struct metric_value *analysis_value(const struct analysis *a, size_t guest, const char *name)
{
	enum metric_id id = metric_find(name, NULL);
	size_t own = id < METRIC_COUNT ? a->n_own : find(a, name);

	if (id < METRIC_COUNT)
		return &a->guests[guest].metrics[id];
	return own < a->n_own ? &a->guests[guest].own[own] : NULL;
}

const char *analysis_unit(const struct analysis *a, const char *name)
{
	const char *part;
	enum metric_id id = metric_find(name, &part);
	size_t own = id < METRIC_COUNT ? a->n_own : find(a, name);

	return id < METRIC_COUNT ? metric_table[id].unit : own < a->n_own ? a->own[own].unit : "";
}
