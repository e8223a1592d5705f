/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words that both sides of a record use: a scenario asks by them, run.json and the host trace
 * carry them, reports print them. Each vocabulary is one table in words.c (of metrics and kinds:
 * metrics.def, kinds.c, noises.def), indexed by its enum; nobody else writes these words.
 */
#ifndef SS_TERMS_WORDS_H
#define SS_TERMS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/guest_shm.h"  /* enum probe_id, shm_accel, shm_timer_policy */
#include "abi/host_trace.h" /* enum trace_mode, thread_state */

/* A vocabulary: a table of any rows that begin with `const char *name`. A row without a name is no
 * word. */
struct words {
	const void *rows;
	size_t stride; /* bytes of a row */
	unsigned n;
};
#define WORDS_OF(table)                                                                            \
	{                                                                                          \
		(table), sizeof((table)[0]), sizeof(table) / sizeof((table)[0])                    \
	}

/* The word of a value; NULL where there is none (beyond the table too). */
const char *word_of(const struct words *w, unsigned value);
/* The same for what a file or a guest said: "unknown" where there is none. */
const char *word_or_unknown(const struct words *w, unsigned value);
/* Whether `text` (of a file; may be NULL) is that value's word. */
bool word_is(const struct words *w, const char *text, unsigned value);
/* The value of a word; -1 when it is none of these. */
int word_find(const struct words *w, const char *word);

/* How a guest's vCPUs are executed: asked for, and (SHM_ACCEL_*) what it turned out to be. */
enum guest_accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };
extern const struct words words_accel, words_accel_found;

/* Scheduling policy: of vCPU threads on the host, of a waiting thread in a guest
 * (enum shm_timer_policy, which begins with the same three). */
enum sched_policy { SCHED_AS_IS, SCHED_RT_FIFO, SCHED_RT_RR };
extern const struct words words_vcpu_policy, words_timer_policy;

/* Where the vCPUs of a guest, or the threads of a noise, may run. All words choose among the lab
 * CPUs (or those of `cpus`, `beside`, `away`). */
enum placement {
	PLACE_FLOAT,
	PLACE_PINNED,
	PLACE_STACKED,
	PLACE_SIBLINGS,
	PLACE_SPREAD,
	PLACE_NODE,
	PLACE_REMOTE,
	PLACE_LLC,
};
struct placement_word {
	const char *name, *doc;
};
extern const struct words words_placement; /* rows: struct placement_word */

/* How an expectation compares: "below" in a scenario, "<" in run.json. */
enum expect_relation { EXPECT_BELOW, EXPECT_AT_MOST, EXPECT_ABOVE, EXPECT_AT_LEAST, EXPECT_NEAR };
extern const struct words words_relation, words_relation_sign;

enum memory_mode { MEMORY_CHASE, MEMORY_BANDWIDTH };
extern const struct words words_memory_mode;

extern const struct words words_probe;	      /* enum probe_id */
extern const struct words words_trace_mode;   /* enum trace_mode */
extern const struct words words_thread_state; /* enum thread_state */

/* What a VM of this box, whosever, runs on. */
enum vm_accel {
	VM_ACCEL_UNKNOWN,
	VM_ACCEL_KVM,
	VM_ACCEL_TCG, /* emulated: its guest sees no steal */
	VM_ACCEL_XEN,
	VM_ACCEL_NONE, /* no VM: a process that was asked for by its id */
};
extern const struct words words_vm_accel;

/* Guests of kind "disk". */
enum disk_format { DISK_AUTO, DISK_QCOW2, DISK_RAW };
enum disk_boot { DISK_BIOS, DISK_UEFI };
enum disk_network { NETWORK_NONE, NETWORK_USER };
/* How the agent gets in: by a seed disk for cloud-init, it is in the image already, or not at all.
 */
enum disk_agent { AGENT_SEED, AGENT_INSTALLED, AGENT_NONE };
enum disk_backing { BACKING_FOLDER, BACKING_ANYWHERE };
extern const struct words words_disk_format, words_disk_boot, words_disk_network, words_disk_agent,
	words_disk_backing;

/* Which way a <measure> is better. */
enum measure_better { MEASURE_LOWER, MEASURE_HIGHER };
extern const struct words words_measure_better;

#endif
