/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a probe is: one row of probes.def, one file. */
#ifndef SS_PROBE_PROBE_H
#define SS_PROBE_PROBE_H

#include "guest-agent/probe/agent.h"

struct probe_ops {
	uint32_t id; /* enum probe_id */
	/* Make `run` ready from its parameters. Interrupt-driven probes set deadline and period. */
	void (*start)(struct agent_vcpu *v, struct probe_run *run);
	/* Interrupt-driven (timer, steal): the deadline has come. Sets a new one. */
	void (*tick)(struct agent_vcpu *v, struct probe_run *run, const struct stamp *at);
	/* Busy (the others): work until !agent_running(). */
	void (*work)(struct agent_vcpu *v, struct probe_run *run);
	/* Busy, may be NULL: an interrupt has come at `at`; it is over and the work goes on. */
	void (*irq_enter)(struct agent_vcpu *v, struct probe_run *run, const struct stamp *at);
	void (*irq_exit)(struct agent_vcpu *v, struct probe_run *run);
};

#define PROBE(name) extern const struct probe_ops probe_##name;
#include "guest-agent/probe/probes.def"

/* The platform's own way of a probe; NULL: as all guests do. */
const struct probe_ops *platform_probe(uint32_t id);

/* NULL when there is none. */
const struct probe_ops *probe_find(uint32_t id);

#endif
