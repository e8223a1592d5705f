// SPDX-License-Identifier: GPL-3.0-or-later
/* hostd's counters: a VM is sampled as long as one of its threads is traced, and forgotten then. hostd is a program of its own, so its
 * source is compiled in here, over a KVM that counts what is asked of it. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host-agent/counters.c"

static unsigned open_vms, samples, offsets;

bool kvmstat_init(struct sink *s)
{
	(void)s;
	return true;
}

struct kvmstat *kvmstat_open(pid_t tgid, struct sink *s)
{
	(void)s;
	open_vms++;
	return xcalloc(1, sizeof(tgid));
}

void kvmstat_close(struct kvmstat *k)
{
	open_vms -= k != NULL;
	free(k);
}

void kvmstat_sample(struct kvmstat *k, struct sink *s)
{
	(void)k;
	(void)s;
	samples++;
}

void kvmstat_offsets(struct kvmstat *k, struct sink *s)
{
	(void)k;
	(void)s;
	offsets++;
}

int boxsteal_open(struct boxsteal **out, struct err *e)
{
	(void)out;
	return err_set(e, ENOTSUP, "not here");
}

const uint64_t *boxsteal_read(struct boxsteal *b)
{
	(void)b;
	return NULL;
}

void boxsteal_close(struct boxsteal *b)
{
	(void)b;
}

int cgroupstat_open(
	uint32_t owner, const char *path, struct cgroupstat **out, bool *has_quota, struct err *e)
{
	(void)owner;
	*out = NULL;
	*has_quota = false;
	return err_set(e, ENOENT, "%s", path);
}

void cgroupstat_sample(struct cgroupstat *g, struct sink *s)
{
	(void)g;
	(void)s;
}

void cgroupstat_close(struct cgroupstat *g)
{
	(void)g;
}

bool tracer_read(struct tracer *t, pid_t tid, struct tracer_seen *out)
{
	(void)t;
	(void)tid;
	(void)out;
	return false;
}

void sink_counter(struct sink *s, uint64_t ts, uint32_t tid, uint16_t cpu, enum counter_scope scope,
	enum counter_key key, uint32_t owner, uint64_t value)
{
	(void)s;
	(void)ts;
	(void)tid;
	(void)cpu;
	(void)scope;
	(void)key;
	(void)owner;
	(void)value;
}

void sink_note(struct sink *s, const char *fmt, ...)
{
	(void)s;
	(void)fmt;
}

static void *wait_for_end(void *end)
{
	pid_t *tid = end;

	__atomic_store_n(tid, gettid(), __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static unsigned sampled(struct counters *c, struct sink *s)
{
	samples = 0;
	counters_sample(c, NULL, s);
	return samples;
}

static void vms_come_and_go(void **state)
{
	struct err e = ERR_INIT;
	struct sink s = {0};
	struct counters *c = counters_open(true, &s);
	pid_t second = 0, tgid, other;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &second), 0);
	while (!__atomic_load_n(&second, __ATOMIC_ACQUIRE))
		sleep_ns(NS_PER_MS);
	/* One process with two threads, another with one. */
	assert_int_equal(counters_add_thread(c, getpid(), &s, &tgid, &e), 0);
	assert_int_equal(counters_add_thread(c, second, &s, &tgid, &e), 0);
	assert_int_equal(tgid, getpid());
	other = fork();
	if (!other)
		for (;;)
			pause();
	assert_int_equal(counters_add_thread(c, other, &s, &tgid, &e), 0);
	assert_int_equal(tgid, other);
	assert_int_equal(open_vms, 2);
	assert_int_equal(sampled(c, &s), 2);
	/* Of each once, as it came; and once as all end. */
	assert_int_equal(offsets, 2);
	counters_end(c, &s);
	assert_int_equal(offsets, 4);
	counters_drop_thread(c, getpid());
	assert_int_equal(open_vms, 2);
	counters_drop_thread(c, second);
	assert_int_equal(open_vms, 1);
	assert_int_equal(sampled(c, &s), 1);
	/* It comes again: it is a VM of its own again. */
	assert_int_equal(counters_add_thread(c, second, &s, &tgid, &e), 0);
	assert_int_equal(open_vms, 2);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	counters_drop_thread(c, other);
	assert_int_equal(sampled(c, &s), 1);
	counters_close(c);
	assert_int_equal(open_vms, 0);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vms_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
