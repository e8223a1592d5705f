// SPDX-License-Identifier: GPL-3.0-or-later
// From an experiment to plans.
#include "plan/plan_make.h"

#include <errno.h>
#include <stdlib.h>

#include "abi/guest_shm.h"
#include "base/quantity.h"
#include "plan/priv.h"

/* What a QEMU takes beside its guest's memory, with room: 13 MiB were seen of metal guests, all of a run included (`make
 * bench-starts`). */
#define QEMU_OF_METAL  (UINT64_C(24) << 20)
#define QEMU_OF_OTHERS (UINT64_C(48) << 20)

static struct plan_cpu_limits limits_of(const struct exp_limits *l)
{
	return (struct plan_cpu_limits){
		.shares = l->shares,
		.period_us = l->quota_ns ? l->period_ns / NS_PER_US : 0,
		.quota_us = l->quota_ns / NS_PER_US,
	};
}

static struct plan_probe probe_of(const struct exp_probe *e, unsigned vcpus)
{
	struct plan_probe p = {.id = (uint32_t)e->kind, .vcpus = exp_vcpus_of(&e->vcpus, vcpus)};

	switch (e->kind) {
	case PROBE_NONE:
		break;
	case PROBE_TIMER:
		p.p[0] = e->period_ns;
		p.p[1] = e->timer_policy | (e->relative ? SHM_TIMER_RELATIVE : 0);
		p.p[2] = e->priority;
		p.p[3] = e->slack_ns;
		break;
	case PROBE_STEAL:
		p.p[0] = e->period_ns;
		break;
	case PROBE_GAP:
		p.p[0] = e->threshold_ns;
		break;
	case PROBE_JOB:
		p.p[0] = e->iterations;
		p.p[1] = (e->affinity ? SHM_JOB_FLOAT : 0) | (e->barrier ? SHM_JOB_BARRIER : 0) |
			 (e->output ? SHM_JOB_OUTPUT : 0);
		p.p[2] = e->copies;
		p.command = e->command[0] ? xstrdup(e->command) : NULL;
		break;
	case PROBE_LOCK:
		p.p[0] = e->inside;
		p.p[1] = e->outside;
		p.p[2] = e->threshold_ns;
		p.p[3] = e->lock_kind;
		break;
	case PROBE_MEMORY:
		p.p[0] = e->bytes;
		p.p[1] = e->mode;
		break;
	}
	return p;
}

static void make_guest(
	const struct planning *p, const struct exp_guest *e, const char *name, struct plan_guest *g)
{
	g->name = xstrdup(name);
	g->kind = e->kind;
	g->accel = e->accel;
	g->vcpus = e->vcpus == EXP_AUTO ? p->auto_count : e->vcpus;
	g->vcpu_cpus = xcalloc(g->vcpus, sizeof(*g->vcpu_cpus));
	g->memory_bytes = e->memory_bytes;
	g->record_bytes = e->record_bytes;
	g->vcpu_limits = limits_of(&e->limits);
	g->policy = e->policy;
	g->priority = e->policy == SCHED_AS_IS ? 0 : MAX(e->priority, 1u);
	g->hugepage_bytes = e->hugepage_bytes;
	g->is_noise = e->is_noise;
	g->line = e->pos.line;
	if (e->kind == GUEST_DOMAIN) {
		g->outside = true;
		g->domain = xstrdup(e->domain);
		g->use = e->use;
		g->tune = xstrdup(e->tune);
		g->as_placed = e->as_placed;
	}
	if (e->kind == GUEST_LINUX)
		g->kernel = xstrdup(e->kernel[0] ? e->kernel : "host");
	if (e->kind == GUEST_DISK) {
		g->outside = e->disk.agent == AGENT_NONE;
		g->disk = (struct plan_disk){.image = xstrdup(e->disk.image),
			.format = e->disk.format,
			.boot = e->disk.boot,
			.network = e->disk.network,
			.agent = e->disk.agent,
			.backing = e->disk.backing,
			.ready = xstrdup(e->disk.ready),
			.boot_timeout_ns = e->disk.boot_timeout_ns};
	}
	g->probes = xcalloc(e->n_probes, sizeof(*g->probes));
	for (size_t i = 0; i < e->n_probes; i++)
		g->probes[g->n_probes++] = probe_of(&e->probes[i], g->vcpus);
	for (size_t i = 0; i < e->n_files; i++)
		strv_add(&g->files, "%s%s%s", e->files[i].source, e->files[i].target[0] ? "=>" : "",
			e->files[i].target);
}

/* Copies of each guest element, and where they begin. Returns how many there are in all. */
static size_t count_guests(struct planning *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->c->n_guests; i++) {
		const struct exp_guest *e = &p->c->guests[i];

		p->first[i] = n;
		p->count[i] = e->count == EXP_AUTO ? p->auto_count : e->count;
		n += p->count[i];
	}
	return n;
}

/* What the overcommit made of auto. */
static bool auto_is_possible(struct planning *p, size_t n_guests)
{
	bool vcpus = false;

	for (size_t i = 0; i < p->c->n_guests; i++)
		vcpus |= p->c->guests[i].vcpus == EXP_AUTO;
	if (vcpus && (p->auto_count < 1 || p->auto_count > SHM_MAX_VCPUS))
		PLAN_REFUSE(p, p->c->lab.pos,
			"the overcommit makes a guest of %u vCPUs, it can have 1 to %d; ask for fewer lab CPUs, or let count follow the overcommit",
			p->auto_count, SHM_MAX_VCPUS);
	if (n_guests > EXP_MAX_GUESTS)
		PLAN_REFUSE(p, p->c->lab.pos,
			"the overcommit makes %zu guests; at most %d run at once: ask for fewer lab CPUs or more vCPUs a guest",
			n_guests, EXP_MAX_GUESTS);
	if (n_guests == 0)
		PLAN_REFUSE(p, p->c->lab.pos, "the overcommit leaves no guest; ask for more of it");
	return !p->failed;
}

static void check_vcpus(struct planning *p, const struct plan_guest *g, struct scenario_pos pos)
{
	if ((g->kind == GUEST_LINUX || g->kind == GUEST_DISK) && g->vcpus > QEMU_PC_VCPUS)
		PLAN_REFUSE(p, pos,
			"guest '%s' has %u vCPUs, one of kind %s can have %u; a metal or native guest can have %d",
			g->name, g->vcpus, word_of(&words_guest_kind, g->kind), QEMU_PC_VCPUS,
			SHM_MAX_VCPUS);
}

static bool make_guests(struct planning *p)
{
	size_t n = count_guests(p);

	if (!auto_is_possible(p, n))
		return false;
	p->plan->guests = xcalloc(n, sizeof(*p->plan->guests));
	p->plan->n_guests = n;
	for (size_t i = 0; i < p->c->n_guests; i++) {
		const struct exp_guest *e = &p->c->guests[i];

		for (size_t k = 0; k < p->count[i]; k++) {
			auto_free char *name = p->count[i] > 1 ? xasprintf("%s-%zu", e->name, k)
							       : xstrdup(e->name);

			make_guest(p, e, name, &p->plan->guests[p->first[i] + k]);
		}
		if (p->count[i])
			check_vcpus(p, &p->plan->guests[p->first[i]], e->pos);
	}
	return true;
}

static void make_noises(struct planning *p)
{
	p->plan->noises = xcalloc(p->c->n_noises, sizeof(*p->plan->noises));
	p->plan->n_noises = p->c->n_noises;
	for (size_t i = 0; i < p->c->n_noises; i++) {
		const struct exp_noise *e = &p->c->noises[i];

		p->plan->noises[i] = (struct plan_noise){
			.name = xstrdup(e->name),
			.kind = xstrdup(word_of(&words_noise_kind, e->kind)),
			.threads = e->threads,
			.duty_percent = e->duty_percent,
			.burst_ns = e->burst_ns,
			.start_ns = e->start_ns,
			.stop_ns = e->stop_ns,
			.bytes = kind_of(&words_noise_kind, e->kind)->traits & NOISE_TAKES_SIZE
					 ? e->bytes
					 : 0,
			.args = e->args[0] ? xstrdup(e->args) : NULL,
			.limits = limits_of(&e->limits),
			.line = e->pos.line,
		};
	}
}

static uint64_t pages_of(const struct topology *t, uint64_t size, const struct cpuset *nodes)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < t->n_nodes; i++) {
		struct cpuset here = cpuset_and(
			&t->nodes[i].ids, cpuset_empty(nodes) ? &t->allowed_nodes : nodes);

		if (!cpuset_empty(&here))
			pages += size == UINT64_C(2) << 20 ? t->nodes[i].hugepages_2m
							   : t->nodes[i].hugepages_1g;
	}
	return pages;
}

/* Guests of one element bound to one node, or backed by huge pages, need it there. */
static void check_guest_memory(struct planning *p, size_t i)
{
	const struct exp_guest *e = &p->c->guests[i];
	const struct plan_guest *g = &p->plan->guests[p->first[i]];
	uint64_t need = e->memory_bytes * p->count[i];
	char a[32], b[32];

	if (!p->count[i])
		return;
	quantity_mib(need, a, sizeof(a));
	for (size_t n = 0; n < p->t->n_nodes; n++) {
		const struct topo_node *node = &p->t->nodes[n];
		uint64_t has =
			node->free_bytes == TOPO_UNKNOWN ? node->memory_bytes : node->free_bytes;
		struct cpuset here = cpuset_and(&g->memory_nodes, &node->ids);

		if (cpuset_empty(&here))
			continue;
		if (has == TOPO_UNKNOWN)
			strv_add(&p->plan->notes,
				"how much memory NUMA node %d has is not known: guest '%s' may not fit there",
				node->id, e->name);
		else if (need > has)
			PLAN_REFUSE(p, e->pos,
				"guest '%s' needs %s on NUMA node %d, which has %s free", e->name,
				a, node->id, quantity_mib(has, b, sizeof(b)));
	}
	if (!e->hugepage_bytes)
		return;
	if (need / e->hugepage_bytes > pages_of(p->t, e->hugepage_bytes, &g->memory_nodes))
		PLAN_REFUSE(p, e->pos,
			"guest '%s' needs %llu huge pages of %s, this box has %llu; set vm.nr_hugepages, or leave hugepages out",
			e->name, (unsigned long long)(need / e->hugepage_bytes),
			quantity_mib(e->hugepage_bytes, b, sizeof(b)),
			(unsigned long long)pages_of(p->t, e->hugepage_bytes, &g->memory_nodes));
}

/* Of the box; where this process may not use all its nodes, of those it may. */
static uint64_t memory_for_all(const struct topology *t)
{
	uint64_t has = t->memory_available_bytes, nodes = 0;
	bool all = true;

	for (size_t i = 0; i < t->n_nodes; i++) {
		const struct topo_node *n = &t->nodes[i];
		struct cpuset ids = cpuset_and(&n->ids, &t->allowed_nodes);

		all &= !cpuset_empty(&ids);
		if (cpuset_empty(&ids) || nodes == TOPO_UNKNOWN)
			continue;
		if (n->memory_bytes == TOPO_UNKNOWN)
			nodes = TOPO_UNKNOWN;
		else
			nodes += n->free_bytes == TOPO_UNKNOWN ? n->memory_bytes : n->free_bytes;
	}
	if (has == TOPO_UNKNOWN)
		has = t->memory_bytes;
	return all ? has : MIN(has, nodes);
}

bool plan_check_memory(struct planning *p)
{
	uint64_t need = 0, has = memory_for_all(p->t);
	char a[32], b[32];

	for (size_t i = 0; i < p->plan->n_guests; i++)
		/* A domain that runs has its memory already. */
		if (p->plan->guests[i].memory_bytes)
			need += p->plan->guests[i].memory_bytes +
				(p->plan->guests[i].kind == GUEST_METAL ? QEMU_OF_METAL
									: QEMU_OF_OTHERS);
	for (size_t i = 0; i < p->plan->n_noises; i++)
		need += p->plan->noises[i].bytes * p->plan->noises[i].threads;
	if (has == TOPO_UNKNOWN)
		strv_add(&p->plan->notes,
			"how much memory this box has is not known: %s are needed",
			quantity_mib(need, a, sizeof(a)));
	else if (need > has)
		PLAN_REFUSE(p, p->c->pos,
			"guests and noise need %s of memory (24 MiB for the QEMU of each metal guest and 48 for others included), this box has %s; use fewer or smaller guests",
			quantity_mib(need, a, sizeof(a)), quantity_mib(has, b, sizeof(b)));
	for (size_t i = 0; i < p->c->n_guests; i++)
		check_guest_memory(p, i);
	return !p->failed;
}

/* A real-time vCPU that never sleeps keeps everything else off its CPU. */
static void note_real_time(struct planning *p)
{
	for (size_t i = 0; i < p->plan->n_guests; i++) {
		const struct plan_guest *g = &p->plan->guests[i];
		struct cpuset shared = cpuset_and(&p->guest_cpus[0], &p->plan->housekeeping_cpus);

		if (g->policy == SCHED_AS_IS)
			continue;
		for (unsigned v = 0; v < g->vcpus; v++) {
			struct cpuset s = cpuset_and(&g->vcpu_cpus[v], &p->plan->housekeeping_cpus);

			shared = v ? cpuset_or(&shared, &s) : s;
		}
		if (cpuset_empty(&shared))
			continue;
		strv_add(&p->plan->notes,
			"guest '%s' has a real-time policy on housekeeping CPUs: when busy it delays the harness (the kernel leaves others 5 %% of the time)",
			g->name);
		return;
	}
}

static void make_plan(const struct experiment *x, struct planning *p)
{
	struct plan *plan = p->plan;

	plan->scenario = xstrdup(x->name);
	plan->variant = xstrdup(p->c->name);
	plan->point = xstrdup(p->c->point);
	plan->warmup_ns = p->c->warmup_ns;
	plan->duration_ns = p->c->duration_ns;
	plan->repeats = p->c->repeats;
	plan->seed = p->c->seed;
	plan->trace_mode = (uint32_t)p->c->trace;
	plan->trace_bytes = p->c->trace_bytes;
	p->guest_cpus = xcalloc(p->c->n_guests, sizeof(*p->guest_cpus));
	p->first = xcalloc(p->c->n_guests, sizeof(*p->first));
	p->count = xcalloc(p->c->n_guests, sizeof(*p->count));
	if (plan_lab(p) && make_guests(p)) {
		make_noises(p);
		plan_measures(p);
		plan_place_guests(p);
		plan_place_noises(p);
		plan_check_memory(p);
		note_real_time(p);
		if (p->t->xen)
			plan_xen(p);
	}
	free(p->guest_cpus);
	free(p->first);
	free(p->count);
}

int plan_make(const struct experiment *x, const struct topology *t, struct plan_list *out,
	struct scenario_msgs *msgs)
{
	struct plan_list l = {.plans = xcalloc(x->n_configs, sizeof(struct plan))};
	auto_free struct planning *p = xmalloc(sizeof(*p));
	bool failed = false;

	for (; l.n < x->n_configs; l.n++) {
		*p = (struct planning){
			.x = x, .c = &x->configs[l.n], .t = t, .msgs = msgs, .plan = &l.plans[l.n]};
		make_plan(x, p);
		failed |= p->failed;
	}
	if (failed) {
		plan_list_release(&l);
		return -ENODEV;
	}
	*out = l;
	return 0;
}
