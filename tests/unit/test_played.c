// SPDX-License-Identifier: GPL-3.0-or-later
/* What was played, beside what was planned and felt: from a player's log and a thread's waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/played.h"
#include "analysis/priv.h"

#define LIT(s)	((char *)(uintptr_t)(s))
#define START	(100 * NS_PER_S)
#define SECONDS 10u
#define CPU	3u

static struct analysis a;
static struct analysis_guest guest;
static struct analysis_vcpu out;
static struct thread thread;
static struct vcpu_build v;
static struct run_noise noise;
static struct build b;
static size_t first_vcpu;
static struct blame_sum blame;
static char dir[64];

static struct played played[4096];
static size_t n_played;

/* One at `at_ns` of the window, of `length_ns`, begun `late_ns` later, of which it got `got_ns`. */
static void play(uint64_t at_ns, uint64_t length_ns, uint64_t late_ns, uint64_t got_ns)
{
	uint64_t due = START + at_ns;

	played[n_played++] = (struct played){due, length_ns, length_ns, due + late_ns,
		due + late_ns + got_ns, got_ns, CPU, PLAYED_DONE, {0}};
}

static void skipped(uint64_t at_ns, uint64_t length_ns, enum played_outcome why)
{
	played[n_played++] = (struct played){.due_ns = START + at_ns,
		.length_ns = length_ns,
		.want_ns = length_ns,
		.cpu = CPU,
		.outcome = (uint8_t)why};
}

static void rate(unsigned second, uint64_t want_ns)
{
	played[n_played++] = (struct played){.due_ns = START + second * NS_PER_S,
		.length_ns = NS_PER_S,
		.want_ns = want_ns,
		.cpu = CPU,
		.outcome = PLAYED_RATE};
}

static int begin(void **state)
{
	auto_free char *host = NULL;

	(void)state;
	n_played = 0;
	strcpy(dir, "/tmp/test-played.XXXXXX");
	assert_non_null(mkdtemp(dir));
	host = xasprintf("%s/host", dir);
	assert_int_equal(mkdir(host, 0700), 0);
	noise = (struct run_noise){.name = LIT("cloud"), .victim = LIT("app")};
	guest = (struct analysis_guest){.name = LIT("app"), .vcpus = &out, .n_vcpus = 1};
	out = (struct analysis_vcpu){.cpu_set = cpuset_of(CPU)};
	out.states.have = true;
	a = (struct analysis){.dir = dir,
		.window_start_ns = START,
		.window_end_ns = START + SECONDS * NS_PER_S,
		.window_s = SECONDS,
		.trace_mode = TRACE_MODE_EVENTS,
		.guests = &guest,
		.n_guests = 1};
	a.info.noises = &noise;
	a.info.n_noises = 1;
	blame = (struct blame_sum){0};
	thread = (struct thread){.blame = &blame, .n_blame = 1};
	v = (struct vcpu_build){.out = &out, .thread = &thread};
	b = (struct build){.a = &a, .vcpus = &v, .n_vcpus = 1, .first_vcpu = &first_vcpu};
	return 0;
}

static int end(void **state)
{
	auto_free char *log = xasprintf("%s/host/stalls-cloud.bin", dir);
	auto_free char *host = xasprintf("%s/host", dir);

	(void)state;
	played_free(&a);
	for (size_t i = 0; i < a.n_checks; i++)
		free(a.checks[i].note);
	free(a.checks);
	strv_release(&a.warnings);
	unlink(log);
	rmdir(host);
	rmdir(dir);
	return 0;
}

/* The log as the player writes it, less `cut` bytes of its end; then it is read. */
static const struct played_stalls *read_it(bool closed, size_t cut)
{
	struct played_header h = {.magic = PLAYED_MAGIC,
		.version = PLAYED_VERSION,
		.rec_size = sizeof(struct played),
		.start_ns = START,
		.closed = closed};
	auto_free char *log = xasprintf("%s/host/stalls-cloud.bin", dir);
	FILE *f = fopen(log, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(&h, sizeof(h), 1, f), 1);
	assert_int_equal(fwrite(played, 1, n_played * sizeof(played[0]) - cut, f),
		n_played * sizeof(played[0]) - cut);
	fclose(f);
	played_read(&b);
	assert_true(a.n_played == 1 && a.played[0].have_victim);
	assert_ptr_equal(v.played, &a.played[0]);
	v.played_culprit = 0;
	return &a.played[0];
}

/* The victim's thread waited from `at_ns` on for so long: for others, then for the player. */
static void waits_for(uint64_t at_ns, uint64_t others_ns, uint64_t player_ns)
{
	blame.ns += player_ns;
	thread.state = THREAD_WAITING;
	thread.state_since = START + at_ns;
	played_leaving(&b, &v, &thread, START + at_ns + others_ns + player_ns);
	thread.state = 0;
}

static void waits(uint64_t at_ns, uint64_t ns)
{
	waits_for(at_ns, 0, ns);
}

static enum verdict verdict(const char *name)
{
	const struct check *c = analysis_check(&a, name);

	return c ? c->verdict : VERDICT_UNKNOWN;
}

static void as_planned(void **state)
{
	const struct played_stalls *p;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		play(i * 100 * NS_PER_MS, 3 * NS_PER_MS, 20000, 3 * NS_PER_MS);
	p = read_it(false, 0);
	for (unsigned i = 0; i < 100; i++)
		waits(i * 100 * NS_PER_MS, 3 * NS_PER_MS + 5000);
	played_fold(&b);
	assert_float_equal(p->mean_planned, 30, 1e-9);
	assert_float_equal(p->planned[4], 30, 1e-9);
	assert_float_equal(p->rmse_delivered, 0, 1e-9);
	assert_float_equal(p->rmse_felt, 0.05, 1e-9);
	assert_float_equal(p->worst_felt, 0.05, 1e-9);
	assert_true(isnan(p->rmse_open));
	assert_float_equal(p->ks_delivered, 0, 1e-9);
	assert_float_equal(p->ks_felt, 0, 1e-9);
	assert_true(p->n_planned == 100 && p->n_played == 100);
	assert_true(p->late.total == 100 && p->early.total == 0);
	played_checks(&b);
	assert_int_equal(verdict("stalls_played"), VERDICT_PASS);
	assert_int_equal(verdict("stalls_delivered"), VERDICT_PASS);
	assert_int_equal(verdict("stalls_felt"), VERDICT_PASS);
}

/* Half of each: the sum of a second, the lengths and the checks tell. */
static void half_of_each(void **state)
{
	const struct played_stalls *p;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		play(i * 100 * NS_PER_MS, 4 * NS_PER_MS, 0, 2 * NS_PER_MS);
	p = read_it(false, 0);
	for (unsigned i = 0; i < 100; i++)
		waits(i * 100 * NS_PER_MS, 2 * NS_PER_MS);
	played_fold(&b);
	assert_float_equal(p->rmse_delivered, 20, 1e-9);
	assert_float_equal(p->rmse_felt, 20, 1e-9);
	assert_float_equal(p->ks_delivered, 1, 1e-9);
	assert_float_equal(p->ks_felt, 1, 1e-9);
	played_checks(&b);
	assert_int_equal(verdict("stalls_delivered"), VERDICT_FAIL);
	assert_int_equal(verdict("stalls_felt"), VERDICT_FAIL);
}

/* As much in sum, and yet other stalls: a fifth of them long, the others short. */
static void lengths_tell(void **state)
{
	const struct played_stalls *p;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		play(i * 100 * NS_PER_MS, 3 * NS_PER_MS, 0, i % 5 ? NS_PER_MS : 11 * NS_PER_MS);
	p = read_it(false, 0);
	played_fold(&b);
	assert_float_equal(p->rmse_delivered, 0, 1e-9);
	assert_float_equal(p->ks_delivered, 0.8, 1e-9);
}

/* One bad second is not lost in the mean, and stands as the worst. */
static void one_bad_second(void **state)
{
	const struct played_stalls *p;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		play(i * 100 * NS_PER_MS, 3 * NS_PER_MS, 0,
			i / 10 == 6 ? 13 * NS_PER_MS : 3 * NS_PER_MS);
	p = read_it(false, 0);
	played_fold(&b);
	assert_float_equal(p->worst_delivered, 100, 1e-9);
	assert_float_equal(p->rmse_delivered, 100 / sqrt(10), 1e-9);
}

/* What was not played was planned all the same; a stall across two seconds belongs to both. */
static void not_played_is_counted(void **state)
{
	const struct played_stalls *p;

	(void)state;
	for (unsigned i = 0; i < 95; i++)
		play(i * 100 * NS_PER_MS, 3 * NS_PER_MS, 0, 3 * NS_PER_MS);
	skipped(9500 * NS_PER_MS, 3 * NS_PER_MS, PLAYED_OVERLAP);
	skipped(9600 * NS_PER_MS, 3 * NS_PER_MS, PLAYED_MISSED);
	played[n_played++] = (struct played){
		.due_ns = START, .length_ns = 1, .want_ns = 1, .cpu = 7, .outcome = PLAYED_NOBODY};
	play(3998 * NS_PER_MS, 10 * NS_PER_MS, 0, 10 * NS_PER_MS);
	p = read_it(false, 0);
	played_fold(&b);
	assert_true(p->n_planned == 98 && p->n_played == 96);
	assert_true(p->n_overlap == 1 && p->n_missed == 1 && a.played_nobody == 1);
	assert_float_equal(p->planned[3], 32, 1e-9);
	assert_float_equal(p->planned[4], 38, 1e-9);
	assert_float_equal(p->worst_delivered, 6, 1e-9);
	played_checks(&b);
	assert_int_equal(verdict("stalls_played"), VERDICT_FAIL);
}

/* A rate series: what is wanted of a second; an open loop would have been off by what else was waited. */
static void rates_closed_and_open(void **state)
{
	const struct played_stalls *p;

	(void)state;
	for (unsigned i = 0; i < SECONDS; i++)
		rate(i, 40 * NS_PER_MS);
	for (unsigned i = 0; i < SECONDS; i++)
		play(i * NS_PER_S + 50 * NS_PER_MS, 30 * NS_PER_MS, 0, 30 * NS_PER_MS);
	p = read_it(true, 0);
	for (unsigned i = 0; i < SECONDS; i++) {
		waits(i * NS_PER_S + 50 * NS_PER_MS, 30 * NS_PER_MS);
		waits_for(i * NS_PER_S + 500 * NS_PER_MS, 9 * NS_PER_MS, 0);
	}
	out.states.sleep_ns = 0;
	played_fold(&b);
	assert_true(p->rates);
	assert_float_equal(p->mean_planned, 40, 1e-9);
	assert_float_equal(p->rmse_felt, 1, 1e-9);
	assert_float_equal(p->rmse_open, 9, 1e-9);
	assert_float_equal(p->others[5], 9, 1e-9);
	assert_true(isnan(p->ks_felt) && isnan(p->ks_delivered));
	played_checks(&b);
	assert_int_equal(verdict("stalls_rate"), VERDICT_PASS);
}

/* A log that ends in mid-record, and one that says what cannot be. */
static void damaged(void **state)
{
	const struct played_stalls *p;

	(void)state;
	play(0, NS_PER_MS, 0, NS_PER_MS);
	play(NS_PER_S, 0, 0, 0); /* no length */
	play(2 * NS_PER_S, NS_PER_MS, 0, NS_PER_MS);
	played[n_played - 1].outcome = 9;
	play(3 * NS_PER_S, NS_PER_MS, 0, NS_PER_MS);
	p = read_it(false, 1);
	assert_int_equal(p->n_played, 1);
	assert_int_equal(a.bad_records, 2);
	assert_int_equal(a.warnings.n, 1);
	assert_non_null(strstr(a.warnings.items[0], "is cut"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(as_planned),
		TEST(half_of_each),
		TEST(lengths_tell),
		TEST(one_bad_second),
		TEST(not_played_is_counted),
		TEST(rates_closed_and_open),
		TEST(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
