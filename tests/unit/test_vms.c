// SPDX-License-Identifier: GPL-3.0-or-later
/* host/vms: which threads of a process are vCPUs, by the kernel's list and, without it, by their
 * names. The processes are real ones: this program, started anew under another name with threads
 * called as given. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/vms.h"

static char self[4096];

struct process {
	pid_t pid;
	pid_t tids[8];
};

static pthread_barrier_t said; /* one thread after the other */

static void *thread(void *arg)
{
	pid_t tid = gettid();

	prctl(PR_SET_NAME, arg);
	if (write(STDOUT_FILENO, &tid, sizeof(tid)) != sizeof(tid))
		_exit(1);
	pthread_barrier_wait(&said);
	pause();
	return NULL;
}

/* The other process: a thread for each name behind "--", its tid written to stdout. */
static int be_a_vmm(char **argv)
{
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_init(&said, NULL, 2);
	while (strcmp(*argv, "--"))
		argv++;
	while (*++argv) {
		pthread_create(&t, NULL, thread, *argv);
		pthread_barrier_wait(&said);
	}
	pause();
	return 0;
}

static struct process start(const char *const *argv)
{
	struct process p = {0};
	int out[2];
	size_t n = 0;

	for (const char *const *a = argv; *a; a++)
		n = strcmp(*a, "--") ? n + 1 : 0;
	assert_int_equal(pipe(out), 0);
	p.pid = fork();
	if (!p.pid) {
		dup2(out[1], STDOUT_FILENO);
		setenv("TEST_VMS_CHILD", "1", 1);
		execv(self, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(out[1]);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(read(out[0], &p.tids[i], sizeof(pid_t)), sizeof(pid_t));
	close(out[0]);
	return p;
}

static void stop(struct process *p)
{
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
}

static struct vm_list look(const struct kvm_vcpus *k, const struct process *p)
{
	struct vm_list l = {0};
	struct err e = ERR_INIT;

	assert_int_equal(vms_of_pid(k, p->pid, false, &l, &e), 0);
	return l;
}

static void by_the_kernel(void **state)
{
	const char *const argv[] = {"cloud-hypervisor", "--", "CPU 1/KVM", "http", "vcpu9", NULL};
	struct process p = start(argv);
	struct kvm_vcpu rows[] = {{1, 1, 0, 0}, {p.pid, p.tids[1], 4, 0}, {p.pid, 0, 6, 0},
		{p.pid, p.tids[0], 7, 0}, {p.pid, p.tids[2], 0, 1}};
	struct kvm_vcpus k = {.known = true, .items = rows, .n = 5};
	struct vm_list l = look(&k, &p), all;
	size_t seen = 0;

	(void)state;
	assert_int_equal(l.n, 2);
	assert_int_equal(l.items[0].accel, VM_ACCEL_KVM);
	assert_string_equal(l.items[0].program, "cloud-hypervisor");
	assert_int_equal(l.items[0].n_vcpus, 2); /* 6 has not run */
	assert_int_equal(l.items[0].vcpus[0].id, 4);
	assert_int_equal(l.items[0].vcpus[0].tid, p.tids[1]);
	assert_int_equal(l.items[0].vcpus[1].id, 7);
	assert_int_equal(l.items[0].vcpus[1].tid, p.tids[0]);
	assert_int_equal(l.items[1].n_vcpus, 1);
	assert_non_null(strstr(l.items[1].name, "(VM 2)"));
	vms_release(&l);
	assert_int_equal(vms_find(&k, NULL, true, &all, NULL), 0);
	for (size_t i = 0; i < all.n; i++)
		seen += all.items[i].pid == p.pid;
	assert_int_equal(seen, 2);
	vms_release(&all);
	/* The kernel says that it has no vCPU: names make none. */
	k.n = 1;
	l = look(&k, &p);
	assert_int_equal(l.items[0].accel, VM_ACCEL_NONE);
	assert_int_equal(l.items[0].vcpus[0].id, VM_VCPU_UNKNOWN);
	vms_release(&l);
	stop(&p);
}

static void by_names(void **state)
{
	static const struct {
		const char *argv[8];
		enum vm_accel accel;
		int n, id[3], thread[3]; /* vCPU numbers and whose they are */
	} rows[] = {
		{{"qemu-system-x86_64", "-name", "a", "--", "CPU 1/KVM", "IO mon_iothread",
			 "CPU 0/KVM"},
			VM_ACCEL_KVM, 2, {0, 1}, {2, 0}},
		{{"qemu-system-x86_64", "--", "call_rcu", "CPU 0/TCG"}, VM_ACCEL_TCG, 1, {0}, {1}},
		{{"qemu-kvm", "--", "call_rcu", "ALL CPUs/TCG"}, VM_ACCEL_TCG, 1, {VM_VCPU_ALL},
			{1}},
		{{"qemu-system-x86_64", "--", "qemu-system-x86", "qemu-system-x86"},
			VM_ACCEL_UNKNOWN, 2, {VM_VCPU_UNKNOWN, VM_VCPU_UNKNOWN}, {0, 1}},
		{{"firecracker", "--id", "f", "--", "fc_vcpu 1", "fc_api", "fc_vcpu 0"},
			VM_ACCEL_KVM, 2, {0, 1}, {2, 0}},
		{{"cloud-hypervisor", "--", "vcpu0", "vmm"}, VM_ACCEL_KVM, 1, {0}, {0}},
		{{"crosvm", "--", "crosvm_vcpu12", "vcpu_x"}, VM_ACCEL_KVM, 1, {12}, {0}},
		{{"lkvm", "run", "--", "kvm-vcpu-0", "kvm-vcpu-x", "kvm-vcpu-1x"}, VM_ACCEL_KVM, 1,
			{0}, {0}},
	};
	const struct kvm_vcpus k = {.known = false};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct process p = start(rows[i].argv);
		struct vm_list l = look(&k, &p);

		assert_int_equal(l.n, 1);
		assert_int_equal(l.items[0].accel, rows[i].accel);
		if ((int)l.items[0].n_vcpus != rows[i].n)
			fail_msg("row %zu: %zu vCPUs, not %d", i, l.items[0].n_vcpus, rows[i].n);
		for (int v = 0; v < rows[i].n; v++) {
			assert_int_equal(l.items[0].vcpus[v].id, rows[i].id[v]);
			assert_int_equal(l.items[0].vcpus[v].tid, p.tids[rows[i].thread[v]]);
		}
		vms_release(&l);
		stop(&p);
	}
}

static const struct vm *vm_of(const struct vm_list *l, pid_t pid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].pid == pid)
			return &l->items[i];
	return NULL;
}

/* What stands in the list made before is taken from it, of the same process only. */
static void names_are_asked_once(void **state)
{
	const char *const argv[] = {
		"qemu-system-x86_64", "--", "CPU 0/TCG", "rcu", "CPU 1/TCG", "CPU 2/TCG", NULL};
	const struct kvm_vcpus k = {.known = false};
	struct process p = start(argv), q;
	struct vm_list before = look(&k, &p), after;
	struct kvm_vcpu row;
	struct vm *was = &before.items[0];
	const struct vm *now;

	(void)state;
	assert_int_equal(was->n_vcpus, 3);
	was->vcpus[1].id = 77;
	was->n_vcpus = 2;
	assert_int_equal(vms_find(&k, &before, true, &after, NULL), 0);
	now = vm_of(&after, p.pid);
	assert_non_null(now);
	assert_int_equal(now->accel, VM_ACCEL_TCG);
	assert_int_equal(now->n_vcpus, 3);
	assert_int_equal(now->vcpus[0].tid, p.tids[0]);
	assert_int_equal(now->vcpus[1].id, 2); /* it was not in the list */
	assert_int_equal(now->vcpus[1].tid, p.tids[3]);
	assert_int_equal(now->vcpus[2].id, 77);
	assert_int_equal(now->vcpus[2].tid, p.tids[2]);
	vms_release(&after);
	/* Without the whole box: it is known, another is not. */
	q = start(argv);
	row = (struct kvm_vcpu){q.pid, q.tids[0], 0, 0};
	assert_int_equal(vms_find(&k, &before, false, &after, NULL), 0);
	assert_non_null(vm_of(&after, p.pid));
	assert_null(vm_of(&after, q.pid));
	vms_release(&after);
	assert_int_equal(vms_find(&(struct kvm_vcpus){.known = true, .items = &row, .n = 1},
				 &before, false, &after, NULL),
		0);
	assert_int_equal(vm_of(&after, q.pid)->accel, VM_ACCEL_KVM);
	vms_release(&after);
	stop(&q);
	was->start++;
	assert_int_equal(vms_find(&k, &before, true, &after, NULL), 0);
	now = vm_of(&after, p.pid);
	assert_non_null(now);
	assert_int_equal(now->vcpus[1].id, 1);
	vms_release(&after);
	vms_release(&before);
	stop(&p);
}

/* The kernel tells of all KVM guests: a QEMU that is none of them is emulated, or starts. */
static void a_qemu_without_kvm(void **state)
{
	const char *const tcg[] = {"qemu-system-x86_64", "-accel", "tcg", "--", "a", "b", NULL};
	const char *const starting[] = {
		"qemu-system-x86_64", "-accel", "kvm", "--", "a", "b", NULL};
	const char *const probe[] = {"qemu-system-x86_64", "-M", "none", "--", "a", NULL};
	const struct kvm_vcpus k = {.known = true};
	struct process p = start(tcg), q = start(starting), r = start(probe);
	struct vm_list l;
	size_t seen = 0;

	(void)state;
	assert_int_equal(vms_find(&k, NULL, true, &l, NULL), 0);
	for (size_t i = 0; i < l.n; i++) {
		assert_true(l.items[i].pid != q.pid && l.items[i].pid != r.pid);
		if (l.items[i].pid != p.pid)
			continue;
		seen++;
		assert_int_equal(l.items[i].accel, VM_ACCEL_TCG);
		assert_int_equal(l.items[i].n_vcpus, 2); /* not the main thread */
		assert_int_equal(l.items[i].vcpus[0].id, VM_VCPU_UNKNOWN);
	}
	assert_int_equal(seen, 1);
	vms_release(&l);
	stop(&p);
	stop(&q);
	stop(&r);
}

static void children_too(void **state)
{
	const char *const argv[] = {"firecracker", "--", "fc_vcpu 0", NULL};
	const struct kvm_vcpus k = {.known = false};
	struct process p = start(argv);
	struct err e = ERR_INIT;
	struct vm_list l;
	bool seen = false;

	(void)state;
	assert_int_equal(vms_of_pid(&k, getpid(), false, &l, &e), 0);
	assert_int_equal(l.n, 1);
	vms_release(&l);
	assert_int_equal(vms_of_pid(&k, getpid(), true, &l, &e), 0);
	for (size_t i = 0; i < l.n; i++)
		seen |= l.items[i].pid == p.pid && l.items[i].vcpus[0].tid == p.tids[0];
	assert_true(seen);
	vms_release(&l);
	stop(&p);
	assert_int_equal(vms_of_pid(&k, p.pid, false, &l, &e), -ESRCH);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_kernel),
		cmocka_unit_test(by_names),
		cmocka_unit_test(names_are_asked_once),
		cmocka_unit_test(a_qemu_without_kvm),
		cmocka_unit_test(children_too),
	};

	(void)argc;
	if (getenv("TEST_VMS_CHILD"))
		return be_a_vmm(argv);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
