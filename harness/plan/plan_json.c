// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan_json.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/text.h"
#include "plan/plan_map.h"

/* Commands and file names of a scenario. */
static json_t *text_json(const char *s)
{
	auto_free char *clean = text_cleaned_lines(s);

	return json_string(clean);
}

static json_t *cpus_text(const struct cpuset *s)
{
	char text[CPUSET_TEXT];

	return text_json(cpuset_format(s, text, sizeof(text)));
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/* Each CPU that something may run on, or that is set aside for it. */
static json_t *map_json(const struct plan *p, const struct topology *t)
{
	json_t *list = json_array();
	struct plan_map m;

	plan_map_make(p, t, &m);
	cpuset_for_each (cpu, &m.used) {
		const struct topo_cpu *c = topology_cpu(t, (unsigned)cpu);
		json_t *who = json_array();

		for (size_t i = 0; i < m.n_groups; i++)
			for (size_t k = 0; cpuset_has(&m.groups[i].cpus, (unsigned)cpu) &&
					   k < m.groups[i].who.n;
				k++)
				json_array_append_new(who, text_json(m.groups[i].who.items[k]));
		json_array_append_new(
			list, json_pack("{s:i,s:i,s:i,s:b,s:b,s:b,s:o}", "cpu", cpu, "core",
				      c ? c->core : -1, "node",
				      c && c->node >= 0 ? t->nodes[c->node].id : -1, "lab",
				      cpuset_has(&p->lab_cpus, (unsigned)cpu), "housekeeping",
				      cpuset_has(&p->housekeeping_cpus, (unsigned)cpu), "isolated",
				      c && c->isolated, "who", who));
	}
	plan_map_release(&m);
	return list;
}

/* 0 = as it is. */
static json_t *limits_json(const struct plan_cpu_limits *l)
{
	return json_pack("{s:o,s:o,s:o}", "shares", number(l->shares), "quota_us",
		number(l->quota_us), "period_us", number(l->period_us));
}

static json_t *probe_json(const struct plan_probe *p)
{
	struct cpuset vcpus = {{p->vcpu_mask}};
	json_t *j = json_pack("{s:o,s:o,s:[o,o,o,o]}", "name",
		text_json(word_of(&words_probe, p->id)), "vcpus", cpus_text(&vcpus), "parameters",
		number(p->p[0]), number(p->p[1]), number(p->p[2]), number(p->p[3]));

	if (p->command)
		json_object_set_new(j, "command", text_json(p->command));
	return j;
}

static json_t *disk_json(const struct plan_disk *d)
{
	json_t *j = json_pack("{s:o,s:o,s:o,s:o}", "image", text_json(d->image), "format",
		text_json(word_of(&words_disk_format, d->format)), "boot",
		text_json(word_of(&words_disk_boot, d->boot)), "network",
		text_json(word_of(&words_disk_network, d->network)));

	json_object_set_new(j, "agent", text_json(word_of(&words_disk_agent, d->agent)));
	json_object_set_new(j, "ready", text_json(d->ready));
	json_object_set_new(j, "boot_timeout_ns", number(d->boot_timeout_ns));
	return j;
}

static json_t *guest_json(const struct plan_guest *g, const char *xml)
{
	json_t *vcpus = json_array(), *list = json_array();
	json_t *j = json_pack("{s:o,s:o,s:b,s:o,s:o}", "name", text_json(g->name), "kind",
		text_json(word_of(&words_guest_kind, g->kind)), "is_noise", g->is_noise, "vcpus",
		vcpus, "probes", list);

	for (unsigned v = 0; v < g->vcpus; v++)
		json_array_append_new(vcpus,
			json_pack("{s:i,s:o}", "id", (int)v, "cpus", cpus_text(&g->vcpu_cpus[v])));
	for (size_t i = 0; i < g->n_probes; i++)
		json_array_append_new(list, probe_json(&g->probes[i]));
	json_object_set_new(j, "vcpu_limits", limits_json(&g->vcpu_limits));
	json_object_set_new(j, "policy", text_json(word_of(&words_vcpu_policy, g->policy)));
	json_object_set_new(j, "priority", number(g->priority));
	if (g->kind == GUEST_NATIVE)
		return j;
	json_object_set_new(j, "accel", text_json(word_of(&words_accel, g->accel)));
	json_object_set_new(j, "memory_bytes", number(g->memory_bytes));
	json_object_set_new(j, "hugepage_bytes", number(g->hugepage_bytes));
	json_object_set_new(j, "memory_nodes", cpus_text(&g->memory_nodes));
	json_object_set_new(j, "emulator_cpus", cpus_text(&g->emulator_cpus));
	if (g->disk.image)
		json_object_set_new(j, "disk", disk_json(&g->disk));
	if (g->kernel)
		json_object_set_new(j, "kernel", text_json(g->kernel));
	if (xml)
		json_object_set_new(j, "domain_xml", text_json(xml));
	return j;
}

static json_t *noise_json(const struct plan_noise *n)
{
	auto_free char *group = xasprintf("stealscope/RUN/%s", n->name);
	json_t *j = json_pack("{s:o,s:o,s:i,s:o,s:b,s:i,s:o,s:o}", "name", text_json(n->name),
		"kind", text_json(n->kind), "threads", (int)n->threads, "cpus", cpus_text(&n->cpus),
		"pin_each", n->pin_each, "duty_percent", (int)n->duty_percent, "cgroup",
		text_json(group), "limits", limits_json(&n->limits));

	json_object_set_new(j, "burst_ns", number(n->burst_ns));
	json_object_set_new(j, "bytes", number(n->bytes));
	json_object_set_new(j, "start_ns", number(n->start_ns));
	json_object_set_new(j, "stop_ns", number(n->stop_ns)); /* 0 = the end */
	if (n->args)
		json_object_set_new(j, "args", text_json(n->args));
	return j;
}

static json_t *measures_json(const struct plan *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_measures; i++) {
		const struct plan_measure *m = &p->measures[i];

		json_t *j = json_pack("{s:o,s:o,s:o,s:o,s:o}", "name", text_json(m->name), "unit",
			text_json(m->unit), "better",
			text_json(word_of(&words_measure_better, m->better)), "on",
			text_json(m->guest ? m->guest : "host"), "of", text_json(m->of));

		json_object_set_new(j, "command", text_json(m->command));
		json_object_set_new(j, "pattern", text_json(m->pattern));
		json_object_set_new(j, "json", text_json(m->json));
		json_object_set_new(j, "timeout_ns", number(m->timeout_ns));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *one_json(const struct plan *p, const struct topology *t, char *const *domain_xml)
{
	json_t *guests = json_array(), *noises = json_array(), *notes = json_array();
	json_t *j = json_pack("{s:o,s:o,s:o,s:o,s:i,s:o,s:f}", "variant", text_json(p->variant),
		"point", text_json(p->point), "warmup_ns", number(p->warmup_ns), "duration_ns",
		number(p->duration_ns), "repeats", (int)p->repeats, "trace",
		text_json(word_or_unknown(&words_trace_mode, p->trace_mode)), "overcommit",
		p->overcommit);

	for (size_t i = 0; i < p->n_guests; i++)
		json_array_append_new(
			guests, guest_json(&p->guests[i], domain_xml ? domain_xml[i] : NULL));
	for (size_t i = 0; i < p->n_noises; i++)
		json_array_append_new(noises, noise_json(&p->noises[i]));
	for (size_t i = 0; i < p->notes.n; i++)
		json_array_append_new(notes, text_json(p->notes.items[i]));
	json_object_set_new(j, "lab_cpus", cpus_text(&p->lab_cpus));
	json_object_set_new(j, "housekeeping_cpus", cpus_text(&p->housekeeping_cpus));
	json_object_set_new(j, "map", map_json(p, t));
	json_object_set_new(j, "guests", guests);
	json_object_set_new(j, "noise", noises);
	if (p->n_measures)
		json_object_set_new(j, "measures", measures_json(p));
	json_object_set_new(j, "notes", notes);
	return j;
}

char *plan_json(const struct plan_list *l, const struct topology *t, char *const *const *domain_xml)
{
	json_t *plans = json_array(), *doc;
	char *text, *out;

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(
			plans, one_json(&l->plans[i], t, domain_xml ? domain_xml[i] : NULL));
	doc = json_pack("{s:o,s:o}", "scenario", text_json(l->n ? l->plans[0].scenario : ""),
		"plans", plans);
	text = json_dumps(doc, JSON_INDENT(1));
	out = xasprintf("%s\n", text);
	free(text);
	json_decref(doc);
	return out;
}
