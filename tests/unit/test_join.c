/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole record, made by arithmetic: the analysis must find what the simulator knows to be
 * true. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report/run/report.h"
#include "tests/bench/simulate.h"

#define VCPUS 3

static char dir[] = "/tmp/test_join.XXXXXX";
static struct sim_truth truth;

static const struct sim_config config = {.vcpus = VCPUS,
	.duration_ns = 12 * NS_PER_S + 345678,
	.mean_ns = 6000000,
	.tsc_hz = 2.1e9,
	.drift_ppm = -17,
	.seed = 5};

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	simulate_record(dir, &config, &truth);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	return remove_tree(dir, NULL);
}

static struct analysis *analyse(void)
{
	struct analysis *a = NULL;
	struct err e = ERR_INIT;

	if (analysis_make(dir, &a, &e))
		fail_msg("%s", e.msg);
	return a;
}

static void test_states_and_steal_are_exact(void **state)
{
	struct analysis *a = analyse();

	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		const struct analysis_vcpu *v = &a->guests[0].vcpus[i];
		double wait = (double)truth.wait_ns[i] / a->window_s / 1e6;

		assert_int_equal(v->states.wait_ns, truth.wait_ns[i]);
		assert_int_equal(v->states.run_ns, truth.run_ns[i]);
		assert_true(v->joins.steal_exact);
		assert_int_equal(v->joins.steal_ns, v->joins.run_delay_ns);
		assert_true(v->joins.steal_ns > 5 * NS_PER_S);
		assert_int_equal(v->joins.steal_agree, v->joins.steal_joined);
		assert_int_equal(v->joins.wait_ns, v->joins.wait_run_delay_ns);
		assert_true(fabs(v->metrics[METRIC_WAIT_RATE].value - wait) < 1e-6);
		/* Between first and last sample: some ms of the ends are not seen. */
		assert_true(fabs(v->metrics[METRIC_STEAL_RATE].value - wait) < 3);
		assert_true(fabs(v->metrics[METRIC_RUN_DELAY_RATE].value - wait) < 3);
	}
	for (size_t i = 0; i < a->n_checks; i++)
		if (a->checks[i].verdict != VERDICT_PASS)
			fail_msg("%s: %s", a->checks[i].name, a->checks[i].note);
	assert_true(analysis_check(a, "steal_vs_run_delay")->value == 0);
	assert_true(analysis_check(a, "wait_vs_run_delay")->value == 0);
	analysis_free(a);
}

static void test_blame_is_exact(void **state)
{
	struct analysis *a = analyse();

	(void)state;
	assert_int_equal(a->n_blame, 2 * VCPUS);
	for (unsigned i = 0; i < VCPUS; i++) {
		const struct blame_row *hog = &a->blame[2 * i], *intruder = hog + 1;

		assert_string_equal(hog->culprit, "noise hog");
		assert_string_equal(intruder->culprit, "process intruder");
		assert_int_equal(hog->ns, truth.hog_ns[i]);
		assert_int_equal(intruder->ns, truth.intruder_ns[i]);
		assert_true(fabs(hog->share + intruder->share - 100) < 1e-9);
	}
	analysis_free(a);
}

/* What each took over time sums up to what it took; the lateness map holds every wake-up. */
static void test_over_time_sums_up(void **state)
{
	struct analysis *a = analyse();
	uint64_t cells = 0, blamed = 0, taken = 0;

	(void)state;
	for (size_t i = 0; i < a->n_blame; i++)
		blamed += a->blame[i].ns;
	assert_int_equal(a->n_taken, 2);
	for (size_t i = 0; i < a->n_taken; i++) {
		uint64_t ns = 0, hog = 0;

		for (unsigned c = 0; c < a->columns.n; c++)
			ns += a->taken[i].ns[c];
		for (unsigned v = 0; v < VCPUS; v++)
			hog += truth.hog_ns[v];
		taken += ns;
		if (!strcmp(a->taken[i].culprit, "noise hog"))
			assert_int_equal(ns, hog);
	}
	assert_int_equal(taken, blamed);
	for (size_t i = 0; i < (size_t)a->columns.n * HEAT_ROWS; i++)
		cells += a->guests[0].heat.count[i];
	assert_int_equal(cells, a->guests[0].late.total);
	analysis_free(a);
}

/* The intruder is no part of the experiment: the record says so, and names it. */
static void test_another_load_is_told(void **state)
{
	struct analysis *a = analyse();
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < a->warnings.n; i++)
		told += !strncmp(a->warnings.items[i], "another load on the lab CPUs ", 29) &&
			strstr(a->warnings.items[i], "most of it process intruder");
	assert_int_equal(told, 1);
	analysis_free(a);
}

static void test_lateness_is_explained(void **state)
{
	struct analysis *a = analyse();
	const struct analysis_guest *g = &a->guests[0];

	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		/* Every period of the window has its lateness, missed ones too: no coordinated
		 * omission. */
		uint64_t periods = g->vcpus[i].late.total,
			 expected = config.duration_ns / SIM_PERIOD_NS;

		assert_true(periods >= expected - 2 && periods <= expected + 2);
		assert_int_equal(g->vcpus[i].samples, truth.samples[i]);
		assert_true(g->vcpus[i].backfilled > 0);
	}
	assert_true(g->metrics[METRIC_LATE_EXPLAINED].value > 99.9);
	assert_int_equal(a->n_late, ANALYSIS_WORST);
	for (size_t i = 0; i < a->n_late; i++) {
		const struct late *l = &a->late[i];

		assert_true(!i || l->lateness_ns <= a->late[i - 1].lateness_ns);
		assert_int_equal(l->fired_late_ns + l->wait_ns + l->throttled_ns + l->running_ns +
					 l->guest_queue_ns + l->box_steal_ns + l->unexplained_ns,
			l->lateness_ns);
		/* By construction it is there 20 us after it got the CPU, or 30 us after its
		 * deadline. */
		assert_true(l->running_ns <= 50000 + 2 * l->clock_error_ns);
		assert_true(l->n_who >= 1);
		assert_true(l->n_pieces > 1);
	}
	assert_true(g->metrics[METRIC_TIMER_LATE_MAX].value <= 12000);
	assert_true(g->metrics[METRIC_SLEEP_ELAPSED_MAX].value >
		    g->metrics[METRIC_TIMER_LATE_MAX].value);
	analysis_free(a);
}

static void test_series(void **state)
{
	struct analysis *a = analyse();
	const struct analysis_vcpu *v = &a->guests[0].vcpus[0];
	double sum = 0;

	(void)state;
	assert_int_equal(v->series[SERIES_STEAL].n, 2);
	assert_int_equal(v->fine[SERIES_WAIT].n, 13);
	for (unsigned i = 0; i < 12; i++) {
		assert_true(fabs(v->fine[SERIES_WAIT].v[i] - v->fine[SERIES_STEAL].v[i]) < 30);
		sum += v->fine[SERIES_WAIT].v[i];
	}
	assert_true(fabs(sum / 12 - v->metrics[METRIC_WAIT_RATE].value) < 1);
	assert_true(v->fine[SERIES_TIMER_LATE].v[0] > 1000);
	assert_true(v->metrics[METRIC_STEAL_RATE_10S].have);
	analysis_free(a);
}

static void test_same_bytes_every_time(void **state)
{
	struct analysis *a = analyse(), *b = analyse();
	auto_free char *x = report_json(a), *y = report_json(b);

	(void)state;
	assert_string_equal(x, y);
	analysis_free(a);
	analysis_free(b);
}

static void cut(const char *name, size_t keep)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(truncate(path, (off_t)keep), 0);
}

/* Destroys the record: keep these last. */
static void test_cut_files_are_read_up_to_the_cut(void **state)
{
	struct analysis *a;

	(void)state;
	cut("host/trace.bin", 128 + 50001);
	a = analyse();
	assert_true(a->cut);
	assert_true(a->trace_records > 1000);
	assert_true(a->guests[0].metrics[METRIC_STEAL_RATE].have);
	assert_int_equal(analysis_check(a, "state_conservation")->verdict, VERDICT_FAIL);
	assert_true(a->guests[0].metrics[METRIC_LATE_EXPLAINED].value < 90);
	analysis_free(a);
	cut("guest/victim.bin", 128 + 64 * 1000 + 5);
	a = analyse();
	assert_true(a->guest_records == 1000);
	analysis_free(a);
	cut("guest/victim.bin", 60);
	a = analyse();
	assert_false(a->guests[0].metrics[METRIC_STEAL_RATE].have);
	assert_non_null(a->guests[0].metrics[METRIC_STEAL_RATE].why);
	assert_true(a->warnings.n >= 1);
	analysis_free(a);
}

/* Reads of the trace fail from here on; see read(). */
static off_t fail_trace_at = -1;

ssize_t read(int fd, void *buf, size_t size)
{
	char link[32], path[256] = "";

	if (fail_trace_at >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, path, sizeof(path) - 1) > 0 && strstr(path, "trace.bin") &&
			lseek(fd, 0, SEEK_CUR) >= fail_trace_at) {
			errno = EIO;
			return -1;
		}
	}
	return syscall(SYS_read, fd, buf, size);
}

/* A trace that a failing disk ends is not one that was read to its end. */
static void test_trace_that_cannot_be_read(void **state)
{
	struct analysis *a;
	bool told = false;

	(void)state;
	fail_trace_at = 4096;
	a = analyse();
	fail_trace_at = -1;
	assert_true(a->have_trace && a->trace_records > 0);
	for (size_t i = 0; i < a->warnings.n; i++)
		told |= !strcmp(a->warnings.items[i], "the host trace cannot be read to its end");
	assert_true(told);
	analysis_free(a);
}

static void test_without_a_trace(void **state)
{
	struct analysis *a;

	(void)state;
	simulate_record(dir, &config, &truth);
	cut("host/trace.bin", 10);
	a = analyse();
	assert_false(a->have_trace);
	assert_true(a->guests[0].metrics[METRIC_STEAL_RATE].have);
	assert_false(a->guests[0].metrics[METRIC_WAIT_RATE].have);
	assert_false(a->guests[0].metrics[METRIC_LATE_EXPLAINED].have);
	assert_int_equal(analysis_check(a, "steal_vs_run_delay")->verdict, VERDICT_UNKNOWN);
	assert_int_equal(a->n_late, ANALYSIS_WORST);
	assert_int_equal(a->late[0].unexplained_ns, a->late[0].lateness_ns);
	analysis_free(a);
}

static void steal_is_exact_in(const struct sim_config *c, uint64_t least, uint64_t most)
{
	struct analysis *a;

	simulate_record(dir, c, &truth);
	a = analyse();
	for (unsigned i = 0; i < c->vcpus; i++) {
		const struct vcpu_joins *j = &a->guests[0].vcpus[i].joins;

		assert_true(j->steal_joined >= least && j->steal_joined <= most);
		/* Of the first nothing is known before. */
		assert_true(j->steal_agree + 1 >= j->steal_joined);
		assert_true(j->steal_exact);
		assert_int_equal(j->steal_ns, j->run_delay_ns);
		assert_true(j->steal_span_ns > c->duration_ns * 3 / 4);
	}
	analysis_free(a);
}

/* Fewer samples than are kept of either end: the span is still from the first to the last. */
static void test_few_samples_span_the_window(void **state)
{
	struct sim_config c = config;

	(void)state;
	c.duration_ns = 200 * NS_PER_MS;
	c.mean_ns = 3 * NS_PER_MS;
	steal_is_exact_in(&c, 5, 31);
}

/* Where the guest loses its CPU between a sample's time and its steal, that is of the next stretch: also when half of them
 * are so, and they are few. */
static void test_torn_samples_are_joined(void **state)
{
	struct sim_config c = config;

	(void)state;
	c.torn = 5;
	steal_is_exact_in(&c, 500, 1300);
	c.duration_ns = 200 * NS_PER_MS;
	c.mean_ns = 3 * NS_PER_MS;
	c.torn = 2;
	steal_is_exact_in(&c, 5, 31);
}

/* KVM's offset: guest TSC = host TSC + offset. Taken so, causality agrees with it; with the other sign it
 * would contradict by far, and the offset would not be believed. */
static void test_kvms_offset_is_added(void **state)
{
	const uint64_t offset = (uint64_t)INT64_C(-123456789012);
	auto_free char *path = xasprintf("%s/guest/victim.bin", dir);
	struct analysis *a;
	FILE *f;

	(void)state;
	simulate_record(dir, &config, &truth);
	f = fopen(path, "a");
	assert_non_null(f);
	for (unsigned i = 0; i < VCPUS; i++) {
		for (uint64_t at = 1000 * NS_PER_S; at < 1014 * NS_PER_S; at += NS_PER_S) {
			struct sim s = {.c = config};
			struct shm_rec r = {.type = REC_OFFSET,
				.vcpu = (uint16_t)i,
				.tsc = sim_tsc(&s, at) - offset,
				.v = {at, 100, offset, 0}};

			assert_int_equal(fwrite(&r, sizeof(r), 1, f), 1);
		}
	}
	fclose(f);
	a = analyse();
	for (unsigned i = 0; i < VCPUS; i++) {
		const struct clock_quality *q = &a->guests[0].vcpus[i].clock;

		assert_int_equal(q->source, CLOCK_SOURCE_OFFSET);
		assert_true(q->error_ns < 200);
		assert_true(q->cross_check_ns < 1000);
	}
	analysis_free(a);
}

/* A guest's explained lateness is that of all its vCPUs, not of the last: here the first one's trace has
 * a hole of seconds, in which nothing is known. */
static void test_explained_is_of_all_vcpus(void **state)
{
	auto_free char *path = xasprintf("%s/host/trace.bin", dir);
	auto_free char *text = NULL;
	size_t len, to = sizeof(struct trace_file_header);
	uint64_t late = 0, explained = 0;
	const struct analysis_guest *g;
	struct analysis *a;

	(void)state;
	simulate_record(dir, &config, &truth);
	text = read_file(path, 64 << 20, &len, NULL);
	assert_non_null(text);
	for (size_t at = to, size; at < len; at += size) {
		struct trace_hdr h;

		memcpy(&h, text + at, sizeof(h));
		size = h.len8 * 8u;
		if (h.tid == 1000 && h.type == TRACE_STATE && h.ts_ns > 1004 * NS_PER_S &&
			h.ts_ns < 1009 * NS_PER_S)
			continue;
		memmove(text + to, text + at, size);
		to += size;
	}
	assert_int_equal(write_file(path, text, to, NULL), 0);
	a = analyse();
	g = &a->guests[0];
	for (unsigned i = 0; i < VCPUS; i++) {
		late += g->vcpus[i].late_ns;
		explained += g->vcpus[i].late_explained_ns;
	}
	assert_true(g->vcpus[VCPUS - 1].metrics[METRIC_LATE_EXPLAINED].value > 99.9);
	assert_true(g->vcpus[0].metrics[METRIC_LATE_EXPLAINED].value < 90);
	assert_float_equal(g->metrics[METRIC_LATE_EXPLAINED].value,
		100 * (double)explained / (double)late, 1e-6);
	assert_int_equal(analysis_check(a, "late_explained")->verdict, VERDICT_FAIL);
	analysis_free(a);
}

/* A record of a vCPU that there is not: nothing was lost on the way, and yet it is missing. */
static void test_unreadable_is_lost(void **state)
{
	struct shm_rec r = {.type = REC_STEAL, .vcpu = 9, .tsc = 1};
	auto_free char *path = xasprintf("%s/guest/victim.bin", dir);
	auto_free char *losses = NULL;
	const struct check *c;
	struct analysis *a;
	FILE *f;

	(void)state;
	simulate_record(dir, &config, &truth);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(fwrite(&r, sizeof(r), 1, f), 1);
	fclose(f);
	a = analyse();
	c = analysis_check(a, "lost_records");
	losses = analysis_losses(a);
	assert_int_equal(a->lost_guest + a->lost_host, 0);
	assert_int_equal(analysis_lost(a), 1);
	assert_int_equal(c->verdict, VERDICT_FAIL);
	assert_string_equal(c->note, "0 guest records and 0 host records lost, 1 unreadable");
	assert_string_equal(c->note, losses);
	analysis_free(a);
}

static void scramble(const char *name, unsigned seed)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "r+");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	srand(seed);
	for (int i = 0; i < 3000; i++) {
		uint64_t junk = rand() % 3 ? (uint64_t)rand() << 40 : UINT64_MAX;

		fseek(f, 128 + (long)(rand() % (st.st_size - 136)) / 8 * 8, SEEK_SET);
		fwrite(&junk, 8, 1, f);
	}
	fclose(f);
}

static void test_hostile_records(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 8; seed++) {
		struct analysis *a;
		char *json;

		simulate_record(dir, &config, &truth);
		scramble("guest/victim.bin", seed);
		if (seed % 2)
			scramble("host/trace.bin", seed);
		a = analyse();
		json = report_json(a);
		assert_non_null(strstr(json, "\"checks\""));
		free(json);
		analysis_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_and_steal_are_exact),
		cmocka_unit_test(test_blame_is_exact),
		cmocka_unit_test(test_over_time_sums_up),
		cmocka_unit_test(test_another_load_is_told),
		cmocka_unit_test(test_lateness_is_explained),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_same_bytes_every_time),
		cmocka_unit_test(test_trace_that_cannot_be_read),
		cmocka_unit_test(test_cut_files_are_read_up_to_the_cut),
		cmocka_unit_test(test_without_a_trace),
		cmocka_unit_test(test_unreadable_is_lost),
		cmocka_unit_test(test_few_samples_span_the_window),
		cmocka_unit_test(test_torn_samples_are_joined),
		cmocka_unit_test(test_kvms_offset_is_added),
		cmocka_unit_test(test_explained_is_of_all_vcpus),
		cmocka_unit_test(test_hostile_records),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
