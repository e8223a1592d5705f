// SPDX-License-Identifier: GPL-3.0-or-later
/* The connection to libvirt ends, whatever becomes of a way to wake its loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/util.h"
#include "domain/domain.h"

static uint64_t deaf_until, unheard;

/* GLib's too: it wakes a loop by eight bytes into an eventfd, and does not look whether they came there. */
ssize_t write(int fd, const void *buf, size_t n)
{
	if (n == sizeof(uint64_t) && now_ns() < deaf_until) {
		__atomic_add_fetch(&unheard, 1, __ATOMIC_SEQ_CST);
		return (ssize_t)n;
	}
	return syscall(SYS_write, fd, buf, n);
}

static void a_loop_that_was_not_woken_ends(void **state)
{
	static const char uri[] = "test:///default";
	struct lab_conn *c = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(lab_open(uri, NULL, &c, &e), 0);
	sleep_ns(100 * NS_PER_MS); /* the loop has nothing to do, and sleeps */
	deaf_until = now_ns() + 300 * NS_PER_MS;
	alarm(20);
	lab_close(c);
	alarm(0);
	assert_true(unheard > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_that_was_not_woken_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
