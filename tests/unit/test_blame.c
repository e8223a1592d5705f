/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Culprits named as a person thinks of them, and bounded whatever the trace says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/trace_events.h"

static struct run_guest guests[2];
static struct run_noise noise = {.name = (char *)"hog", .cgroup_id = 77};
static struct run_cgroup groups[] = {{77, (char *)"stealscope/run/hog"},
	{5, (char *)"system.slice/ssh.service"}, {1, (char *)"/"}};
static struct run_info info = {.guests = guests,
	.n_guests = 2,
	.noises = &noise,
	.n_noises = 1,
	.cgroups = groups,
	.n_cgroups = 3};

static struct culprits *make(void)
{
	guests[0] = (struct run_guest){.name = (char *)"victim", .pid = 100, .n_vcpus = 2};
	guests[0].vcpus[0].tid = 110;
	guests[0].vcpus[1].tid = 111;
	guests[1] = (struct run_guest){.name = (char *)"hog-0", .pid = 200, .n_vcpus = 1};
	return culprits_make(&info);
}

static void expect(const struct culprits *c, uint32_t id, size_t victim, const char *name,
	enum culprit_kind kind)
{
	assert_string_equal(culprit_name(c, id), name);
	assert_string_equal(
		culprit_kind_name(culprit_seen_by(c, id, victim)), culprit_kind_name(kind));
}

static void test_names(void **state)
{
	struct culprits *c = make();

	(void)state;
	expect(c, culprit_of_tid(c, 111), 0, "vm victim vcpu1", CULPRIT_SIBLING);
	expect(c, culprit_of_tid(c, 111), 1, "vm victim vcpu1", CULPRIT_VM);
	culprits_track(c, 210, 1 << 8);
	expect(c, culprit_of_tid(c, 210), 0, "vm hog-0 vcpu0", CULPRIT_VM);
	ev_task(c, 210, 200, 0, 0, "CPU 0/KVM"); /* does not rename a vCPU */
	expect(c, culprit_of_tid(c, 210), 0, "vm hog-0 vcpu0", CULPRIT_VM);
	ev_task(c, 101, 100, 0, 0, "qemu-system-x86");
	expect(c, culprit_of_tid(c, 101), 0, "vm victim qemu", CULPRIT_OWN_THREAD);
	expect(c, culprit_of_tid(c, 101), 1, "vm victim qemu", CULPRIT_VM_THREAD);
	ev_task(c, 102, 102, 0, TRACE_TASK_KTHREAD, "vhost-100");
	expect(c, culprit_of_tid(c, 102), 0, "vm victim qemu", CULPRIT_OWN_THREAD);
	ev_task(c, 300, 300, 77, 0, "stealscope");
	expect(c, culprit_of_tid(c, 300), 0, "noise hog", CULPRIT_NOISE);
	ev_task(c, 301, 301, 1, 0, "stealscope");
	expect(c, culprit_of_tid(c, 301), 0, "stealscope", CULPRIT_HARNESS);
	ev_task(c, 302, 302, 5, 0, "sshd");
	expect(c, culprit_of_tid(c, 302), 0, "cgroup system.slice/ssh.service", CULPRIT_CGROUP);
	ev_task(c, 303, 303, 1, 0, "cc1");
	expect(c, culprit_of_tid(c, 303), 0, "process cc1", CULPRIT_PROCESS);
	ev_task(c, 16, 16, 1, TRACE_TASK_KTHREAD, "kworker/1:0-events");
	expect(c, culprit_of_tid(c, 16), 0, "kernel thread kworker", CULPRIT_KTHREAD);
	ev_task(c, 17, 17, 0, TRACE_TASK_KTHREAD, "ksoftirqd/1");
	expect(c, culprit_of_tid(c, 17), 0, "kernel thread ksoftirqd/1", CULPRIT_KTHREAD);
	expect(c, culprit_of_irq(c, 24, false), 0, "irq 24", CULPRIT_IRQ);
	expect(c, culprit_of_irq(c, 3, true), 0, "softirq NET_RX", CULPRIT_SOFTIRQ);
	assert_int_equal(culprit_of_irq(c, 24, false), culprit_of_irq(c, 24, false));
	expect(c, culprit_of_tid(c, 0), 0, "idle CPU (waking up)", CULPRIT_IDLE);
	expect(c, culprit_of_tid(c, 4444), 0, "unknown", CULPRIT_UNKNOWN);
	culprits_free(c);
}

static void test_exec_renames_and_tids_are_used_again(void **state)
{
	struct culprits *c = make();

	(void)state;
	ev_task(c, 500, 500, 0, 0, "bash");
	ev_task(c, 500, 500, 0, TRACE_TASK_EXEC, "make");
	expect(c, culprit_of_tid(c, 500), 0, "process make", CULPRIT_PROCESS);
	ev_task(c, 501, 501, 0, 0, "make");
	assert_int_equal(culprit_of_tid(c, 500), culprit_of_tid(c, 501)); /* one row in the table */
	culprits_free(c);
}

static void test_hostile_names_and_tids(void **state)
{
	struct culprits *c = make();
	char comm[17];

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(comm, sizeof(comm), "x%u", i);
		ev_task(c, i * 1000003u, i, i, i % 2, comm);
		culprits_track(c, i, i * 2654435761u);
		(void)culprit_of_irq(c, i * 65537u, i % 2);
	}
	ev_task(c, UINT32_MAX, 1, 1, 0, "far");
	expect(c, culprit_of_tid(c, UINT32_MAX), 0, "unknown", CULPRIT_UNKNOWN);
	ev_task(c, 600, 600, 0, 0,
		"\033[31m\n\xff"
		"abc");
	for (const char *p = culprit_name(c, culprit_of_tid(c, 600)); *p; p++)
		assert_true(*p >= ' ' && *p < 127);
	assert_string_equal(culprit_name(c, UINT32_MAX), "unknown");
	culprits_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_exec_renames_and_tids_are_used_again),
		cmocka_unit_test(test_hostile_names_and_tids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
