// SPDX-License-Identifier: GPL-3.0-or-later
/* Noise on this box: what it delivers against what it asks for, holding it, and what is left of
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/util.h"
#include "box_witness.h"
#include "host/cgroup.h"
#include "noise/priv.h"

static char run[32]; /* of this process: the tests may run twice at once */

static char name[] = "hog", busy[] = "busy";

static struct plan_noise plan(const char *kind, unsigned duty)
{
	struct plan_noise n = {.name = name, .threads = 1, .duty_percent = duty};

	n.kind = (char *)(uintptr_t)kind;
	return n;
}

/* The noise, or a skip with the reason where no cgroup can be made. */
static struct noise *start(const struct plan_noise *n)
{
	struct noise *out;
	struct err e = ERR_INIT;

	if (noise_start(n, run, -1, &out, &e)) {
		if (e.exit != EXIT_HOST)
			fail_msg("%s", e.msg);
		print_message("SKIP noise: %s\n", e.msg);
		skip();
	}
	return out;
}

/* Other work on this box must not decide the test: the run's group gets the highest weight. */
static void raise_weight(const struct noise *n)
{
	char *path = xstrdup(noise_cgroup_path(n));
	bool v1 = host_cgroup_version() == HOST_CGROUP_V1;

	for (int i = 0; i < 3; i++) {
		char *file = xasprintf("%s/%s", path, v1 ? "cpu.shares" : "cpu.weight");
		const char *value = v1 ? "262144" : "10000";

		write_file(file, value, strlen(value), NULL);
		free(file);
		*strrchr(path, '/') = '\0';
	}
	free(path);
}

static double share_delivered(const struct plan_noise *plan, uint64_t ns)
{
	struct noise *n = start(plan);
	struct noise_report r;
	struct err e = ERR_INIT;

	raise_weight(n);
	box_taken_ms_per_s("/proc/stat");
	assert_int_equal(noise_resume(n, &e), 0);
	sleep_ns(ns);
	assert_int_equal(noise_pause(n, &e), 0);
	assert_int_equal(noise_read(n, &r, &e), 0);
	assert_false(r.died);
	noise_stop(n);
	return r.requested_ns ? (double)r.delivered_ns / (double)r.requested_ns : 0;
}

/* Others on this box take from it. Of more than was asked for, a fifth may be the box's: it pauses late when it is
 * busy, and what its own hypervisor takes from a CPU meanwhile is booked as used. */
static void between(double value, double least, double most)
{
	double taken = box_taken_ms_per_s("/proc/stat");

	switch (judge(value, least, most, taken)) {
	case FITS:
		return;
	case EXCUSED:
		printf("SKIP %.3f is not within %.3f and %.3f: this box's hypervisor took %.0f ms/s of each CPU\n",
			value, least, most, taken);
		skip();
	case WRONG:
		fail_msg("%.3f is not within %.3f and %.3f", value, least, most);
	}
}

static void duty_is_delivered(void **state)
{
	struct plan_noise half = plan(busy, 50), full = plan(busy, 100), fifth = plan(busy, 20);

	(void)state;
	fifth.burst_ns = 2 * NS_PER_MS;
	between(share_delivered(&half, 2 * NS_PER_S), 0.85, 1.2);
	between(share_delivered(&full, NS_PER_S), 0.85, 1.2);
	between(share_delivered(&fifth, NS_PER_S), 0.75, 1.2);
}

/* A piece of work of 3 ms, whatever the burst. */
static void long_piece(void *ctx)
{
	struct timespec t;
	uint64_t begun = 0, now;

	(void)ctx;
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		now = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
		begun = begun ? begun : now;
	} while (now - begun < 3 * NS_PER_MS);
}

/* What a piece of work takes beyond its burst comes off the next: 3 ms in bursts of 2 ms are 20 % all the
 * same, not 30 %. */
static void duty_overshoot_is_taken_off(void **state)
{
	struct plan_noise n = plan(busy, 20);
	struct rusage used;
	pid_t pid;

	(void)state;
	n.burst_ns = 2 * NS_PER_MS;
	box_taken_ms_per_s("/proc/stat");
	pid = fork();
	if (pid == 0)
		noise_duty_loop(&n, long_piece, NULL);
	sleep_ns(NS_PER_S);
	kill(pid, SIGKILL);
	assert_int_equal(wait4(pid, NULL, 0, &used), pid);
	between((double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6 +
			(double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6,
		0.1, 0.26);
}

/* Where each process of this one's children may run, by the kernel and not by the plan. */
static unsigned children_cpus(struct cpuset *each, unsigned max)
{
	auto_free char *path = xasprintf("/proc/self/task/%d/children", (int)getpid());
	auto_free char *text = read_file(path, 1 << 16, NULL, NULL);
	unsigned n = 0;

	for (char *p = text, *end; p && *p && n < max; p = end) {
		long pid = strtol(p, &end, 10);
		auto_free char *file = xasprintf("/proc/%ld/status", pid);
		auto_free char *status = end == p ? NULL : read_file(file, 1 << 16, NULL, NULL);
		char *list = status ? strstr(status, "Cpus_allowed_list:") : NULL;

		if (end == p)
			break;
		if (!list)
			continue;
		list += strlen("Cpus_allowed_list:");
		list += strspn(list, " \t");
		list[strcspn(list, "\n")] = '\0';
		assert_int_equal(cpuset_parse(list, &each[n++], NULL), 0);
	}
	return n;
}

static void pin_each_gives_each_its_own(void **state)
{
	struct plan_noise n = plan(busy, 100);
	struct cpuset each[8] = {{{0}}}, both = {{0}};
	struct noise *noise;
	unsigned found = 0;

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("SKIP pin_each: one CPU here\n");
		skip();
	}
	n.threads = 2;
	n.pin_each = true;
	cpuset_add(&n.cpus, 0);
	cpuset_add(&n.cpus, 1);
	noise = start(&n);
	/* They pin themselves after the fork. */
	for (int i = 0; i < 200; i++) {
		found = children_cpus(each, 8);
		if (found == 2 && cpuset_count(&each[0]) == 1 && cpuset_count(&each[1]) == 1)
			break;
		sleep_ns(10 * NS_PER_MS);
	}
	assert_int_equal(found, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cpuset_count(&each[i]), 1);
		both = cpuset_or(&both, &each[i]);
	}
	assert_int_equal(cpuset_count(&both), 2);
	noise_stop(noise);
}

static void quota_caps_it(void **state)
{
	struct plan_noise n = plan(busy, 100);
	struct noise_report r;
	struct err e = ERR_INIT;
	struct noise *noise;

	(void)state;
	n.limits = (struct plan_cpu_limits){.period_us = 100000, .quota_us = 50000};
	noise = start(&n);
	raise_weight(noise);
	box_taken_ms_per_s("/proc/stat");
	noise_resume(noise, &e);
	sleep_ns(2 * NS_PER_S);
	noise_pause(noise, &e);
	assert_int_equal(noise_read(noise, &r, &e), 0);
	noise_stop(noise);
	between((double)r.delivered_ns / (double)r.requested_ns, 0.85, 1.2); /* of half a CPU */
	assert_true(r.requested_ns < 11 * NS_PER_S / 10);
	assert_true(r.throttled_ns > NS_PER_S / 2);
}

static void held_noise_uses_nothing(void **state)
{
	struct plan_noise n = plan(busy, 100);
	struct noise_report before, after;
	struct err e = ERR_INIT;
	struct noise *noise = NULL;

	(void)state;
	n.threads = 2;
	noise = start(&n);
	assert_int_equal(noise_read(noise, &before, &e), 0);
	assert_int_equal(before.delivered_ns, 0);
	assert_int_equal(before.requested_ns, 0);
	assert_int_equal(noise_resume(noise, &e), 0);
	assert_int_equal(noise_resume(noise, &e), 0);
	sleep_ns(100 * NS_PER_MS);
	assert_int_equal(noise_pause(noise, &e), 0);
	assert_int_equal(noise_pause(noise, &e), 0);
	sleep_ns(20 * NS_PER_MS); /* a stop signal takes effect */
	assert_int_equal(noise_read(noise, &before, &e), 0);
	sleep_ns(200 * NS_PER_MS);
	assert_int_equal(noise_read(noise, &after, &e), 0);
	assert_true(after.delivered_ns - before.delivered_ns < 5 * NS_PER_MS);
	assert_true(before.delivered_ns > 0);
	noise_stop(noise);
}

static void every_kind_runs_and_leaves_nothing(void **state)
{
	static char args[] = "--cpu 1 --cpu-method loop";
	struct err e = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < words_noise_kind.n; i++) {
		const struct kind *kind = kind_of(&words_noise_kind, i);
		struct plan_noise n = plan(kind->name, 100);
		struct noise_report r;
		struct noise *noise;
		char path[512];

		/* What plays has tests of its own: test_stalls_play.c. */
		if (kind->traits & (NOISE_IS_GUEST | NOISE_IS_PLAYED))
			continue;
		if (noise_available(kind, &e)) {
			print_message("SKIP noise %s: %s\n", kind->name, e.msg);
			continue;
		}
		n.threads = 2;
		n.bytes = 4 << 20;
		n.args = args;
		noise = start(&n);
		assert_int_equal(noise_resume(noise, &e), 0);
		sleep_ns(400 * NS_PER_MS);
		assert_int_equal(noise_read(noise, &r, &e), 0);
		if (r.died)
			fail_msg("%s died", kind->name);
		assert_true(r.delivered_ns > 0);
		snprintf(path, sizeof(path), "%s", noise_cgroup_path(noise));
		noise_stop(noise);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child, no zombie */
	}
}

/* The pids in the group, read from outside. */
static size_t pids_of(const char *group, pid_t *pids, size_t max)
{
	char *path = xasprintf("%s/cgroup.procs", group);
	char *text = read_file(path, 65536, NULL, NULL), *p = text, *end;
	size_t n = 0;

	while (p && *p && n < max) {
		pids[n] = (pid_t)strtol(p, &end, 10);
		if (end == p)
			break;
		n++;
		p = end + 1;
	}
	free(text);
	free(path);
	return n;
}

static void dies_with_its_harness(void **state)
{
	struct plan_noise n = plan(busy, 100);
	char group[512] = "";
	struct err e = ERR_INIT;
	pid_t pids[8], harness;
	size_t count;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	n.threads = 3;
	harness = fork();
	if (harness == 0) {
		struct noise *noise;

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion leaves it alone */
		if (noise_start(&n, run, -1, &noise, &e)) {
			dprintf(fds[1], "%s", "-");
			_exit(1);
		}
		noise_resume(noise, &e);
		dprintf(fds[1], "%s", noise_cgroup_path(noise));
		for (;;)
			pause();
	}
	assert_true(read(fds[0], group, sizeof(group) - 1) > 0);
	close(fds[0]);
	close(fds[1]);
	if (group[0] == '-') {
		waitpid(harness, NULL, 0);
		print_message("SKIP noise: no cgroup\n");
		skip();
	}
	count = pids_of(group, pids, 8);
	assert_int_equal(count, 3);
	kill(harness, SIGKILL);
	waitpid(harness, NULL, 0);
	for (int i = 0; i < 200 && pids_of(group, pids, 8); i++)
		sleep_ns(10 * NS_PER_MS);
	assert_int_equal(pids_of(group, pids, 8), 0);
	assert_true(cgroup_reap(run, &e) > 0);
	assert_int_equal(access(group, F_OK), -1);
}

static void unknown_kind_is_refused(void **state)
{
	static char kind[] = "hum";
	struct plan_noise n = plan(kind, 100);
	struct err e = ERR_INIT;
	struct noise *out = NULL;

	(void)state;
	assert_true(noise_start(&n, run, -1, &out, &e) < 0);
	assert_int_equal(e.exit, EXIT_USAGE);
	assert_null(out);
	assert_null(noise_work_find("hum"));
	assert_null(noise_work_find("guest"));
	assert_non_null(noise_work_find("membw"));
	noise_stop(NULL);
}

static FILE *words;

static struct noise *start_and_listen(const struct plan_noise *n)
{
	struct noise *out;
	struct err e = ERR_INIT;

	words = tmpfile();
	assert_non_null(words);
	if (noise_start(n, run, fileno(words), &out, &e)) {
		if (e.exit != EXIT_HOST)
			fail_msg("%s", e.msg);
		print_message("SKIP noise: %s\n", e.msg);
		fclose(words);
		skip();
	}
	assert_int_equal(noise_check(out, &e), 0);
	assert_int_equal(noise_resume(out, &e), 0);
	return out;
}

/* Until it is seen to have ended, 10 s at most. */
static void assert_ends(struct noise *n, const char *how, const char *said)
{
	struct err e = ERR_INIT;

	for (int i = 0; i < 1000 && !noise_check(n, &e); i++)
		usleep(10000);
	assert_int_equal(noise_check(n, &e), -ECHILD);
	if (!strstr(e.msg, how) || !strstr(e.msg, said))
		fail_msg("%s", e.msg);
	noise_stop(n);
	fclose(words);
}

/* A typo in the line of a stress-ng: it says so and ends, and so must we. */
static void test_a_typo_is_told(void **state)
{
	static char args[] = "--no-such-stressor 1";
	struct plan_noise n = plan("stress-ng", 0);

	(void)state;
	n.args = args;
	assert_ends(start_and_listen(&n), "exit status ", "no-such-stressor");
}

static void test_ending_early_is_told(void **state)
{
	static char args[] = "--cpu 1 --timeout 1s";
	struct plan_noise n = plan("stress-ng", 0);

	(void)state;
	n.args = args;
	assert_ends(start_and_listen(&n), "exit status 0", "it said: stress-ng");
}

/* The kernel's memory killer, or anybody: of every kind of ours, one process of two. */
static void test_a_killed_process_is_told(void **state)
{
	static const char *const kinds[] = {"busy", "membw", "cache", "fork"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct plan_noise n = plan(kinds[i], 10);
		struct noise *noise;
		struct err e = ERR_INIT;

		n.threads = 2;
		n.bytes = 1 << 20;
		noise = start_and_listen(&n);
		usleep(50000);
		assert_int_equal(noise_check(noise, &e), 0);
		kill(noise_last_pid(noise), SIGKILL);
		assert_ends(noise, "signal 9", "it said nothing");
	}
}

/* More memory than there is: the kind says so. */
static void test_no_memory_is_told(void **state)
{
	struct plan_noise n = plan("membw", 100);

	(void)state;
	n.bytes = UINT64_C(1) << 46;
	assert_ends(start_and_listen(&n), "exit status 1", "no memory for its working set");
}

/* Held, it is not looked at: what it was asked for is over. */
static void test_held_is_not_looked_at(void **state)
{
	struct plan_noise n = plan("busy", 100);
	struct noise *noise = start_and_listen(&n);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(noise_pause(noise, &e), 0);
	kill(noise_last_pid(noise), SIGKILL);
	usleep(50000);
	assert_int_equal(noise_check(noise, &e), 0);
	noise_stop(noise);
	fclose(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_kind_is_refused),
		cmocka_unit_test(duty_is_delivered),
		cmocka_unit_test(duty_overshoot_is_taken_off),
		cmocka_unit_test(pin_each_gives_each_its_own),
		cmocka_unit_test(quota_caps_it),
		cmocka_unit_test(held_noise_uses_nothing),
		cmocka_unit_test(every_kind_runs_and_leaves_nothing),
		cmocka_unit_test(dies_with_its_harness),
		cmocka_unit_test(test_a_typo_is_told),
		cmocka_unit_test(test_ending_early_is_told),
		cmocka_unit_test(test_a_killed_process_is_told),
		cmocka_unit_test(test_no_memory_is_told),
		cmocka_unit_test(test_held_is_not_looked_at),
	};

	snprintf(run, sizeof(run), "unit-test-noise-%d", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
