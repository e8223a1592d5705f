/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metric table, and docs/metrics.md made from it. */
#include "analysis/metrics.h"

#include <string.h>

#define ROW(id, n, u, vcpu, f, b, from, text)                                                      \
	[METRIC_##id] = {.name = (n),                                                              \
		.unit = (u),                                                                       \
		.per_vcpu = (vcpu),                                                                \
		.fold = FOLD_##f,                                                                  \
		.better = BETTER_##b,                                                              \
		.needs = (from),                                                                   \
		.doc = (text)}

const struct metric_info metric_table[METRIC_COUNT] = {
	ROW(STEAL_RATE, "steal.rate", "ms/s", true, MEAN, LOWER, "guest steal counter (KVM)",
		"Steal time per second: growth of the KVM steal counter between the first and the last sample in the window, by the time between these two samples."),
	ROW(STEAL_RATE_10S, "steal.rate.10s", "ms/s", true, MAX, LOWER,
		"guest steal counter (KVM), 10 s",
		"Largest 10 s mean of steal; the series of all windows stands beside it."),
	ROW(RUN_DELAY_RATE, "run_delay.rate", "ms/s", true, MEAN, LOWER,
		"trace or schedstat of the thread",
		"Growth per second of the vCPU thread's run_delay, the integer KVM turns into steal, between its first and last reading in the window."),
	ROW(WAIT_RATE, "wait.rate", "ms/s", true, MEAN, LOWER, "host trace",
		"Time the vCPU thread was runnable but not running, from the scheduler trace, clipped at the window's ends."),
	ROW(RUN_RATE, "run.rate", "ms/s", true, MEAN, NEITHER, "host trace",
		"Time the vCPU thread ran, from the scheduler trace."),
	ROW(SLEEP_RATE, "sleep.rate", "ms/s", true, MEAN, NEITHER, "host trace",
		"Time the vCPU thread slept (guest halted), from the scheduler trace."),
	ROW(TIMER_LATE_P50, "timer.late.p50", "us", true, POOL, LOWER, "probe timer",
		"Median lateness of timer wake-ups: wake - absolute deadline. Missed periods are back-filled with the lateness they would have had."),
	ROW(TIMER_LATE_P99, "timer.late.p99", "us", true, POOL, LOWER, "probe timer",
		"99 % of timer wake-ups are at most this late."),
	ROW(TIMER_LATE_P999, "timer.late.p999", "us", true, POOL, LOWER,
		"probe timer, 1000 samples", "99.9 % of timer wake-ups are at most this late."),
	ROW(TIMER_LATE_MAX, "timer.late.max", "us", true, POOL, LOWER, "probe timer",
		"The latest timer wake-up."),
	ROW(TIMER_LATE_MAX_10S, "timer.late.max.10s", "us", true, MAX, LOWER, "probe timer, 10 s",
		"Median over the 10 s windows of each window's latest wake-up; the series stands beside it."),
	ROW(TIMER_GUEST_P99, "timer.guest.p99", "us", true, MAX, LOWER,
		"probe timer in a Linux or native guest",
		"99 % of timer wake-ups waited at most this long in the run queue of the guest's own kernel (run delay of the woken thread): the part of the lateness that a policy inside the guest can change. While the vCPU itself waits on the host, that counts too."),
	ROW(TIMER_GUEST_MAX, "timer.guest.max", "us", true, MAX, LOWER,
		"probe timer in a Linux or native guest",
		"The longest wait of a timer wake-up in the run queue of the guest's own kernel."),
	ROW(SLEEP_ELAPSED_P50, "sleep.elapsed.p50", "us", true, POOL, LOWER, "probe timer",
		"Median time from arming the timer to the wake-up (period included), as the blog measured."),
	ROW(SLEEP_ELAPSED_P99, "sleep.elapsed.p99", "us", true, POOL, LOWER, "probe timer",
		"99 % of sleeps last at most this long."),
	ROW(SLEEP_ELAPSED_P999, "sleep.elapsed.p999", "us", true, POOL, LOWER,
		"probe timer, 1000 samples", "99.9 % of sleeps last at most this long."),
	ROW(SLEEP_ELAPSED_MAX, "sleep.elapsed.max", "us", true, POOL, LOWER, "probe timer",
		"The longest sleep."),
	ROW(GAP_RATE, "gap.rate", "ms/s", true, MEAN, LOWER, "probe gap",
		"Time lost in TSC gaps of a busy loop per second: what the guest did not run, seen from inside, with no help from the host. Gaps below the probe's threshold are not seen."),
	ROW(GAP_LEN_P50, "gap.len.p50", "us", true, POOL, LOWER, "probe gap, one gap",
		"Median length of a gap."),
	ROW(GAP_LEN_P99, "gap.len.p99", "us", true, POOL, LOWER, "probe gap, one gap",
		"99 % of gaps are at most this long."),
	ROW(GAP_LEN_MAX, "gap.len.max", "us", true, POOL, LOWER, "probe gap, one gap",
		"The longest gap."),
	ROW(JOB_TIME, "job.time", "s", true, MEAN, LOWER, "probe job, one unit done",
		"Mean time one unit of fixed work took, over units that began and ended in the window."),
	ROW(JOB_RATE, "job.rate", "units/s", true, SUM, HIGHER, "probe job, one unit done",
		"Units of fixed work done per second: units done in the window by the time they took."),
	ROW(LOCK_RATE, "lock.rate", "1/s", true, SUM, HIGHER, "probe lock, two reports",
		"Acquisitions of the spin lock per second, between the first and last report."),
	ROW(LOCK_STALL_P50, "lock.stall.p50", "us", true, POOL, LOWER, "probe lock, one stall",
		"Median wait for the spin lock among the waits over the probe's threshold."),
	ROW(LOCK_STALL_P99, "lock.stall.p99", "us", true, POOL, LOWER, "probe lock, one stall",
		"99 % of the waits over the threshold are at most this long."),
	ROW(LOCK_STALL_MAX, "lock.stall.max", "us", true, POOL, LOWER, "probe lock, one stall",
		"The longest wait for the lock."),
	ROW(MEMORY_LATENCY, "memory.latency", "ns", true, MEAN, LOWER, "probe memory (chase)",
		"Mean time of one dependent memory access over the probe's working set."),
	ROW(MEMORY_BANDWIDTH, "memory.bandwidth", "GB/s", true, SUM, HIGHER,
		"probe memory (bandwidth)",
		"Bytes read per second over the probe's working set; 1 GB = 10^9 bytes."),
	ROW(BLAME_SHARE, "blame.share", "%", true, MEAN, NEITHER, "host trace, some waiting",
		"Share of the vCPU's waiting time taken by its first culprit; the blame table has all. In an expectation blame.share:NAME is the share of the culprits whose name contains NAME."),
	ROW(LATE_EXPLAINED, "late.explained", "%", true, GUEST, HIGHER,
		"host trace, a late wake-up or gap",
		"Of the lateness of all wake-ups more than 1 ms late, and of all gaps longer than 1 ms, the part with a known place: timer late on the host, queued behind named culprits, throttled, or running but not yet there."),
	ROW(WASTED_RATE, "wasted.rate", "ms/s", true, MEAN, LOWER, "host trace of the allowed CPUs",
		"Time the vCPU waited, not throttled, while its CPU was idle, plus its waiting times the idle share of the idlest other CPU that it was allowed on or that is in the lab (sampled)."),
	ROW(THROTTLE_RATE, "throttle.rate", "ms/s", true, MEAN, LOWER,
		"host trace or cgroup cpu.stat",
		"Time the vCPU waited because its CPU bandwidth quota was used up."),
	ROW(MIGRATIONS_RATE, "migrations.rate", "1/s", true, MEAN, NEITHER, "host trace",
		"Moves of the vCPU thread to another CPU per second."),
	ROW(EXITS_RATE, "exits.rate", "1/s", true, MEAN, LOWER, "KVM counters",
		"VM exits per second, from KVM's own counters."),
	ROW(CLOCK_ERROR, "clock.error", "ns", true, MAX, LOWER, "guest records with host bounds",
		"Bound on the error of the map from guest TSC to host clock, worst stretch of the run."),
	ROW(HARNESS_CPU, "harness.cpu", "%", false, GUEST, LOWER, "run.json",
		"CPU time of the harness and its tracer in the window, in % of one CPU."),
};

enum metric_id metric_find(const char *name)
{
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		if (!strcmp(metric_table[i].name, name))
			return (enum metric_id)i;
	return METRIC_COUNT;
}

static const char *fold_text(enum metric_fold f)
{
	switch (f) {
	case FOLD_MEAN:
		return "mean of its vCPUs";
	case FOLD_SUM:
		return "sum of its vCPUs";
	case FOLD_MAX:
		return "largest vCPU";
	case FOLD_POOL:
		return "all its vCPUs' samples together";
	case FOLD_GUEST:
		return "of the guest as a whole";
	}
	return "?";
}

void metrics_print_markdown(FILE *out)
{
	fputs("# Metrics\n\nMade from `harness/analysis/metrics.c`. \"ms/s\" is per vCPU. A metric whose source is missing is absent with the reason, never 0.\n\n"
	      "| name | unit | better | needs | a guest's value | definition |\n|---|---|---|---|---|---|\n",
		out);
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *m = &metric_table[i];

		fprintf(out, "| `%s` | %s | %s | %s | %s | %s |\n", m->name, m->unit,
			m->better < 0	? "lower"
			: m->better > 0 ? "higher"
					: "",
			m->needs, fold_text(m->fold), m->doc);
	}
}
