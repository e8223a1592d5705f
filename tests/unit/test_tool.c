// SPDX-License-Identifier: GPL-3.0-or-later
/* base/tool: programs of the system whose output is wanted, and those that misbehave. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/tool.h"

#define SHELL(text)                                                                                \
	(const char *const[])                                                                      \
	{                                                                                          \
		"sh", "-c", text, NULL                                                             \
	}

static void output(void **state)
{
	struct err e = ERR_INIT;
	struct tool_result r;

	(void)state;
	assert_int_equal(tool_run(SHELL("echo said; echo warned >&2; exit 3"), 5000, &r, &e), 0);
	assert_string_equal(r.out, "said\n");
	assert_string_equal(r.err, "warned\n");
	assert_true(WIFEXITED(r.status));
	assert_int_equal(WEXITSTATUS(r.status), 3);
	tool_result_release(&r);
	assert_null(r.out);
}

static void no_input(void **state)
{
	struct err e = ERR_INIT;
	struct tool_result r;

	(void)state;
	assert_int_equal(tool_run(SHELL("cat; echo end"), 5000, &r, &e), 0);
	assert_string_equal(r.out, "end\n");
	assert_int_equal(r.status, 0);
	tool_result_release(&r);
}

static void a_signal(void **state)
{
	struct err e = ERR_INIT;
	struct tool_result r;

	(void)state;
	assert_int_equal(tool_run(SHELL("kill -9 $$"), 5000, &r, &e), 0);
	assert_true(WIFSIGNALED(r.status));
	assert_int_equal(WTERMSIG(r.status), SIGKILL);
	tool_result_release(&r);
}

static void not_installed(void **state)
{
	const char *const argv[] = {"no-such-program-here", NULL};
	struct err e = ERR_INIT;
	struct tool_result r;

	(void)state;
	assert_int_equal(tool_run(argv, 5000, &r, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "no-such-program-here is not installed"));
	tool_result_release(&r);
}

/* It and what it started are gone when tool_run() comes back, well before the sleep would end. */
static void too_long(void **state)
{
	char name[] = "/tmp/stealscope-tool.XXXXXX";
	auto_close int fd = mkstemp(name);
	auto_free char *text = xasprintf("sleep 50 & echo $! >%s; wait", name);
	uint64_t start = now_ns();
	struct err e = ERR_INIT;
	struct tool_result r;
	char pid[32] = "";
	int rc, gone = 0;

	(void)state;
	assert_true(fd >= 0);
	rc = tool_run(SHELL(text), 1000, &r, &e);
	tool_result_release(&r);
	assert_int_equal(rc, -ETIMEDOUT);
	assert_non_null(strstr(e.msg, "sh had not ended after 1 s"));
	assert_true(now_ns() - start < 20 * NS_PER_S);
	assert_true(read(fd, pid, sizeof(pid) - 1) > 0);
	unlink(name);
	for (int i = 0; i < 200 && !gone; i++) {
		auto_free char *path = xasprintf("/proc/%d/stat", atoi(pid));
		size_t len;
		auto_free char *stat = read_file(path, 4096, &len, NULL);

		gone = !stat || strstr(stat, ") Z ");
		if (!gone)
			usleep(10000);
	}
	assert_true(gone);
}

static void too_much(void **state)
{
	const char *const argv[] = {"yes", NULL};
	struct err e = ERR_INIT;
	struct tool_result r;

	(void)state;
	assert_int_equal(tool_run(argv, 60000, &r, &e), -E2BIG);
	assert_non_null(strstr(e.msg, "yes says more than can be read"));
	tool_result_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output),
		cmocka_unit_test(no_input),
		cmocka_unit_test(a_signal),
		cmocka_unit_test(not_installed),
		cmocka_unit_test(too_long),
		cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
