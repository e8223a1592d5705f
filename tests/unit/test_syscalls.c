// SPDX-License-Identifier: GPL-3.0-or-later
/* hostd's list of system calls: what is not in it fails, what it needs goes on. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

/* hostd is a program of its own, so this part of it is compiled in here. */
#include "host-agent/syscalls.c"

#define DENIED(call) (errno = 0, (call) < 0 && errno == EPERM)

static bool try_forbidden(void)
{
	char *const argv[] = {(char *)"/bin/true", NULL};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union bpf_attr attr = {0};

	return page != MAP_FAILED && DENIED(execve(argv[0], argv, argv)) &&
	       DENIED(open("/tmp/forbidden", O_WRONLY | O_CREAT, 0600)) &&
	       DENIED(open("/dev/null", O_RDWR)) && DENIED(socket(AF_UNIX, SOCK_STREAM, 0)) &&
	       DENIED(kill(getppid(), 0)) && DENIED(syscall(SYS_ptrace, 0, 0, 0, 0)) &&
	       DENIED(syscall(SYS_fork)) && DENIED(unlink("/tmp/forbidden")) &&
	       DENIED(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
	       DENIED(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr))) &&
	       DENIED(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr))) &&
	       DENIED(syscall(SYS_io_uring_setup, 1, NULL)) &&
	       DENIED(syscall(SYS_setresuid, 0, 0, 0)) && DENIED(fcntl(0, F_SETFL, 0)) &&
	       syscall(SYS_openat2, 0, "", NULL, 0) < 0 && errno == ENOSYS;
}

static bool try_needed(void)
{
	char *const text = read_file("/proc/self/status", 64 << 10, NULL, NULL);
	char *big = xcalloc(1, 8 << 20);
	bool fine = text && strstr(text, "Seccomp:\t2") && now_ns() && write(1, "", 0) == 0 &&
		    syscall(-1L) < 0 &&
		    errno == ENOSYS; /* a call that strace keeps from happening */

	sleep_ns(1000);
	free(text);
	free(big);
	return fine;
}

static int in_child(bool (*try)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct err e = ERR_INIT;

		int left = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscalls_restrict(&e) ? 2
			   : try()							   ? 0
											   : 1;
		/* Not _exit(): before a call that does not return, ASan asks for its stack by a call that is forbidden. */
		syscall(SYS_exit_group, left);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void forbidden_calls_fail(void **state)
{
	(void)state;
	assert_int_equal(in_child(try_forbidden), 0);
}

static void needed_calls_work(void **state)
{
	(void)state;
	assert_int_equal(in_child(try_needed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_fail),
		cmocka_unit_test(needed_calls_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
