// SPDX-License-Identifier: GPL-3.0-or-later
// The map of a plan: one line per CPU in use, sets that float over several CPUs as letters.
#include "plan/plan_map.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "plan/priv.h"

#define COLUMNS 96

/* The words after `indent` columns, wrapped. */
static void print_words(FILE *f, const struct strv *words, unsigned indent, unsigned column)
{
	for (size_t i = 0; i < words->n; i++) {
		unsigned len = (unsigned)strlen(words->items[i]) + 1;

		if (column + len > COLUMNS && column > indent) {
			text_print(f, "\n%*s", (int)indent, "");
			column = indent;
		}
		text_print(f, " %s", words->items[i]);
		column += len;
	}
	fputc('\n', f);
}

/* Up to a blank, or behind a comma of a CPU list. */
static size_t piece_len(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ' ')
		if (text[len++] == ',' && isdigit((unsigned char)text[len]))
			break;
	return len;
}

/* A line; what does not fit goes on after `indent` columns. */
void plan_print_line(FILE *f, const char *line, unsigned indent)
{
	auto_free char *clean = text_cleaned(line);
	const char *text = clean;
	unsigned column = 0;

	while (*text) {
		unsigned gap = (unsigned)strspn(text, " "), len;

		text += gap;
		len = (unsigned)piece_len(text);
		if (column + gap + len > COLUMNS && column > indent) {
			text_print(f, "\n%*s", (int)indent, "");
			column = indent;
			gap = 0;
		}
		text_print(f, "%*s", (int)gap, "");
		fwrite(text, 1, len, f);
		column += gap + len;
		text += len;
	}
	fputc('\n', f);
}

/* "CPUs 0-3,8" whole, added to a line. */
void plan_add_cpus(struct strbuf *b, const struct cpuset *s)
{
	char list[CPUSET_TEXT];

	strbuf_add(b, "CPU%s %s", cpuset_count(s) == 1 ? "" : "s",
		cpuset_format(s, list, sizeof(list)));
}

/* A, B, ... Z, AA, AB, ... */
static const char *group_label(const struct plan_map *m, size_t group, char buf[4])
{
	unsigned n = 0;

	for (size_t i = 0; i < group; i++)
		n += cpuset_count(&m->groups[i].cpus) > 1;
	n %= 27 * 26;
	if (n < 26)
		snprintf(buf, 4, "%c", 'A' + n);
	else
		snprintf(buf, 4, "%c%c", 'A' + n / 26 - 1, 'A' + n % 26);
	return buf;
}

/* Who runs on a CPU: those that have it alone, then the letters of the sets it is in. */
static void cpu_words(const struct plan_map *m, unsigned cpu, struct strv *words)
{
	char label[4];

	for (size_t i = 0; i < m->n_groups; i++) {
		const struct plan_group *g = &m->groups[i];

		if (cpuset_has(&g->cpus, cpu) && cpuset_count(&g->cpus) == 1)
			for (size_t k = 0; k < g->who.n; k++)
				strv_add(words, "%s", g->who.items[k]);
	}
	for (size_t i = 0; i < m->n_groups; i++)
		if (cpuset_has(&m->groups[i].cpus, cpu) && cpuset_count(&m->groups[i].cpus) > 1)
			strv_add(words, "[%s]", group_label(m, i, label));
}

static const char *cpu_role(const struct plan_map *m, const struct topo_cpu *c)
{
	bool lab = cpuset_has(&m->p->lab_cpus, c->id);
	bool house = cpuset_has(&m->p->housekeeping_cpus, c->id);

	if (lab && house)
		return "lab, housekeeping";
	if (lab)
		return c->isolated ? "lab, isolated" : "lab";
	if (house)
		return "housekeeping";
	return cpuset_has(&m->used, c->id) ? "" : "idle sibling";
}

static void print_cpu(const struct plan_map *m, FILE *f, const struct topo_cpu *c, bool new_core)
{
	static const char *const kinds[] = {"", " (P)", " (E)"};
	auto_struct(strv) words = {0};
	char core[32] = "";

	if (new_core)
		snprintf(core, sizeof(core), "core %d%s", c->core, kinds[c->kind]);
	cpu_words(m, c->id, &words);
	text_print(f, "    %-12s CPU %-4u %s", core, c->id, cpu_role(m, c));
	if (words.n) {
		text_print(f, "%*s", (int)(18 - strlen(cpu_role(m, c))), "");
		print_words(f, &words, 44, 44);
	} else {
		fputc('\n', f);
	}
}

/* A core is shown when one of its threads is used: an idle sibling matters. */
static bool core_is_used(const struct plan_map *m, const struct topo_cpu *c)
{
	struct cpuset here = cpuset_and(&c->siblings, &m->used);

	return !cpuset_empty(&here) || cpuset_has(&m->used, c->id);
}

/* All threads of a core together. */
static void print_core(
	const struct plan_map *m, FILE *f, const struct topo_cpu *c, struct cpuset *done)
{
	print_cpu(m, f, c, true);
	cpuset_add(done, c->id);
	cpuset_for_each (s, &c->siblings) {
		const struct topo_cpu *sibling = topology_cpu(m->t, (unsigned)s);

		if (!sibling || !sibling->online || cpuset_has(done, (unsigned)s))
			continue;
		print_cpu(m, f, sibling, false);
		cpuset_add(done, (unsigned)s);
	}
}

/* The cores among `cpus` that are used; the CPUs of the others go to `rest`. */
static void print_cores(const struct plan_map *m, FILE *f, const struct cpuset *cpus,
	const char *head, struct cpuset *rest)
{
	struct cpuset done = {{0}};

	cpuset_for_each (id, cpus) {
		const struct topo_cpu *c = topology_cpu(m->t, (unsigned)id);

		if (!c || !c->online || cpuset_has(&done, c->id))
			continue;
		if (!core_is_used(m, c)) {
			cpuset_add(rest, c->id);
			continue;
		}
		if (head && cpuset_empty(&done))
			plan_print_line(f, head, 6);
		print_core(m, f, c, &done);
	}
}

static void print_rest(FILE *f, const char *what, const struct cpuset *cpus)
{
	auto_struct(strbuf) b = {0};

	if (cpuset_empty(cpus))
		return;
	strbuf_add(&b, "    %s: ", what);
	plan_add_cpus(&b, cpus);
	plan_print_line(f, b.text, 6);
}

/* CPUs of one node, by the caches they share where there are several. */
static void print_cpus(const struct plan_map *m, FILE *f, const struct cpuset *cpus)
{
	struct cpuset rest = {{0}}, barred, left = *cpus;
	bool several = plan_count_llcs(m->t, cpus) > 1;

	while (!cpuset_empty(&left)) {
		struct cpuset cache = plan_llc_cpus(m->t, (unsigned)cpuset_next(&left, 0), &left);
		auto_struct(strbuf) head = {0};

		left = cpuset_minus(&left, &cache);
		strbuf_add(&head, "    last-level cache of ");
		plan_add_cpus(&head, &cache);
		print_cores(m, f, &cache, several ? head.text : NULL, &rest);
	}
	barred = cpuset_minus(&rest, &m->t->allowed);
	rest = cpuset_and(&rest, &m->t->allowed);
	print_rest(f, "not used", &rest);
	print_rest(f, "not for this process", &barred);
}

static void add_nodes(struct strbuf *b, const struct cpuset *ids)
{
	char list[CPUSET_TEXT];

	strbuf_add(b, "node%s %s", cpuset_count(ids) == 1 ? "" : "s",
		cpuset_format(ids, list, sizeof(list)));
}

/* "; distance 20 to nodes 1-3, 30 to node 4": nearest first. */
static void add_distances(struct strbuf *b, const struct topology *t, size_t node)
{
	const int *d = t->nodes[node].distance;
	int last = 0;

	for (const char *before = "; distance ";; before = ", ") {
		struct cpuset ids = {{0}};
		int next = INT_MAX;

		for (size_t k = 0; k < t->n_nodes; k++)
			if (k != node && d[k] > last)
				next = MIN(next, d[k]);
		if (next == INT_MAX)
			return;
		for (size_t k = 0; k < t->n_nodes; k++)
			if (k != node && d[k] == next)
				ids = cpuset_or(&ids, &t->nodes[k].ids);
		strbuf_add(b, "%s%d to ", before, next);
		add_nodes(b, &ids);
		last = next;
	}
}

static void print_node(const struct plan_map *m, FILE *f, size_t node)
{
	const struct topo_node *n = &m->t->nodes[node];
	auto_struct(strbuf) b = {0};

	strbuf_add(&b, "  NUMA ");
	add_nodes(&b, &n->ids);
	if (cpuset_count(&n->ids) > 1)
		strbuf_add(&b, " (they list the same CPUs)");
	if (n->memory_bytes == TOPO_UNKNOWN)
		strbuf_add(&b, ", memory not known");
	else
		strbuf_add(&b, ", %.1f GiB", (double)n->memory_bytes / (double)(UINT64_C(1) << 30));
	if (cpuset_empty(&n->cpus))
		strbuf_add(&b, ", no CPUs");
	add_distances(&b, m->t, node);
	plan_print_line(f, b.text, 6);
	print_cpus(m, f, &n->cpus);
}

/* On a box of many nodes those without anything of ours are one line. */
static bool node_is_used(const struct plan_map *m, size_t node)
{
	struct cpuset here = cpuset_and(&m->t->nodes[node].cpus, &m->used);
	const struct plan *p = m->p;

	for (size_t i = 0; i < p->n_guests; i++) {
		struct cpuset memory =
			cpuset_and(&p->guests[i].memory_nodes, &m->t->nodes[node].ids);

		if (!cpuset_empty(&memory))
			return true;
	}
	return m->t->n_nodes <= 8 || !cpuset_empty(&here);
}

static void print_unused_nodes(const struct plan_map *m, FILE *f)
{
	struct cpuset ids = {{0}}, cpus = {{0}};
	auto_struct(strbuf) b = {0};

	for (size_t i = 0; i < m->t->n_nodes; i++) {
		if (node_is_used(m, i))
			continue;
		ids = cpuset_or(&ids, &m->t->nodes[i].ids);
		cpus = cpuset_or(&cpus, &m->t->nodes[i].cpus);
	}
	if (cpuset_empty(&ids))
		return;
	strbuf_add(&b, "  not used: NUMA ");
	add_nodes(&b, &ids);
	strbuf_add(&b, " with ");
	plan_add_cpus(&b, &cpus);
	plan_print_line(f, b.text, 6);
}

static void print_groups(const struct plan_map *m, FILE *f)
{
	char label[4];

	for (size_t i = 0; i < m->n_groups; i++) {
		auto_struct(strbuf) b = {0};

		if (cpuset_count(&m->groups[i].cpus) < 2)
			continue;
		strbuf_add(&b, "  [%s] = ", group_label(m, i, label));
		plan_add_cpus(&b, &m->groups[i].cpus);
		strbuf_add(&b, ":");
		for (size_t k = 0; k < m->groups[i].who.n; k++)
			strbuf_add(&b, " %s", m->groups[i].who.items[k]);
		plan_print_line(f, b.text, 9);
	}
}

void plan_print_map(const struct plan_map *m, FILE *f)
{
	struct cpuset nowhere = plan_node_cpus(m->t, m->t->n_nodes, &m->t->online);

	for (size_t i = 0; i < m->t->n_nodes; i++)
		if (node_is_used(m, i))
			print_node(m, f, i);
	print_unused_nodes(m, f);
	if (!cpuset_empty(&nowhere)) {
		fputs("  in no NUMA node\n", f);
		print_cpus(m, f, &nowhere);
	}
	print_groups(m, f);
}
