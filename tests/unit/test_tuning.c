// SPDX-License-Identifier: GPL-3.0-or-later
/* Saved tunings: what is put back, what is left to its owner, what a crash leaves. This process
 * plays QEMU: its threads are named as QEMU's vCPUs are. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/process.h"
#include "domain/tuning_priv.h"

static pthread_t vcpu;
static pthread_barrier_t up, down;

static void *vcpu_main(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "CPU 0/KVM");
	pthread_barrier_wait(&up);
	pthread_barrier_wait(&down);
	return NULL;
}

static int begin(void **state)
{
	(void)state;
	pthread_barrier_init(&up, NULL, 2);
	pthread_barrier_init(&down, NULL, 2);
	pthread_create(&vcpu, NULL, vcpu_main, NULL);
	pthread_barrier_wait(&up);
	return 0;
}

static int end(void **state)
{
	(void)state;
	pthread_barrier_wait(&down);
	pthread_join(vcpu, NULL);
	return 0;
}

/* A tuning of this process, all by the kernel. */
static struct tuning *of_self(void)
{
	struct tuning *t = tuning_new();

	t->uri = xstrdup("test:///default");
	t->uuid = xasprintf("0000test-%d", (int)getpid());
	t->name = xstrdup("self");
	t->pid = getpid();
	t->start_ticks = process_start_ticks(getpid());
	t->vcpus = 1;
	tuning_add(t, "vcpupin.0", NULL, false);
	tuning_add(t, "policy.0", NULL, false);
	return t;
}

/* The CPUs it may run on, less all but the first. */
static char *first_of(const char *list)
{
	return xasprintf("%d", atoi(list));
}

static char *now_of(const struct tuning *t, const char *key)
{
	char *text = tuning_kernel_read(t, key);

	assert_non_null(text);
	return text;
}

static void want(struct tuning *t)
{
	auto_free char *one = first_of(tuning_row(t, "vcpupin.0")->had);

	assert_int_equal(tuning_want(t, "vcpupin.0", one, NULL), 0);
	assert_int_equal(tuning_want(t, "policy.0", "batch 0", NULL), 0);
}

static void apply(const struct tuning *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].want)
			assert_int_equal(
				tuning_kernel_write(t, t->rows[i].key, t->rows[i].want, NULL), 0);
}

static bool exists(const struct tuning *t)
{
	auto_free char *path = tuning_path(t);

	return access(path, F_OK) == 0;
}

static void assert_as_before(const struct tuning *t)
{
	for (size_t i = 0; i < t->n_rows; i++) {
		auto_free char *now = now_of(t, t->rows[i].key);

		assert_string_equal(now, t->rows[i].had);
	}
}

/* What the kernel says of this test itself: it may be run under nice. */
static const char *usual_policy(void)
{
	static char said[32];

	snprintf(said, sizeof said, "other %d", getpriority(PRIO_PROCESS, 0));
	return said;
}

static void test_put_back(void **state)
{
	struct tuning *t = of_self();
	struct tuning_outcome o;

	(void)state;
	assert_string_equal(tuning_row(t, "policy.0")->had, usual_policy());
	assert_int_equal(tuning_row(t, "vcpupin.0")->way, TUNING_KERNEL);
	want(t);
	assert_int_equal(tuning_save(t, NULL, NULL), 0);
	assert_true(exists(t));
	apply(t);
	tuning_put_back(NULL, t, 0, &o);
	assert_as_before(t);
	assert_false(o.gone || o.late);
	assert_int_equal(o.kept.n + o.lost.n, 0);
	tuning_forget(t, &o);
	assert_false(exists(t));
	tuning_outcome_release(&o);
	tuning_free(t);
}

/* Of what is changed only what stands in the live XML goes where the domain goes. */
static void test_goes_along(void **state)
{
	struct tuning *t = of_self();
	auto_free char *row = xasprintf("policy.0 %s -> batch 0", usual_policy());
	auto_free char *none = NULL, *along = NULL, *all = NULL;

	(void)state;
	want(t);
	none = tuning_text_in_xml(t);
	tuning_row(t, "policy.0")->way = TUNING_LIBVIRT;
	along = tuning_text_in_xml(t);
	all = tuning_text(t);
	assert_string_equal(none, "");
	assert_string_equal(along, row);
	assert_non_null(strstr(all, row));
	tuning_free(t);
}

/* A CPU that there is not, alone or beside another: the kernel would take what is left. */
static void test_no_such_place(void **state)
{
	struct tuning *t = of_self();
	auto_free char *one = first_of(tuning_row(t, "vcpupin.0")->had);
	auto_free char *more = xasprintf("%s,1023", one);
	const char *const values[] = {"1023", more};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(tuning_kernel_write(t, "vcpupin.0", values[i], &e), -EINVAL);
		assert_int_equal(e.exit, EXIT_HOST);
		assert_non_null(strstr(e.msg, "cannot be placed on CPUs"));
	}
	assert_int_equal(
		tuning_kernel_write(t, "vcpupin.0", tuning_row(t, "vcpupin.0")->had, NULL), 0);
	tuning_free(t);
}

/* Where libvirt would leave a mark, a pin that only gets narrower goes by the kernel, another does not. */
static void test_leaves_no_mark(void **state)
{
	struct tuning *t = of_self();
	struct tuning_row *r = tuning_row(t, "vcpupin.0");
	auto_free char *one = first_of(r->had);

	(void)state;
	r->named = r->leaves_mark = true;
	r->way = TUNING_LIBVIRT;
	assert_int_equal(tuning_want(t, "vcpupin.0", "1023", NULL), 0);
	assert_int_equal(r->way, TUNING_LIBVIRT);
	assert_int_equal(tuning_names_defaults(t), 1);
	assert_int_equal(tuning_want(t, "vcpupin.0", one, NULL), 0);
	assert_int_equal(r->way, TUNING_KERNEL);
	assert_int_equal(tuning_names_defaults(t), 0);
	r->leaves_mark = false;
	r->way = TUNING_LIBVIRT;
	assert_int_equal(tuning_want(t, "vcpupin.0", one, NULL), 0);
	assert_int_equal(r->way, TUNING_LIBVIRT);
	tuning_free(t);
}

/* Its owner gave it another policy meanwhile: that stays, and is told; the rest is put back. */
static void test_owner_keeps(void **state)
{
	struct tuning *t = of_self();
	struct tuning_outcome o;
	auto_free char *cpus = NULL, *policy = NULL;

	(void)state;
	want(t);
	assert_int_equal(tuning_save(t, NULL, NULL), 0);
	apply(t);
	assert_int_equal(tuning_kernel_write(t, "policy.0", "idle 0", NULL), 0);
	tuning_put_back(NULL, t, 0, &o);
	cpus = now_of(t, "vcpupin.0");
	policy = now_of(t, "policy.0");
	assert_string_equal(cpus, tuning_row(t, "vcpupin.0")->had);
	assert_string_equal(policy, "idle 0");
	assert_int_equal(o.kept.n, 1);
	assert_non_null(strstr(o.kept.items[0], "policy.0 was changed to idle 0"));
	tuning_kernel_write(t, "policy.0", usual_policy(), NULL);
	tuning_forget(t, &o);
	tuning_outcome_release(&o);
	tuning_free(t);
}

/* A stealscope that is killed between applying and putting back: the next one does it. */
static void test_recovery(void **state)
{
	struct tuning *t = of_self();
	auto_free char *path = tuning_path(t);
	struct strv done = {0};
	pid_t child;

	(void)state;
	want(t);
	child = fork();
	if (child == 0) {
		_exit(tuning_save(t, NULL, NULL) ? 1 : (apply(t), raise(SIGKILL), 0));
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(exists(t));
	assert_int_equal(tuning_recover(path, &done, NULL), 1);
	assert_as_before(t);
	assert_false(exists(t));
	assert_int_equal(done.n, 1);
	assert_non_null(strstr(done.items[0], "2 settings put back"));
	assert_int_equal(tuning_recover(path, &done, NULL), 0);
	strv_release(&done);
	tuning_free(t);
}

/* What a killed one left is put back before a new tuning is saved; what was read is stale then. */
static void test_save_recovers(void **state)
{
	struct tuning *t = of_self(), *again;
	struct strv done = {0};
	pid_t child;

	(void)state;
	want(t);
	child = fork();
	if (child == 0)
		_exit(tuning_save(t, NULL, NULL) ? 1 : (apply(t), raise(SIGKILL), 0));
	assert_int_equal(waitpid(child, NULL, 0), child);
	again = of_self(); /* sees what the killed one applied */
	assert_int_equal(tuning_save(again, &done, NULL), -EAGAIN);
	assert_as_before(t);
	tuning_free(again);
	assert_int_equal(done.n, 1);
	strv_release(&done);
	tuning_free(t);
}

static void test_two_owners(void **state)
{
	struct tuning *t = of_self(), *other = of_self();
	struct tuning_outcome none = {0};
	auto_free char *path = tuning_path(t);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(tuning_save(t, NULL, NULL), 0);
	assert_int_equal(tuning_save(other, NULL, &e), -EBUSY);
	assert_non_null(strstr(e.msg, "another stealscope"));
	assert_int_equal(tuning_recover(path, NULL, NULL), 0); /* its owner lives */
	assert_true(exists(t));
	tuning_forget(t, &none);
	tuning_free(t);
	tuning_free(other);
}

/* Killed while saving: nothing was applied, and nothing is put back. */
static void test_half_a_file(void **state)
{
	struct tuning *t = of_self(), *read = NULL;
	auto_free char *path = tuning_path(t), *text = NULL;
	size_t len;

	(void)state;
	want(t);
	assert_int_equal(tuning_save(t, NULL, NULL), 0);
	text = read_file(path, 1 << 20, &len, NULL);
	for (size_t cut = 0; cut < len; cut += 7) {
		assert_int_equal(write_file(path, text, cut, NULL), 0);
		assert_int_equal(tuning_load(path, &read, NULL), 0);
		assert_null(read);
	}
	assert_int_equal(write_file(path, text, len, NULL), 0);
	assert_int_equal(tuning_load(path, &read, NULL), 0);
	assert_string_equal(tuning_row(read, "policy.0")->want, "batch 0");
	assert_string_equal(read->name, "self");
	tuning_free(read);
	unlink(path);
	tuning_free(t);
}

static void test_gone(void **state)
{
	struct tuning *t = of_self();
	struct tuning_outcome o;

	(void)state;
	want(t);
	t->start_ticks++; /* the number is another process's now */
	tuning_put_back(NULL, t, 0, &o);
	assert_true(o.gone);
	assert_int_equal(o.put_back, 0);
	tuning_outcome_release(&o);
	tuning_free(t);
}

static void test_unknown_row(void **state)
{
	struct tuning *t = of_self();
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(tuning_want(t, "schedinfo.cpu_shares", "5", &e), -ENOENT);
	assert_int_equal(e.exit, EXIT_HOST);
	assert_int_equal(tuning_want(t, "policy.0", usual_policy(), &e), 0);
	assert_null(tuning_row(t, "policy.0")->want); /* it has that already */
	tuning_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_back),
		cmocka_unit_test(test_goes_along),
		cmocka_unit_test(test_no_such_place),
		cmocka_unit_test(test_leaves_no_mark),
		cmocka_unit_test(test_owner_keeps),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_save_recovers),
		cmocka_unit_test(test_two_owners),
		cmocka_unit_test(test_half_a_file),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_unknown_row),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
