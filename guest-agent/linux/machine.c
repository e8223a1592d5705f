// SPDX-License-Identifier: GPL-3.0-or-later
/* What the agent runs on: hypervisor, TSC, CPUs. */
#include <cpuid.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define CALIBRATION_NS UINT64_C(200000000)
#define PAIR_TRIES     8
#define WORD_BITS      (8 * sizeof(unsigned long))

struct agent_process process;

uint64_t mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint32_t hypervisor(void)
{
	unsigned a, b, c, d;
	char name[13] = "";

	/* Not by CPUID: in a PV guest that is the processor's own. */
	if (is_on_xen())
		return SHM_ACCEL_XEN;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31))
		return SHM_ACCEL_UNKNOWN;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	if (!strncmp(name, "KVMKVMKVM", 9))
		return SHM_ACCEL_KVM;
	return strncmp(name, "TCGTCGTCGTCG", 12) ? SHM_ACCEL_UNKNOWN : SHM_ACCEL_TCG;
}

struct pair {
	uint64_t tsc, ns, width;
};

/* TSC and clock of one instant: the tightest of some tries. */
static struct pair read_pair(void)
{
	struct pair best = {.width = UINT64_MAX};

	for (int i = 0; i < PAIR_TRIES; i++) {
		uint64_t before = platform_tsc(), ns = mono_ns(), after = platform_tsc();

		if (after - before < best.width)
			best = (struct pair){before + (after - before) / 2, ns, after - before};
	}
	return best;
}

static uint64_t measure_hz(void)
{
	struct timespec t = {0, (long)CALIBRATION_NS};
	struct pair a = read_pair(), b;

	nanosleep(&t, NULL);
	b = read_pair();
	return (uint64_t)((double)(b.tsc - a.tsc) * 1e9 / (double)(b.ns - a.ns));
}

/* Early after boot the kernel's own idea of the TSC is coarse (0.1 % off under TCG) and refined
 * about a second later: until then its clock is no measure. */
static void wait_for_clock(void)
{
	struct timespec t = {0, 50000000};

	for (int i = 0; i < 40; i++) {
		char name[32] = "";
		int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
			O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0)
			name[0] = '\0';
		if (fd >= 0)
			close(fd);
		if (strncmp(name, "tsc-early", 9))
			return;
		nanosleep(&t, NULL);
	}
}

void machine_detect(void)
{
	process.accel = process.is_native ? SHM_ACCEL_NATIVE : hypervisor();
	wait_for_clock();
	process.tsc_hz = measure_hz();
	process.steal_step_ns = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);
	if (!process.is_native && steal_is_provided())
		process.features |= SHM_FEAT_STEAL | SHM_FEAT_STEAL_COARSE;
}

void mask_add(cpu_mask *m, unsigned cpu)
{
	if (cpu < CPUS_MAX)
		m->bits[cpu / WORD_BITS] |= 1ul << cpu % WORD_BITS;
}

cpu_mask mask_one(unsigned cpu)
{
	cpu_mask m = {{0}};

	mask_add(&m, cpu);
	return m;
}

cpu_mask mask_mine(void)
{
	cpu_mask m = {{0}};

	if (syscall(SYS_sched_getaffinity, 0, sizeof(m), &m) < 0)
		mask_add(&m, 0);
	return m;
}

bool mask_parse(const char *text, cpu_mask *out)
{
	cpu_mask m = {{0}};

	while (*text) {
		unsigned long from, to;
		char *end;

		if (!isdigit((unsigned char)*text))
			return false;
		from = to = strtoul(text, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			to = strtoul(end + 1, &end, 10);
		}
		if (from > to || to >= CPUS_MAX || (*end && *end != ','))
			return false;
		for (; from <= to; from++)
			mask_add(&m, (unsigned)from);
		text = *end ? end + 1 : end;
	}
	*out = m;
	return true;
}

bool thread_bind(const cpu_mask *cpus)
{
	return syscall(SYS_sched_setaffinity, 0, sizeof(*cpus), cpus) == 0;
}
