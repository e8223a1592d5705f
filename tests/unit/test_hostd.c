// SPDX-License-Identifier: GPL-3.0-or-later
/* collect/hostd.c against peers that misbehave: every failure is one sentence, none hangs or kills
 * the caller. What the real hostd does is tested in tests/e2e/trace_threads.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "collect/hostd.h"

static char script[64];

/* Make `script` a program that runs these shell lines. */
static void peer(const char *body)
{
	auto_free char *text = xasprintf("#!/bin/sh\n%s\n", body);
	struct err e = ERR_INIT;

	assert_int_equal(write_file(script, text, strlen(text), &e), 0);
	assert_int_equal(chmod(script, 0700), 0);
}

static int spawn(struct hostd **h, struct err *e)
{
	struct hostd_options o = {.path = script, .mode = TRACE_MODE_EVENTS};

	return hostd_spawn(&o, h, e);
}

static void test_no_such_program(void **state)
{
	struct hostd_options o = {.path = "/nonexistent/hostd"};
	struct err e = ERR_INIT;
	struct hostd *h = NULL;

	(void)state;
	assert_int_equal(hostd_spawn(&o, &h, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/hostd"));
	assert_null(h);
}

static void test_not_ready(void **state)
{
	static const struct {
		const char *body, *msg;
	} rows[] = {
		{"exit 3", "died"},
		{"echo error cannot create x", "cannot create x"},
		{"echo hello; cat >/dev/null", "ready"},
		{"echo ready mode=magic; cat >/dev/null", "mode"},
		{"head -c 5000 /dev/zero | tr '\\0' x; cat >/dev/null", "too long"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_INIT;
		struct hostd *h = NULL;

		peer(rows[i].body);
		assert_true(spawn(&h, &e) < 0);
		assert_non_null(strstr(e.msg, rows[i].msg));
	}
}

static void test_degraded(void **state)
{
	struct err e = ERR_INIT;
	struct hostd *h = NULL;

	(void)state;
	peer("echo ready mode=counters reason=no BTF here; cat >/dev/null");
	assert_int_equal(spawn(&h, &e), 0);
	assert_int_equal(hostd_mode(h), TRACE_MODE_COUNTERS);
	assert_string_equal(hostd_reason(h), "no BTF here");
	assert_false(hostd_dead(h));
	hostd_close(h);
}

static void test_answers(void **state)
{
	struct hostd_totals t;
	struct err e = ERR_INIT;
	struct hostd *h = NULL;
	uint64_t ts = 0;

	(void)state;
	peer("echo ready mode=events\n"
	     "read l; [ \"$l\" = 'track 7 256 a name' ] && echo ok tgid=7\n"
	     "read l; echo error there is no thread 8\n"
	     "read l; echo ok ts=123\n"
	     "read l; echo ok records=1 lost=2 cpu_ns=3 switches=4\n"
	     "cat >/dev/null");
	assert_int_equal(spawn(&h, &e), 0);
	assert_int_equal(hostd_track(h, 7, 256, "a\nname", &e), 0);
	assert_true(hostd_track(h, 8, 0, "b", &e) < 0);
	assert_string_equal(e.msg, "stealscope-hostd: there is no thread 8");
	assert_int_equal(hostd_sync(h, &ts, &e), 0);
	assert_int_equal(ts, 123);
	assert_int_equal(hostd_stop(h, &t, &e), 0);
	assert_int_equal(t.records, 1);
	assert_int_equal(t.lost, 2);
	assert_int_equal(t.cpu_ns, 3);
	assert_int_equal(t.switches, 4);
	hostd_close(h);
}

/* Many are asked for before the answers are taken: each gets its own. */
static void test_asked_together(void **state)
{
	struct err e = ERR_INIT;
	struct hostd *h = NULL;
	uint64_t ts = 0;

	(void)state;
	peer("echo ready mode=counts\n"
	     "read a; read b; read c\n"
	     "[ \"$b\" = 'track 8 0 x' ] && printf 'ok\\nerror no thread\\nok\\n'\n"
	     "read l; echo ok ts=5\n"
	     "cat >/dev/null");
	assert_int_equal(spawn(&h, &e), 0);
	for (pid_t tid = 7; tid < 10; tid++)
		assert_int_equal(hostd_track_ask(h, tid, 0, "x", &e), 0);
	assert_int_equal(hostd_track_answer(h, &e), 0);
	assert_true(hostd_track_answer(h, &e) < 0);
	assert_string_equal(e.msg, "stealscope-hostd: no thread");
	assert_int_equal(hostd_track_answer(h, &e), 0);
	assert_int_equal(hostd_sync(h, &ts, &e), 0);
	assert_int_equal(ts, 5);
	hostd_close(h);
}

/* Its death is told, again and again, and no SIGPIPE ends the caller. */
static void test_dies(void **state)
{
	struct err e = ERR_INIT;
	struct hostd *h = NULL;

	(void)state;
	peer("echo ready mode=events; read l; exit 1");
	assert_int_equal(spawn(&h, &e), 0);
	for (int i = 0; i < 3; i++) {
		e = (struct err)ERR_INIT;
		assert_int_equal(hostd_start(h, &e), -EPIPE);
		assert_string_equal(e.msg, "stealscope-hostd has died");
	}
	hostd_close(h);
}

static void test_nonsense(void **state)
{
	struct err e = ERR_INIT;
	struct hostd *h = NULL;

	(void)state;
	peer("echo ready mode=events; read l; echo ok ts=; cat >/dev/null");
	assert_int_equal(spawn(&h, &e), 0);
	assert_int_equal(hostd_sync(h, NULL, &e), -EPROTO);
	assert_int_equal(hostd_stop(h, NULL, &e), -EPROTO);
	hostd_close(h);
	hostd_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_not_ready),
		cmocka_unit_test(test_degraded),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_asked_together),
		cmocka_unit_test(test_dies),
		cmocka_unit_test(test_nonsense),
	};
	int rc, fd;

	strcpy(script, "/tmp/test-hostd-XXXXXX");
	fd = mkstemp(script);
	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(script);
	return rc;
}
