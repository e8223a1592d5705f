/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Culprits named as a person thinks of them, and bounded whatever the trace says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "analysis/priv.h"
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

static struct run_vcpu victim_vcpus[2], hog_vcpus[1];

static struct culprits *make(void)
{
	guests[0] = (struct run_guest){
		.name = (char *)"victim", .pid = 100, .vcpus = victim_vcpus, .n_vcpus = 2};
	guests[0].vcpus[0].tid = 110;
	guests[0].vcpus[1].tid = 111;
	guests[1] = (struct run_guest){
		.name = (char *)"hog-0", .pid = 200, .vcpus = hog_vcpus, .n_vcpus = 1};
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
	ev_task(c, 304, 290, 5, 0, "CPU 1/KVM"); /* a VM that is not of this run */
	expect(c, culprit_of_tid(c, 304), 0, "vm of pid 290 vcpu1", CULPRIT_VM);
	ev_task(c, 305, 290, 1, 0, "qemu-system-x86");
	expect(c, culprit_of_tid(c, 305), 0, "vm of pid 290 qemu", CULPRIT_VM_THREAD);
	ev_task(c, 306, 306, 1, 0, "qemu-img"); /* runs no VM */
	expect(c, culprit_of_tid(c, 306), 0, "process qemu-img", CULPRIT_PROCESS);
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

/* Another VM of the box is known by run.json: its vCPUs, whatever its threads are called. */
static void test_other_vms(void **state)
{
	struct run_vm_vcpu many[300] = {{0}}, single = {-2, 601}, thread = {-1, 701};
	struct run_vm vms[] = {{.name = (char *)"big",
				       .program = (char *)"firecracker",
				       .accel = (char *)"kvm",
				       .pid = 500,
				       .vcpus = many,
				       .n_vcpus = 300},
		{.name = (char *)"one",
			.program = (char *)"qemu",
			.accel = (char *)"tcg",
			.pid = 600,
			.vcpus = &single,
			.n_vcpus = 1},
		{.name = (char *)"odd",
			.program = (char *)"qemu",
			.accel = (char *)"tcg",
			.pid = 700,
			.vcpus = &thread,
			.n_vcpus = 1},
		{.name = (char *)"sh-800",
			.program = (char *)"sh",
			.accel = (char *)"none",
			.pid = 800}};
	struct run_vcpu own = {0};
	struct run_guest guest = {
		.name = (char *)"victim", .pid = 100, .vcpus = &own, .n_vcpus = 1};
	struct run_info box = {
		.guests = &guest, .n_guests = 1, .vms = vms, .n_vms = ARRAY_SIZE(vms)};
	struct culprits *c;

	(void)state;
	for (int i = 0; i < 300; i++)
		many[i] = (struct run_vm_vcpu){299 - i, 1000 + i};
	c = culprits_make(&box);
	expect(c, culprit_of_tid(c, 1000), 0, "vm big vcpu299", CULPRIT_VM);
	expect(c, culprit_of_tid(c, 1299), 0, "vm big vcpu0", CULPRIT_VM);
	expect(c, culprit_of_tid(c, 1299), 1, "vm big vcpu0", CULPRIT_SIBLING);
	ev_task(c, 1299, 500, 0, TRACE_TASK_EXEC,
		"CPU 7/KVM"); /* a name does not make it another */
	expect(c, culprit_of_tid(c, 1299), 0, "vm big vcpu0", CULPRIT_VM);
	ev_task(c, 501, 500, 0, 0, "CPU 3/KVM"); /* nor a vCPU */
	expect(c, culprit_of_tid(c, 501), 0, "vm big firecracker", CULPRIT_VM_THREAD);
	expect(c, culprit_of_tid(c, 501), 1, "vm big firecracker", CULPRIT_OWN_THREAD);
	expect(c, culprit_of_tid(c, 601), 0, "vm one vcpus", CULPRIT_VM);
	expect(c, culprit_of_tid(c, 701), 0, "vm odd qemu", CULPRIT_VM_THREAD);
	ev_task(c, 801, 800, 0, 0, "sh");
	expect(c, culprit_of_tid(c, 801), 0, "process sh-800", CULPRIT_PROCESS);
	culprits_forget(c, 1299);
	ev_task(c, 1299, 900, 0, 0, "cc1");
	expect(c, culprit_of_tid(c, 1299), 0, "process cc1", CULPRIT_PROCESS);
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

/* A vCPU pinned to CPU 0 of a lab of three waits half of each second; CPUs 1 and 2 idle a known share. */
static double wasted_with_two(uint64_t idle_ns_per_s, uint64_t other_idle_ns_per_s)
{
	struct analysis a = {.window_start_ns = 10 * NS_PER_S, .window_end_ns = 20 * NS_PER_S};
	struct analysis_vcpu out = {.cpu_set = cpuset_of(0)};
	struct vcpu_build v = {.out = &out};
	struct build b = {.a = &a, .vcpus = &v, .n_vcpus = 1};
	double wasted;

	b.box = xcalloc(CPUSET_MAX, sizeof(*b.box));
	cpuset_add(&a.info.lab_cpus, 0);
	cpuset_add(&a.info.lab_cpus, 1);
	cpuset_add(&a.info.lab_cpus, 2);
	series_begin(&v.acc[SERIES_WAIT], a.window_start_ns, a.window_end_ns, BIN_NS);
	series_span(&v.acc[SERIES_WAIT], a.window_start_ns, a.window_end_ns, 5e9);
	for (uint64_t s = 9; s < 22; s++) {
		box_idle_reading(
			&b, &b.box[0], s * NS_PER_S, s * NS_PER_S); /* its own: no matter */
		box_idle_reading(&b, &b.box[1], s * NS_PER_S, s * idle_ns_per_s);
		box_idle_reading(&b, &b.box[2], s * NS_PER_S, s * other_idle_ns_per_s);
	}
	wasted = wasted_elsewhere(&b, &v);
	for (unsigned i = 0; i < 3; i++)
		series_free(&b.box[i].idle);
	series_free(&v.acc[SERIES_WAIT]);
	free(b.box);
	return wasted;
}

static double wasted_with(uint64_t idle_ns_per_s)
{
	return wasted_with_two(idle_ns_per_s, 0);
}

static void test_wasted(void **state)
{
	(void)state;
	assert_true(fabs(wasted_with(NS_PER_S) - 5e9) < 1e3);
	assert_true(fabs(wasted_with(0)) < 1e-9);
	assert_true(fabs(wasted_with(NS_PER_S / 4) - 1.25e9) < 1e3);
	/* It could have run on one of them at a time: the idlest counts, not their sum. */
	assert_true(fabs(wasted_with_two(NS_PER_S / 4, NS_PER_S / 4) - 1.25e9) < 1e3);
	assert_true(fabs(wasted_with_two(NS_PER_S / 4, NS_PER_S / 2) - 2.5e9) < 1e3);
}

#define BUSY 2000u

/* ---- counts mode: a record with no events, only what the tracer summed itself */

static void put(FILE *f, const void *record, size_t len)
{
	assert_int_equal(fwrite(record, len, 1, f), 1);
}

/* Its sums, or what was added to the one before. */
static void put_cell(FILE *f, uint8_t type, uint64_t ts, uint32_t culprit, uint32_t kind,
	const uint64_t ns[2], bool second)
{
	uint64_t now = ns[second], had = second && type == TRACE_BLAME_ADDED ? ns[0] : 0;
	struct trace_blame r = {.h = {ts, 110, 0, type, sizeof(r) / 8},
		.culprit_tid = culprit,
		.kind = kind,
		.ns = now - had,
		.times = now / 10 - had / 10};

	put(f, &r, sizeof(r));
}

static void put_counter(FILE *f, uint64_t ts, uint16_t key, uint64_t value)
{
	struct trace_counter r = {.h = {ts, 110, 0, TRACE_COUNTER, sizeof(r) / 8},
		.scope = COUNTER_THREAD,
		.key = key,
		.value = value};

	put(f, &r, sizeof(r));
}

static void write_counts_record(const char *dir, uint8_t type, uint32_t strangers)
{
	struct trace_file_header h = {TRACE_FILE_MAGIC, TRACE_VERSION, sizeof(h), TRACE_MODE_COUNTS,
		2, 9 * NS_PER_S, 1, "k", {0}};
	struct trace_task task = {.h = {9 * NS_PER_S, BUSY, 0, TRACE_TASK, sizeof(task) / 8},
		.tgid = BUSY,
		.cgroup_id = 77,
		.comm = "x"};
	struct run_info r = info;
	auto_free char *host = xasprintf("%s/host", dir), *path = xasprintf("%s/trace.bin", host);
	struct err e = ERR_INIT;
	FILE *f;

	r.format = RUN_INFO_FORMAT;
	r.window_start_ns = 10 * NS_PER_S;
	r.window_end_ns = 20 * NS_PER_S;
	assert_int_equal(run_info_save(&r, dir, &e), 0);
	assert_int_equal(make_dirs(host, &e), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	put(f, &h, sizeof(h));
	put(f, &task, sizeof(task));
	for (unsigned i = 0; i < 2; i++) {
		static const uint64_t busy[2] = {NS_PER_S, 5 * NS_PER_S}, quota[2] = {0, NS_PER_S},
				      irq[2] = {600, 700}, more[2] = {0, 7}, less[2] = {7, 0};
		uint64_t ts = (i ? 20 : 10) * NS_PER_S - 1000;

		put_cell(f, type, ts, BUSY, BLAME_TASK, busy, i);
		put_cell(f, type, ts, 0, BLAME_THROTTLED, quota, i);
		put_cell(f, type, ts, 24, BLAME_IRQ, irq, i);
		if (i && type == TRACE_BLAME_ADDED) { /* and less than nothing */
			put_cell(f, type, ts, 24, BLAME_IRQ, more, true);
			put_cell(f, type, ts, 24, BLAME_IRQ, less, true);
		}
		put_counter(f, ts, CTR_TRACED_WAIT_NS, i ? 6 * NS_PER_S : NS_PER_S);
		put_counter(f, ts, CTR_TRACED_RUN_NS, i ? 7 * NS_PER_S : 2 * NS_PER_S);
		put_counter(f, ts, CTR_TRACED_SLEEP_NS, 0);
	}
	for (uint32_t i = 0; i < strangers; i++)
		put_cell(f, type, 20 * NS_PER_S - 1000, 1000000 + i, BLAME_TASK,
			(const uint64_t[2]){0, 10}, true);
	assert_int_equal(fclose(f), 0);
}

static void check_counts(uint8_t type)
{
	char dir[] = "/tmp/test_blame.XXXXXX";
	struct analysis *a;
	struct err e = ERR_INIT;

	assert_non_null(mkdtemp(dir));
	culprits_free(make()); /* sets the guests up */
	write_counts_record(dir, type, 0);
	assert_int_equal(analysis_make(dir, &a, &e), 0);
	assert_int_equal(a->trace_mode, TRACE_MODE_COUNTS);
	assert_int_equal(a->n_blame, 3);
	assert_string_equal(a->blame[0].culprit, "noise hog");
	assert_int_equal(a->blame[0].ns, 4 * NS_PER_S);
	assert_true(fabs(a->blame[0].share - 80) < 0.01);
	assert_int_equal(a->blame[1].kind, CULPRIT_QUOTA);
	assert_string_equal(a->blame[2].culprit, "irq 24");
	assert_int_equal(a->blame[2].ns, 100);
	assert_true(fabs(a->guests[0].vcpus[0].metrics[METRIC_WAIT_RATE].value - 500) < 0.01);
	assert_int_equal(analysis_check(a, "state_conservation")->verdict, VERDICT_PASS);
	analysis_free(a);
	remove_tree(dir, NULL);
}

/* Hundreds of guests beside as many: each cell counts. */
static void test_counts_of_many(void **state)
{
	char dir[] = "/tmp/test_blame.XXXXXX";
	struct analysis *a;
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	culprits_free(make());
	write_counts_record(dir, TRACE_BLAME, 200000);
	assert_int_equal(analysis_make(dir, &a, &e), 0);
	assert_int_equal(a->bad_records, 0);
	assert_int_equal(a->n_blame, 4);
	assert_string_equal(a->blame[2].culprit, "unknown");
	assert_int_equal(a->blame[2].ns, 2000000);
	assert_int_equal(a->blame[0].ns, 4 * NS_PER_S);
	analysis_free(a);
	remove_tree(dir, NULL);
}

/* As records until 2026-11 have it, and as it is written now: the same. */
static void test_counts_mode(void **state)
{
	(void)state;
	check_counts(TRACE_BLAME);
	check_counts(TRACE_BLAME_ADDED);
}

/* A native guest is a process: its threads, and the programs in its control group. */
static void test_native_names(void **state)
{
	struct run_vcpu vcpus[2] = {{.tid = 110}, {.tid = 0}};
	struct run_guest two[2] = {{.name = (char *)"base",
					   .kind = (char *)"native",
					   .pid = 100,
					   .vcpus = &vcpus[0],
					   .n_vcpus = 1},
		{.name = (char *)"vm",
			.kind = (char *)"metal",
			.pid = 200,
			.vcpus = &vcpus[1],
			.n_vcpus = 1}};
	struct run_cgroup group[] = {{5, (char *)"stealscope/r-1/base"}, {6, (char *)"r-2/base"}};
	struct run_info native = {.run = (char *)"r-1",
		.guests = two,
		.n_guests = 2,
		.cgroups = group,
		.n_cgroups = 2};
	struct culprits *c;

	(void)state;
	c = culprits_make(&native);
	expect(c, culprit_of_tid(c, 110), 1, "native base vcpu0", CULPRIT_NATIVE);
	expect(c, culprit_of_tid(c, 110), 0, "native base vcpu0", CULPRIT_SIBLING);
	ev_task(c, 110, 100, 5, 0, "vcpu0"); /* does not rename a vCPU */
	expect(c, culprit_of_tid(c, 110), 1, "native base vcpu0", CULPRIT_NATIVE);
	ev_task(c, 111, 100, 5, 0, "timer0");
	expect(c, culprit_of_tid(c, 111), 1, "native base agent", CULPRIT_NATIVE_THREAD);
	ev_task(c, 120, 120, 5, 0, "bzip2");
	expect(c, culprit_of_tid(c, 120), 1, "native base program", CULPRIT_NATIVE_THREAD);
	expect(c, culprit_of_tid(c, 120), 0, "native base program", CULPRIT_OWN_THREAD);
	ev_task(c, 130, 130, 6, 0, "bzip2");
	expect(c, culprit_of_tid(c, 130), 1, "cgroup r-2/base", CULPRIT_CGROUP);
	culprits_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_other_vms),
		cmocka_unit_test(test_native_names),
		cmocka_unit_test(test_exec_renames_and_tids_are_used_again),
		cmocka_unit_test(test_hostile_names_and_tids),
		cmocka_unit_test(test_wasted),
		cmocka_unit_test(test_counts_mode),
		cmocka_unit_test(test_counts_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
