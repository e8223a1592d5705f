// SPDX-License-Identifier: GPL-3.0-or-later
#include "terms/words.h"

#include <string.h>

const char *word_of(const struct words *w, unsigned value)
{
	const char *const *row = (const void *)((const char *)w->rows + value * w->stride);

	return value < w->n ? *row : NULL;
}

const char *word_or_unknown(const struct words *w, unsigned value)
{
	const char *word = word_of(w, value);

	return word ? word : "unknown";
}

bool word_is(const struct words *w, const char *text, unsigned value)
{
	const char *word = word_of(w, value);

	return text && word && !strcmp(text, word);
}

int word_find(const struct words *w, const char *word)
{
	for (unsigned i = 0; i < w->n; i++)
		if (word_of(w, i) && !strcmp(word_of(w, i), word))
			return (int)i;
	return -1;
}

static const char *const accel_asked[] = {
	[ACCEL_AUTO] = "auto", [ACCEL_KVM] = "kvm", [ACCEL_TCG] = "tcg"};
const struct words words_accel = WORDS_OF(accel_asked);

static const char *const accel_found[] = {
	[SHM_ACCEL_UNKNOWN] = "unknown",
	[SHM_ACCEL_KVM] = "kvm",
	[SHM_ACCEL_TCG] = "tcg",
	[SHM_ACCEL_NATIVE] = "native",
	[SHM_ACCEL_XEN] = "xen",
};
const struct words words_accel_found = WORDS_OF(accel_found);

static const char *const vm_accel[] = {
	[VM_ACCEL_UNKNOWN] = "unknown",
	[VM_ACCEL_KVM] = "kvm",
	[VM_ACCEL_TCG] = "tcg",
	[VM_ACCEL_XEN] = "xen",
	[VM_ACCEL_NONE] = "none",
};
const struct words words_vm_accel = WORDS_OF(vm_accel);

static const char *const policy[] = {
	[SHM_POLICY_OTHER] = "other",
	[SHM_POLICY_FIFO] = "fifo",
	[SHM_POLICY_RR] = "rr",
	[SHM_POLICY_DEADLINE] = "deadline",
};
_Static_assert((int)SCHED_RT_FIFO == (int)SHM_POLICY_FIFO && (int)SCHED_RT_RR == (int)SHM_POLICY_RR,
	"one table for both");
const struct words words_timer_policy = WORDS_OF(policy);
const struct words words_vcpu_policy = {policy, sizeof(policy[0]), SCHED_RT_RR + 1};

static const struct placement_word placement[] = {
	[PLACE_FLOAT] = {"float", "every vCPU or thread on all lab CPUs"},
	[PLACE_PINNED] = {"pinned",
		"every vCPU of a guest on a physical core of its own, under one last-level cache where that has room; guests share cores only when there are too few"},
	[PLACE_STACKED] = {"stacked", "all vCPUs of a guest on one CPU"},
	[PLACE_SIBLINGS] = {"siblings", "neighbouring vCPUs on the SMT threads of one core"},
	[PLACE_SPREAD] = {"spread",
		"every vCPU on one CPU, as far apart as the lab's nodes, caches and cores allow, sharing CPUs when there are too few"},
	[PLACE_NODE] = {"node",
		"floating over the lab CPUs of one NUMA node, memory strictly there"},
	[PLACE_REMOTE] = {"remote",
		"floating over the lab CPUs of one NUMA node, memory strictly on another"},
	[PLACE_LLC] = {"llc",
		"floating over the lab CPUs under one last-level cache (L3, CCX); the next guest under another, where there is one"},
};
const struct words words_placement = WORDS_OF(placement);

static const struct {
	const char *name, *sign;
} relation[] = {
	[EXPECT_BELOW] = {"below", "<"},
	[EXPECT_AT_MOST] = {"at-most", "<="},
	[EXPECT_ABOVE] = {"above", ">"},
	[EXPECT_AT_LEAST] = {"at-least", ">="},
	[EXPECT_NEAR] = {"near", "within"},
};
const struct words words_relation = WORDS_OF(relation);
const struct words words_relation_sign = {
	&relation[0].sign, sizeof(relation[0]), sizeof(relation) / sizeof(relation[0])};

static const char *const memory_mode[] = {
	[MEMORY_CHASE] = "chase", [MEMORY_BANDWIDTH] = "bandwidth"};
const struct words words_memory_mode = WORDS_OF(memory_mode);

static const char *const probe[] = {
	[PROBE_TIMER] = "timer",
	[PROBE_GAP] = "gap",
	[PROBE_JOB] = "job",
	[PROBE_LOCK] = "lock",
	[PROBE_MEMORY] = "memory",
	[PROBE_STEAL] = "steal",
};
const struct words words_probe = WORDS_OF(probe);

static const char *const trace_mode[] = {
	[TRACE_MODE_COUNTERS] = "counters",
	[TRACE_MODE_EVENTS] = "events",
	[TRACE_MODE_COUNTS] = "counts",
};
const struct words words_trace_mode = WORDS_OF(trace_mode);

static const char *const thread_state[] = {
	[THREAD_UNKNOWN] = "unknown",
	[THREAD_RUNNING] = "running",
	[THREAD_WAITING] = "waiting",
	[THREAD_SLEEPING] = "sleeping",
	[THREAD_EXITED] = "exited",
};
const struct words words_thread_state = WORDS_OF(thread_state);

static const char *const disk_format[] = {"auto", "qcow2", "raw"};
static const char *const disk_boot[] = {"bios", "uefi"};
static const char *const disk_network[] = {"none", "user"};
static const char *const disk_agent[] = {"seed", "installed", "none"};
static const char *const disk_backing[] = {"folder", "anywhere"};
const struct words words_disk_format = WORDS_OF(disk_format);
const struct words words_disk_boot = WORDS_OF(disk_boot);
const struct words words_disk_network = WORDS_OF(disk_network);
const struct words words_disk_agent = WORDS_OF(disk_agent);
const struct words words_disk_backing = WORDS_OF(disk_backing);

static const char *const measure_better[] = {"lower", "higher"};
const struct words words_measure_better = WORDS_OF(measure_better);
