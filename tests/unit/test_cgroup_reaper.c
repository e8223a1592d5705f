// SPDX-License-Identifier: GPL-3.0-or-later
/* The reaper: a harness is killed with -9, and what it told of is gone; one that ends well is not
 * touched. The harness here is a child of the test, its guest a program named as libvirt names
 * QEMU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/owner.h"
#include "base/process.h"
#include "base/util.h"
#include "host/cgroup.h"
#include "host/reaper.h"
#include "host/reaper_msg.h"

/* Of this process: the test may run more than once at a time on a box. */
static char run[48], runtime[128], shm_name[64], shm_path[96], folder[64], qemu[64];

struct told {
	pid_t pid, guest;
	pid_t reused;	/* has the pid of a process that was told of; 0 = none could be made */
	pid_t stranger; /* says what a guest says, and is none */
	bool has_group;
	char group[512];
};

static pid_t sleeper(const char *argv1)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		execl("/bin/sh", "sh", "-c", "exec sleep 60", argv1, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* A shell that keeps its arguments: "guest=..." stands in /proc/PID/cmdline as QEMU's would. It is
 * taken for one by its executable. */
static pid_t fake_guest(const char *program)
{
	auto_free char *guest = xasprintf("guest=stealscope-%s-victim,debug-threads=on", run);
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		execl(program, "sh", "-c", "while :; do sleep 1; done", guest, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* A process that was told of ends, and another gets its pid: the kernel is asked for that one next
 * (ns_last_pid), which others may take first. */
static pid_t reuse_pid(struct reaper *r)
{
	pid_t told = sleeper("told");

	sleep_ns(20 * NS_PER_MS); /* or both began in the same tick of the clock */
	reaper_add_pid(r, told);
	kill(told, SIGKILL);
	waitpid(told, NULL, 0);
	for (int i = 0; i < 200; i++) {
		auto_free char *text = xasprintf("%d", (int)told - 1);
		FILE *f = fopen("/proc/sys/kernel/ns_last_pid", "w");
		pid_t pid;

		if (!f)
			return 0;
		fputs(text, f);
		if (fclose(f))
			return 0;
		pid = sleeper("other");
		if (pid == told)
			return pid;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static _Noreturn void harness(int fd, bool end_well)
{
	struct cgroup_handle *g;
	struct told t = {0};
	struct reaper *r;
	struct err e = ERR_INIT;
	auto_free char *deep = xasprintf("%s/deep", folder);
	int shm;

	if (reaper_start(run, runtime, &r, &e))
		_exit(3);
	shm = shm_open(shm_name, O_CREAT | O_RDWR, 0600);
	close(shm);
	t.pid = sleeper("x");
	t.guest = fake_guest(qemu);
	t.stranger = fake_guest("/bin/sh");
	reaper_add_pid(r, t.pid);
	reaper_add_shm(r, shm_name);
	reaper_add_path(r, folder);
	mkdir(folder, 0700);
	make_dirs(deep, NULL);
	t.reused = reuse_pid(r);
	t.has_group = cgroup_make(run, "g", &(struct cgroup_limits){0}, &g, &e) == 0;
	if (t.has_group) {
		snprintf(t.group, sizeof(t.group), "%s", cgroup_cpu_path(g));
		cgroup_add_process(g, sleeper("y"), &e);
	}
	if (end_well) {
		reaper_done(r);
		write_all(fd, &t, sizeof(t));
		_exit(0);
	}
	write_all(fd, &t, sizeof(t));
	for (;;)
		pause();
}

static pid_t start_harness(struct told *t, bool end_well)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		harness(fds[1], end_well);
	close(fds[1]);
	if (read(fds[0], t, sizeof(*t)) != sizeof(*t)) {
		close(fds[0]);
		waitpid(pid, NULL, 0);
		if (geteuid() == 0) /* root may make it */
			fail_msg("the harness of this test ended early");
		print_message("SKIP reaper: no right to make %s\n", runtime);
		skip();
	}
	close(fds[0]);
	return pid;
}

static bool dead(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG); /* ours, as the test is a subreaper */
	return kill(pid, 0) != 0;
}

/* The reaper and the sleepers end by now; after a test that failed they are ended. */
static int end_children(void **state)
{
	auto_free char *path = xasprintf("/proc/self/task/%d/children", (int)getpid());

	(void)state;
	for (int i = 0; i < 300; i++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return 0;
		if (pid == 0)
			sleep_ns(10 * NS_PER_MS);
	}
	for (int i = 0; i < 10; i++) {
		auto_free char *list = read_file(path, 1 << 16, NULL, NULL);

		for (char *p = list, *end; p && *p; p = end) {
			long pid = strtol(p, &end, 10);

			if (end == p)
				break;
			kill((pid_t)pid, SIGKILL);
			waitpid((pid_t)pid, NULL, 0);
		}
	}
	return 0;
}

static void kill_nine_leaves_nothing(void **state)
{
	auto_free char *up = xasprintf("../stealscope/%s", run);
	char owner[OWNER_MAX];
	struct told t;
	pid_t pid;

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	pid = start_harness(&t, false);
	assert_true(owner_of_run(run, owner) && owner_alive(owner)); /* what `clean` goes by */
	assert_false(owner_of_run("unit-test-no-such-run", owner));
	assert_false(owner_of_run(up, owner));
	assert_false(dead(t.pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 500; i++) {
		if (dead(t.pid) && dead(t.guest) && access(shm_path, F_OK) &&
			access(runtime, F_OK) && access(folder, F_OK))
			break;
		sleep_ns(10 * NS_PER_MS);
	}
	assert_true(dead(t.pid));
	assert_true(dead(t.guest));
	assert_false(dead(t.stranger));
	if (t.reused)
		assert_false(dead(t.reused));
	else
		print_message("SKIP reaper: no pid could be used again here\n");
	if (t.reused)
		kill(t.reused, SIGKILL);
	kill(t.stranger, SIGKILL);
	assert_int_equal(access(shm_path, F_OK), -1);
	assert_int_equal(access(runtime, F_OK), -1);
	assert_int_equal(access(folder, F_OK), -1);
	if (t.has_group)
		assert_int_equal(access(t.group, F_OK), -1);
}

static void done_means_hands_off(void **state)
{
	struct told t;
	pid_t pid;

	(void)state;
	pid = start_harness(&t, true);
	waitpid(pid, NULL, 0);
	assert_false(dead(t.pid));
	assert_false(dead(t.guest));
	assert_int_equal(access(shm_path, F_OK), 0);
	kill(t.pid, SIGKILL);
	kill(t.guest, SIGKILL);
	kill(t.stranger, SIGKILL);
	if (t.reused)
		kill(t.reused, SIGKILL);
	cgroup_reap(run, NULL);
	shm_unlink(shm_name);
	remove_tree(runtime, NULL);
	remove_tree(folder, NULL);
	rmdir(REAPER_RUNTIME_DIR);
}

/* The reaper of a harness that died before it said anything: its folder, whole or begun, goes; another's stays. */
static void reap_for(const char *harness)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	close(fds[1]);
	pid = fork();
	if (pid == 0)
		reaper_child(fds[0], run, folder, harness);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void only_its_own_folder_goes(void **state)
{
	auto_free char *owner = xasprintf("%s/owner", folder);
	auto_free char *harness = xasprintf("%d-17", (int)getpid());
	auto_free char *first = owner_hidden_name(folder, harness);

	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mkdir(first, 0700), 0);
	assert_int_equal(write_file(owner, harness, strlen(harness), NULL), 0);
	reap_for("4000000-17");
	assert_int_equal(access(owner, F_OK), 0);
	assert_int_equal(access(first, F_OK), 0);
	reap_for(harness);
	assert_int_equal(access(folder, F_OK), -1);
	assert_int_equal(access(first, F_OK), -1);
}

static void owners(void **state)
{
	char self[OWNER_MAX];
	uint64_t start;
	pid_t pid;

	(void)state;
	assert_true(owner_alive(owner_self(self)));
	assert_true(owner_parse(self, &pid, &start));
	assert_int_equal(pid, getpid());
	snprintf(self, sizeof(self), "%d-1", (int)getpid());
	assert_false(owner_alive(self)); /* a pid used again */
	assert_false(owner_alive("12"));
	assert_false(owner_alive("12-13x"));
	assert_false(owner_alive(""));
	assert_false(owner_parse("-1-5", &pid, &start));
}

static int copy_shell(void **state)
{
	size_t len;
	auto_free char *shell = read_file("/bin/sh", 16 << 20, &len, NULL);

	(void)state;
	snprintf(run, sizeof(run), "unit-test-reaper-%d", (int)getpid());
	snprintf(runtime, sizeof(runtime), "%s/%s", REAPER_RUNTIME_DIR, run);
	snprintf(shm_name, sizeof(shm_name), "/ss-unit-test-reaper-%d", (int)getpid());
	snprintf(shm_path, sizeof(shm_path), "/dev/shm%s", shm_name);
	snprintf(folder, sizeof(folder), "/tmp/ss-unit-test-reaper-%d", (int)getpid());
	snprintf(qemu, sizeof(qemu), "/tmp/qemu-system-unit-%d", (int)getpid());
	return !shell || write_file(qemu, shell, len, NULL) || chmod(qemu, 0755);
}

static int remove_shell(void **state)
{
	(void)state;
	return unlink(qemu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners),
		cmocka_unit_test_teardown(kill_nine_leaves_nothing, end_children),
		cmocka_unit_test(only_its_own_folder_goes),
		cmocka_unit_test_teardown(done_means_hands_off, end_children),
	};

	return cmocka_run_group_tests(tests, copy_shell, remove_shell);
}
