// SPDX-License-Identifier: GPL-3.0-or-later
/* What the kernel of this machine says of steal, in ticks of 1/100 s, and of the wait in its own
 * run queues. */
#include <cpuid.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define STAT_MAX       65536
#define STEAL_COLUMN   8	 /* user nice system idle iowait irq softirq steal */
#define KVM_STEAL_TIME (1u << 5) /* CPUID 0x40000001 EAX: Documentation/virt/kvm/x86/cpuid.rst */

/* The steal column of what follows "cpuN"; false when the line has fewer. */
static bool steal_column(const char *p, uint64_t *ticks)
{
	char *end;

	for (int i = 1;; i++) {
		uint64_t v;

		p += strspn(p, " ");
		if (*p < '0' || *p > '9')
			return false;
		v = strtoull(p, &end, 10);
		if (i == STEAL_COLUMN) {
			*ticks = v;
			return true;
		}
		p = end;
	}
}

static const char *next_line(const char *text)
{
	text = strchr(text, '\n');
	return text && text[1] ? text + 1 : NULL;
}

bool steal_parse(const char *text, int cpu, uint64_t *ticks)
{
	char head[16];
	size_t len;

	if (cpu < 0)
		snprintf(head, sizeof(head), "cpu ");
	else
		snprintf(head, sizeof(head), "cpu%d ", cpu);
	len = strlen(head);
	for (; text; text = next_line(text))
		if (!strncmp(text, head, len))
			return steal_column(text + len, ticks);
	return false;
}

void steal_parse_all(const char *text, uint64_t *ticks, bool *there, unsigned n)
{
	for (; text && !strncmp(text, "cpu", 3); text = next_line(text)) {
		char *end;
		unsigned long cpu;

		if (text[3] < '0' || text[3] > '9')
			continue;
		cpu = strtoul(text + 3, &end, 10);
		if (cpu < n)
			there[cpu] |= steal_column(end, &ticks[cpu]);
	}
}

static bool stat_text(int fd, char *buf)
{
	size_t n = 0;
	ssize_t got;

	while (n < STAT_MAX - 1 && (got = pread(fd, buf + n, STAT_MAX - 1 - n, (off_t)n)) > 0)
		n += (size_t)got;
	buf[n] = '\0';
	return n > 0;
}

uint64_t steal_read(int fd, const cpu_mask *cpus, uint64_t step_ns)
{
	static __thread char buf[STAT_MAX];
	uint64_t sum = 0, ticks;
	bool any = false;

	if (!stat_text(fd, buf))
		return SHM_STEAL_NONE;
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		const unsigned bits = 8 * sizeof(cpus->bits[0]);

		if (!(cpus->bits[cpu / bits] >> cpu % bits & 1) ||
			!steal_parse(buf, (int)cpu, &ticks))
			continue;
		sum += ticks * step_ns;
		any = true;
	}
	return any ? sum : SHM_STEAL_NONE;
}

/* KVM says so in CPUID. Other hypervisors (Xen, VMware) have their own ways: there a counter that
 * ever moved is believed. */
bool steal_is_provided(void)
{
	unsigned a, b, c, d;
	uint64_t ticks = 0;
	char buf[STAT_MAX];
	int fd;

	if (__get_cpuid(1, &a, &b, &c, &d) && c >> 31) {
		__cpuid(0x40000000, a, b, c, d);
		if (b == 0x4b4d564b && c == 0x564b4d56) {
			__cpuid(0x40000001, a, b, c, d);
			if (a & KVM_STEAL_TIME)
				return true;
		}
	}
	fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!stat_text(fd, buf) || !steal_parse(buf, -1, &ticks))
		ticks = 0;
	close(fd);
	return ticks > 0;
}

int delay_open(void)
{
	return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

uint64_t delay_read(int fd)
{
	char buf[96];
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, sizeof(buf) - 1, 0);
	char *p;

	if (n <= 0)
		return 0;
	buf[n] = '\0';
	p = strchr(buf, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}
