/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probe `memory`: how long memory takes. A pointer chase through one cycle over all cache lines of
 * the area (latency), or reading all of it in order (bandwidth).
 */
#include "guest-agent/probe/probe.h"

#define LINE	     64u
#define MEMORY_BATCH 128u		/* accesses or lines between looks at the command */
#define MEMORY_NS    UINT64_C(10000000) /* a record about so often */

struct line {
	struct line *next;
	uint64_t pad[7];
};

/*
 * Link n lines (a power of two) into one cycle: x -> a*x + c mod n visits all n when c is odd and
 * a mod 4 is 1 (Hull and Dobell 1962). Its steps are far and uneven enough for prefetchers to miss.
 */
static void memory_link(struct agent_vcpu *v, struct line *lines, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		if (i % MEMORY_BATCH == 0) {
			uint64_t now = platform_tsc();

			if (!agent_running(v))
				return;
			if (now >= v->next_steal) /* a large area takes long where KVM emulates */
				agent_housekeeping(v, now);
		}
		lines[i].next = &lines[(i * 0x9e3779b97f4a7c15u + 0x7f4a7c15u) & (n - 1)];
	}
}

static const struct line *memory_chase(const struct line *at, unsigned n)
{
	while (n--)
		at = *(struct line *volatile *)&at->next;
	return at;
}

static void memory_read(const struct line *line, unsigned n)
{
	for (; n--; line++)
		__asm__ volatile(
			"mov (%0), %%rax; mov 8(%0), %%rax; mov 16(%0), %%rax; mov 24(%0), %%rax;"
			"mov 32(%0), %%rax; mov 40(%0), %%rax; mov 48(%0), %%rax; mov 56(%0), %%rax"
			:
			: "r"(line)
			: "rax", "memory");
}

static void memory_loop(
	struct agent_vcpu *v, struct probe_run *run, const struct line *lines, uint64_t n)
{
	const struct line *at = lines;
	uint64_t start = platform_tsc(), count = 0, index = 0;

	while (agent_running(v)) {
		uint64_t now;

		if (run->p[1] == 0) {
			at = memory_chase(at, MEMORY_BATCH);
			count += MEMORY_BATCH;
		} else {
			memory_read(&lines[index], MEMORY_BATCH);
			index = (index + MEMORY_BATCH) & (n - 1);
			count += MEMORY_BATCH * LINE;
		}
		now = platform_tsc();
		if (now - start < run->period)
			continue;
		agent_emit_busy(v, REC_MEMORY, start, count, 0);
		run->done += count;
		if (now >= v->next_steal)
			agent_housekeeping(v, now);
		start = platform_tsc();
		count = 0;
	}
}

static void memory_start(struct agent_vcpu *v, struct probe_run *run)
{
	run->period = agent_ns_to_ticks(v, MEMORY_NS);
}

static void memory_work(struct agent_vcpu *v, struct probe_run *run)
{
	uint64_t bytes = run->p[0], n = MEMORY_BATCH;
	struct line *lines = platform_memory(v, &bytes);

	if (!lines || bytes < n * LINE || bytes < run->p[0]) {
		platform_say(v, "probe memory: the guest has less memory than the probe asks for");
		agent_fail(v, AGENT_FAIL_MEMORY);
		return;
	}
	while (n * 2 * LINE <= bytes)
		n *= 2;
	if (run->p[1] == 0)
		memory_link(v, lines, n);
	memory_loop(v, run, lines, n);
}

const struct probe_ops probe_memory = {
	.id = PROBE_MEMORY,
	.start = memory_start,
	.work = memory_work,
};
