// SPDX-License-Identifier: GPL-3.0-or-later
/* harness/study: a batch whose boots are made by arithmetic (tests/bench/simulate.h) or fail as
 * told: retries, giving up, early stopping, sums. And arms: sets of runs as compare takes them.
 * Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/folder.h"
#include "study/arms.h"
#include "study/batch.h"
#include "tests/bench/simulate.h"

static char dir[64];
static struct strbuf said; /* all that was told, a line each */
static volatile sig_atomic_t interrupted;

static void hear(void *ctx, enum study_tone tone, const char *text)
{
	(void)ctx;
	if (tone != STUDY_PROGRESS)
		strbuf_add(&said, "%s\n", text);
}

static struct study study = {
	.results = dir, .connect = "auto", .interrupted = &interrupted, .tell = hear};

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ss-test-study-XXXXXX");
	interrupted = 0;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	strbuf_release(&said);
	return remove_tree(dir, NULL);
}

/* ---- a box to play with */

static struct {
	const char *outcomes; /* a letter per boot: f fails, i is interrupted; else it is made */
	bool alike;	      /* every boot measures the same */
	unsigned boots;
} box;

static void put(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

/* The record of one boot: what was simulated, in the name of what was planned. */
static int make_record(const struct plan *p, const struct run_options *o, char **out, struct err *e)
{
	struct sim_config config = {.vcpus = 1,
		.duration_ns = NS_PER_S,
		.mean_ns = 6000000 * (box.alike ? 1 : 1 + box.boots % 7),
		.tsc_hz = 2e9,
		.seed = box.alike ? 5 : box.boots};
	struct sim_truth truth;
	struct run_info r;
	int rc;

	*out = xasprintf("%s/r%03u", o->results, box.boots);
	simulate_record(*out, &config, &truth);
	rc = run_info_load(&r, *out, e);
	if (rc)
		return rc;
	put(&r.run, *out + strlen(o->results) + 1);
	put(&r.experiment, o->experiment);
	put(&r.scenario, "made");
	put(&r.variant, p->variant);
	r.repeat = o->repeat;
	r.block = o->block;
	for (size_t i = 0; i < o->n_expects; i++) {
		const struct run_expect *x = &o->expects[i];

		ARRAY_GROW(r.expects, r.n_expects);
		r.expects[r.n_expects++] = (struct run_expect){xstrdup(x->text),
			xstrdup(x->variant), xstrdup(x->guest ? x->guest : ""), xstrdup(x->metric),
			xstrdup(x->relation), x->value, x->tolerance, xstrdup(""), xstrdup(""),
			xstrdup("")};
	}
	rc = run_info_save(&r, *out, e);
	run_info_release(&r);
	return rc;
}

static int played_run(
	const struct plan *p, const struct run_options *o, struct run_result *out, struct err *e)
{
	size_t told = box.outcomes ? strlen(box.outcomes) : 0;
	char how = box.boots < told ? box.outcomes[box.boots] : '.';

	*out = (struct run_result){0};
	box.boots++;
	if (how == 'i') {
		interrupted = 1;
		return err_set_exit(e, EXIT_INTERRUPTED, EINTR, "interrupted");
	}
	return how == 'f' ? err_set(e, EIO, "boot %u did not come up", box.boots)
			  : make_record(p, o, &out->record, e);
}

static const char scenario[] =
	"<scenario name='made' warmup='0s' duration='1s' repeats='2'>\n"
	"<lab cpus='1'/><guest name='victim'/>\n"
	"<variant name='a'/><variant name='b'/>\n"
	"<expect variant='a' guest='victim' metric='steal.rate' %s='500ms/s'/>\n"
	"</scenario>\n";

/* A batch of two configurations, ready for its first boot. */
static void begin_batch(struct batch *b, unsigned repeats, const char *relation)
{
	auto_free char *path = xasprintf("%s/made.xml", dir), *text = xasprintf(scenario, relation);
	struct strv words = {0};
	struct err e = ERR_INIT;

	memset(&box, 0, sizeof(box));
	assert_int_equal(write_file(path, text, strlen(text), &e), 0);
	*b = (struct batch){.study = study, .journal.fd = -1, .executor.run = played_run};
	b->args = (struct batch_args){.repeats = repeats, .shard = 1, .shards = 1, .retries = 1};
	strv_add(&b->args.files, "%s", path);
	assert_int_equal(batch_prepare(b), EXIT_DONE);
	assert_int_equal(b->n_jobs, 1);
	executor_init(&b->executor, &b->study);
	strv_add(&words, "--repeats=%u", repeats);
	if (batch_begin(b, &words, &e))
		fail_msg("%s", e.msg);
	strv_release(&words);
	assert_int_equal(b->journal.n_units, 2 * repeats);
}

static size_t count_records(const struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->journal.n_units; i++)
		n += b->boots[i].record != NULL;
	return n;
}

/* ---- retries */

static void test_a_failed_boot_is_tried_again(void **state)
{
	struct err e = ERR_INIT;
	struct batch b;

	(void)state;
	begin_batch(&b, 1, "below");
	box.outcomes = "f..";
	assert_int_equal(batch_run(&b, &e), 0);
	assert_int_equal(box.boots, 3);
	assert_int_equal(count_records(&b), 2);
	assert_false(b.boots[0].failed);
	assert_non_null(strstr(said.text, "failed: boot 1 did not come up"));
	assert_non_null(strstr(said.text, "[2/2] made"));
	batch_release(&b);
}

static void test_failed_for_good(void **state)
{
	struct err e = ERR_INIT;
	struct batch b;

	(void)state;
	begin_batch(&b, 1, "below");
	box.outcomes = "ff.";
	assert_int_equal(batch_run(&b, &e), 0);
	assert_int_equal(box.boots, 3); /* one retry, then the next */
	assert_true(b.boots[0].failed);
	assert_null(b.boots[0].record);
	assert_non_null(b.boots[1].record);
	batch_release(&b);
}

/* Only failures in a row end a batch: one that succeeds in between starts the count anew. */
static void test_gives_up_on_a_box(void **state)
{
	struct err e = ERR_INIT;
	struct batch b;

	(void)state;
	begin_batch(&b, 4, "below");
	b.args.retries = 0;
	box.outcomes = "ff.fff..";
	assert_int_equal(batch_run(&b, &e), -EIO);
	assert_int_equal(box.boots, 6);
	assert_non_null(strstr(e.msg, "3 boots in a row failed"));
	assert_int_equal(count_records(&b), 1);
	batch_release(&b);
}

static void test_interrupted_is_not_failed(void **state)
{
	struct err e = ERR_INIT;
	struct batch_sum sum;
	struct batch b;

	(void)state;
	begin_batch(&b, 2, "below");
	box.outcomes = ".i";
	assert_int_equal(batch_run(&b, &e), -EINTR);
	assert_int_equal(e.exit, EXIT_INTERRUPTED);
	assert_int_equal(box.boots, 2); /* no retry */
	assert_false(b.boots[1].failed);
	assert_int_equal(batch_sum(&b, EXIT_INTERRUPTED, &sum, &e), 0);
	assert_int_equal(sum.report.status, EXIT_INTERRUPTED);
	assert_int_equal(batch_count(&sum.report, BATCH_OPEN), 3);
	assert_int_equal(batch_count(&sum.report, BATCH_FAILED), 0);
	assert_false(b.journal.ended); /* --resume goes on */
	batch_sum_release(&sum);
	batch_release(&b);
}

/* ---- early stopping */

static void test_stops_when_known_well_enough(void **state)
{
	struct err e = ERR_INIT;
	struct batch_sum sum;
	struct batch b;

	(void)state;
	begin_batch(&b, 10, "below");
	b.args.until = (struct batch_until){xstrdup("steal.rate"), NULL, 0.02};
	box.alike = true;
	assert_int_equal(batch_run(&b, &e), 0);
	/* Six boots are the fewest of which a 95 % interval of the median exists. */
	assert_int_equal(box.boots, 12);
	assert_non_null(b.journal.files[0].stopped);
	assert_non_null(strstr(b.journal.files[0].stopped, "after 6 boots of each"));
	assert_int_equal(batch_sum(&b, EXIT_DONE, &sum, &e), 0);
	assert_int_equal(batch_count(&sum.report, BATCH_STOPPED), 8);
	assert_true(b.journal.ended); /* nothing is left to do */
	batch_sum_release(&sum);
	batch_release(&b);
}

static void test_goes_on_while_it_varies(void **state)
{
	struct err e = ERR_INIT;
	struct batch b;

	(void)state;
	begin_batch(&b, 7, "below");
	b.args.until = (struct batch_until){xstrdup("steal.rate"), NULL, 0.0001};
	assert_int_equal(batch_run(&b, &e), 0);
	assert_int_equal(box.boots, 14);
	assert_null(b.journal.files[0].stopped);
	batch_release(&b);
}

/* A metric that no guest has is known of none of them, however often it is not measured. */
static void test_unknown_is_not_known_well(void **state)
{
	struct err e = ERR_INIT;
	struct batch b;

	(void)state;
	begin_batch(&b, 7, "below");
	b.args.until = (struct batch_until){xstrdup("steal.rate"), xstrdup("nobody"), 1};
	box.alike = true;
	assert_int_equal(batch_run(&b, &e), 0);
	assert_int_equal(box.boots, 14);
	batch_release(&b);
}

/* ---- sums */

static bool has_file(const struct batch_sum *sum, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", sum->dir, name);
	auto_free char *all = read_file(path, 1 << 24, NULL, NULL);

	return all && strstr(all, text);
}

/* Half of the CPU is the simulated hog's: 500 ms/s, give or take its luck. */
static void test_sum_judges_all_boots(void **state)
{
	static const struct {
		const char *outcomes, *relation;
		int status;
	} rows[] = {
		{"", "above", EXIT_EXPECT}, {"", "below", EXIT_DONE}, {"ff", "below", EXIT_FAILED}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = ERR_INIT;
		struct batch_sum sum;
		struct batch b;
		unsigned failed = *rows[i].outcomes ? 1 : 0;

		begin_batch(&b, 2, rows[i].relation);
		box.alike = true;
		box.outcomes = rows[i].outcomes;
		assert_int_equal(batch_run(&b, &e), 0);
		assert_int_equal(batch_sum(&b, EXIT_DONE, &sum, &e), 0);
		assert_int_equal(sum.report.status, rows[i].status);
		assert_int_equal(batch_count(&sum.report, BATCH_DONE), 4 - failed);
		assert_int_equal(batch_count(&sum.report, BATCH_FAILED), failed);
		assert_int_equal(sum.report.n_expects, 1);
		assert_int_equal(sum.report.expects[0].verdict,
			rows[i].status == EXIT_EXPECT ? VERDICT_FAIL : VERDICT_PASS);
		assert_true(has_file(&sum, "junit.xml", "<testsuite"));
		assert_true(has_file(&sum, "summary.html", "made"));
		assert_int_equal(b.journal.ended, !failed);
		batch_sum_release(&sum);
		batch_release(&b);
		assert_int_equal(remove_tree(dir, &e), 0);
		assert_int_equal(make_dirs(dir, &e), 0);
	}
}

/* The same from the records and the journal alone, as of merged shards. */
static void test_sum_of_records(void **state)
{
	struct err e = ERR_INIT;
	struct batch_sum sum;
	auto_free char *id = NULL;
	struct batch b;

	(void)state;
	begin_batch(&b, 2, "above");
	b.args.retries = 0;
	box.alike = true;
	box.outcomes = ".f";
	assert_int_equal(batch_run(&b, &e), 0);
	id = xstrdup(b.journal.id);
	batch_release(&b);
	assert_int_equal(batch_sum_records(&study, id, &sum, &e), 0);
	assert_int_equal(batch_count(&sum.report, BATCH_DONE), 3);
	assert_int_equal(batch_count(&sum.report, BATCH_FAILED), 1);
	assert_int_equal(sum.report.status, EXIT_FAILED);
	batch_sum_release(&sum);
	assert_int_equal(batch_sum_records(&study, "another", &sum, &e), -ENOENT);
	assert_null(sum.dir);
	batch_sum_release(&sum);
}

static void test_which_journal_goes_on(void **state)
{
	struct strv words = {0}, other = {0};
	auto_free char *found = NULL;
	struct err e = ERR_INIT;
	struct batch_sum sum;
	struct batch b;

	(void)state;
	strv_add(&words, "--repeats=1");
	strv_add(&other, "--repeats=2");
	begin_batch(&b, 1, "above");
	found = batch_find(dir, &words, NULL);
	assert_string_equal(found, b.journal.dir);
	free(found);
	found = batch_find(dir, NULL, NULL);
	assert_string_equal(found, b.journal.dir);
	assert_null(batch_find(dir, &other, NULL));
	assert_null(batch_find(dir, NULL, "another"));
	assert_int_equal(batch_run(&b, &e), 0);
	assert_int_equal(batch_sum(&b, EXIT_DONE, &sum, &e), 0);
	assert_null(batch_find(dir, NULL, NULL)); /* it has ended */
	batch_sum_release(&sum);
	batch_release(&b);
	strv_release(&words);
	strv_release(&other);
}

static void test_two_of_one_name(void **state)
{
	auto_free char *path = xasprintf("%s/again.xml", dir), *text = NULL;
	struct err e = ERR_INIT;
	struct batch b;

	(void)state;
	begin_batch(&b, 1, "above");
	text = xasprintf(scenario, "above");
	assert_int_equal(write_file(path, text, strlen(text), &e), 0);
	strv_add(&b.args.files, "%s", path);
	assert_int_equal(batch_prepare(&b), EXIT_USAGE);
	assert_non_null(strstr(said.text, "are both named made"));
	batch_release(&b);
}

/* ---- arms */

static void add_run(struct index *x, const char *name, const char *variant, const char *host,
	const char *overrides, double steal)
{
	struct run_fact facts[] = {{(char *)"host.name", (char *)(uintptr_t)host},
		{(char *)"kernel.release", (char *)"6.1"}};
	struct run_info r = {.format = RUN_INFO_FORMAT,
		.run = (char *)(uintptr_t)name,
		.experiment = (char *)"e1",
		.scenario = (char *)(uintptr_t)(*name == 'o' ? "other" : "made"),
		.variant = (char *)(uintptr_t)variant,
		.status = (char *)"complete",
		.started = (char *)(uintptr_t)name,
		.facts = facts,
		.n_facts = 2};
	const struct index_metric m = {"victim", false, -1, "steal.rate", "ms/s", steal};
	struct err e = ERR_INIT;

	if (*overrides)
		strv_add(&r.overrides, "%s", overrides);
	if (index_add(x, &r, name, &m, 1, &e))
		fail_msg("%s", e.msg);
	strv_release(&r.overrides);
}

static struct index *open_index(void)
{
	struct index *x = NULL;
	struct err e = ERR_INIT;

	if (index_open(dir, &x, &e))
		fail_msg("%s", e.msg);
	add_run(x, "1", "pinned", "box", "", 1);
	add_run(x, "2", "float", "box", "", 2);
	add_run(x, "3", "pinned", "box", "", 3);
	add_run(x, "4", "apart", "box", "", 4);
	add_run(x, "o", "pinned", "box", "", 9);
	return x;
}

static void test_arms_of_variants(void **state)
{
	struct arm *whole = xcalloc(1, sizeof(*whole)), *arms = NULL;
	struct index *x = open_index();
	struct metric_names names;
	struct err e = ERR_INIT;
	size_t n = 0;

	(void)state;
	assert_int_equal(arm_read_scenario(whole, &study, x, "scenario=made", &e), 0);
	assert_int_equal(whole->n, 4);
	assert_int_equal(arms_of_variants(whole, x, "pinned", &arms, &n, &e), 0);
	assert_int_equal(n, 3);
	/* The baseline first, the others by name; its runs from the oldest on. */
	assert_string_equal(arms[0].name, "pinned");
	assert_string_equal(arms[1].name, "apart");
	assert_string_equal(arms[2].name, "float");
	assert_int_equal(arms[0].n, 2);
	assert_string_equal(arms[0].rows[0].run, "1");
	arms_read_names(&study, arms, n, &names);
	assert_int_equal(names.n, METRIC_COUNT);
	assert_int_equal(arm_read_values(&arms[0], x, NULL, &names, METRIC_STEAL_RATE, &e), 0);
	metric_names_release(&names);
	assert_true(arms[0].values[METRIC_STEAL_RATE].n == 2);
	assert_true(arms[0].values[METRIC_STEAL_RATE].v[1] == 3);
	arms_free(arms, n);
	arms = NULL;
	n = 0;
	assert_int_equal(arms_of_variants(whole, x, "nailed", &arms, &n, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "it has apart, float, pinned"));
	arms_free(arms, n);
	arms_free(whole, 1);
	index_close(x);
}

static void test_what_an_arm_may_hold(void **state)
{
	struct arm *a = xcalloc(2, sizeof(*a)), *one = xcalloc(1, sizeof(*one));
	struct index *x = open_index();
	struct err e = ERR_INIT;
	auto_free char *mismatch = NULL;

	(void)state;
	assert_int_equal(arm_read(&a[0], &study, x, "variant=nailed", &e), -ENOENT);
	arms_free(a, 1);
	a = xcalloc(2, sizeof(*a));
	assert_int_equal(arm_read_scenario(&a[0], &study, x, "variant=pinned", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "holds runs of made and of other"));
	arms_free(a, 1);
	a = xcalloc(2, sizeof(*a));
	add_run(x, "5", "pinned", "laptop", "", 5);
	add_run(x, "6", "float", "box", "lab.cpus=2", 6);
	assert_int_equal(arm_read(&a[0], &study, x, "scenario=made,variant=pinned", &e), 0);
	assert_int_equal(arm_read(&a[1], &study, x, "scenario=made,variant=float", &e), 0);
	mismatch = arms_mismatch(&a[0], &a[1]);
	assert_string_equal(mismatch, "hosts box and laptop");
	assert_null(arms_mismatch(&a[1], &a[1]));
	assert_int_equal(arms_check_overrides(a, 1, &e), 0);
	assert_int_equal(arms_check_overrides(a, 2, &e), -EINVAL);
	arms_shorten_names(a, 2);
	assert_string_equal(a[0].name, "pinned");
	assert_string_equal(a[1].name, "float");
	arms_free(a, 2);
	/* Conditions that stand for nothing are said to. */
	assert_int_equal(arm_read(one, &study, x, "colour=red", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "is not a condition"));
	arms_free(one, 1);
	index_close(x);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_failed_boot_is_tried_again),
		TEST(test_failed_for_good),
		TEST(test_gives_up_on_a_box),
		TEST(test_interrupted_is_not_failed),
		TEST(test_stops_when_known_well_enough),
		TEST(test_goes_on_while_it_varies),
		TEST(test_unknown_is_not_known_well),
		TEST(test_sum_judges_all_boots),
		TEST(test_sum_of_records),
		TEST(test_which_journal_goes_on),
		TEST(test_two_of_one_name),
		TEST(test_arms_of_variants),
		TEST(test_what_an_arm_may_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
