// SPDX-License-Identifier: GPL-3.0-or-later
/* From a planned guest to the rows of a running domain's tuning. */
#include <errno.h>
#include <string.h>

#include "run/live_domain.h"

#define RT_GROUP "/sys/fs/cgroup/cpu" /* as domain/policy.c */

static int want_cpus(struct tuning *t, const char *key, const struct cpuset *cpus, struct err *e)
{
	auto_free char *text = cpuset_text(cpus);

	return *text ? tuning_want(t, key, text, e) : 0;
}

static int want_number(struct tuning *t, const char *key, uint64_t value, struct err *e)
{
	auto_free char *text = xasprintf("%llu", (unsigned long long)value);

	return value ? tuning_want(t, key, text, e) : 0;
}

/* With RT_GROUP_SCHED a vCPU's own group has no real-time budget: the thread stands in the root
 * group while it has such a policy. */
static int want_policy(const struct plan_guest *g, struct tuning *t, unsigned vcpu, struct err *e)
{
	auto_free char *group = xasprintf("cpugroup.%u", vcpu), *key = xasprintf("policy.%u", vcpu);
	auto_free char *value =
		xasprintf("%s %u", g->policy == SCHED_RT_FIFO ? "fifo" : "rr", g->priority);
	int rc = 0;

	if (g->policy == SCHED_AS_IS)
		return 0;
	if (domain_policy_by_hand() && tuning_row(t, group))
		rc = tuning_want(t, group, RT_GROUP, e);
	return rc ? rc : tuning_want(t, key, value, e);
}

static int want_memory(const struct plan_guest *g, struct tuning *t, struct err *e)
{
	const struct tuning_row *row = tuning_row(t, "numatune.nodeset");
	struct cpuset had;

	if (cpuset_empty(&g->memory_nodes))
		return 0;
	if (!row || !*row->had)
		return err_set_exit(e, EXIT_HOST, ENOTSUP,
			"domain '%s' has no <numatune>: libvirt could bind its memory to a node, but never unbind it again; give it a <numatune> of all nodes first, or use placement=\"pinned\"",
			g->domain);
	if (!tuning_memory_moves(t) &&
		(cpuset_parse(row->had, &had, NULL) || !cpuset_equal(&had, &g->memory_nodes)))
		return err_set_exit(e, EXIT_HOST, ENOTSUP,
			"domain '%s': libvirt moves the memory of a running domain only where its <numatune> says mode='restrictive'; write that for its next start, or use placement=\"pinned\"",
			g->domain);
	return want_cpus(t, "numatune.nodeset", &g->memory_nodes, e);
}

/* "KEY VALUE; KEY VALUE": rows of the tuning by their names. */
static int want_tune(const char *text, struct tuning *t, struct err *e)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *item;
	int rc = 0;

	while (!rc && (item = strsep(&rest, ";"))) {
		char *value;

		item += strspn(item, " ");
		value = item + strcspn(item, " ");
		if (!*item)
			continue;
		if (*value)
			*value++ = '\0';
		rc = tuning_want(t, item, value, e);
	}
	return rc;
}

int live_wants(const struct plan_guest *g, struct tuning *t, struct err *e)
{
	int rc = 0;

	for (unsigned v = 0; !rc && v < g->vcpus; v++) {
		auto_free char *key = xasprintf("vcpupin.%u", v);

		if (!g->as_placed)
			rc = want_cpus(t, key, &g->vcpu_cpus[v], e);
		if (!rc)
			rc = want_policy(g, t, v, e);
	}
	if (!rc)
		rc = want_cpus(t, "emulatorpin", &g->emulator_cpus, e);
	for (size_t i = 0; !rc && i < t->n_rows; i++)
		if (!strncmp(t->rows[i].key, "iothreadpin.", 12))
			rc = want_cpus(t, t->rows[i].key, &g->emulator_cpus, e);
	if (!rc)
		rc = want_number(t, "schedinfo.cpu_shares", g->vcpu_limits.shares, e);
	if (!rc)
		rc = want_number(t, "schedinfo.vcpu_period", g->vcpu_limits.period_us, e);
	if (!rc)
		rc = want_number(t, "schedinfo.vcpu_quota", g->vcpu_limits.quota_us, e);
	if (!rc)
		rc = want_memory(g, t, e);
	return rc || !g->tune ? rc : want_tune(g->tune, t, e);
}
