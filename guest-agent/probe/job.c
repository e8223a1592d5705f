/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probe `job`: fixed integer work in units; how long each took. */
#include "guest-agent/probe/probe.h"
#include "guest-agent/probe/spin.h"

/* Looked for commands this often: under 5 ms where KVM emulates a million instructions a second. */
#define JOB_CHUNK 1024

static void job_start(struct agent_vcpu *v, struct probe_run *run)
{
	(void)v;
	if (run->p[0] == 0)
		run->p[0] = 1;
}

static void job_work(struct agent_vcpu *v, struct probe_run *run)
{
	while (agent_running(v)) {
		uint64_t start = platform_tsc(), left = run->p[0];

		while (left != 0 && agent_running(v)) {
			uint64_t n = left < JOB_CHUNK ? left : JOB_CHUNK, now;

			spin_iterations(n);
			left -= n;
			now = platform_tsc();
			if (now >= v->next_steal)
				agent_housekeeping(v, now);
		}
		if (left != 0)
			return; /* stopped in the middle: not a unit */
		agent_emit_busy(v, REC_JOB, start, run->done, 0);
		run->done++;
	}
}

const struct probe_ops probe_job = {
	.id = PROBE_JOB,
	.start = job_start,
	.work = job_work,
};
