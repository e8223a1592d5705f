// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of the probes.
#include "scenario/keys_rows.h"

#define AT(field) offsetof(struct exp_probe, field)
/* clang-format off */
#define VCPUS_ROW {"vcpus", VALUE_VCPUS, AT(vcpus), 0, 0, "all", .doc = "The vCPUs it runs on."}
/* clang-format on */

const struct key_attr keys_timer[] = {
	{"period", VALUE_TIME, AT(period_ns), NS_PER_US * 100, SECONDS(10), "10ms",
		.doc = "Distance of the deadlines."},
	{"policy", VALUE_WORD, AT(timer_policy), 0, 0, "other", &words_timer_policy,
		.doc = "Linux and native guests: scheduling policy of the waiting thread, in the guest."},
	{"priority", VALUE_COUNT, AT(priority), 1, 99,
		.doc = "Its real-time priority for policy fifo and rr (1 if not given)."},
	{"slack", VALUE_TIME, AT(slack_ns), 0, SECONDS(1), "0",
		.doc = "Linux and native guests: timer slack of the waiting thread; 0: the kernel's (50us)."},
	{"sleep", VALUE_WORD, AT(relative), 0, 0, "absolute", WORDS("absolute", "relative"),
		.doc = "Sleep until deadlines at fixed distances, or (Linux and native guests) one period from each wake-up on."},
	VCPUS_ROW,
	{0},
};
const struct key_attr keys_gap[] = {
	{"threshold", VALUE_TIME, AT(threshold_ns), NS_PER_US, SECONDS(1), "500us",
		.doc = "Jumps of the TSC from here on are recorded."},
	VCPUS_ROW,
	{0},
};
const struct key_attr keys_job[] = {
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
const struct key_attr keys_lock[] = {
	{"inside", VALUE_BIG, AT(inside), 1, 1000000000, "100",
		.doc = "Loop iterations while the lock is held."},
	{"outside", VALUE_BIG, AT(outside), 0, 1000000000, "400",
		.doc = "Loop iterations between two acquisitions."},
	{"threshold", VALUE_TIME, AT(threshold_ns), NS_PER_US, SECONDS(1), "1ms",
		.doc = "Waits for the lock from here on are recorded."},
	{"type", VALUE_WORD, AT(lock_kind), 0, 0, "spin", WORDS("spin", "mutex"),
		.doc = "Waiters spin, or (Linux and native guests) sleep as a pthread mutex does."},
	VCPUS_ROW,
	{0},
};
const struct key_attr keys_memory[] = {
	{"size", VALUE_SIZE, AT(bytes), 4096, 64 * GIB, "8MiB", .doc = "Bytes walked over."},
	{"mode", VALUE_WORD, AT(mode), 0, 0, "chase", &words_memory_mode,
		.doc = "A chain of dependent reads (latency) or reads in order (bandwidth)."},
	VCPUS_ROW,
	{0},
};
const struct key_attr keys_steal[] = {
	{"period", VALUE_TIME, AT(period_ns), NS_PER_MS, SECONDS(10), "100ms",
		.doc = "How often the steal counter is recorded."},
	VCPUS_ROW,
	{0},
};
#undef AT
