// SPDX-License-Identifier: GPL-3.0-or-later
// Drawing a plan: one line per CPU in use, sets that float over several CPUs as letters.
#include "plan/plan_print.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/plan_map.h"
#include "plan/priv.h"
#include "scenario/units.h"

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

/* A sentence after `indent` columns, wrapped. */
static void print_sentence(FILE *f, const char *text, unsigned indent)
{
	struct strv words = {0};
	auto_free char *copy = xstrdup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		strv_add(&words, "%s", w);
	print_words(f, &words, indent, indent);
	strv_release(&words);
}

static char group_letter(const struct plan_map *m, size_t group)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned letter = 0;

	for (size_t i = 0; i < group; i++)
		letter += cpuset_count(&m->groups[i].cpus) > 1;
	return letter < sizeof(letters) - 1 ? letters[letter] : '*';
}

/* Who runs on a CPU: those that have it alone, then the letters of the sets it is in. */
static void cpu_words(const struct plan_map *m, unsigned cpu, struct strv *words)
{
	for (size_t i = 0; i < m->n_groups; i++) {
		const struct plan_group *g = &m->groups[i];

		if (cpuset_count(&g->cpus) == 1 && cpuset_has(&g->cpus, cpu))
			for (size_t k = 0; k < g->who.n; k++)
				strv_add(words, "%s", g->who.items[k]);
	}
	for (size_t i = 0; i < m->n_groups; i++)
		if (cpuset_count(&m->groups[i].cpus) > 1 && cpuset_has(&m->groups[i].cpus, cpu))
			strv_add(words, "[%c]", group_letter(m, i));
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
	struct strv words = {0};
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
	strv_release(&words);
}

/* A core is shown when one of its threads is used: an idle sibling matters. */
static bool core_is_used(const struct plan_map *m, const struct topo_cpu *c)
{
	struct cpuset here = cpuset_and(&c->siblings, &m->used);

	return !cpuset_empty(&here) || cpuset_has(&m->used, c->id);
}

static void print_node(const struct plan_map *m, FILE *f, int node)
{
	struct cpuset rest = {{0}}, done = {{0}};
	char buf[256];

	for (size_t i = 0; i < m->t->n_cpus; i++) {
		const struct topo_cpu *c = &m->t->cpus[i];

		if (c->node != node || !c->online || cpuset_has(&done, c->id))
			continue;
		if (!core_is_used(m, c)) {
			cpuset_add(&rest, c->id);
			continue;
		}
		/* All threads of a core together. */
		print_cpu(m, f, c, true);
		cpuset_add(&done, c->id);
		cpuset_for_each (s, &c->siblings) {
			const struct topo_cpu *sibling = topology_cpu(m->t, (unsigned)s);

			if (!sibling || !sibling->online || cpuset_has(&done, (unsigned)s))
				continue;
			print_cpu(m, f, sibling, false);
			cpuset_add(&done, (unsigned)s);
		}
	}
	if (!cpuset_empty(&rest))
		text_print(f, "    not used: %s\n", plan_cpus_text(&rest, buf));
}

static void print_map(const struct plan_map *m, FILE *f)
{
	char buf[256];

	if (!m->t->n_nodes)
		print_node(m, f, -1);
	for (size_t i = 0; i < m->t->n_nodes; i++) {
		const struct topo_node *n = &m->t->nodes[i];

		text_print(f, "  NUMA node %d, %.1f GiB", n->id,
			(double)n->memory_bytes / (double)(UINT64_C(1) << 30));
		for (size_t k = 0; k < m->t->n_nodes && m->t->n_nodes > 1; k++)
			if (k != i && n->distance[k])
				text_print(f, "%s%d to node %d",
					k == (i == 0) ? "; distance " : ", ", n->distance[k],
					m->t->nodes[k].id);
		fputc('\n', f);
		print_node(m, f, (int)i);
	}
	for (size_t i = 0; i < m->n_groups; i++) {
		if (cpuset_count(&m->groups[i].cpus) < 2)
			continue;
		text_print(f, "  [%c] = %s:", group_letter(m, i),
			plan_cpus_text(&m->groups[i].cpus, buf));
		print_words(f, &m->groups[i].who, 8, (unsigned)strlen(buf) + 9);
	}
}

static void print_limits(FILE *f, const struct plan_cpu_limits *l)
{
	if (l->shares)
		text_print(f, ", shares %llu", (unsigned long long)l->shares);
	if (l->quota_us)
		text_print(f, ", quota %llu of %llu us", (unsigned long long)l->quota_us,
			(unsigned long long)l->period_us);
}

static void print_probe(FILE *f, const struct plan_guest *g, const struct plan_probe *p)
{
	struct cpuset vcpus = {{p->vcpu_mask}};
	char list[64], time[32];

	text_print(f, ", %s", word_of(&words_probe, p->id));
	if (p->id == PROBE_TIMER || p->id == PROBE_STEAL)
		text_print(f, " every %s", format_time(p->p[0], time));
	if (p->command)
		text_print(f, " \"%.40s\"", p->command);
	if (cpuset_count(&vcpus) != g->vcpus)
		text_print(f, " on vCPU %s", cpuset_format(&vcpus, list, sizeof(list)));
}

static void print_guest(FILE *f, const struct plan_guest *g)
{
	char buf[256];

	text_print(f, "  %-12s %s%s, %u vCPU%s", g->name, g->is_noise ? "noise guest, " : "",
		word_of(&words_guest_kind, g->kind), g->vcpus, g->vcpus == 1 ? "" : "s");
	if (g->kind != GUEST_NATIVE)
		text_print(f, ", %llu MiB", (unsigned long long)(g->memory_bytes >> 20));
	if (g->kind != GUEST_NATIVE && g->accel != ACCEL_AUTO)
		text_print(f, ", %s", word_of(&words_accel, g->accel));
	if (g->hugepage_bytes)
		text_print(f, " in %llu MiB pages", (unsigned long long)(g->hugepage_bytes >> 20));
	if (!cpuset_empty(&g->memory_nodes))
		text_print(f, " on node %s", cpuset_format(&g->memory_nodes, buf, sizeof(buf)));
	for (size_t i = 0; i < g->n_probes; i++)
		print_probe(f, g, &g->probes[i]);
	print_limits(f, &g->vcpu_limits);
	if (g->policy != SCHED_AS_IS)
		text_print(f, ", %s %u", word_of(&words_vcpu_policy, g->policy), g->priority);
	if (g->kind != GUEST_NATIVE)
		text_print(f, ", emulator on %s", plan_cpus_text(&g->emulator_cpus, buf));
	fputc('\n', f);
}

/* Copies of one guest differ in their name only. */
static bool same_guest(const struct plan_guest *a, const struct plan_guest *b)
{
	return a->line == b->line && a->n_probes == b->n_probes &&
	       strcspn(a->name, "-") == strcspn(b->name, "-");
}

static void print_guests(const struct plan *p, FILE *f)
{
	for (size_t i = 0, n; i < p->n_guests; i += n) {
		for (n = 1; i + n < p->n_guests; n++)
			if (!same_guest(&p->guests[i], &p->guests[i + n]))
				break;
		print_guest(f, &p->guests[i]);
		if (n > 1)
			text_print(f, "  %-12s and %zu more like it, to %s\n", "", n - 1,
				p->guests[i + n - 1].name);
	}
}

static void print_noise(FILE *f, const struct plan_noise *n)
{
	char a[32];

	text_print(f, "  %-12s noise %s, %u thread%s", n->name, n->kind, n->threads,
		n->threads == 1 ? "" : "s");
	if (n->args)
		text_print(f, ", %s %.60s", n->kind, n->args);
	else if (n->duty_percent < 100)
		text_print(f, ", %u %% of a CPU each in bursts of %s", n->duty_percent,
			format_time(n->burst_ns, a));
	if (n->bytes)
		text_print(f, ", %s each", format_size(n->bytes, a));
	print_limits(f, &n->limits);
	if (n->start_ns)
		text_print(f, ", from %s", format_time(n->start_ns, a));
	if (n->stop_ns)
		text_print(f, ", until %s", format_time(n->stop_ns, a));
	fputc('\n', f);
}

void plan_print(const struct plan *p, const struct topology *t, FILE *f)
{
	struct plan_map m;
	char a[256], b[32];

	text_print(f, "%s / %s%s%s%s\n", p->scenario, p->variant, p->point[0] ? " (" : "", p->point,
		p->point[0] ? ")" : "");
	text_print(f, "  warm-up %s, ", format_time(p->warmup_ns, b));
	text_print(f, "measured %s, %u run%s, trace: %s\n", format_time(p->duration_ns, b),
		p->repeats, p->repeats == 1 ? "" : "s",
		word_or_unknown(&words_trace_mode, p->trace_mode));
	text_print(f, "  lab %s", plan_cpus_text(&p->lab_cpus, a));
	text_print(f, ", %.3g vCPUs per CPU; housekeeping %s\n\n", p->overcommit,
		plan_cpus_text(&p->housekeeping_cpus, a));
	plan_map_make(p, t, &m);
	print_map(&m, f);
	fputc('\n', f);
	print_guests(p, f);
	for (size_t i = 0; i < p->n_noises; i++)
		print_noise(f, &p->noises[i]);
	for (size_t i = 0; i < p->notes.n; i++) {
		fputs("  note:", f);
		print_sentence(f, p->notes.items[i], 7);
	}
	plan_map_release(&m);
}
