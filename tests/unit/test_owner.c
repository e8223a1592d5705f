// SPDX-License-Identifier: GPL-3.0-or-later
/* Whose a run is: what `clean` may take is proven, what is not proven is left. As an ordinary user's
 * runtime root, in a folder of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/util.h"

#define DEAD "999999-1"
#define RUN  "unit-test-owner"

static void put(const char *run, const char *owner)
{
	auto_free char *dir = xasprintf("%s/" RUN "-%s", runtime_root(), run);
	auto_free char *file = xasprintf("%s/owner", dir);

	assert_int_equal(make_dirs(dir, NULL), 0);
	assert_int_equal(write_file(file, owner, strlen(owner), NULL), 0);
}

static enum run_state state_of(const char *run)
{
	auto_free char *name = xasprintf(RUN "-%s", run);

	return run_state(name);
}

static void states(void **state)
{
	char self[OWNER_MAX];

	(void)state;
	put("dead", DEAD);
	put("alive", owner_self(self));
	put("empty", "");
	put("words", "mine");
	assert_int_equal(state_of("dead"), RUN_LEFT);
	assert_int_equal(state_of("alive"), RUN_ALIVE);
	assert_int_equal(state_of("empty"), RUN_UNKNOWN);
	assert_int_equal(state_of("words"), RUN_UNKNOWN);
	assert_int_equal(state_of("none"), RUN_UNKNOWN);
	assert_int_equal(run_state(".."), RUN_UNKNOWN);
	assert_int_equal(owned_folder_state(DEAD), RUN_UNKNOWN); /* no such folder */
	assert_int_equal(owned_folder_state(self), RUN_ALIVE);
}

/* The lock tells of a harness that this process cannot see: in another pid namespace. */
static void a_lock_is_a_life(void **state)
{
	auto_free char *dir = xasprintf("%s/" RUN "-locked", runtime_root());
	auto_free char *file = xasprintf("%s/owner", dir);
	struct err e = ERR_INIT;
	int lock = -1;
	FILE *f;

	(void)state;
	assert_int_equal(owner_claim(dir, &lock, &e), 0);
	assert_int_equal(state_of("locked"), RUN_ALIVE);
	f = fopen(file, "r+"); /* the same file, as that harness calls itself */
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), 0), 0);
	fputs(DEAD, f);
	fclose(f);
	assert_int_equal(state_of("locked"), RUN_ALIVE);
	close(lock);
	assert_int_equal(state_of("locked"), RUN_LEFT);
}

static void a_folder_is_claimed_once(void **state)
{
	auto_free char *dir = xasprintf("%s/" RUN "-once", runtime_root());
	struct err e = ERR_INIT;
	int lock = -1, other = -1;

	(void)state;
	assert_int_equal(owner_claim(dir, &lock, &e), 0);
	assert_true(owner_claim(dir, &other, &e) < 0);
	close(lock);
}

/* It goes whole, with what an earlier removal left of it. */
static void released(void **state)
{
	auto_free char *dir = xasprintf("%s/" RUN "-going", runtime_root());
	auto_free char *hidden = owner_hidden_name(dir, DEAD);
	auto_free char *rest = xasprintf("%s/rest", hidden);
	struct err e = ERR_INIT;

	(void)state;
	put("going", DEAD);
	assert_int_equal(make_dirs(rest, &e), 0);
	assert_int_equal(owner_release(dir, DEAD, &e), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(hidden, F_OK), -1);
	assert_int_equal(owner_release(dir, DEAD, &e), 0); /* there is none */
}

static void hidden_names(void **state)
{
	auto_free char *dir = xasprintf("%s/" RUN "-going", runtime_root());
	char self[OWNER_MAX];
	auto_free char *dead = owner_hidden_name(dir, DEAD);
	auto_free char *alive = owner_hidden_name(dir, owner_self(self));

	(void)state;
	assert_int_equal(make_dirs(dead, NULL), 0);
	assert_int_equal(make_dirs(alive, NULL), 0);
	assert_int_equal(owned_folder_state(strrchr(dead, '/') + 1), RUN_LEFT);
	assert_int_equal(owned_folder_state(strrchr(alive, '/') + 1), RUN_ALIVE);
	assert_int_equal(owned_folder_state("." RUN), RUN_UNKNOWN);
	assert_int_equal(run_state(strrchr(dead, '/') + 1), RUN_UNKNOWN);
	assert_int_equal(owned_folder_state(DEAD "." RUN "-going"), RUN_UNKNOWN); /* not hidden */
	remove_tree(dead, NULL);
	remove_tree(alive, NULL);
}

/* A folder that others may write to, or that is another's, proves nothing. */
static void others_prove_nothing(void **state)
{
	auto_free char *dir = xasprintf("%s/" RUN "-open", runtime_root());
	auto_free char *file = xasprintf("%s/owner", dir);

	(void)state;
	put("open", DEAD);
	assert_int_equal(state_of("open"), RUN_LEFT);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(state_of("open"), RUN_UNKNOWN);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(file, 0666), 0);
	assert_int_equal(state_of("open"), RUN_UNKNOWN);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(state_of("open"), RUN_LEFT);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_int_equal(state_of("open"), RUN_UNKNOWN);
}

static int tear_down(void **state)
{
	static const char *const runs[] = {
		"dead", "alive", "empty", "words", "locked", "once", "open", "going"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		auto_free char *dir = xasprintf("%s/" RUN "-%s", runtime_root(), runs[i]);

		remove_tree(dir, NULL);
	}
	rmdir(runtime_root());
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(a_lock_is_a_life),
		cmocka_unit_test(a_folder_is_claimed_once),
		cmocka_unit_test(released),
		cmocka_unit_test(hidden_names),
		cmocka_unit_test(others_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
