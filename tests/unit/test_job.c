// SPDX-License-Identifier: GPL-3.0-or-later
/* A job's time: what it is made of, and what it means when no unit of it ended. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/priv.h"
#include "report/run/guests.h"

static struct analysis_vcpu vcpus[2];
static struct analysis_guest guest;
static struct vcpu_build built[2];
static size_t first;
static struct analysis a;
static struct build b;

static int begin(void **state)
{
	static char variant[] = "v";

	(void)state;
	memset(vcpus, 0, sizeof(vcpus));
	memset(built, 0, sizeof(built));
	guest = (struct analysis_guest){.name = "box", .vcpus = vcpus, .n_vcpus = 2};
	a = (struct analysis){.guests = &guest, .n_guests = 1, .window_s = 10};
	a.box_steal_ms_per_s = NAN;
	a.info.variant = variant;
	b = (struct build){.a = &a, .vcpus = built, .n_vcpus = 2, .first_vcpu = &first};
	for (unsigned i = 0; i < 2; i++)
		built[i] = (struct vcpu_build){.out = &vcpus[i], .index = i, .has_job = i == 0};
	return 0;
}

static int end(void **state)
{
	(void)state;
	strv_release(&a.warnings);
	return 0;
}

static void give(enum metric_id id, double value)
{
	vcpus[0].metrics[id] = (struct metric_value){.have = true, .value = value};
}

/* 2 s a unit on a vCPU that waited 300, was held for 100 of that, slept 200, ran 500 ms/s. */
static void test_parts(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	built[0].job_n = 4;
	give(METRIC_JOB_TIME, 2);
	give(METRIC_WAIT_RATE, 300);
	give(METRIC_THROTTLE_RATE, 100);
	give(METRIC_SLEEP_RATE, 200);
	give(METRIC_RUN_RATE, 500);
	a.box_steal_ms_per_s = 50;
	fold_job(&b, 0);
	assert_true(guest.job.have);
	assert_false(guest.job_none);
	assert_float_equal(guest.job.wait_s, 0.4, 1e-9);
	assert_float_equal(guest.job.held_s, 0.2, 1e-9);
	assert_float_equal(guest.job.sleep_s, 0.4, 1e-9);
	assert_float_equal(guest.job.ran_s, 1.0, 1e-9);
	assert_float_equal(guest.job.box_s, 0.1, 1e-9);
	text = guest_job_text(&guest);
	assert_non_null(strstr(text,
		"2 s a unit = 0.4 s waiting for a CPU, 0.2 s held by its quota, 0.4 s asleep, 1 s on a CPU (about 0.1 s of it taken by the box's own hypervisor)"));
}

/* Without a trace nothing is known of where the time went. */
static void test_untraced(void **state)
{
	(void)state;
	built[0].job_n = 4;
	give(METRIC_JOB_TIME, 2);
	fold_job(&b, 0);
	assert_false(guest.job.have);
	assert_null(guest_job_text(&guest));
}

static enum verdict judge(const char *metric, const char *other_variant, char **why)
{
	struct run_expect x = {.text = (char *)"t",
		.variant = (char *)"v",
		.guest = (char *)"box",
		.metric = (char *)(uintptr_t)metric,
		.relation = (char *)">",
		.other_guest = (char *)"",
		.other_metric = (char *)"",
		.other_variant = (char *)(uintptr_t)other_variant};
	const struct analysis *set = &a;
	struct expect_result *r;
	struct err e = ERR_INIT;
	enum verdict v;
	size_t n;

	if (*other_variant)
		x.other_metric = x.metric;
	a.info.expects = &x;
	a.info.n_expects = 1;
	assert_int_equal(analysis_judge(&set, 1, &r, &n, &e), 0);
	assert_int_equal(n, 1);
	v = r[0].verdict;
	*why = xstrdup(r[0].why);
	expect_results_free(r, n);
	return v;
}

/* An expectation of it has fallen short; one of a figure that this machine has not is unknown. */
static void test_nothing_done(void **state)
{
	auto_free char *why = NULL, *other = NULL, *steal = NULL;

	(void)state;
	fold_job(&b, 0);
	assert_true(guest.job_none);
	assert_int_equal(a.warnings.n, 1);
	assert_non_null(strstr(a.warnings.items[0], "no unit of its job began and ended"));
	assert_int_equal(judge("job.time", "", &why), VERDICT_FAIL);
	assert_non_null(strstr(why, "measure longer"));
	assert_int_equal(judge("steal.rate", "", &steal), VERDICT_UNKNOWN);
	guest.metrics[METRIC_JOB_TIME] = (struct metric_value){.have = true, .value = 2};
	assert_int_equal(judge("job.time", "", &other), VERDICT_PASS);
}

static void test_no_job(void **state)
{
	auto_free char *why = NULL;

	(void)state;
	built[0].has_job = false;
	fold_job(&b, 0);
	assert_false(guest.job_none);
	assert_int_equal(a.warnings.n, 0);
	assert_int_equal(judge("job.time", "", &why), VERDICT_UNKNOWN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_parts), TEST(test_untraced), TEST(test_nothing_done), TEST(test_no_job)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
