// SPDX-License-Identifier: GPL-3.0-or-later
// The table of the scenario language. See keys.h. One row per attribute, grouped by element.
#include "scenario/keys.h"

#include <stddef.h>
#include <string.h>

#define S_SEC(n)   (NS_PER_S * (n))
#define S_HOUR(n)  (NS_PER_S * 3600 * (n))
#define MIB	   (UINT64_C(1) << 20)
#define GIB	   (UINT64_C(1) << 30)
#define WORDS(...) (&(const struct words)WORDS_OF(((const char *const[]){__VA_ARGS__})))
#define P(e)	   (UINT32_C(1) << ELEM_##e)

static const char *const published[] = {"none", "choi-3v4"};
static const struct words words_published = WORDS_OF(published);

#define AT(field) offsetof(struct exp_config, field)
static const struct key_attr scenario_attrs[] = {
	{"name", VALUE_NAME, KEY_NOT_STORED,
		.doc = "Its name in lists and records; the file's name without .xml if not given."},
	{"title", VALUE_TEXT, KEY_NOT_STORED,
		.doc = "One line for lists; the first line of <doc> if not given."},
	{"warmup", VALUE_TIME, AT(warmup_ns), 0, S_HOUR(1), "1s",
		.doc = "Time that guests and noise run before measuring begins."},
	{"duration", VALUE_TIME, AT(duration_ns), NS_PER_MS * 100, S_HOUR(720), "10s",
		.doc = "Length of the measured window."},
	{"repeats", VALUE_COUNT, AT(repeats), 1, 1000, "1",
		.doc = "How often each configuration is run; each run boots its guests anew."},
	{"seed", VALUE_BIG, AT(seed), 0, INT64_MAX, "1",
		.doc = "Seed of the random order of runs."},
	{"trace", VALUE_WORD, AT(trace), 0, 0, "events", &words_trace_mode,
		.doc = "What the host tracer keeps: the timeline (events), totals per victim and culprit (counts, for hours), or no trace (counters)."},
	{"published", VALUE_WORD, AT(published), 0, 0, "none", &words_published,
		.doc = "Published figures to show beside this scenario's: their changes from variant to variant, by the names of variants that the table knows."},
	{0},
};
#undef AT

static const struct key_attr include_attrs[] = {
	{"file", VALUE_FILE, 0, .required = true,
		.doc = "A file beside this one whose root is <shared>."},
	{0},
};

#define AT(field) offsetof(struct exp_lab, field)
static const struct key_attr lab_attrs[] = {
	{"cpus", VALUE_RANGE, AT(cpus), 1, CPUSET_MAX,
		.doc = "How many CPUs the lab takes; a range takes as many as the box has. Auto: as many as there are vCPUs or, with overcommit, as that number says; at most what the box has."},
	{"overcommit", VALUE_RATIO, AT(overcommit), 0, 64,
		.doc = "vCPUs per lab CPU. With cpus it sets the count or vcpus of the guest that says auto there; without cpus it sets the number of lab CPUs."},
	{"cpuset", VALUE_CPUSET, AT(cpuset),
		.doc = "These CPUs and no others. Makes the file fit one box only."},
	{"node", VALUE_AUTO, AT(node), 0, 1023, "auto", .doc = "Take CPUs of this NUMA node only."},
	{"isolated", VALUE_WORD, AT(isolated), 0, 0, "auto", WORDS("auto", "require", "avoid"),
		.doc = "Use of CPUs that the kernel isolates (isolcpus=). Auto: used when everything is pinned to single CPUs, since nothing moves a thread off an isolated CPU."},
	{"smt", VALUE_WORD, AT(smt), 0, 0, "auto", WORDS("auto", "first", "whole"),
		.doc = "One SMT thread of each core (first) or all of them (whole). Auto: whole when a guest is placed on siblings or first threads do not suffice, else first."},
	{"cores", VALUE_WORD, AT(cores), 0, 0, "auto", WORDS("auto", "performance", "efficiency"),
		.doc = "Which cores of a hybrid CPU. Auto: performance cores when there are enough."},
	{0},
};
#undef AT

/* What guests and noises share. */
#define PLACE_ROWS(S)                                                                              \
	{"placement", VALUE_WORD, offsetof(struct S, placement), 0, 0, "float", &words_placement,  \
		.doc = "Where its threads may run, see Placement."},                               \
		{"cpus", VALUE_CPUSET, offsetof(struct S, cpus),                                   \
			.doc = "Place it on these CPUs instead of the lab's. Makes the file fit "  \
			       "one box only."},                                                   \
		{"beside", VALUE_NAME, offsetof(struct S, beside),                                 \
			.doc = "Place it on the CPUs that this guest may use."},                   \
	{                                                                                          \
		"away", VALUE_NAME, offsetof(struct S, away),                                      \
			.doc = "Place it on the lab CPUs that this guest may not use."             \
	}
#define LIMIT_ROWS(S, whole, each)                                                                 \
	{"shares", VALUE_BIG, offsetof(struct S, limits.shares), 2, 262144,                        \
		.doc = "CPU weight " whole                                                         \
		       ", in cgroup v1 cpu.shares (1024 is the default; v2 weights follow)."},     \
		{"quota", VALUE_TIME, offsetof(struct S, limits.quota_ns), NS_PER_MS, S_SEC(16),   \
			.doc = "CPU time " each " in each period (CFS bandwidth)."},               \
	{                                                                                          \
		"period", VALUE_TIME, offsetof(struct S, limits.period_ns), NS_PER_MS, S_SEC(1),   \
			"100ms", .doc = "Period of the quota."                                     \
	}

#define AT(field) offsetof(struct exp_guest, field)
static const struct key_attr guest_attrs[] = {
	{"name", VALUE_NAME, AT(name), .required = true,
		.doc = "Its name. Copies are called name-0, name-1, ..."},
	{"count", VALUE_AUTO, AT(count), 0, EXP_MAX_GUESTS, "1",
		.doc = "How many of it; auto: as many as <lab overcommit> asks for."},
	{"vcpus", VALUE_AUTO, AT(vcpus), 1, SHM_MAX_VCPUS, "1",
		.doc = "Virtual CPUs (native: threads); auto: as many as <lab overcommit> asks for."},
	{"memory", VALUE_SIZE, AT(memory_bytes), 16 * MIB, 1024 * GIB, "32MiB", .only = GUEST_IS_VM,
		.doc = "Memory of each."},
	{"kind", VALUE_WORD, AT(kind), 0, 0, "metal", &words_guest_kind,
		.doc = "What the guest is."},
	{"accel", VALUE_WORD, AT(accel), 0, 0, "auto", &words_accel, .only = GUEST_IS_VM,
		.doc = "Auto takes KVM where the guest can run on it, else TCG, and says so in every result."},
	PLACE_ROWS(exp_guest),
	{"node", VALUE_AUTO, AT(node), 0, 1023, "auto",
		.doc = "NUMA node of the vCPUs for placement node and remote."},
	{"memory-node", VALUE_AUTO, AT(memory_node), 0, 1023, "auto", .only = GUEST_IS_VM,
		.doc = "NUMA node of the memory for placement remote; auto: the farthest."},
	LIMIT_ROWS(exp_guest, "of the guest", "of each vCPU"),
	{"policy", VALUE_WORD, AT(policy), 0, 0, "other", &words_vcpu_policy,
		.doc = "Host scheduling policy of the vCPU threads."},
	{"priority", VALUE_COUNT, AT(priority), 1, 99,
		.doc = "Real-time priority for policy fifo and rr (1 if not given)."},
	{"emulator", VALUE_WORD, AT(emulator), 0, 0, "housekeeping",
		WORDS("housekeeping", "lab", "vcpus"), .only = GUEST_IS_VM,
		.doc = "CPUs of QEMU's other threads: the housekeeping CPUs, all lab CPUs, or those of its vCPUs."},
	{"emulator-cpus", VALUE_CPUSET, AT(emulator_cpus), .only = GUEST_IS_VM,
		.doc = "CPUs of QEMU's other threads by number. Makes the file fit one box only."},
	{"hugepages", VALUE_SIZE, AT(hugepage_bytes), 2 * MIB, GIB, .only = GUEST_IS_VM,
		.doc = "Size of the huge pages that back its memory: 2MiB or 1GiB."},
	{"kernel", VALUE_TEXT, AT(kernel), 0, 0, "", .only = GUEST_HAS_KERNEL,
		.doc = "host, distro, distro-rt, or the path of a kernel (host if not given)."},
	{0},
};
#undef AT

#define AT(field) offsetof(struct exp_probe, field)
#define VCPUS_ROW                                                                                  \
	{                                                                                          \
		"vcpus", VALUE_VCPUS, AT(vcpu_mask), 0, 0, "all", .doc = "The vCPUs it runs on."   \
	}
static const struct key_attr timer_attrs[] = {
	{"period", VALUE_TIME, AT(period_ns), NS_PER_US * 100, S_SEC(10), "10ms",
		.doc = "Distance of the deadlines."},
	{"policy", VALUE_WORD, AT(timer_policy), 0, 0, "other", &words_timer_policy,
		.doc = "Linux and native guests: scheduling policy of the waiting thread, in the guest."},
	{"priority", VALUE_COUNT, AT(priority), 1, 99,
		.doc = "Its real-time priority for policy fifo and rr (1 if not given)."},
	{"slack", VALUE_TIME, AT(slack_ns), 0, S_SEC(1), "0",
		.doc = "Linux and native guests: timer slack of the waiting thread; 0: the kernel's (50us)."},
	{"sleep", VALUE_WORD, AT(relative), 0, 0, "absolute", WORDS("absolute", "relative"),
		.doc = "Sleep until deadlines at fixed distances, or (Linux and native guests) one period from each wake-up on."},
	VCPUS_ROW,
	{0},
};
static const struct key_attr gap_attrs[] = {
	{"threshold", VALUE_TIME, AT(threshold_ns), NS_PER_US, S_SEC(1), "500us",
		.doc = "Jumps of the TSC from here on are recorded."},
	VCPUS_ROW,
	{0},
};
static const struct key_attr job_attrs[] = {
	{"iterations", VALUE_BIG, AT(iterations), 1, UINT64_C(1000000000000), "20000",
		.doc = "Loop iterations in one unit of work."},
	{"command", VALUE_TEXT, AT(command), 0, 0, "",
		.doc = "Linux and native guests: a program to run instead of the loop, over and over; one unit of work is one run of it. No shell; quotes keep blanks."},
	{"copies", VALUE_COUNT, AT(copies), 1, 16, "1",
		.doc = "How many of the program run at once on each vCPU."},
	{"affinity", VALUE_WORD, AT(affinity), 0, 0, "vcpu", WORDS("vcpu", "any"),
		.doc = "Linux and native guests: the work stays on its vCPU, or runs on any of the guest's."},
	{"barrier", VALUE_WORD, AT(barrier), 0, 0, "no", WORDS("no", "yes"),
		.doc = "Linux and native guests: a unit of the loop ends when all vCPUs have done theirs."},
	{"output", VALUE_WORD, AT(output), 0, 0, "none", WORDS("none", "console"),
		.doc = "What the program prints is dropped, or goes to the guest's console."},
	VCPUS_ROW,
	{0},
};
static const struct key_attr lock_attrs[] = {
	{"inside", VALUE_BIG, AT(inside), 1, 1000000000, "100",
		.doc = "Loop iterations while the lock is held."},
	{"outside", VALUE_BIG, AT(outside), 0, 1000000000, "400",
		.doc = "Loop iterations between two acquisitions."},
	{"threshold", VALUE_TIME, AT(threshold_ns), NS_PER_US, S_SEC(1), "1ms",
		.doc = "Waits for the lock from here on are recorded."},
	{"type", VALUE_WORD, AT(lock_kind), 0, 0, "spin", WORDS("spin", "mutex"),
		.doc = "Waiters spin, or (Linux and native guests) sleep as a pthread mutex does."},
	VCPUS_ROW,
	{0},
};
static const struct key_attr memory_attrs[] = {
	{"size", VALUE_SIZE, AT(bytes), 4096, 64 * GIB, "8MiB", .doc = "Bytes walked over."},
	{"mode", VALUE_WORD, AT(mode), 0, 0, "chase", &words_memory_mode,
		.doc = "A chain of dependent reads (latency) or reads in order (bandwidth)."},
	VCPUS_ROW,
	{0},
};
static const struct key_attr steal_attrs[] = {
	{"period", VALUE_TIME, AT(period_ns), NS_PER_MS, S_SEC(10), "100ms",
		.doc = "How often the steal counter is recorded."},
	VCPUS_ROW,
	{0},
};
#undef AT

static const struct key_attr file_attrs[] = {
	{"source", VALUE_TEXT, offsetof(struct exp_file, source), .required = true,
		.doc = "File or program on the host; the libraries a program needs come along."},
	{"target", VALUE_TEXT, offsetof(struct exp_file, target), 0, 0, "",
		.doc = "Path in the guest; the source's path if not given."},
	{0},
};

#define AT(field) offsetof(struct exp_noise, field)
static const struct key_attr noise_attrs[] = {
	{"name", VALUE_NAME, AT(name), .doc = "Its name; its kind if not given."},
	{"kind", VALUE_WORD, AT(kind), 0, 0, NULL, &words_noise_kind, .required = true,
		.doc = "What it does."},
	{"threads", VALUE_COUNT, AT(threads), 1, 256, "1", .only = NOISE_IS_PROCESS,
		.doc = "Threads or processes of it."},
	{"count", VALUE_AUTO, AT(count), 0, EXP_MAX_GUESTS, "1", .only = NOISE_IS_GUEST,
		.doc = "Busy guests; auto: as many as <lab overcommit> asks for."},
	{"vcpus", VALUE_COUNT, AT(vcpus), 1, SHM_MAX_VCPUS, "1", .only = NOISE_IS_GUEST,
		.doc = "vCPUs of each busy guest, all busy."},
	{"memory", VALUE_SIZE, AT(memory_bytes), 16 * MIB, 1024 * GIB, "32MiB",
		.only = NOISE_IS_GUEST, .doc = "Memory of each busy guest."},
	{"duty", VALUE_PERCENT, AT(duty_percent), 1, 100, "100%", .only = NOISE_TAKES_DUTY,
		.doc = "Share of one CPU that each thread asks for."},
	{"burst", VALUE_TIME, AT(burst_ns), NS_PER_US * 100, S_SEC(10), "10ms",
		.only = NOISE_TAKES_DUTY,
		.doc = "Length of one busy stretch; the idle stretch follows from duty."},
	{"size", VALUE_SIZE, AT(bytes), 4096, 16 * GIB, "64MiB", .only = NOISE_TAKES_SIZE,
		.doc = "Working set of each thread."},
	{"args", VALUE_TEXT, AT(args), 0, 0, "", .only = NOISE_TAKES_ARGS,
		.doc = "The stressor line, as \"--matrix 1 --matrix-size 64\"."},
	PLACE_ROWS(exp_noise),
	LIMIT_ROWS(exp_noise, "of the noise", "of the whole noise (kind guest: of each vCPU)"),
	{"start", VALUE_TIME, AT(start_ns), 0, S_HOUR(720), "0", .only = NOISE_IS_PROCESS,
		.doc = "When it starts, from the start of measuring; 0: before the warm-up."},
	{"stop", VALUE_TIME, AT(stop_ns), 0, S_HOUR(720), "0", .only = NOISE_IS_PROCESS,
		.doc = "When it stops; 0: never."},
	{0},
};
#undef AT

static const struct key_attr variant_attrs[] = {
	{"name", VALUE_NAME, 0, .required = true, .doc = "Its name."},
	{0},
};
static const struct key_attr set_attrs[] = {
	{"what", VALUE_TEXT, 0, .required = true, .doc = "A path, see Paths."},
	{"to", VALUE_TEXT, 0, .required = true, .doc = "The value it has in this variant."},
	{0},
};
static const struct key_attr add_attrs[] = {
	{"to", VALUE_TEXT, 0, .doc = "The guest that gets the probes inside, as guest.victim."},
	{0},
};
static const struct key_attr remove_attrs[] = {
	{"what", VALUE_TEXT, 0, .required = true,
		.doc = "guest.NAME, noise.NAME or guest.NAME.PROBE."},
	{0},
};
static const struct key_attr sweep_attrs[] = {
	{"mode", VALUE_WORD, 0, 0, 0, "cartesian", WORDS("cartesian", "zip"),
		.doc = "Every combination of the values, or the first with the first, the second with the second."},
	{0},
};
static const struct key_attr over_attrs[] = {
	{"what", VALUE_TEXT, 0, .required = true, .doc = "A path, see Paths."},
	{"values", VALUE_TEXT, 0, .required = true, .doc = "Its values, separated by blanks."},
	{0},
};

#define AT(field) offsetof(struct exp_expect, field)
static const struct key_attr expect_attrs[] = {
	{"metric", VALUE_TEXT, AT(metric), .required = true,
		.doc = "A name of `stealscope list metrics`."},
	{"guest", VALUE_NAME, AT(guest),
		.doc = "The guest, or all copies of it; every guest that is not noise if not given."},
	{"variant", VALUE_NAME, KEY_NOT_STORED,
		.doc = "A variant, or one sweep point by its name; all of them if not given."},
	{"below", VALUE_NUMBER, KEY_NOT_STORED, .doc = "The metric must be less than this."},
	{"at-most", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... this or less."},
	{"above", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... more than this."},
	{"at-least", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... this or more."},
	{"near", VALUE_NUMBER, KEY_NOT_STORED, .doc = "... within the tolerance of this."},
	{"tolerance", VALUE_PART, AT(tolerance), 0, 0, "0.05",
		.doc = "Relative tolerance of near."},
	{"of-metric", VALUE_TEXT, AT(of_metric), 0, 0, "",
		.doc = "Compare with this metric: the number is then a factor of it."},
	{"of-variant", VALUE_NAME, KEY_NOT_STORED,
		.doc = "Compare with the same metric of this variant: the number is then a factor of it."},
	{"of-guest", VALUE_NAME, AT(of_guest),
		.doc = "Compare with the same metric of this guest: the number is then a factor of it."},
	{0},
};
#undef AT

#define PROBE_ELEM(id, n, text)                                                                    \
	[ELEM_##id] = {.name = #n,                                                                 \
		.doc = text,                                                                       \
		.parents = P(GUEST) | P(ADD),                                                      \
		.max = 1,                                                                          \
		.built = true,                                                                     \
		.attrs = n##_attrs,                                                                \
		.probe = PROBE_##id}

const struct key_elem key_elems[ELEM_COUNT] = {
	[ELEM_SCENARIO] = {"scenario", "The root of a scenario.", 0, 1, .built = true,
		.attrs = scenario_attrs},
	[ELEM_SHARED] = {"shared", "The root of a file that scenarios include.", 0, 1},
	[ELEM_DOC] = {"doc", "What the scenario shows, for people.",
		P(SCENARIO) | P(SHARED) | P(VARIANT), 1, .text = true},
	[ELEM_INCLUDE] = {"include", "Take in the guests and noises of another file.",
		P(SCENARIO) | P(SHARED), 16, .attrs = include_attrs},
	[ELEM_LAB] = {"lab", "The CPUs that guests and noise run on.", P(SCENARIO), 1,
		.built = true, .attrs = lab_attrs},
	[ELEM_GUEST] = {"guest", "Virtual machines. Without a probe inside it has a timer probe.",
		P(SCENARIO) | P(SHARED) | P(ADD), 64, .built = true, .attrs = guest_attrs},
	PROBE_ELEM(TIMER, timer, "Probe: wakes at absolute deadlines and records how late."),
	PROBE_ELEM(
		GAP, gap, "Probe: a busy loop that records every stretch in which it did not run."),
	PROBE_ELEM(JOB, job, "Probe: fixed work, over and over; records how long each unit took."),
	PROBE_ELEM(LOCK, lock, "Probe: the vCPUs share one spin lock; records long waits for it."),
	PROBE_ELEM(MEMORY, memory, "Probe: memory latency or bandwidth."),
	PROBE_ELEM(STEAL, steal, "Probe: the steal counter alone (the other probes carry it too)."),
	[ELEM_FILE] = {"file", "Linux guests: a file or program for the initramfs.", P(GUEST), 64,
		.built = true, .attrs = file_attrs},
	[ELEM_NOISE] = {"noise", "A noisy neighbour in its own cgroup.",
		P(SCENARIO) | P(SHARED) | P(ADD), 32, .built = true, .attrs = noise_attrs},
	[ELEM_VARIANT] = {"variant",
		"A named difference to what stands above. With variants, only the variants are run; an empty one is the base as it is.",
		P(SCENARIO), 64, .attrs = variant_attrs},
	[ELEM_SET] = {"set", "Give an attribute another value.", P(VARIANT), 64,
		.attrs = set_attrs},
	[ELEM_ADD] = {"add", "Add guests and noises, or (with to=) probes to a guest.", P(VARIANT),
		16, .attrs = add_attrs},
	[ELEM_REMOVE] = {"remove", "Take a guest, a noise or a probe away.", P(VARIANT), 64,
		.attrs = remove_attrs},
	[ELEM_SWEEP] = {"sweep", "Run every variant once for each of these values.", P(SCENARIO), 1,
		.attrs = sweep_attrs},
	[ELEM_OVER] = {"over", "One parameter and its values.", P(SWEEP), 8, .attrs = over_attrs},
	[ELEM_EXPECT] = {"expect",
		"What must come out; exactly one of below, at-most, above, at-least, near.",
		P(SCENARIO), 64, .built = true, .attrs = expect_attrs},
};

enum elem_id key_probe_elem(enum probe_id probe)
{
	for (int i = 0; i < ELEM_COUNT; i++)
		if (key_elems[i].probe == probe)
			return (enum elem_id)i;
	return ELEM_COUNT;
}

void key_attr_doc(const struct key_attr *a, struct strbuf *out)
{
	const struct kind *kind;

	strbuf_add(out, "%s", a->doc);
	for (unsigned i = 0; a->words && (kind = kind_of(a->words, i)); i++)
		strbuf_add(out, "%s %s: %s", i ? ";" : "", kind->name, kind->doc);
	if (a->words && kind_of(a->words, 0))
		strbuf_add(out, ".");
}

const char *published_name(const struct exp_config *c)
{
	return c->published ? word_of(&words_published, c->published) : "";
}

const struct key_attr *key_attr_find(const struct key_elem *elem, const char *name)
{
	for (const struct key_attr *a = elem->attrs; a && a->name; a++)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}
