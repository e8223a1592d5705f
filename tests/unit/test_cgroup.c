// SPDX-License-Identifier: GPL-3.0-or-later
/* What limits mean on v1 and v2, and real groups where this box lets us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/util.h"
#include "host/cgroup.h"

static char run_name[48]; /* of this process: the test may run more than once at a time */

static const struct cgroup_limits limits = {
	.shares = 512, .period_us = 50000, .quota_us = 25000, .cpus = {{0x5}}};

static void expect(const struct cgroup_setting *s, const char *file, const char *value)
{
	assert_string_equal(s->file, file);
	assert_string_equal(s->value, value);
}

static void limits_on_v1(void **state)
{
	struct cgroup_setting s[CGROUP_MAX_SETTINGS];

	(void)state;
	assert_int_equal(cgroup_translate(HOST_CGROUP_V1, &limits, s), 4);
	expect(&s[0], "cpuset.cpus", "0,2");
	expect(&s[1], "cpu.shares", "512");
	expect(&s[2], "cpu.cfs_period_us", "50000");
	expect(&s[3], "cpu.cfs_quota_us", "25000");
}

static void limits_on_v2(void **state)
{
	struct cgroup_setting s[CGROUP_MAX_SETTINGS];

	(void)state;
	assert_int_equal(cgroup_translate(HOST_CGROUP_V2, &limits, s), 3);
	expect(&s[0], "cpuset.cpus", "0,2");
	expect(&s[1], "cpu.weight", "50");
	expect(&s[2], "cpu.max", "25000 50000");
}

static void no_limits_and_default_period(void **state)
{
	static const struct cgroup_limits none;
	static const struct cgroup_limits quota = {.quota_us = 30000};
	struct cgroup_setting s[CGROUP_MAX_SETTINGS];

	(void)state;
	assert_int_equal(cgroup_translate(HOST_CGROUP_V1, &none, s), 0);
	assert_int_equal(cgroup_translate(HOST_CGROUP_V2, &none, s), 0);
	assert_int_equal(cgroup_translate(HOST_CGROUP_V2, &quota, s), 1);
	expect(&s[0], "cpu.max", "30000 100000");
}

static void weights_keep_ratios(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight(1024), 100);
	assert_int_equal(cgroup_weight(2048), 200);
	assert_int_equal(cgroup_weight(2), 1);
	assert_int_equal(cgroup_weight(262144), 10000);
}

static void stat_of_both_versions(void **state)
{
	struct cgroup_usage u = {0};

	(void)state;
	cgroup_parse_stat("nr_periods 10\nnr_throttled 3\nthrottled_time 12345\n", &u);
	assert_int_equal(u.nr_periods, 10);
	assert_int_equal(u.nr_throttled, 3);
	assert_int_equal(u.throttled_ns, 12345);
	u = (struct cgroup_usage){0};
	cgroup_parse_stat(
		"usage_usec 7\nuser_usec 5\nnr_periods 1\nnr_throttled 1\nthrottled_usec 2\n", &u);
	assert_int_equal(u.usage_ns, 7000);
	assert_int_equal(u.throttled_ns, 2000);
	u = (struct cgroup_usage){0};
	cgroup_parse_stat("", &u);
	cgroup_parse_stat("nr_periods", &u);
	assert_int_equal(u.nr_periods, 0);
}

static bool can_make(void)
{
	struct cgroup_handle *g;
	struct err e = ERR_INIT;

	if (cgroup_make(run_name, "probe", &(struct cgroup_limits){0}, &g, &e)) {
		/* Only where the kernel refuses a folder, too: not for any error of ours. */
		if (geteuid() == 0 && (access("/sys/fs/cgroup/cpu", W_OK) == 0 ||
					      access("/sys/fs/cgroup/cgroup.procs", W_OK) == 0))
			fail_msg("no control group: %s", e.msg);
		print_message("SKIP cgroup: %s\n", e.msg);
		return false;
	}
	assert_int_equal(cgroup_destroy(g, &e), 0);
	return true;
}

static void a_group_lives_and_dies(void **state)
{
	struct cgroup_limits l = {
		.shares = 512, .period_us = 100000, .quota_us = 50000, .cpus = {{1}}};
	struct cgroup_handle *g;
	struct cgroup_usage u;
	struct err e = ERR_INIT;
	auto_free char *one = xasprintf("stealscope/%s/one", run_name);
	char path[512], run[512];
	pid_t child;

	(void)state;
	if (!can_make())
		skip();
	assert_int_equal(cgroup_make(run_name, "one", &l, &g, &e), 0);
	snprintf(path, sizeof(path), "%s", cgroup_cpu_path(g));
	assert_non_null(strstr(path, one));
	assert_int_equal(access(path, F_OK), 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	assert_int_equal(cgroup_add_process(g, child, &e), 0);
	assert_int_equal(cgroup_read_usage(g, &u, &e), 0);
	assert_int_equal(cgroup_destroy(g, &e), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(run, sizeof(run), "%.*s", (int)(strlen(path) - strlen("/one")), path);
	assert_int_equal(access(run, F_OK), -1);
}

static void reap_removes_a_runs_groups(void **state)
{
	struct cgroup_handle *a, *b;
	struct err e = ERR_INIT;
	pid_t child;

	(void)state;
	if (!can_make())
		skip();
	assert_int_equal(cgroup_make(run_name, "a", &(struct cgroup_limits){0}, &a, &e), 0);
	assert_int_equal(cgroup_make(run_name, "b", &(struct cgroup_limits){0}, &b, &e), 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	assert_int_equal(cgroup_add_process(b, child, &e), 0);
	assert_int_equal(cgroup_reap(run_name, &e), 3);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(cgroup_reap(run_name, &e), 0);
	assert_int_equal(cgroup_destroy(a, &e), 0); /* gone already: fine */
	assert_int_equal(cgroup_destroy(b, &e), 0);
	assert_int_equal(cgroup_destroy(NULL, NULL), 0);
}

static void bad_names_are_refused(void **state)
{
	struct cgroup_handle *g = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(cgroup_make("..", "x", &(struct cgroup_limits){0}, &g, &e) < 0);
	assert_true(cgroup_make("run", "a/b", &(struct cgroup_limits){0}, &g, &e) < 0);
	assert_null(g);
}

#define RUN_A "20261125T220334Z-soak-long-47b1"
#define RUN_B "20261125T221827Z-so_ak-6156"

static enum machine_match of_run(const char *group, const char *run)
{
	char prefix[128];

	snprintf(prefix, sizeof(prefix), "stealscope-%s-", run);
	return cgroup_machine_match(group, prefix, true);
}

/* Folder names as libvirt 9.0 made them. */
static void libvirts_groups_are_known_by_name(void **state)
{
	static const char whole[] = "qemu-7-stealscope-20261125T221827Z-soak-6156-a.libvirt-qemu";
	static const char cut[] =
		"qemu-embed-b1973d20-210-stealscope-20261125T221827Z-soak-6156-vi.libvirt-qemu";
	static const char cut_in_run[] =
		"qemu-embed-97048d9e-1-stealscope-20261125T220334Z-soak-long-47b1.libvirt-qemu";

	(void)state;
	assert_int_equal(of_run(whole, RUN_B), MACHINE_WHOLE);
	assert_int_equal(of_run(cut, RUN_B), MACHINE_WHOLE);
	assert_int_equal(of_run(cut_in_run, RUN_A), MACHINE_CUT);
	assert_int_equal(of_run(cut_in_run, RUN_B), MACHINE_OTHER);
	assert_int_equal(of_run(whole, RUN_A), MACHINE_OTHER);
	/* A short name that ends early is another's, not one that was cut. */
	assert_int_equal(
		of_run("qemu-1-stealscope-20261125T22.libvirt-qemu", RUN_A), MACHINE_OTHER);
	assert_int_equal(of_run("stealscope-" RUN_A "-x", RUN_A), MACHINE_OTHER);
	assert_int_equal(of_run("qemu-1-debian12.libvirt-qemu", RUN_A), MACHINE_OTHER);
#define NAME "stealscope-" RUN_B
	assert_int_equal(cgroup_machine_match(whole, NAME "-a", false), MACHINE_WHOLE);
	assert_int_equal(cgroup_machine_match(whole, NAME "-ab", false), MACHINE_OTHER);
	assert_int_equal(cgroup_machine_match(whole, NAME "-", false), MACHINE_OTHER);
	assert_int_equal(cgroup_machine_match(cut, NAME "-victim", false), MACHINE_CUT);
	assert_int_equal(cgroup_machine_match(cut, NAME "-hog", false), MACHINE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_on_v1),
		cmocka_unit_test(limits_on_v2),
		cmocka_unit_test(no_limits_and_default_period),
		cmocka_unit_test(weights_keep_ratios),
		cmocka_unit_test(stat_of_both_versions),
		cmocka_unit_test(a_group_lives_and_dies),
		cmocka_unit_test(reap_removes_a_runs_groups),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(libvirts_groups_are_known_by_name),
	};

	snprintf(run_name, sizeof(run_name), "unit-test-cgroup-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
