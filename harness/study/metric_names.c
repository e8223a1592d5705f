// SPDX-License-Identifier: GPL-3.0-or-later
#include "study/metric_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/near.h"
#include "record/run_info.h"

static void add(
	struct metric_names *names, const char *name, const char *unit, enum metric_better better)
{
	ARRAY_GROW(names->items, names->n);
	names->items[names->n++] = (struct metric_name){xstrdup(name), xstrdup(unit), better};
}

void metric_names_begin(struct metric_names *names)
{
	*names = (struct metric_names){0};
	for (size_t i = 0; i < METRIC_COUNT; i++)
		add(names, metric_table[i].name, metric_table[i].unit, metric_table[i].better);
}

void metric_names_of_record(struct metric_names *names, const char *dir)
{
	auto_struct(run_info) info = {0};
	struct err e = ERR_INIT;

	if (run_info_load(&info, dir, &e))
		return;
	for (size_t i = 0; i < info.n_measures; i++) {
		const struct run_measure *m = &info.measures[i];
		bool higher = word_is(&words_measure_better, m->better, MEASURE_HIGHER);

		if (name_is_safe(m->name) && metric_names_find(names, m->name) == names->n)
			add(names, m->name, m->unit, higher ? BETTER_HIGHER : BETTER_LOWER);
	}
}

size_t metric_names_find(const struct metric_names *names, const char *name)
{
	size_t i = 0;

	while (i < names->n && strcmp(names->items[i].name, name) != 0)
		i++;
	return i;
}

void metric_names_release(struct metric_names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		free(names->items[i].name);
		free(names->items[i].unit);
	}
	free(names->items);
	*names = (struct metric_names){0};
}

/* "timer.late.p99", or "timer" and "timer.late", which hold it. */
static bool is_name_or_group(const struct metric_names *names, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < names->n; i++)
		if (!strncmp(names->items[i].name, word, n) &&
			(!names->items[i].name[n] || names->items[i].name[n] == '.'))
			return true;
	return false;
}

int metric_names_check(const struct metric_names *names, const struct strv *asked, struct err *e)
{
	for (size_t i = 0; i < asked->n; i++) {
		struct near near = {.word = asked->items[i]};
		char hint[96];

		if (is_name_or_group(names, asked->items[i]))
			continue;
		for (size_t k = 0; k < names->n; k++)
			near_try(&near, names->items[k].name);
		return err_set_exit(e, EXIT_USAGE, EINVAL, "no metric '%.60s'%s", asked->items[i],
			near.best ? near_hint(&near, hint)
				  : "; `stealscope list metrics` shows stealscope's own");
	}
	return 0;
}
