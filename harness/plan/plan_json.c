// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan_json.h"

#include "json/json_text.h"
#include "plan/plan_map.h"

/* Each CPU that something may run on, or that is set aside for it. */
static json_t *map_json(const struct plan *p, const struct topology *t)
{
	json_t *list = json_array();
	auto_struct(plan_map) m = {0};

	plan_map_make(p, t, &m);
	cpuset_for_each (cpu, &m.used) {
		const struct topo_cpu *c = topology_cpu(t, (unsigned)cpu);
		json_t *who = json_array();

		for (size_t i = 0; i < m.n_groups; i++)
			for (size_t k = 0; cpuset_has(&m.groups[i].cpus, (unsigned)cpu) &&
					   k < m.groups[i].who.n;
				k++)
				json_array_append_new(who, json_text(m.groups[i].who.items[k]));
		json_array_append_new(list,
			JSON({"cpu", json_integer(cpu)}, {"core", json_integer(c ? c->core : -1)},
				{"node", json_integer(
						 c && c->node >= 0 ? t->nodes[c->node].id : -1)},
				{"lab", json_boolean(cpuset_has(&p->lab_cpus, (unsigned)cpu))},
				{"housekeeping", json_boolean(cpuset_has(
							 &p->housekeeping_cpus, (unsigned)cpu))},
				{"isolated", json_boolean(c && c->isolated)}, {"who", who}));
	}
	return list;
}

/* 0 = as it is. */
static json_t *limits_json(const struct plan_cpu_limits *l)
{
	return JSON({"shares", json_u64(l->shares)}, {"quota_us", json_u64(l->quota_us)},
		{"period_us", json_u64(l->period_us)});
}

static json_t *text_if(const char *s)
{
	return s ? json_text(s) : NULL;
}

static json_t *probe_json(const struct plan_probe *p)
{
	struct cpuset vcpus = plan_probe_vcpus(p);

	return JSON({"name", json_text(word_of(&words_probe, p->id))}, {"vcpus", json_cpus(&vcpus)},
		{"parameters", json_pack("[o,o,o,o]", json_u64(p->p[0]), json_u64(p->p[1]),
				       json_u64(p->p[2]), json_u64(p->p[3]))},
		{"command", text_if(p->command)});
}

static json_t *disk_json(const struct plan_disk *d)
{
	if (!d->image)
		return NULL;
	return JSON({"image", json_text(d->image)},
		{"format", json_text(word_of(&words_disk_format, d->format))},
		{"boot", json_text(word_of(&words_disk_boot, d->boot))},
		{"network", json_text(word_of(&words_disk_network, d->network))},
		{"agent", json_text(word_of(&words_disk_agent, d->agent))},
		{"ready", json_text(d->ready)}, {"boot_timeout_ns", json_u64(d->boot_timeout_ns)});
}

static json_t *guest_json(const struct plan_guest *g, const char *xml)
{
	json_t *vcpus = json_array(), *probes = json_array(), *j;

	for (unsigned v = 0; v < g->vcpus; v++)
		json_array_append_new(vcpus,
			JSON({"id", json_integer(v)}, {"cpus", json_cpus(&g->vcpu_cpus[v])}));
	for (size_t i = 0; i < g->n_probes; i++)
		json_array_append_new(probes, probe_json(&g->probes[i]));
	j = JSON({"name", json_text(g->name)},
		{"kind", json_text(word_of(&words_guest_kind, g->kind))},
		{"is_noise", json_boolean(g->is_noise)}, {"vcpus", vcpus}, {"probes", probes},
		{"vcpu_limits", limits_json(&g->vcpu_limits)},
		{"policy", json_text(word_of(&words_vcpu_policy, g->policy))},
		{"priority", json_integer(g->priority)});
	if (g->kind != GUEST_NATIVE)
		json_object_update_new(
			j, JSON({"accel", json_text(word_of(&words_accel, g->accel))},
				   {"memory_bytes", json_u64(g->memory_bytes)},
				   {"hugepage_bytes", json_u64(g->hugepage_bytes)},
				   {"memory_nodes", json_cpus(&g->memory_nodes)},
				   {"emulator_cpus", json_cpus(&g->emulator_cpus)},
				   {"tune", text_if(g->tune && *g->tune ? g->tune : NULL)},
				   {"disk", disk_json(&g->disk)}, {"kernel", text_if(g->kernel)},
				   {"domain_xml", text_if(xml)}));
	return j;
}

static json_t *stalls_json(const struct plan_stalls *s)
{
	return !s ? NULL
		  : JSON({"trace", json_text_or_null(s->trace)}, {"victim", json_text(s->victim)},
			    {"speed", json_number(s->how.speed)},
			    {"scale", json_number(s->how.scale)},
			    {"rate_ms_per_s", json_number(s->how.rate_ms_per_s)},
			    {"length_ns", json_u64(s->how.length_ns)});
}

static json_t *noise_json(const struct plan_noise *n)
{
	return JSON({"name", json_text(n->name)}, {"kind", json_text(n->kind)},
		{"threads", json_integer(n->threads)}, {"cpus", json_cpus(&n->cpus)},
		{"pin_each", json_boolean(n->pin_each)},
		{"duty_percent", json_integer(n->duty_percent)},
		{"cgroup", json_textf("stealscope/RUN/%s", n->name)},
		{"limits", limits_json(&n->limits)}, {"burst_ns", json_u64(n->burst_ns)},
		{"bytes", json_u64(n->bytes)}, {"start_ns", json_u64(n->start_ns)},
		{"stop_ns", json_u64(n->stop_ns)}, /* 0 = the end */
		{"args", text_if(n->args)}, {"stalls", stalls_json(n->stalls)});
}

static json_t *measures_json(const struct plan *p)
{
	json_t *list = p->n_measures ? json_array() : NULL;

	for (size_t i = 0; i < p->n_measures; i++) {
		const struct plan_measure *m = &p->measures[i];

		json_array_append_new(list,
			JSON({"name", json_text(m->name)}, {"unit", json_text(m->unit)},
				{"better", json_text(word_of(&words_measure_better, m->better))},
				{"on", json_text(m->guest ? m->guest : "host")},
				{"of", json_text(m->of)}, {"command", json_text(m->command)},
				{"pattern", json_text(m->pattern)}, {"json", json_text(m->json)},
				{"timeout_ns", json_u64(m->timeout_ns)}));
	}
	return list;
}

static json_t *one_json(const struct plan *p, const struct topology *t, char *const *domain_xml)
{
	json_t *guests = json_array(), *noises = json_array();

	for (size_t i = 0; i < p->n_guests; i++)
		json_array_append_new(
			guests, guest_json(&p->guests[i], domain_xml ? domain_xml[i] : NULL));
	for (size_t i = 0; i < p->n_noises; i++)
		json_array_append_new(noises, noise_json(&p->noises[i]));
	return JSON({"variant", json_text(p->variant)}, {"point", json_text(p->point)},
		{"warmup_ns", json_u64(p->warmup_ns)}, {"duration_ns", json_u64(p->duration_ns)},
		{"repeats", json_integer(p->repeats)},
		{"trace", json_text(word_or_unknown(&words_trace_mode, p->trace_mode))},
		{"overcommit", json_real(p->overcommit)}, {"lab_cpus", json_cpus(&p->lab_cpus)},
		{"housekeeping_cpus", json_cpus(&p->housekeeping_cpus)}, {"map", map_json(p, t)},
		{"guests", guests}, {"noise", noises}, {"measures", measures_json(p)},
		{"notes", json_texts(&p->notes)});
}

char *plan_json(const struct plan_list *l, const struct topology *t, char *const *const *domain_xml)
{
	json_t *plans = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(
			plans, one_json(&l->plans[i], t, domain_xml ? domain_xml[i] : NULL));
	return json_document(
		JSON({"scenario", json_text(l->n ? l->plans[0].scenario : "")}, {"plans", plans}),
		JSON_INDENT(1));
}
