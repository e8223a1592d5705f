// SPDX-License-Identifier: GPL-3.0-or-later
/* Who shares the box: other harnesses (their runs have folders beside this one's, with an owner in
 * each), and guests that share CPUs on a kernel that divides these badly. */
#include <dirent.h>
#include <string.h>

#include "base/process.h"
#include "host/facts.h"
#include "run/priv.h"

static bool said_already(const struct session *s, const char *run)
{
	for (size_t i = 0; i < s->info.warnings.n; i++)
		if (strstr(s->info.warnings.items[i], run))
			return true;
	return false;
}

void warn_of_neighbours(struct session *s)
{
	char self[OWNER_MAX];

	owner_self(self);
	for (auto_struct(folder) f = {.dir = opendir(runtime_root())}; folder_next(&f);) {
		char owner[OWNER_MAX];

		if (owner_of_run(f.name, owner) && strcmp(owner, self) && owner_alive(owner) &&
			!said_already(s, f.name))
			session_warn(s,
				"another stealscope ran on this box at the same time: %s; each disturbed what the other measured",
				f.name);
	}
}

static struct cpuset cpus_of(const struct plan_guest *g)
{
	struct cpuset all = {0};

	for (unsigned v = 0; v < g->vcpus; v++)
		all = cpuset_or(&all, &g->vcpu_cpus[v]);
	return all;
}

/* Several vCPUs on several CPUs: a control group whose weight on each CPU moves. */
static bool is_spread(const struct plan_guest *g)
{
	struct cpuset cpus = cpus_of(g);

	return g->vcpus > 1 && cpuset_count(&cpus) > 1;
}

void warn_of_unfair_groups(struct session *s)
{
	const char *release = facts_get(s->facts, "kernel.release");
	const struct kernel_defect *d = &kernel_defects[DEFECT_GROUP_LEAD];

	if (!release || !kernel_defect_applies(d, kernel_version_parse(release)))
		return;
	for (size_t i = 0; i < s->n_guests; i++)
		for (size_t k = i + 1; k < s->n_guests; k++) {
			const struct plan_guest *a = s->guests[i].plan, *b = s->guests[k].plan;
			struct cpuset one = cpus_of(a), other = cpus_of(b);
			struct cpuset common = cpuset_and(&one, &other);

			if (!is_spread(a) || !is_spread(b) || cpuset_count(&common) < 2)
				continue;
			session_warn(s,
				"guests %s and %s share CPUs on a kernel (%s) in which %s: one of them may starve (docs/linux-guests.md)",
				a->name, b->name, release, d->what);
			return;
		}
}
