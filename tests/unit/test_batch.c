// SPDX-License-Identifier: GPL-3.0-or-later
/* harness/batch: the order of runs, the journal cut anywhere, what counts as quiet, the time left,
 * and finding the records of an experiment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/find.h"
#include "study/journal.h"
#include "study/left.h"
#include "study/order.h"
#include "study/quiet.h"

static char dir[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ss-test-batch-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return remove_tree(dir, &e);
}

/* ---- order */

static const struct order_size sizes[] = {{3, 4}, {1, 2}, {0, 9}, {2, 4}};

static void every_boot_once(void **state)
{
	size_t n;
	struct order_unit *u = order_make(sizes, 4, 7, &n);

	(void)state;
	assert_int_equal(n, 12 + 2 + 8);
	for (size_t s = 0; s < 4; s++)
		for (size_t c = 0; c < sizes[s].configs; c++)
			for (unsigned r = 0; r < sizes[s].repeats; r++) {
				size_t hits = 0;

				for (size_t i = 0; i < n; i++)
					hits += u[i].scenario == s && u[i].config == c &&
						u[i].repeat == r;
				assert_int_equal(hits, 1);
			}
	free(u);
}

static void blocks_are_whole_and_interleaved(void **state)
{
	size_t n;
	struct order_unit *u = order_make(sizes, 4, 7, &n);

	(void)state;
	assert_int_equal(u[0].block, 1);
	for (size_t i = 1; i < n; i++) {
		if (u[i].block == u[i - 1].block) {
			assert_int_equal(u[i].scenario, u[i - 1].scenario);
			assert_int_equal(u[i].repeat, u[i - 1].repeat);
		} else {
			assert_int_equal(u[i].block, u[i - 1].block + 1);
		}
		assert_true(u[i].repeat >= u[i - 1].repeat); /* all first repeats come first */
	}
	free(u);
}

static void seed_decides(void **state)
{
	struct order_size one = {4, 50};
	size_t n, m, same = 0, first = 0;
	struct order_unit *a = order_make(&one, 1, 1, &n), *b = order_make(&one, 1, 1, &m);
	struct order_unit *c = order_make(&one, 1, 2, &m);

	(void)state;
	assert_memory_equal(a, b, n * sizeof(*a));
	for (size_t i = 0; i < n; i++) {
		same += a[i].config == c[i].config;
		first += i % 4 == 0 && a[i].config == 0;
	}
	assert_true(same < n / 2);
	assert_in_range(first, 4, 24); /* of 50 blocks each configuration comes first in some */
	free(a);
	free(b);
	free(c);
}

static void shards_take_whole_blocks(void **state)
{
	size_t n, taken = 0;
	struct order_unit *u = order_make(sizes, 4, 3, &n);

	(void)state;
	for (unsigned k = 1; k <= 3; k++)
		for (size_t i = 0; i < n; i++) {
			taken += order_in_shard(&u[i], k, 3);
			if (i && u[i].block == u[i - 1].block)
				assert_int_equal(order_in_shard(&u[i], k, 3),
					order_in_shard(&u[i - 1], k, 3));
		}
	assert_int_equal(taken, n); /* each in exactly one */
	/* Four repeats over two shards: two each. */
	taken = 0;
	for (size_t i = 0; i < n; i++)
		taken += u[i].scenario == 0 && order_in_shard(&u[i], 1, 2);
	assert_int_equal(taken, 6);
	free(u);
}

/* Many scenarios of one repeat: the shards share the scenarios, none has all of them. */
static void shards_share_scenarios(void **state)
{
	unsigned taken[2] = {0};

	(void)state;
	for (size_t s = 0; s < 10; s++)
		for (unsigned k = 1; k <= 2; k++)
			taken[k - 1] += order_in_shard(
				&(struct order_unit){.scenario = s, .repeat = 0}, k, 2);
	assert_int_equal(taken[0], 5);
	assert_int_equal(taken[1], 5);
}

/* ---- journal */

static struct journal make_journal(const char *name)
{
	struct journal j = {.dir = xasprintf("%s/%s", dir, name),
		.id = xstrdup("abc"),
		.host = xstrdup("box"),
		.seed = UINT64_MAX,
		.shard = 1,
		.shards = 2,
		.n_files = 1,
		.n_units = 3,
		.fd = -1};

	strv_add(&j.args, "--repeats=3");
	strv_add(&j.args, "/a folder/x.xml");
	j.files = xcalloc(1, sizeof(*j.files));
	j.files[0] = (struct journal_file){
		UINT64_C(0xfedcba9876543210), xstrdup("x"), xstrdup("/a folder/x.xml"), NULL};
	j.units = xcalloc(3, sizeof(*j.units));
	for (unsigned i = 0; i < 3; i++)
		j.units[i] = (struct journal_unit){
			.unit = {0, i, 1, i + 1}, .config = xasprintf("c%u", i)};
	return j;
}

static void journal_round_trip(void **state)
{
	struct journal j = make_journal("trip"), k, other;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(journal_create(&j, &e), 0);
	assert_int_equal(journal_begin(&j, 0, &e), 0);
	assert_int_equal(journal_done(&j, 0, "r0", &e), 0);
	assert_int_equal(journal_begin(&j, 1, &e), 0);
	assert_int_equal(journal_fail(&j, 1, "a\tb\nend\t0", &e), 0);
	assert_int_equal(journal_stop(&j, 0, "narrow enough", &e), 0);
	assert_int_equal(journal_open(j.dir, &other, &e), -EBUSY);
	assert_int_equal(journal_read(j.dir, &k, &e), 0);
	assert_string_equal(k.id, "abc");
	assert_string_equal(k.host, "box");
	assert_true(k.seed == UINT64_MAX && k.shard == 1 && k.shards == 2);
	assert_int_equal(k.args.n, 2);
	assert_string_equal(k.args.items[1], "/a folder/x.xml");
	assert_true(k.files[0].hash == UINT64_C(0xfedcba9876543210));
	assert_string_equal(k.files[0].stopped, "narrow enough");
	assert_int_equal(k.n_units, 3);
	assert_memory_equal(&k.units[2].unit, &j.units[2].unit, sizeof(struct order_unit));
	assert_string_equal(k.units[2].config, "c2");
	assert_true(k.units[0].done);
	assert_string_equal(k.units[0].text, "r0");
	assert_false(k.units[1].done);
	assert_string_equal(k.units[1].text, "a b end 0");
	assert_int_equal(k.units[1].begun, 1);
	assert_false(k.ended);
	/* What the writer holds in memory is what a reader gets. */
	assert_string_equal(j.units[1].text, k.units[1].text);
	journal_release(&k);
	assert_int_equal(journal_end(&j, 3, &e), 0);
	assert_true(j.ended);
	assert_int_equal(journal_create(&j, &e), -EEXIST);
	journal_release(&j);
}

static void journal_cut_anywhere(void **state)
{
	struct journal j = make_journal("cut"), k;
	auto_free char *path = xasprintf("%s/cut/journal", dir), *text = NULL;
	struct err e = ERR_INIT;
	size_t head, len;

	(void)state;
	assert_int_equal(journal_create(&j, &e), 0);
	text = read_file(path, 1 << 20, &head, &e);
	free(text);
	assert_int_equal(journal_begin(&j, 0, &e), 0);
	assert_int_equal(journal_done(&j, 0, "r0", &e), 0);
	assert_int_equal(journal_fail(&j, 2, "no", &e), 0);
	journal_release(&j);
	text = read_file(path, 1 << 20, &len, &e);
	for (size_t cut = head; cut <= len; cut++) {
		auto_free char *dirname = xasprintf("%s/cut", dir);
		bool done = cut >= head + strlen("begin\t0\ndone\t0\tr0\n");

		assert_int_equal(write_file(path, text, cut, &e), 0);
		assert_int_equal(journal_open(dirname, &k, &e), 0);
		assert_int_equal(k.units[0].done, done);
		/* What comes next is a line of its own. */
		assert_int_equal(journal_done(&k, 1, "r1", &e), 0);
		journal_release(&k);
		assert_int_equal(journal_read(dirname, &k, &e), 0);
		assert_true(k.units[1].done);
		assert_int_equal(k.units[0].done, done);
		journal_release(&k);
	}
	free(text);
	text = NULL;
}

static void bad_journals_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"something\n",
		"stealscope-batch\t2\n",
		"stealscope-batch\t1\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t0\t1\n",
		"stealscope-batch\t1\nid\t../a\nhost\tb\nshard\t1\t1\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\nunit\t0\t0\t0\t1\tbase\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\ndone\t0\tr\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\nstop\t-1\tr\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\nseed\t99999999999999999999\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\nwhat\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\nshard\t1\n",
		"stealscope-batch\t1\nid\ta\nhost\tb\nshard\t1\t1\nend\t0\t1\t2\t3\t4\t5\t6\n",
	};
	auto_free char *folder = xasprintf("%s/bad", dir), *path = xasprintf("%s/journal", folder);
	struct journal j;

	(void)state;
	assert_int_equal(make_dirs(folder, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(write_file(path, bad[i], strlen(bad[i]), &e), 0);
		if (journal_read(folder, &j, &e) != -EINVAL)
			fail_msg("%zu was not refused: %s", i, e.msg);
		assert_true(e.msg[0]);
	}
}

static void control_characters_are_refused(void **state)
{
	struct journal j = make_journal("control");
	struct err e = ERR_INIT;

	(void)state;
	strv_add(&j.args, "/tmp/a\nend\t0");
	assert_int_equal(journal_create(&j, &e), -EINVAL);
	assert_int_equal(e.exit, EXIT_USAGE);
	journal_release(&j);
}

static void hash_sees_every_file(void **state)
{
	struct strv files = {0};
	struct err e = ERR_INIT;
	uint64_t a, b;

	(void)state;
	strv_add(&files, "%s/1", dir);
	strv_add(&files, "%s/2", dir);
	write_file(files.items[0], "x", 1, &e);
	assert_int_equal(journal_hash(&files, &a, &e), -ENOENT);
	write_file(files.items[1], "y", 1, &e);
	assert_int_equal(journal_hash(&files, &a, &e), 0);
	write_file(files.items[1], "z", 1, &e);
	assert_int_equal(journal_hash(&files, &b, &e), 0);
	assert_true(a != b);
	strv_release(&files);
}

/* ---- quiet */

static void shares_of_the_lab_cpus(void **state)
{
	static const char before[] = "cpu  9 9 9 9 9 9 9 9\ncpu0 0 0 0 0 0 0 0 0 0 0\n"
				     "cpu1 100 0 50 1000 20 0 0 5 0 0\nintr 5\n";
	static const char after[] = "cpu  9 9 9 9 9 9 9 9\ncpu0 999 0 0 0 0 0 0 0 0 0\n"
				    "cpu1 103 0 51 1044 21 0 0 6 0 0\nintr 5\n";
	static const char p0[] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull x\n";
	static const char p1[] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=51000\nfull x\n";
	struct cpuset cpu1 = cpuset_of(1), cpu7 = cpuset_of(7);
	struct quiet_counters a, b;
	struct quiet q;

	(void)state;
	assert_int_equal(quiet_parse(before, p0, &cpu1, &a), 0);
	assert_int_equal(quiet_parse(after, p1, &cpu1, &b), 0);
	q = quiet_between(&a, &b, 500 * NS_PER_MS);
	assert_true(fabs(q.busy - 0.1) < 1e-9); /* 3 + 1 + 1 of 50; iowait is no work */
	assert_true(fabs(q.waiting - 0.1) < 1e-9);
	assert_true(q.reached);
	q = quiet_between(&a, &b, 400 * NS_PER_MS);
	assert_false(q.reached); /* 12.5 % waiting */
	assert_int_equal(quiet_parse(after, NULL, &cpu1, &b), 0);
	q = quiet_between(&a, &b, NS_PER_S);
	assert_true(isnan(q.waiting) && q.reached);
	assert_int_equal(quiet_parse(before, p0, &cpu7, &a), -EINVAL);
	assert_int_equal(quiet_parse("", NULL, &cpu1, &a), -EINVAL);
}

static void waiting_is_bounded(void **state)
{
	static const volatile sig_atomic_t interrupted = 1;
	struct cpuset all = cpuset_of(0);
	struct err e = ERR_INIT;
	struct quiet q;

	(void)state;
	assert_int_equal(quiet_wait(&all, 3600 * NS_PER_S, &interrupted, &q, &e), 0);
	assert_false(q.reached);
}

/* ---- time left */

static void time_left(void **state)
{
	struct left_unit u[] = {
		{10 * NS_PER_S, 12 * NS_PER_S, 0},
		{10 * NS_PER_S, 14 * NS_PER_S, 0},
		{20 * NS_PER_S, 0, 1},
		{20 * NS_PER_S, 0, 0}, /* done before this process */
		{10 * NS_PER_S, 0, 1},
	};
	char buf[64];

	(void)state;
	assert_int_equal(left_ns(u, 5), 36 * NS_PER_S);
	u[0].took_ns = u[1].took_ns = 0;
	assert_int_equal(left_ns(u, 5), 40 * NS_PER_S);
	assert_int_equal(left_ns(u, 0), 0);
	assert_string_equal(left_text(36 * NS_PER_S - 1, buf, sizeof(buf)), "36 s left");
	assert_string_equal(left_text(121 * NS_PER_S, buf, sizeof(buf)), "3 min left");
	assert_string_equal(left_text(3 * 3600 * NS_PER_S, buf, sizeof(buf)), "3 h 0 min left");
}

/* ---- records of an experiment */

static void make_record(const char *folder, const char *experiment, const char *status, bool sealed)
{
	auto_free char *path = xasprintf("%s/find/%s", dir, folder);
	struct run_info r = {.format = RUN_INFO_FORMAT, .repeat = 2, .wall_ns = sealed};
	struct err e = ERR_INIT;

	r.run = r.scenario = (char *)(uintptr_t) "s";
	r.experiment = (char *)(uintptr_t)experiment;
	r.variant = (char *)(uintptr_t) "v";
	r.status = (char *)(uintptr_t)status;
	assert_int_equal(make_dirs(path, &e), 0);
	assert_int_equal(run_info_save(&r, path, &e), 0);
}

static void finds_and_mends(void **state)
{
	auto_free char *results = xasprintf("%s/find", dir);
	auto_free char *empty = xasprintf("%s/find/2-x.partial", dir);
	auto_free char *dead = xasprintf("%s/find/4-dead.partial", dir);
	struct run_info r;
	struct found *f;
	struct err e = ERR_INIT;
	size_t n;

	(void)state;
	assert_int_equal(make_dirs(empty, &e), 0); /* killed before it had a run.json */
	make_record("1-done", "mine", "complete", true);
	make_record("3-almost.partial", "mine", "complete", true);
	make_record("4-dead.partial", "mine", "interrupted", false);
	make_record("5-failed.partial", "mine", "failed: x", true);
	make_record("6-other", "theirs", "complete", true);
	assert_int_equal(found_list(results, "mine", &f, &n, &e), 0);
	assert_int_equal(n, 4);
	assert_string_equal(f[0].name, "1-done");
	assert_true(f[0].complete && !f[0].partial && f[0].sealed && f[0].repeat == 2);
	assert_true(f[1].complete && f[1].partial);
	assert_int_equal(found_finish(&f[1], &e), 0);
	assert_int_equal(access(f[1].dir, F_OK), 0);
	assert_true(!f[2].complete && !f[2].sealed);
	assert_int_equal(found_mark_killed(&f[2], &e), 0);
	assert_true(!f[3].complete && f[3].sealed);
	found_free(f, n);
	assert_int_equal(run_info_load(&r, dead, &e), 0);
	assert_string_equal(r.status, "interrupted: its harness was killed");
	run_info_release(&r);
	assert_int_equal(found_list("/nonexistent", "mine", &f, &n, &e), 0);
	assert_int_equal(n, 0);
	found_free(f, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_boot_once),
		cmocka_unit_test(blocks_are_whole_and_interleaved),
		cmocka_unit_test(seed_decides),
		cmocka_unit_test(shards_take_whole_blocks),
		cmocka_unit_test(shards_share_scenarios),
		cmocka_unit_test(journal_round_trip),
		cmocka_unit_test(journal_cut_anywhere),
		cmocka_unit_test(bad_journals_are_refused),
		cmocka_unit_test(control_characters_are_refused),
		cmocka_unit_test(hash_sees_every_file),
		cmocka_unit_test(shares_of_the_lab_cpus),
		cmocka_unit_test(waiting_is_bounded),
		cmocka_unit_test(time_left),
		cmocka_unit_test(finds_and_mends),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
