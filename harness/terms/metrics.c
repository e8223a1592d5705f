/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metric table, and docs/metrics.md made from it. */
#include "terms/metrics.h"

#include <string.h>

const struct metric_info metric_table[METRIC_COUNT] = {
#define METRIC(id, ...) [METRIC_##id] = {__VA_ARGS__},
#include "terms/metrics.def"
};

enum metric_id metric_find(const char *name, const char **part)
{
	const char *colon = strchr(name, ':');
	size_t len = colon ? (size_t)(colon - name) : strlen(name);

	if (colon && (!part || !colon[1]))
		return METRIC_COUNT;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		if (strlen(metric_table[i].name) != len ||
			strncmp(metric_table[i].name, name, len) ||
			(colon && !metric_table[i].parts))
			continue;
		if (part)
			*part = colon ? colon + 1 : NULL;
		return (enum metric_id)i;
	}
	return METRIC_COUNT;
}

static const char *fold_text(enum metric_fold f)
{
	switch (f) {
	case FOLD_MEAN:
		return "mean of its vCPUs";
	case FOLD_SUM:
		return "sum of its vCPUs";
	case FOLD_MAX:
		return "largest vCPU";
	case FOLD_POOL:
		return "all its vCPUs' samples together";
	case FOLD_GUEST:
		return "of the guest as a whole";
	}
	return "?";
}

void metrics_print_markdown(FILE *out)
{
	fputs("# Metrics\n\nMade from `harness/terms/metrics.def`. \"ms/s\" is per vCPU. A metric whose source is missing is absent with the reason, never 0.\n\n"
	      "| name | unit | better | needs | a guest's value | definition |\n|---|---|---|---|---|---|\n",
		out);
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *m = &metric_table[i];

		fprintf(out, "| `%s` | %s | %s | %s | %s | %s |\n", m->name, m->unit,
			m->better < 0	? "lower"
			: m->better > 0 ? "higher"
					: "",
			m->from, fold_text(m->fold), m->doc);
	}
}
