// SPDX-License-Identifier: GPL-3.0-or-later
/* Real-time policy of vCPU threads where libvirt cannot set it. With RT_GROUP_SCHED every new
 * cgroup v1 cpu group has an rt_runtime of 0, so libvirt's sched_setscheduler() in its per-vCPU
 * group fails with EPERM. There the threads move to the root cpu group, whose share of real-time is
 * the box's own (sched_rt_runtime_us); shares and quota, which mean nothing to them, are given
 * up. */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "domain/priv.h"

#define ROOT_GROUP "/sys/fs/cgroup/cpu"

bool domain_policy_by_hand(void)
{
	return access(ROOT_GROUP "/cpu.rt_runtime_us", F_OK) == 0;
}

int domain_apply_policy(struct domain *d, const struct plan_guest *g, struct err *e)
{
	struct sched_param param = {.sched_priority = (int)g->priority};
	int policy = g->policy == SCHED_RT_FIFO ? SCHED_FIFO : SCHED_RR;
	pid_t tids[SHM_MAX_VCPUS];
	unsigned n;
	int rc;

	if (g->policy == SCHED_AS_IS || !domain_policy_by_hand())
		return 0;
	rc = domain_vcpu_tids(d, tids, SHM_MAX_VCPUS, &n, e);
	for (unsigned i = 0; !rc && i < n; i++) {
		auto_free char *tid = xasprintf("%d", (int)tids[i]);

		rc = write_file(ROOT_GROUP "/tasks", tid, strlen(tid), e);
		if (rc)
			return err_wrap(e, "%s: vCPU %u", domain_name(d), i);
		if (sched_setscheduler(tids[i], policy, &param))
			return err_sys(e, "%s: vCPU %u cannot run as %s priority %u",
				domain_name(d), i, word_of(&words_vcpu_policy, g->policy),
				g->priority);
	}
	return rc;
}
