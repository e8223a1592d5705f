// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest-agent/linux/record_marks.h"

#include <cpuid.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "guest-agent/linux/linux.h"

#define NS_PER_S INT64_C(1000000000)
#define STEP_NS	 INT64_C(10000000)   /* a clock that stepped by less was slewed */
#define DRIFT	 0.0005		     /* between TSC and clock, more than any slewing */
#define RATE_NS	 UINT64_C(900000000) /* over so long the TSC's rate is known well enough */

static int64_t clock_offset(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec - (int64_t)mono_ns();
}

void marks_read(struct marks_reading *out)
{
	unsigned r[12] = {0}, a = 0, b, c, d;
	unsigned cpu = 0;

	*out = (struct marks_reading){.mono_ns = mono_ns(),
		.real_offset = clock_offset(CLOCK_REALTIME),
		.boot_offset = clock_offset(CLOCK_BOOTTIME)};
	/* Together, whatever comes between. */
	for (unsigned tries = 0; tries < 8; tries++) {
		cpu = (unsigned)sched_getcpu();
		out->mono_ns = mono_ns();
		out->tsc = __rdtsc();
		if (mono_ns() - out->mono_ns < 100000 && cpu == (unsigned)sched_getcpu())
			break;
	}
	out->cpu = cpu;
	for (unsigned i = 0; i < 3; i++)
		__get_cpuid(
			0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]);
	__get_cpuid(1, &a, &b, &c, &d);
	snprintf(out->processor, sizeof(out->processor), "%.48s (%x)", (const char *)r, a);
}

/* How far TSC and clock have parted since the reading before, at the rate that was so far; 0: not known. */
static int64_t tsc_step(const struct marks *m, const struct marks_reading *now)
{
	uint64_t known = m->last.mono_ns - m->first.mono_ns, span = now->mono_ns - m->last.mono_ns;
	double rate, step;

	if (known < RATE_NS || now->cpu != m->last.cpu || m->first.cpu != m->last.cpu ||
		m->last.tsc <= m->first.tsc)
		return 0;
	rate = (double)(m->last.tsc - m->first.tsc) / (double)known;
	step = (double)(int64_t)(now->tsc - m->last.tsc) / rate - (double)span;
	return step > -DRIFT * (double)span && step < DRIFT * (double)span ? 0 : (int64_t)step;
}

unsigned marks_between(
	struct marks *m, const struct marks_reading *now, char text[MARKS_MAX][MARK_TEXT])
{
	int64_t asleep = now->boot_offset - m->last.boot_offset;
	int64_t step = now->real_offset - m->last.real_offset - asleep, tsc = tsc_step(m, now);
	bool moved = strcmp(now->processor, m->last.processor) != 0;
	unsigned n = 0;

	if (asleep > STEP_NS)
		snprintf(text[n++], MARK_TEXT, "suspended for %.3f s", (double)asleep / 1e9);
	if (step > STEP_NS || step < -STEP_NS)
		snprintf(text[n++], MARK_TEXT, "the clock of day stepped by %.3f s",
			(double)step / 1e9);
	if (asleep <= STEP_NS && (tsc > STEP_NS || tsc < -STEP_NS))
		snprintf(text[n++], MARK_TEXT,
			"the TSC stepped by %.3f s against the clock: this VM was migrated, or restored",
			(double)tsc / 1e9);
	if (moved)
		snprintf(text[n++], MARK_TEXT,
			"the processor was %s and is %s: this VM was migrated", m->last.processor,
			now->processor);
	/* The rate is learnt anew, too, where this thread reads the TSC of another CPU now. */
	if (n || now->cpu != m->first.cpu)
		m->first = *now;
	m->last = *now;
	return n;
}
