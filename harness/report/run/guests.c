// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run/guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_ns(const void *a, const void *b)
{
	const struct guest_culprit *x = a, *y = b;

	return x->ns > y->ns ? -1 : x->ns < y->ns ? 1 : strcmp(x->name, y->name);
}

size_t guest_culprits(
	const struct analysis *a, size_t guest, struct guest_culprit **out, uint64_t *sum)
{
	struct guest_culprit *list = xcalloc(a->n_blame + 1, sizeof(*list));
	size_t n = 0;

	*sum = 0;
	for (size_t i = 0; i < a->n_blame; i++) {
		const struct blame_row *r = &a->blame[i];
		size_t k = 0;

		if (r->guest != guest)
			continue;
		while (k < n && (list[k].kind != r->kind || strcmp(list[k].name, r->culprit) != 0))
			k++;
		if (k == n)
			list[n++] = (struct guest_culprit){r->culprit, r->kind, 0};
		list[k].ns += r->ns;
		*sum += r->ns;
	}
	qsort(list, n, sizeof(*list), by_ns);
	*out = list;
	return n;
}

const char *guest_cpus(const struct analysis_guest *g, char *buf, size_t size)
{
	struct cpuset all = {0};
	char cpus[CPUSET_TEXT];

	for (unsigned i = 0; i < g->n_vcpus; i++)
		all = cpuset_or(&all, &g->vcpus[i].cpu_set);
	cpuset_format(&all, cpus, sizeof(cpus));
	snprintf(buf, size, "%ux%s%s", g->n_vcpus, *cpus ? " " : "", cpus);
	return buf;
}
