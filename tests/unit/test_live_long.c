// SPDX-License-Identifier: GPL-3.0-or-later
/* analysis/live after days: VMs and culprits that come and go take no memory for ever, and are named as the first were. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analysis/trace/cells.h"
#include "analysis/trace/live.h"
#include "base/util.h"

#define VICTIM	 100
#define OTHERS	 300
#define CULPRITS 6000 /* more than there were names for, once */
#define GONE	 4000

#define PASSING 100 /* VMs at a time */
#define ROUNDS	(2 * 65536 / PASSING)

static struct live *l;
static char stream[2 << 20];
static size_t used;
static uint64_t now;

static void put(void *record, uint8_t type, uint32_t tid, size_t len)
{
	*(struct trace_hdr *)record = (struct trace_hdr){now, tid, 0, type, (uint8_t)(len / 8)};
	assert_true(used + len <= sizeof(stream));
	memcpy(stream + used, record, len);
	used += len;
}

static void counter(uint32_t tid, uint16_t key, uint64_t value)
{
	put(&(struct trace_counter){.scope = COUNTER_THREAD, .key = key, .value = value},
		TRACE_COUNTER, tid, sizeof(struct trace_counter));
}

static void blame(uint32_t culprit, uint64_t ns)
{
	put(&(struct trace_blame){.culprit_tid = culprit, .kind = BLAME_TASK, .ns = ns, .times = 1},
		TRACE_BLAME_ADDED, VICTIM, sizeof(struct trace_blame));
}

static void name(uint32_t tid, uint32_t as)
{
	struct trace_task t = {.tgid = tid};

	snprintf(t.comm, sizeof(t.comm), "one%u", as);
	put(&t, TRACE_TASK, tid, sizeof(t));
}

/* The end of an interval of 1 s, in which the victim waited so long. */
static const struct live_view *interval(uint64_t waited_ns, bool whole)
{
	static uint64_t wait;
	struct err e = ERR_INIT;

	now += NS_PER_S;
	wait = now == 2 * NS_PER_S ? waited_ns : wait + waited_ns;
	counter(VICTIM, CTR_TRACED_RUN_NS, 0);
	counter(VICTIM, CTR_TRACED_WAIT_NS, wait);
	assert_int_equal(live_feed(l, stream, used, &e), used);
	used = 0;
	return live_view(l, whole);
}

static int set_up(void **state)
{
	static const struct run_info info;
	struct trace_file_header h = {.magic = TRACE_FILE_MAGIC,
		.version = TRACE_VERSION,
		.header_size = sizeof(h),
		.mode = TRACE_MODE_COUNTS,
		.start_host_ns = NS_PER_S};

	(void)state;
	now = NS_PER_S;
	l = live_make(&info);
	memcpy(stream, &h, sizeof(h));
	used = sizeof(h);
	live_track(l, VICTIM, 0, 0, &(struct cpuset){0}, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	live_free(l);
	return 0;
}

static const struct live_culprit *who(const struct live_view *v, const char *words)
{
	for (size_t i = 0; i < v->vcpus[0].n_who; i++)
		if (strstr(v->vcpus[0].who[i].name, words))
			return &v->vcpus[0].who[i];
	return NULL;
}

static void all_that_ever_came_are_named(void **state)
{
	const struct live_view *v;

	(void)state;
	for (uint32_t i = 0; i < CULPRITS; i++) {
		name(1000 + i, 1000 + i);
		blame(1000 + i, i == CULPRITS - 1 ? 4 * NS_PER_MS : 100000);
	}
	v = interval(CULPRITS * UINT64_C(100000), false);
	assert_non_null(who(v, "one6999"));
	assert_true(who(v, "one6999")->ms_per_s == 4);
	assert_null(who(v, "others"));
	/* The largest are known by name still, the others together, and nothing is gone. */
	blame(6999, NS_PER_MS);
	blame(1500, NS_PER_MS);
	name(9000, 1500); /* another of that name is the same culprit */
	blame(9000, NS_PER_MS);
	v = interval(3 * NS_PER_MS, false);
	assert_int_equal(v->vcpus[0].n_who, 2);
	assert_true(who(v, "one6999")->ms_per_s == 1 && who(v, "one1500")->ms_per_s == 2);
	v = interval(0, true);
	assert_true(who(v, "one6999")->ms_per_s * 3 > 4.999);
	assert_true(who(v, "others")->ms_per_s * 3 > 0.98 * CULPRITS / 10);
}

static void cells_are_few_and_all_there(void **state)
{
	struct cells c = {0};
	uint64_t all = 0, told = 0, nine = 0;

	(void)state;
	cells_add(&c, 10, 0);
	assert_int_equal(c.room, CELLS_KEPT); /* of days, from the beginning */
	for (int round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 500; i++)
			cells_add(&c, 10 + (uint32_t)round * 100 + i, 1 + i);
		cells_told(&c);
		assert_true(c.n <= CELLS_KEPT);
		assert_int_equal(
			c.room, CELLS_KEPT); /* what an interval needed beyond is given back */
	}
	for (size_t i = 0; i < c.n; i++) {
		all += c.items[i].now;
		told += c.items[i].before;
	}
	assert_int_equal(all, 10 * 500 * 501 / 2);
	assert_int_equal(told, all);
	/* What was told too much of a small one takes nobody's place. */
	cells_add(&c, 7, (uint64_t)-5);
	for (uint32_t i = 0; i < 100; i++)
		cells_add(&c, 20000 + i, 1);
	cells_told(&c);
	for (size_t i = 0; i < c.n; i++)
		assert_int_not_equal(c.items[i].culprit, 7);
	/* After days of large ones, who takes most now is kept, and adds up. */
	for (uint32_t i = 0; i < 60; i++)
		cells_add(&c, 30000 + i, 1000000);
	for (uint32_t round = 0; round < 20; round++) {
		cells_add(&c, 9, 1000);
		for (uint32_t i = 0; i < 100; i++)
			cells_add(&c, 40000 + 100 * round + i, 1);
		cells_told(&c);
	}
	for (size_t i = 0; i < c.n; i++)
		nine += c.items[i].culprit == 9 ? c.items[i].now : 0;
	assert_int_equal(nine, 20000);
	cells_release(&c);
}

static void who_went_long_ago_is_forgotten(void **state)
{
	const struct live_view *v;

	(void)state;
	for (uint32_t i = 0; i < GONE; i++) {
		live_track(l, 5000 + i, 0, 1, &(struct cpuset){0}, now);
		counter(5000 + i, CTR_TRACED_RUN_NS, 1);
		if (i % 100 == 99) {
			interval(10 * NS_PER_MS, false);
			for (uint32_t k = i - 99; k <= i; k++)
				live_end(l, 5000 + k);
		}
	}
	live_track(l, OTHERS, 0, 2, &(struct cpuset){0}, now);
	counter(OTHERS, CTR_TRACED_RUN_NS, 7);
	v = interval(30 * NS_PER_MS, false);
	v = interval(40 * NS_PER_MS, false);
	assert_int_equal(v->n, 2); /* those that live, where they stand now */
	assert_int_equal(v->vcpus[0].tid, VICTIM);
	assert_true(v->vcpus[0].wait == 40);
	assert_int_equal(v->vcpus[1].tid, OTHERS);
	assert_int_equal(v->forgotten, 0);
	v = interval(0, true);
	assert_true(v->n >= LIVE_ENDED && v->n <= 2 * LIVE_ENDED + 200);
	assert_int_equal(v->n + v->forgotten, GONE + 2);
	assert_int_equal(v->vcpus[0].tid, VICTIM);
	assert_int_equal(v->vcpus[v->n - 2].tid, 5000 + GONE - 1); /* the last ones are there */
}

static bool has_ended(uint32_t tid)
{
	return tid != 998;
}

static bool nobody_exists(uint32_t tid)
{
	(void)tid;
	return false;
}

/* VMs that come and go for days have the numbers of those before them, and names of their own. */
static void numbers_and_names_are_given_again(void **state)
{
	static char names[PASSING + 1][32] = {"victim"}, qemu[] = "qemu", kvm[] = "kvm";
	struct run_vm vms[PASSING + 1] = {{.name = names[0], .program = qemu, .accel = kvm}};
	struct run_info info = {.vms = vms, .n_vms = PASSING + 1};
	bool going[PASSING + 1];
	size_t n;

	live_free(l);
	l = live_make(&info);
	live_track(l, VICTIM, 0, 0, &(struct cpuset){0}, 0);
	for (uint32_t r = 0; r < ROUNDS; r++) {
		const struct live_view *v;
		char last[48];

		for (uint32_t i = 1; i <= PASSING; i++) {
			vms[i] = (struct run_vm){.name = names[i],
				.program = qemu,
				.accel = kvm,
				.pid = (int)(10000 + i)};
			snprintf(names[i], sizeof(names[i]), "vm%u-%u", r, i);
			live_name(l, 1000 + i, i, 0);
			blame(1000 + i, i < PASSING ? 1 : r ? 1000 : 4000);
		}
		/* ... and another thread of the last one. */
		put(&(struct trace_task){.tgid = 10000 + PASSING}, TRACE_TASK, 999,
			sizeof(struct trace_task));
		blame(999, 2000);
		v = interval(4000, false);
		snprintf(last, sizeof(last), "vm vm%u-%u vcpu0", r, PASSING);
		assert_non_null(who(v, last));
		assert_int_equal(who(v, last)->kind, CULPRIT_VM);
		snprintf(last, sizeof(last), "vm vm%u-%u qemu", r, PASSING);
		assert_non_null(who(v, last));
		memset(going, true, sizeof(going));
		live_recycle(l, going, PASSING + 1, NULL);
		assert_false(going[0]); /* it is in the next view */
		assert_true(going[1] && going[PASSING]);
	}
	/* One that has ended is in the view over all of the time, for a while. */
	live_track(l, 1001, 1, 0, &(struct cpuset){0}, now);
	live_end(l, 1001);
	memset(going, true, sizeof(going));
	live_recycle(l, going, PASSING + 1, NULL);
	assert_false(going[1]);
	/* The largest of all is known by name however long ago it went. */
	assert_non_null(who(interval(0, true), "vm vm0-100 vcpu0"));
	/* Others' threads that have ended keep no names either. */
	name(998, 998);
	interval(0, false);
	live_recycle(l, going, 0, NULL);
	n = live_names(l);
	live_recycle(l, going, 0, has_ended);
	assert_int_equal(live_names(l), n - 1);
	blame(998, NS_PER_MS);
	assert_non_null(who(interval(NS_PER_MS, false), "unknown"));
	/* A thread of one that went is nobody's until it is named again. */
	blame(999, NS_PER_MS);
	assert_non_null(who(interval(NS_PER_MS, false), "unknown"));
	/* Where numbers of threads go on into the millions, those that have ended take no memory. */
	n = live_pages(l);
	for (uint32_t i = 1; i <= 100; i++)
		name(i * 10240, i);
	interval(0, false);
	assert_int_equal(live_pages(l), n + 100);
	live_recycle(l, going, 0, nobody_exists);
	assert_int_equal(live_pages(l), 0);
	name(10240, 1);
	blame(10240, NS_PER_MS);
	assert_non_null(who(interval(NS_PER_MS, false), "process one1"));
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_ever_came_are_named, set_up, tear_down),
		cmocka_unit_test(cells_are_few_and_all_there),
		cmocka_unit_test_setup_teardown(
			numbers_and_names_are_given_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_went_long_ago_is_forgotten, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
