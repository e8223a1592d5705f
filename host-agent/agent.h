/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hostd as one object: what the commands act on. */
#ifndef SS_HOST_AGENT_AGENT_H
#define SS_HOST_AGENT_AGENT_H

#include "host-agent/counters.h"
#include "host-agent/sink.h"
#include "host-agent/tracer.h"
#include "host-agent/vcpus.h"

struct agent {
	struct sink sink;
	struct tracer *tracer; /* NULL: counters only */
	struct counters *counters;
	struct vcpus *vcpus; /* NULL: the kernel does not tell, and why */
	struct err no_vcpus;
	const struct vcpu_seen *seen; /* the list that `vcpus` hands out, owned by `vcpus` */
	size_t n_seen;
	enum trace_mode mode; /* what it really does */
	bool started, stopped;
	bool measure_bpf;
	struct self_cost cost_at_start;
};

/* Runs one command line (without the newline) and writes the one-line answer, newline included,
 * into reply. Commands are rows of one table in commands.c, which is also the protocol's
 * description. */
void agent_command(struct agent *a, char *line, char *reply, size_t size);

/* The tracer's records up to now, to the sink, and its table of culprits emptied when that is filling up. */
void agent_drain(struct agent *a);
/* The same, the counters and the file. */
void agent_sample(struct agent *a);
/* End of the trace: last counters, totals, TRACE_END. Once; later calls do nothing. */
void agent_stop(struct agent *a);

#endif
