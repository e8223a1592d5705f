// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of guests, of what they carry, and of noise. Which kinds a key applies to: their traits, terms/kinds.h.
#include "scenario/keys_rows.h"

/* What guests and noises share. */
/* clang-format off */
#define PLACE_ROWS(S)                                                                              \
	{"placement", VALUE_WORD, offsetof(struct S, placement), 0, 0, "float", &words_placement,  \
		.doc = "Where its threads may run, see Placement."},                               \
	{"cpus", VALUE_CPUSET, offsetof(struct S, cpus),                                           \
		.doc = "Place it on these CPUs instead of the lab's. Makes the file fit one box only."}, \
	{"beside", VALUE_NAME, offsetof(struct S, beside),                                         \
		.doc = "Place it on the CPUs that this guest may use."},                           \
	{"away", VALUE_NAME, offsetof(struct S, away),                                             \
		.doc = "Place it on the lab CPUs that this guest may not use."}
#define LIMIT_ROWS(S, whole, each)                                                                 \
	{"shares", VALUE_BIG, offsetof(struct S, limits.shares), 2, 262144,                        \
		.doc = "CPU weight " whole ", in cgroup v1 cpu.shares (1024 is the default; v2 weights follow)."}, \
	{"quota", VALUE_TIME, offsetof(struct S, limits.quota_ns), NS_PER_MS, SECONDS(16),         \
		.doc = "CPU time " each " in each period (CFS bandwidth)."},                       \
	{"period", VALUE_TIME, offsetof(struct S, limits.period_ns), NS_PER_MS, SECONDS(1), "100ms", \
		.doc = "Period of the quota."}
/* clang-format on */

#define AT(field) offsetof(struct exp_guest, field)
const struct key_attr keys_guest[] = {
	{"name", VALUE_NAME, AT(name), .required = true,
		.doc = "Its name. Copies are called name-0, name-1, ..."},
	{"count", VALUE_AUTO, AT(count), 0, EXP_MAX_GUESTS, "1", .only = GUEST_IS_OURS,
		.doc = "How many of it; auto: as many as <lab overcommit> asks for."},
	{"vcpus", VALUE_AUTO, AT(vcpus), 1, SHM_MAX_VCPUS, "1", .only = GUEST_IS_OURS,
		.doc = "Virtual CPUs (native: threads; linux and disk: 255 at most); auto: as many as <lab overcommit> asks for."},
	{"memory", VALUE_SIZE, AT(memory_bytes), 16 * MIB, 1024 * GIB, "32MiB", .only = GUEST_IS_VM,
		.doc = "Memory of each. Without it 32MiB for metal, 256MiB for linux (96MiB is the least), 1GiB for disk."},
	{"record-limit", VALUE_SIZE, AT(record_bytes), MIB / 16, 1024 * GIB,
		.doc = "Bytes of the record that each may fill with samples (default 64 MiB, and 1 MiB per vCPU and second of the run); what comes after is counted as lost."},
	{"kind", VALUE_WORD, AT(kind), 0, 0, "metal", &words_guest_kind,
		.doc = "What the guest is."},
	{"domain", VALUE_TEXT, AT(domain), 0, 0, "", .only = GUEST_IS_THEIRS,
		.doc = "Its name in libvirt (virsh list --all)."},
	{"use", VALUE_WORD, AT(use), 0, 0, "auto", WORDS("auto", "live", "copy"),
		.only = GUEST_IS_THEIRS,
		.doc = "live: it must be running; copy: a copy on throw-away disks, started for the run; auto: live, and one that is shut off is started and shut down again."},
	{"tune", VALUE_TEXT, AT(tune), 0, 0, "", .only = GUEST_IS_THEIRS,
		.doc = "Changes of its CPU tuning for the run, as virsh names them: \"vcpupin.0 1; emulatorpin 2-3\". KEY is vcpupin.N, iothreadpin.N, emulatorpin, schedinfo.cpu_shares, schedinfo.vcpu_quota, schedinfo.vcpu_period, numatune.nodeset or policy.N. `stealscope advise --prove` writes these."},
	{"role", VALUE_WORD, AT(neighbour), 0, 0, "subject", WORDS("subject", "neighbour"),
		.only = GUEST_IS_THEIRS,
		.doc = "subject: it is judged; neighbour: it is measured, but expectations of all guests leave it out, as they do noise."},
	{"accel", VALUE_WORD, AT(accel), 0, 0, "auto", &words_accel, .only = GUEST_IS_VM,
		.doc = "Auto: KVM for a metal guest, which is refused where there is none; for linux and disk KVM where the box has it in hardware, else TCG, and every result says which."},
	PLACE_ROWS(exp_guest),
	{"node", VALUE_AUTO, AT(node), 0, 1023, "auto",
		.doc = "NUMA node of the vCPUs for placement node and remote."},
	{"memory-node", VALUE_AUTO, AT(memory_node), 0, 1023, "auto",
		.only = GUEST_IS_VM | GUEST_IS_THEIRS,
		.doc = "NUMA node of the memory for placement remote; auto: the farthest."},
	LIMIT_ROWS(exp_guest, "of the guest", "of each vCPU"),
	{"policy", VALUE_WORD, AT(policy), 0, 0, "other", &words_vcpu_policy,
		.doc = "Host scheduling policy of the vCPU threads."},
	{"priority", VALUE_COUNT, AT(priority), 1, 99,
		.doc = "Real-time priority for policy fifo and rr (1 if not given)."},
	{"emulator", VALUE_WORD, AT(emulator), 0, 0, "housekeeping",
		WORDS("housekeeping", "lab", "vcpus"), .only = GUEST_IS_VM | GUEST_IS_THEIRS,
		.doc = "CPUs of QEMU's other threads: the housekeeping CPUs, all lab CPUs, or those of its vCPUs. Those of a domain stay where they are unless this is given."},
	{"emulator-cpus", VALUE_CPUSET, AT(emulator_cpus), .only = GUEST_IS_VM | GUEST_IS_THEIRS,
		.doc = "CPUs of QEMU's other threads by number. Makes the file fit one box only."},
	{"hugepages", VALUE_SIZE, AT(hugepage_bytes), 2 * MIB, GIB, .only = GUEST_IS_VM,
		.doc = "Size of the huge pages that back its memory: 2MiB or 1GiB."},
	{"kernel", VALUE_TEXT, AT(kernel), 0, 0, "", .only = GUEST_HAS_KERNEL,
		.doc = "host, distro, distro-rt, or the path of a kernel (host if not given)."},
	{"image", VALUE_TEXT, AT(disk.image), 0, 0, "", .only = GUEST_IS_DISK,
		.doc = "The image, below the scenario's folder when relative. It is opened read-only."},
	{"format", VALUE_WORD, AT(disk.format), 0, 0, "auto", &words_disk_format,
		.only = GUEST_IS_DISK, .doc = "Its format; auto: as `qemu-img info` says."},
	{"backing", VALUE_WORD, AT(disk.backing), 0, 0, "folder", &words_disk_backing,
		.only = GUEST_IS_DISK,
		.doc = "Where the files that a qcow2 image builds upon may lie: in the image's folder, or anywhere."},
	{"boot", VALUE_WORD, AT(disk.boot), 0, 0, "bios", &words_disk_boot, .only = GUEST_IS_DISK,
		.doc = "Its firmware."},
	{"network", VALUE_WORD, AT(disk.network), 0, 0, "none", &words_disk_network,
		.only = GUEST_IS_DISK,
		.doc = "No network card, or one behind QEMU's own network, which reaches out with this user's rights."},
	{"agent", VALUE_WORD, AT(disk.agent), 0, 0, "seed", &words_disk_agent,
		.only = GUEST_IS_DISK,
		.doc = "How the agent gets in: by a seed disk for the image's cloud-init, by `stealscope-agent install` in the image before, or not at all: then the guest is seen from outside only."},
	{"ready", VALUE_TEXT, AT(disk.ready), 0, 0, "", .only = GUEST_IS_DISK,
		.doc = "When it is up: agent; port:N, a TCP port that answers (network=\"user\"); console:PATTERN, an extended regular expression for a line of its serial console; or now. If not given: agent, without one now."},
	{"boot-timeout", VALUE_TIME, AT(disk.boot_timeout_ns), SECONDS(1), HOURS(1), "5min",
		.only = GUEST_IS_DISK, .doc = "It must be up by then."},
	{0},
};
#undef AT

const struct key_attr keys_file[] = {
	{"source", VALUE_TEXT, offsetof(struct exp_file, source), .required = true,
		.doc = "File or program on the host; the libraries a program needs come along."},
	{"target", VALUE_TEXT, offsetof(struct exp_file, target), 0, 0, "",
		.doc = "Path in the guest; the source's path if not given."},
	{0},
};

#define AT(field) offsetof(struct exp_noise, field)
const struct key_attr keys_noise[] = {
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
	{"burst", VALUE_TIME, AT(burst_ns), NS_PER_US * 100, SECONDS(10), "10ms",
		.only = NOISE_TAKES_DUTY,
		.doc = "Length of one busy stretch; the idle stretch follows from duty."},
	{"size", VALUE_SIZE, AT(bytes), 4096, 16 * GIB, "64MiB", .only = NOISE_TAKES_SIZE,
		.doc = "Working set of each thread."},
	{"args", VALUE_TEXT, AT(args), 0, 0, "", .only = NOISE_TAKES_ARGS,
		.doc = "The stressor line, as \"--matrix 1 --matrix-size 64\"."},
	{"trace", VALUE_TEXT, AT(stalls.trace), 0, 0, "", .only = NOISE_IS_PLAYED,
		.doc = "File of the stalls to play (docs/stalls.md), below the scenario's folder when relative; without it they are made, at rate."},
	{"speed", VALUE_RATIO, AT(stalls.speed), 0, 1000, "1", .only = NOISE_IS_PLAYED,
		.doc = "Play so many times as fast: the times and lengths of the trace are divided by it."},
	{"scale", VALUE_RATIO, AT(stalls.scale), 0, 1000, "1", .only = NOISE_IS_PLAYED,
		.doc = "How much of each stall: its length is multiplied by it."},
	{"from", VALUE_TIME, AT(stalls.from_ns), 0, HOURS(720), "0", .only = NOISE_IS_PLAYED,
		.doc = "Begin at this time of the trace."},
	{"loop", VALUE_WORD, AT(stalls.loop), 0, 0, "no", WORDS("no", "yes"),
		.only = NOISE_IS_PLAYED, .doc = "At the end of the trace begin again."},
	{"map", VALUE_TEXT, AT(stalls.map), 0, 0, "", .only = NOISE_IS_PLAYED,
		.doc = "Which recorded CPU's stalls which vCPU of the victim gets, as \"3:0 7:1\"; if not given the recorded CPUs in their order."},
	{"rate", VALUE_RATE, AT(stalls.rate_ns), NS_PER_US * 10, NS_PER_MS * 900,
		.only = NOISE_IS_PLAYED, .doc = "Make stalls: so much of each second is taken."},
	{"length", VALUE_TIME, AT(stalls.length_ns), NS_PER_US * 50, NS_PER_MS * 900, "3ms",
		.only = NOISE_IS_PLAYED, .doc = "Mean length of a stall that is made."},
	{"shape", VALUE_WORD, AT(stalls.shape), 0, 0, "exponential",
		WORDS("exponential", "pareto", "fixed"), .only = NOISE_IS_PLAYED,
		.doc = "How the lengths of stalls that are made are distributed."},
	{"correlation", VALUE_PART, AT(stalls.correlation), 0, 0, "0", .only = NOISE_IS_PLAYED,
		.doc = "Let the rate swing from second to second: how much of a second's swing is the next one's; 0: it does not swing."},
	{"seed", VALUE_BIG, AT(stalls.seed), 0, UINT32_MAX, "0", .only = NOISE_IS_PLAYED,
		.doc = "Another seed, other stalls that are made; 0: the scenario's seed."},
	PLACE_ROWS(exp_noise),
	LIMIT_ROWS(exp_noise, "of the noise", "of the whole noise (kind guest: of each vCPU)"),
	{"start", VALUE_TIME, AT(start_ns), 0, HOURS(720), "0", .only = NOISE_IS_PROCESS,
		.doc = "When it starts, from the start of measuring; 0: before the warm-up."},
	{"stop", VALUE_TIME, AT(stop_ns), 0, HOURS(720), "0", .only = NOISE_IS_PROCESS,
		.doc = "When it stops; 0: never."},
	{0},
};
#undef AT
