// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#include "noise/priv.h"

#define DEFAULT_BURST_NS (10 * NS_PER_MS)

uint64_t noise_thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void noise_sleep_until(uint64_t ns)
{
	struct timespec ts = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

_Noreturn void noise_duty_loop(const struct plan_noise *n, void (*chunk)(void *ctx), void *ctx)
{
	uint64_t burst = n->burst_ns ? n->burst_ns : DEFAULT_BURST_NS, period, next, spent, now;
	uint64_t over = 0; /* CPU used beyond the last burst: taken off the next */
	unsigned duty = n->duty_percent ? n->duty_percent : 100;

	if (duty >= 100)
		for (;;)
			chunk(ctx);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	period = burst * 100 / duty;
	next = now_ns();
	for (;;) {
		spent = noise_thread_cpu_ns();
		while (noise_thread_cpu_ns() - spent + over < burst)
			chunk(ctx);
		spent = noise_thread_cpu_ns() - spent + over;
		over = MIN(spent - burst, burst);
		next += period;
		now = now_ns();
		if (now > next + period)
			next = now;
		noise_sleep_until(next);
	}
}
