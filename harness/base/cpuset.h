/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of CPU (or NUMA node) numbers, by value (1 KiB), no allocation. Text form is the kernel's
 * list format, "0-3,8"; libvirt's "0-3,^2" is read too. */
#ifndef SS_BASE_CPUSET_H
#define SS_BASE_CPUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define CPUSET_MAX 8192 /* CPU numbers 0..8191: what an x86-64 kernel can have (NR_CPUS) */
/* Room for any set as text: every second number alone is the longest. */
#define CPUSET_TEXT 20480

struct cpuset {
	uint64_t bits[CPUSET_MAX / 64];
};

static inline void cpuset_add(struct cpuset *s, unsigned cpu)
{
	if (cpu < CPUSET_MAX)
		s->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static inline void cpuset_del(struct cpuset *s, unsigned cpu)
{
	if (cpu < CPUSET_MAX)
		s->bits[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

static inline bool cpuset_has(const struct cpuset *s, unsigned cpu)
{
	return cpu < CPUSET_MAX && (s->bits[cpu / 64] >> (cpu % 64) & 1);
}

struct cpuset cpuset_of(unsigned cpu);
unsigned cpuset_count(const struct cpuset *s);
bool cpuset_empty(const struct cpuset *s);
bool cpuset_equal(const struct cpuset *a, const struct cpuset *b);
/* Whether every member of `a` is in `b`. */
bool cpuset_subset(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b);
struct cpuset cpuset_minus(const struct cpuset *a, const struct cpuset *b);
/* The first member >= from, or -1. */
int cpuset_next(const struct cpuset *s, int from);
/* The n-th member (0-based), or -1. */
int cpuset_nth(const struct cpuset *s, unsigned n);

#define cpuset_for_each(cpu, s)                                                                    \
	for (int cpu = cpuset_next(s, 0); cpu >= 0; cpu = cpuset_next(s, cpu + 1))

/* Parse "0-3,8" or "0-7,^2" (blank space and a final newline allowed; "" is the empty set). "^2"
 * takes out what stands before it, as libvirt does.
 * -EINVAL with a sentence for bad text, a reversed range, or a number >= CPUSET_MAX. */
int cpuset_parse(const char *text, struct cpuset *out, struct err *e);
/* The kernel's mask format, "00000000,0000ffff": hexadecimal, the lowest CPUs last. */
int cpuset_parse_mask(const char *text, struct cpuset *out, struct err *e);

/* Write the list format into buf (always terminated). Returns buf. CPUSET_TEXT bytes are always
 * enough; in a smaller one the list is cut behind a number. */
char *cpuset_format(const struct cpuset *s, char *buf, size_t size);
/* The same, whole, in memory of its own: caller frees. */
char *cpuset_text(const struct cpuset *s);

/* Where a thread may run (0 = the caller): its affinity, as sched_getaffinity() tells it. -errno. */
int cpuset_of_thread(pid_t tid, struct cpuset *out);
/* Whether it is this one, as far as this box has CPUs. */
bool cpuset_is_of_thread(pid_t tid, const struct cpuset *s);
/* Let it run there and nowhere else. -errno. */
int cpuset_bind_thread(pid_t tid, const struct cpuset *cpus);

#endif
