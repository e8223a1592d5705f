// SPDX-License-Identifier: GPL-3.0-or-later
// Drawing a plan: its map, then what each guest and noise is, then the notes.
#include "plan/plan_print.h"

#include <string.h>

#include "base/quantity.h"
#include "base/text.h"
#include "plan/plan_map.h"
#include "plan/priv.h"
#include "scenario/units.h"

static void add_limits(struct strbuf *f, const struct plan_cpu_limits *l)
{
	if (l->shares)
		strbuf_add(f, ", shares %llu", (unsigned long long)l->shares);
	if (l->quota_us)
		strbuf_add(f, ", quota %llu of %llu us", (unsigned long long)l->quota_us,
			(unsigned long long)l->period_us);
}

static void add_probe(struct strbuf *f, const struct plan_guest *g, const struct plan_probe *p)
{
	struct cpuset vcpus = plan_probe_vcpus(p);
	auto_free char *list = cpuset_text(&vcpus);
	char time[32];

	strbuf_add(f, ", %s", word_of(&words_probe, p->id));
	if (p->id == PROBE_TIMER || p->id == PROBE_STEAL)
		strbuf_add(f, " every %s", format_time(p->p[0], time));
	if (p->command)
		strbuf_add(f, " \"%.40s\"", p->command);
	if (cpuset_count(&vcpus) != g->vcpus)
		strbuf_add(f, " on vCPU %s", list);
}

static void add_disk(struct strbuf *f, const struct plan_disk *d)
{
	static const char *const agents[] = {
		"agent by a seed disk", "agent installed in it", "seen from outside only"};

	strbuf_add(f, ", %s%s%s, %s, up: %s", d->image, d->boot == DISK_UEFI ? " (UEFI)" : "",
		d->network == NETWORK_USER ? ", network" : "", agents[d->agent], d->ready);
}

static void print_guest(FILE *out, const struct plan_guest *g)
{
	auto_struct(strbuf) line = {0};
	struct strbuf *f = &line;
	auto_free char *nodes = cpuset_text(&g->memory_nodes);
	char buf[256];

	strbuf_add(f, "  %-12s %s%s, %u vCPU%s", g->name, g->is_noise ? "noise guest, " : "",
		word_of(&words_guest_kind, g->kind), g->vcpus, g->vcpus == 1 ? "" : "s");
	if (g->domain)
		strbuf_add(f, " of domain '%s'%s%s", g->domain,
			g->as_placed ? ", placed as it is" : "",
			g->use == USE_COPY ? ", a copy" : "");
	if (g->tune && *g->tune)
		strbuf_add(f, ", tuned: %s", g->tune);
	if (g->memory_bytes)
		strbuf_add(f, ", %s", quantity_mib(g->memory_bytes, buf, sizeof(buf)));
	if (g->kind != GUEST_NATIVE && g->accel != ACCEL_AUTO)
		strbuf_add(f, ", %s", word_of(&words_accel, g->accel));
	if (g->hugepage_bytes)
		strbuf_add(f, " in %s pages", quantity_mib(g->hugepage_bytes, buf, sizeof(buf)));
	if (!cpuset_empty(&g->memory_nodes))
		strbuf_add(
			f, " on node%s %s", cpuset_count(&g->memory_nodes) == 1 ? "" : "s", nodes);
	if (g->disk.image)
		add_disk(f, &g->disk);
	for (size_t i = 0; i < g->n_probes; i++)
		add_probe(f, g, &g->probes[i]);
	add_limits(f, &g->vcpu_limits);
	if (g->policy != SCHED_AS_IS)
		strbuf_add(f, ", %s %u", word_of(&words_vcpu_policy, g->policy), g->priority);
	if (!cpuset_empty(&g->emulator_cpus))
		strbuf_add(f, ", emulator on %s", plan_cpus_text(&g->emulator_cpus, buf));
	plan_print_line(out, line.text, 15);
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

static void print_noise(FILE *out, const struct plan_noise *n)
{
	auto_struct(strbuf) line = {0};
	struct strbuf *f = &line;
	char a[32];

	if (n->stalls)
		plan_add_stalls(f, n);
	else
		strbuf_add(f, "  %-12s noise %s, %u thread%s", n->name, n->kind, n->threads,
			n->threads == 1 ? "" : "s");
	if (n->args)
		strbuf_add(f, ", %s %.60s", n->kind, n->args);
	else if (n->duty_percent < 100)
		strbuf_add(f, ", %u %% of a CPU each in bursts of %s", n->duty_percent,
			format_time(n->burst_ns, a));
	if (n->bytes)
		strbuf_add(f, ", %s each", format_size(n->bytes, a));
	add_limits(f, &n->limits);
	if (n->start_ns)
		strbuf_add(f, ", from %s", format_time(n->start_ns, a));
	if (n->stop_ns)
		strbuf_add(f, ", until %s", format_time(n->stop_ns, a));
	plan_print_line(out, line.text, 15);
}

void plan_print(const struct plan *p, const struct topology *t, FILE *f)
{
	auto_struct(strbuf) line = {0};
	auto_struct(plan_map) m = {0};
	char b[32];

	text_print(f, "%s / %s%s%s%s\n", p->scenario, p->variant, p->point[0] ? " (" : "", p->point,
		p->point[0] ? ")" : "");
	text_print(f, "  warm-up %s, ", format_time(p->warmup_ns, b));
	text_print(f, "measured %s, %u run%s, trace: %s\n", format_time(p->duration_ns, b),
		p->repeats, p->repeats == 1 ? "" : "s",
		word_or_unknown(&words_trace_mode, p->trace_mode));
	strbuf_add(&line, "  lab ");
	plan_add_cpus(&line, &p->lab_cpus);
	strbuf_add(&line, ", %.3g vCPUs per CPU; housekeeping ", p->overcommit);
	plan_add_cpus(&line, &p->housekeeping_cpus);
	plan_print_line(f, line.text, 6);
	fputc('\n', f);
	plan_map_make(p, t, &m);
	plan_print_map(&m, f);
	fputc('\n', f);
	print_guests(p, f);
	for (size_t i = 0; i < p->n_noises; i++)
		print_noise(f, &p->noises[i]);
	plan_print_measures(p, f);
	for (size_t i = 0; i < p->notes.n; i++) {
		auto_free char *note = xasprintf("  note: %s", p->notes.items[i]);

		plan_print_line(f, note, 8);
	}
}
