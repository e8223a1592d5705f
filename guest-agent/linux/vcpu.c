// SPDX-License-Identifier: GPL-3.0-or-later
/* The platform of the probes (probe/platform.h) in Linux: threads, sleeps, and what stands for the
 * interrupt. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest-agent/linux/linux.h"

#define STEAL_FRESH_NS UINT64_C(20000000) /* /proc/stat is read no more often, on each vCPU */

static struct vcpu vcpus[SHM_MAX_VCPUS];
static __thread struct vcpu *own; /* set in main threads only */

static void futex(volatile uint32_t *word, int op, uint32_t value)
{
	syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static uint64_t ticks_to_ns(const struct vcpu *c, uint64_t ticks)
{
	return (uint64_t)((double)ticks * 1e9 / (double)c->agent.tsc_hz);
}

/* The deadline is a TSC; the kernel sleeps until a time of its own clock. Both are read anew for
 * every sleep, so a wrong idea of the frequency does not add up; twice, since under emulation the
 * first reading of the clock after a switch of processes takes tens of us, in its first half. */
static void sleep_until(const struct vcpu *c, uint64_t deadline, bool relative)
{
	uint64_t now = 0, ns = 0, width = UINT64_MAX, rest;
	struct timespec t;

	for (int i = 0; i < 2; i++) {
		uint64_t before = platform_tsc(), at = mono_ns(), after = platform_tsc();

		if (after - before > width)
			continue;
		width = after - before;
		now = before + width / 2;
		ns = at;
	}
	if ((int64_t)(deadline - now) <= 0)
		return;
	rest = ticks_to_ns(c, deadline - now);
	if (!relative)
		rest += ns;
	t.tv_sec = (time_t)(rest / 1000000000);
	t.tv_nsec = (long)(rest % 1000000000);
	clock_nanosleep(CLOCK_MONOTONIC, relative ? 0 : TIMER_ABSTIME, &t, NULL);
}

/* What probe `timer` of this vCPU asks for, or nothing. */
static struct policy wanted_policy(const struct vcpu *c, bool *relative)
{
	struct policy p = {0};

	*relative = false;
	for (unsigned i = 0; i < c->agent.n_ticks; i++) {
		const struct probe_run *run = &c->agent.ticks[i];

		if (run->ops->id != PROBE_TIMER)
			continue;
		p.kind = (uint32_t)(run->p[1] & SHM_TIMER_POLICY);
		p.priority = (uint32_t)run->p[2];
		p.slack_ns = run->p[3];
		p.period_ns = run->p[0];
		*relative = run->p[1] & SHM_TIMER_RELATIVE;
	}
	return p;
}

static void use_policy(struct vcpu *c, struct policy *now, const struct policy *want)
{
	if (policy_same(now, want))
		return;
	*now = *want;
	if (policy_apply(want, &c->cpus, &c->all))
		return;
	say("vCPU %u: the scheduling policy of probe timer was refused: %s", c->agent.index,
		strerror(errno));
	c->policy_failed = true;
	agent_fail(&c->agent, LINUX_FAIL_POLICY);
}

/* Call agent_interrupt() once `armed` has come. Early returns are fine: a signal, a coarse
 * clock. */
static void take_interrupt(struct vcpu *c)
{
	struct stamp at = agent_stamp(&c->agent);

	if ((int64_t)(at.tsc - c->armed) >= 0)
		agent_interrupt(&c->agent, &at);
}

void platform_arm(struct agent_vcpu *v, uint64_t tsc)
{
	struct vcpu *c = vcpu_of(v);

	c->armed = tsc;
	if (v->busy.ops && own == c && !c->timer_on) {
		__atomic_store_n(&c->timer_on, 1, __ATOMIC_RELEASE);
		futex(&c->timer_on, FUTEX_WAKE, 1);
	}
}

void platform_idle(struct agent_vcpu *v)
{
	struct vcpu *c = vcpu_of(v);
	bool relative;
	struct policy want = wanted_policy(c, &relative);

	if (c->irq_off)
		platform_irq_on(v);
	use_policy(c, &c->policy, &want);
	sleep_until(c, c->armed, relative);
	pthread_mutex_lock(&c->irq);
	take_interrupt(c);
	pthread_mutex_unlock(&c->irq);
}

void platform_irq_off(struct agent_vcpu *v)
{
	struct vcpu *c = vcpu_of(v);

	pthread_mutex_lock(&c->irq);
	c->irq_off = true;
}

void platform_irq_on(struct agent_vcpu *v)
{
	struct vcpu *c = vcpu_of(v);

	c->irq_off = false;
	pthread_mutex_unlock(&c->irq);
}

/* The timer thread: serves `armed` while the main thread is busy with a probe. */
static void *timer_main(void *arg)
{
	struct vcpu *c = arg;
	struct policy now = {0}, plain = {0}, want;
	char name[16];
	bool relative;

	snprintf(name, sizeof(name), "timer%u", c->agent.index);
	prctl(PR_SET_NAME, name);
	thread_bind(&c->cpus);
	c->delay_fd[1] = delay_open();
	for (;;) {
		while (!__atomic_load_n(&c->timer_on, __ATOMIC_ACQUIRE))
			futex(&c->timer_on, FUTEX_WAIT, 0);
		want = wanted_policy(c, &relative);
		use_policy(c, &now, &want);
		while (c->timer_on) {
			sleep_until(c, c->armed, relative);
			pthread_mutex_lock(&c->irq);
			if (c->agent.n_ticks == 0)
				c->timer_on = 0;
			else
				take_interrupt(c);
			pthread_mutex_unlock(&c->irq);
		}
		use_policy(c, &now, &plain);
	}
	return NULL;
}

uint64_t platform_steal(struct agent_vcpu *v)
{
	struct vcpu *c = vcpu_of(v);
	uint64_t now;

	if (!(v->features & SHM_FEAT_STEAL))
		return SHM_STEAL_NONE;
	now = platform_tsc();
	if (!c->steal_tsc || ticks_to_ns(c, now - c->steal_tsc) >= STEAL_FRESH_NS) {
		c->steal_ns = steal_read(c->stat_fd, &c->cpus, process.steal_step_ns);
		c->steal_tsc = now;
	}
	return c->steal_ns;
}

void *platform_memory(struct agent_vcpu *v, uint64_t *bytes)
{
	struct vcpu *c = vcpu_of(v);

	if (!c->area) {
		void *p = mmap(NULL, *bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			return NULL;
		c->area = p;
		c->area_bytes = *bytes;
	}
	*bytes = c->area_bytes;
	return c->area;
}

void platform_say(struct agent_vcpu *v, const char *text)
{
	say("vCPU %u: %s", v->index, text);
}

void platform_poweroff(struct agent_vcpu *v, const char *why)
{
	static uint32_t leaving;

	while (__atomic_exchange_n(&leaving, 1, __ATOMIC_RELAXED))
		pause();
	if (!process.is_native)
		say("vCPU %u powers off: %s", v->index, why);
	if (process.is_init)
		init_power_off();
	_exit(0);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *c = arg;
	char name[16];

	own = c;
	snprintf(name, sizeof(name), "vcpu%u", c->agent.index);
	prctl(PR_SET_NAME, name);
	c->main = pthread_self();
	if (!thread_bind(&c->cpus))
		say("vCPU %u cannot be bound to its CPUs: %s", c->agent.index, strerror(errno));
	c->delay_fd[0] = delay_open();
	c->agent.shm->apic_id = process.is_native ? (uint32_t)gettid() : c->agent.index;
	if (pthread_create(&c->timer, NULL, timer_main, c)) {
		say("vCPU %u: no timer thread: %s", c->agent.index, strerror(errno));
		exit(1);
	}
	agent_main(&c->agent);
}

static void vcpu_init(struct vcpu *c, struct shm_host *host, unsigned index, const cpu_mask *cpus)
{
	pthread_mutexattr_t attr;

	c->cpus = *cpus;
	c->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	c->delay_fd[0] = c->delay_fd[1] = -1;
	/* A busy thread that holds it must not be kept waiting by others than its waiter. */
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&c->irq, &attr);
	c->agent.accel = process.accel;
	c->agent.features = process.features;
	c->agent.tsc_hz = process.tsc_hz;
	agent_init(&c->agent, host, index);
}

void vcpus_run(struct shm_host *host, const cpu_mask *cpus)
{
	cpu_mask all = {{0}};

	for (unsigned i = 0; i < host->nr_vcpus; i++)
		for (unsigned w = 0; w < sizeof(all.bits) / sizeof(all.bits[0]); w++)
			all.bits[w] |= cpus[i].bits[w];
	if (!process.is_native)
		all = mask_mine();
	for (unsigned i = 0; i < host->nr_vcpus; i++) {
		vcpu_init(&vcpus[i], host, i, &cpus[i]);
		vcpus[i].all = all;
	}
	measures_start(&vcpus[0]);
	for (unsigned i = 1; i < host->nr_vcpus; i++)
		if (pthread_create(&vcpus[i].main, NULL, vcpu_main, &vcpus[i])) {
			say("no thread for vCPU %u: %s", i, strerror(errno));
			exit(1);
		}
	vcpu_main(&vcpus[0]);
	exit(1);
}
