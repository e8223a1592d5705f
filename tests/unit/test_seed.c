// SPDX-License-Identifier: GPL-3.0-or-later
/* image/seed: the disk that cloud-init takes its configuration from, read back by another program. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/tool.h"
#include "image/disk.h"

static char *dir;

/* What isoinfo says of the seed; caller frees. */
static char *iso(const char *seed, const char *option, const char *name)
{
	const char *const argv[] = {"isoinfo", "-i", seed, "-R", option, name, NULL};
	struct tool_result r;
	char *out;

	assert_int_equal(tool_run(argv, 10000, &r, NULL), 0);
	assert_int_equal(r.status, 0);
	out = xstrdup(r.out);
	tool_result_release(&r);
	return out;
}

static char *make(const char *run, bool network)
{
	auto_free char *agent = xasprintf("%s/program", dir);
	char *seed = xasprintf("%s/%s.seed", dir, run);
	struct err e = ERR_INIT;

	assert_int_equal(write_file(agent, "the agent itself\n", 17, NULL), 0);
	assert_int_equal(seed_make(agent, run, "app", network, seed, &e), 0);
	return seed;
}

static void content(void **state)
{
	auto_free char *seed = make("run-1", false), *folder = xasprintf("%s.d", seed);
	auto_free char *label = iso(seed, "-d", "-d"), *meta = iso(seed, "-x", "/meta-data");
	auto_free char *user = iso(seed, "-x", "/user-data"), *agent = iso(seed, "-x", "/agent");
	auto_free char *network = iso(seed, "-x", "/network-config");
	auto_free char *list = iso(seed, "-l", "-l");

	(void)state;
	assert_non_null(strstr(label, "Volume id: cidata\n"));
	assert_string_equal(meta, "instance-id: run-1-app\nlocal-hostname: app\n");
	assert_int_equal(strncmp(user, "#cloud-config\n", 14), 0);
	assert_non_null(strstr(user, "/run/stealscope-seed/agent guest"));
	/* Nothing that lets anyone in. */
	assert_null(strstr(user, "passw"));
	assert_null(strstr(user, "ssh"));
	assert_null(strstr(user, "users"));
	assert_string_equal(agent, "the agent itself\n");
	assert_non_null(strstr(list, "-rwxr-xr-x"));
	assert_null(strstr(network, "dhcp"));
	assert_int_not_equal(access(folder, F_OK), 0);
}

static void another_run(void **state)
{
	auto_free char *seed = make("run-2", true);
	auto_free char *meta = iso(seed, "-x", "/meta-data");
	auto_free char *network = iso(seed, "-x", "/network-config");

	(void)state;
	assert_non_null(strstr(meta, "instance-id: run-2-app\n"));
	assert_non_null(strstr(network, "dhcp4: true"));
}

static void no_agent(void **state)
{
	auto_free char *seed = xasprintf("%s/none.seed", dir), *folder = xasprintf("%s.d", seed);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(seed_make("/nonexistent/agent", "run", "app", false, seed, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/agent"));
	assert_int_not_equal(access(seed, F_OK), 0);
	assert_int_not_equal(access(folder, F_OK), 0);
}

static void no_program(void **state)
{
	auto_free char *path = xstrdup(getenv("PATH"));
	auto_free char *agent = xasprintf("%s/program", dir), *seed = xasprintf("%s/x.seed", dir);
	struct err e = ERR_INIT;
	int rc;

	(void)state;
	setenv("PATH", "/nonexistent", 1);
	rc = seed_make(agent, "run", "app", false, seed, &e);
	setenv("PATH", path, 1);
	assert_int_equal(rc, -ENOENT);
	assert_int_equal(e.exit, EXIT_HOST);
	assert_non_null(strstr(e.msg, "install the package genisoimage"));
}

static int set_up(void **state)
{
	char name[] = "/tmp/stealscope-seed.XXXXXX";

	(void)state;
	dir = xstrdup(mkdtemp(name));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(dir, NULL);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content),
		cmocka_unit_test(another_run),
		cmocka_unit_test(no_agent),
		cmocka_unit_test(no_program),
	};

	if (access("/usr/bin/genisoimage", X_OK) || access("/usr/bin/isoinfo", X_OK)) {
		puts("SKIP: genisoimage is not installed");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
