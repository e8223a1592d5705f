// SPDX-License-Identifier: GPL-3.0-or-later
// Names of metrics with what they need. See metric_names.h.
#include "scenario/metric_names.h"

#include <string.h>

#define PROBE(n, u, p)                                                                             \
	{                                                                                          \
		.name = n, .unit = u, .need = NEED_PROBE, .probe = PROBE_WORD_##p                  \
	}
#define FROM(n, u, what)                                                                           \
	{                                                                                          \
		.name = n, .unit = u, .need = NEED_##what                                          \
	}

const struct metric_name metric_names[] = {
	FROM("steal.rate", "ms/s", STEAL),
	{.name = "steal.rate.10s", .unit = "ms/s", .need = NEED_STEAL, .window_10s = true},
	FROM("run_delay.rate", "ms/s", COUNTERS),
	FROM("wait.rate", "ms/s", TRACE),
	FROM("run.rate", "ms/s", TRACE),
	FROM("sleep.rate", "ms/s", TRACE),
	PROBE("timer.late.p50", "us", TIMER),
	PROBE("timer.late.p99", "us", TIMER),
	PROBE("timer.late.p999", "us", TIMER),
	PROBE("timer.late.max", "us", TIMER),
	{.name = "timer.late.max.10s",
		.unit = "us",
		.need = NEED_PROBE,
		.probe = PROBE_WORD_TIMER,
		.window_10s = true},
	PROBE("timer.guest.p99", "us", TIMER),
	PROBE("timer.guest.max", "us", TIMER),
	PROBE("sleep.elapsed.p50", "us", TIMER),
	PROBE("sleep.elapsed.p99", "us", TIMER),
	PROBE("sleep.elapsed.p999", "us", TIMER),
	PROBE("sleep.elapsed.max", "us", TIMER),
	PROBE("gap.rate", "ms/s", GAP),
	PROBE("gap.len.p50", "us", GAP),
	PROBE("gap.len.p99", "us", GAP),
	PROBE("gap.len.max", "us", GAP),
	PROBE("job.time", "s", JOB),
	PROBE("job.rate", "units/s", JOB),
	PROBE("lock.rate", "1/s", LOCK),
	PROBE("lock.stall.p50", "us", LOCK),
	PROBE("lock.stall.p99", "us", LOCK),
	PROBE("lock.stall.max", "us", LOCK),
	PROBE("memory.latency", "ns", MEMORY),
	{.name = "memory.bandwidth",
		.unit = "GB/s",
		.need = NEED_PROBE,
		.probe = PROBE_WORD_MEMORY,
		.mode = MEMORY_BANDWIDTH},
	FROM("blame.share", "%", TRACE),
	{.name = "late.explained", .unit = "%", .need = NEED_EVENTS, .probe = PROBE_WORD_TIMER},
	FROM("wasted.rate", "ms/s", EVENTS),
	FROM("throttle.rate", "ms/s", COUNTERS),
	FROM("migrations.rate", "1/s", TRACE),
	FROM("exits.rate", "1/s", COUNTERS),
	FROM("clock.error", "ns", COUNTERS),
	FROM("harness.cpu", "%", COUNTERS),
};
const size_t n_metric_names = ARRAY_SIZE(metric_names);

const struct metric_name *metric_name_find(const char *name)
{
	size_t len = strcspn(name, ":");

	if (name[len] && (strncmp(name, "blame.share", len) != 0 || !name[len + 1]))
		return NULL;
	for (size_t i = 0; i < n_metric_names; i++)
		if (strlen(metric_names[i].name) == len &&
			!strncmp(metric_names[i].name, name, len))
			return &metric_names[i];
	return NULL;
}

void metric_name_near(struct near *n)
{
	for (size_t i = 0; i < n_metric_names; i++)
		near_try(n, metric_names[i].name);
}
