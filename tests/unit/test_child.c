// SPDX-License-Identifier: GPL-3.0-or-later
/* base/child: what a child process has of the harness (nothing), and what ends it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/process.h"
#include "base/util.h"

static int status_of(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* In the child: 0, or the number of the first thing that is wrong. */
static int look_around(int other)
{
	struct sigaction now;
	sigset_t blocked;
	char byte;

	if (read(0, &byte, 1) != 0)
		return 1;
	if (write(1, "out", 3) != 3 || write(2, "err", 3) != 3)
		return 2;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	if (sigismember(&blocked, SIGUSR1))
		return 3;
	sigaction(SIGPIPE, NULL, &now);
	if (now.sa_handler != SIG_DFL)
		return 4;
	if (fcntl(other, F_GETFD) >= 0)
		return 5;
	if (getpgrp() != getpid())
		return 6;
	child_wait_gate();
	return fcntl(CHILD_KEPT_FD, F_GETFD) >= 0 ? 7 : 0;
}

static void test_takes_nothing_along(void **state)
{
	struct child_setup setup = {.files = {CHILD_NULL, -1, -1}, .death_signal = SIGKILL};
	struct err e = ERR_INIT;
	int out[2], gate[2], other = fcntl(0, F_DUPFD, 100), status;
	char text[16] = "";
	sigset_t set;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	setup.files[1] = setup.files[2] = out[1];
	setup.keep = gate[0];
	pid = child_fork(&setup, &e);
	if (pid == 0)
		_exit(look_around(other));
	assert_true(pid > 0);
	sleep_ns(20 * NS_PER_MS);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it waits at the gate */
	close(gate[1]);
	status = status_of(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(read(out[0], text, sizeof(text) - 1), 6);
	assert_string_equal(text, "outerr");
	close(gate[0]);
	close(out[0]);
	close(out[1]);
	close(other);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* A harness that is killed takes the one along and leaves the other. */
static void test_death_of_the_harness(void **state)
{
	int out[2], status;
	char text[2];

	(void)state;
	for (int lives_on = 0; lives_on < 2; lives_on++) {
		struct child_setup setup = {.files = {CHILD_NULL, CHILD_NULL, CHILD_NULL},
			.death_signal = lives_on ? 0 : SIGKILL};
		pid_t harness;

		assert_int_equal(pipe2(out, O_CLOEXEC), 0);
		harness = fork();
		if (harness == 0) {
			struct err e = ERR_INIT;

			setup.keep = out[1];
			if (child_fork(&setup, &e) == 0) {
				if (write(CHILD_KEPT_FD, "a", 1) == 1)
					sleep(lives_on ? 1 : 100);
				_exit(write(CHILD_KEPT_FD, "b", 1) != 1);
			}
			close(out[1]);
			pause();
		}
		close(out[1]);
		assert_int_equal(read(out[0], text, 1), 1);
		kill(harness, SIGKILL);
		status = status_of(harness);
		assert_true(WIFSIGNALED(status));
		/* "b" from the one that lives on, the end of the file from the other. */
		assert_int_equal(read(out[0], text, 1), lives_on);
		close(out[0]);
	}
}

static void refuse_pidfd_open(void)
{
	struct sock_filter rows[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EMFILE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {ARRAY_SIZE(rows), rows};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		_exit(9);
}

/* 0, or the number of what is wrong. */
static int fork_without_pidfd(void)
{
	struct child_setup setup = {
		.files = {CHILD_NULL, CHILD_NULL, CHILD_NULL}, .keep = -1, .death_signal = SIGKILL};
	struct err e = ERR_INIT;
	pid_t pid;

	refuse_pidfd_open();
	pid = child_fork(&setup, &e);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (pid < 0)
		return 1;
	if (child_pidfd(pid, &e) != -EMFILE || !e.msg[0])
		return 2;
	return kill(pid, 0) == 0 || errno != ESRCH ? 3 : 0;
}

static void test_no_pidfd_no_child(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(fork_without_pidfd());
	status = status_of(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_nothing_along),
		cmocka_unit_test(test_death_of_the_harness),
		cmocka_unit_test(test_no_pidfd_no_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
