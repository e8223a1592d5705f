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

static void add_seconds(struct strbuf *out, double s, double of, const char *what)
{
	if (s >= of / 1000)
		strbuf_add(out, "%s%.3g s %s", out->len ? ", " : "", s, what);
}

char *guest_job_text(const struct analysis_guest *g)
{
	const struct job_parts *p = &g->job;
	auto_struct(strbuf) parts = {0};

	if (!p->have)
		return NULL;
	add_seconds(&parts, p->wait_s, p->time_s, "waiting for a CPU");
	add_seconds(&parts, p->held_s, p->time_s, "held by its quota");
	add_seconds(&parts, p->sleep_s, p->time_s,
		p->worked ? "asleep"
			  : "asleep (its program ran as another process, which is not traced)");
	add_seconds(&parts, p->ran_s, p->time_s, "on a CPU");
	if (p->box_s >= p->time_s / 1000)
		strbuf_add(&parts, " (about %.3g s of it taken by the box's own hypervisor)",
			p->box_s);
	return xasprintf(
		"job.time of %s: %.3g s a unit = %s; how fast the CPU was (clock, caches, memory, SMT sibling, emulation) no source here tells apart",
		g->name, p->time_s, parts.text ? parts.text : "nothing known");
}

char *guests_outside(const struct analysis *a)
{
	auto_struct(strv) names = {0};

	for (size_t i = 0; i < a->n_guests; i++)
		if (a->guests[i].outside)
			strv_add(&names, "%s", a->guests[i].name);
	return strv_join(&names, ", ");
}
