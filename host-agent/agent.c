// SPDX-License-Identifier: GPL-3.0-or-later
#include "host-agent/agent.h"

#include "base/util.h"

void agent_drain(struct agent *a)
{
	if (!a->tracer || !a->started || a->stopped)
		return;
	tracer_drain(a->tracer, &a->sink);
	if (tracer_is_full(a->tracer))
		tracer_dump(a->tracer, &a->sink);
}

void agent_sample(struct agent *a)
{
	if (a->stopped)
		return;
	counters_sample(a->counters, a->started ? a->tracer : NULL, &a->sink);
	agent_drain(a);
	if (a->tracer && a->started && a->measure_bpf)
		sink_counter(&a->sink, now_ns(), 0, 0, COUNTER_SELF, CTR_SELF_BPF_NS, 0,
			tracer_bpf_ns(a->tracer));
	sink_flush(&a->sink);
}

void agent_stop(struct agent *a)
{
	if (a->stopped)
		return;
	if (a->started) {
		agent_sample(a);
		counters_end(a->counters, &a->sink);
	}
	if (a->tracer && a->started) {
		tracer_stop(a->tracer, &a->sink);
		tracer_dump(a->tracer, &a->sink);
	}
	sink_end(&a->sink);
	a->stopped = true;
}
