/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of a scenario that a plan uses too. The text of each is in keys.c, in this order. */
#ifndef SS_SCENARIO_WORDS_H
#define SS_SCENARIO_WORDS_H

enum guest_kind { GUEST_METAL, GUEST_LINUX, GUEST_NATIVE };
enum guest_accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
enum sched_policy { SCHED_AS_IS, SCHED_RT_FIFO, SCHED_RT_RR };

/* Where the vCPUs of a guest, or the threads of a noise, may run. All words choose among the lab
 * CPUs (or those of `cpus`, `beside`, `away`). */
enum placement {
	PLACE_FLOAT,	/* every vCPU on all of them */
	PLACE_PINNED,	/* every vCPU of the guest on a physical core of its own */
	PLACE_STACKED,	/* all vCPUs of the guest on one CPU */
	PLACE_SIBLINGS, /* neighbouring vCPUs on the SMT threads of one core */
	PLACE_SPREAD,	/* every vCPU on one CPU, as far apart as there are nodes, cores, threads */
	PLACE_NODE,	/* floating over the CPUs of one NUMA node, memory strictly there */
	PLACE_REMOTE,	/* floating over the CPUs of one NUMA node, memory strictly on another */
};

/* Where QEMU's other threads run. */
enum emulator_place { EMULATOR_HOUSEKEEPING, EMULATOR_LAB, EMULATOR_VCPUS };

/* Which of a box's CPUs are taken for the lab. */
enum lab_isolated { ISOLATED_AUTO, ISOLATED_REQUIRE, ISOLATED_AVOID };
enum lab_smt { SMT_AUTO, SMT_FIRST, SMT_WHOLE };
enum lab_cores { CORES_AUTO, CORES_PERFORMANCE, CORES_EFFICIENCY };

/* What the tracer does; the values of enum trace_mode of abi/host_trace.h. */
enum trace_word { TRACE_WORD_COUNTERS, TRACE_WORD_EVENTS, TRACE_WORD_COUNTS };

enum noise_word {
	NOISE_BUSY,
	NOISE_GUEST, /* a busy guest, not a process */
	NOISE_MEMBW,
	NOISE_CACHE,
	NOISE_FORK,
	NOISE_STRESS_NG,
};

/* The probes; the values of enum probe_id of abi/guest_shm.h. */
enum probe_word {
	PROBE_WORD_TIMER = 1,
	PROBE_WORD_GAP,
	PROBE_WORD_JOB,
	PROBE_WORD_LOCK,
	PROBE_WORD_MEMORY,
	PROBE_WORD_STEAL,
};

enum memory_mode { MEMORY_CHASE, MEMORY_BANDWIDTH };
enum sweep_mode { SWEEP_CARTESIAN, SWEEP_ZIP };

enum expect_relation { EXPECT_BELOW, EXPECT_AT_MOST, EXPECT_ABOVE, EXPECT_AT_LEAST, EXPECT_NEAR };

#endif
