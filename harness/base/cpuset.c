// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/cpuset.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define WORDS (CPUSET_MAX / 64)

struct cpuset cpuset_of(unsigned cpu)
{
	struct cpuset s = {{0}};

	cpuset_add(&s, cpu);
	return s;
}

unsigned cpuset_count(const struct cpuset *s)
{
	unsigned n = 0;

	for (int i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcountll(s->bits[i]);
	return n;
}

bool cpuset_empty(const struct cpuset *s)
{
	return cpuset_next(s, 0) < 0;
}

bool cpuset_equal(const struct cpuset *a, const struct cpuset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool cpuset_subset(const struct cpuset *a, const struct cpuset *b)
{
	for (int i = 0; i < WORDS; i++)
		if (a->bits[i] & ~b->bits[i])
			return false;
	return true;
}

struct cpuset cpuset_and(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset r;

	for (int i = 0; i < WORDS; i++)
		r.bits[i] = a->bits[i] & b->bits[i];
	return r;
}

struct cpuset cpuset_or(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset r;

	for (int i = 0; i < WORDS; i++)
		r.bits[i] = a->bits[i] | b->bits[i];
	return r;
}

struct cpuset cpuset_minus(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset r;

	for (int i = 0; i < WORDS; i++)
		r.bits[i] = a->bits[i] & ~b->bits[i];
	return r;
}

int cpuset_next(const struct cpuset *s, int from)
{
	for (int cpu = from < 0 ? 0 : from; cpu < CPUSET_MAX; cpu++) {
		uint64_t word = s->bits[cpu / 64] >> (cpu % 64);

		if (word)
			return cpu + __builtin_ctzll(word);
		cpu |= 63;
	}
	return -1;
}

int cpuset_nth(const struct cpuset *s, unsigned n)
{
	cpuset_for_each (cpu, s)
		if (n-- == 0)
			return cpu;
	return -1;
}

/* One decimal number at *p; moves *p past it. -1 when there is none or it is too large. */
static long parse_number(const char **p)
{
	long v = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	while (isdigit((unsigned char)**p)) {
		v = v * 10 + (*(*p)++ - '0');
		if (v >= CPUSET_MAX)
			return -1;
	}
	return v;
}

int cpuset_parse(const char *text, struct cpuset *out, struct err *e)
{
	struct cpuset s = {{0}};
	const char *p = text;

	for (;;) {
		long first, last;
		bool out_again;

		while (isspace((unsigned char)*p) || *p == ',')
			p++;
		if (!*p)
			break;
		out_again = *p == '^';
		p += out_again;
		first = last = parse_number(&p);
		if (first >= 0 && *p == '-' && !out_again) {
			p++;
			last = parse_number(&p);
		}
		if (first < 0 || last < first || (*p && *p != ',' && !isspace((unsigned char)*p)))
			return err_set(e, EINVAL,
				"'%.80s' is not a CPU list; write numbers below %d as in 0-3,8 or 0-7,^2",
				text, CPUSET_MAX);
		for (long cpu = first; cpu <= last; cpu++)
			if (out_again)
				cpuset_del(&s, (unsigned)cpu);
			else
				cpuset_add(&s, (unsigned)cpu);
	}
	*out = s;
	return 0;
}

int cpuset_parse_mask(const char *text, struct cpuset *out, struct err *e)
{
	struct cpuset s = {{0}};
	size_t len = strcspn(text, "\n");
	unsigned bit = 0;

	for (size_t i = len; i-- > 0;) {
		char c = text[i];
		unsigned digit;

		if (c == ',')
			continue;
		if (!isxdigit((unsigned char)c))
			return err_set(e, EINVAL,
				"'%.80s' is not a CPU mask; the kernel writes 0000ffff", text);
		digit = isdigit((unsigned char)c) ? (unsigned)(c - '0')
						  : (unsigned)((c | 32) - 'a') + 10;
		for (unsigned k = 0; k < 4; k++)
			if (digit >> k & 1)
				cpuset_add(&s, bit + k);
		bit += 4;
	}
	*out = s;
	return 0;
}

char *cpuset_format(const struct cpuset *s, char *buf, size_t size)
{
	size_t len = 0;

	if (size)
		buf[0] = '\0';
	for (int cpu = cpuset_next(s, 0); cpu >= 0;) {
		int last = cpu;
		int n;

		while (cpuset_has(s, (unsigned)last + 1))
			last++;
		n = last > cpu
			    ? snprintf(buf + len, size - len, "%s%d-%d", len ? "," : "", cpu, last)
			    : snprintf(buf + len, size - len, "%s%d", len ? "," : "", cpu);
		if (n < 0 || (size_t)n >= size - len) {
			if (size)
				buf[len] = '\0';
			break;
		}
		len += (size_t)n;
		cpu = cpuset_next(s, last + 1);
	}
	return buf;
}

char *cpuset_text(const struct cpuset *s)
{
	char text[CPUSET_TEXT];

	return xstrdup(cpuset_format(s, text, sizeof(text)));
}

/* The kernel wants room for as many CPUs as it could have: cpu_set_t alone is too small on some.
 * It writes words of 64 CPUs, as ours are: `blame` asks for 1,024 threads every 2 s. */
int cpuset_of_thread(pid_t tid, struct cpuset *out)
{
	struct cpuset s = {{0}};

	_Static_assert(sizeof(unsigned long) == sizeof(s.bits[0]), "words of a cpu_set_t");
	if (sched_getaffinity(tid, sizeof(s.bits), (cpu_set_t *)(void *)s.bits))
		return -errno;
	*out = s;
	return 0;
}

bool cpuset_is_of_thread(pid_t tid, const struct cpuset *s)
{
	unsigned long now[ARRAY_SIZE(s->bits)];
	/* Not libc's, which clears the rest: the kernel tells as much as it has CPUs. */
	long n = syscall(SYS_sched_getaffinity, tid, sizeof(now), now);

	return n > 0 && memcmp(now, s->bits, (size_t)n) == 0;
}

int cpuset_bind_thread(pid_t tid, const struct cpuset *cpus)
{
	cpu_set_t *set = CPU_ALLOC(CPUSET_MAX);
	size_t size = CPU_ALLOC_SIZE(CPUSET_MAX);
	int rc;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	cpuset_for_each (cpu, cpus)
		CPU_SET_S((unsigned)cpu, size, set);
	rc = sched_setaffinity(tid, size, set) ? -errno : 0;
	CPU_FREE(set);
	return rc;
}
