// SPDX-License-Identifier: GPL-3.0-or-later
/* collect/guest_ring: what a guest writes arrives whole and in order; what does not fit, or is no record, is
 * counted. test_guest_hostile.c has guests that write nonsense. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ring_rig.h"

static void test_header_is_what_the_guest_needs(void **state)
{
	struct rig r;
	struct shm_host *h;
	struct stat st;
	char path[96];

	(void)state;
	rig_up(&r, 3);
	h = (struct shm_host *)r.page;
	snprintf(path, sizeof(path), "/dev/shm/%s", r.name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, r.size);
	assert_int_equal(h->magic, SHM_MAGIC);
	assert_int_equal(h->nr_vcpus, 3);
	assert_int_equal(h->total_size, r.size);
	assert_int_equal(h->ring_slots, SLOTS);
	assert_int_equal(h->command, SHM_CMD_IDLE);
	assert_int_equal(h->nr_probes, 1);
	assert_int_equal(h->probes[0].p[0], 10000000);
	assert_true(h->beacon_ns != 0);
	assert_true(h->tsc_hz > 1000000);
	assert_true(h->ring_offset + 3 * h->ring_stride <= r.size);
	guest_shm_command(r.g, SHM_CMD_RUN);
	assert_int_equal(h->command, SHM_CMD_RUN);
	assert_int_equal(h->look_us, 0);
	guest_shm_look(r.g, 160 * NS_PER_MS);
	assert_int_equal(h->look_us, 160000);
	rig_down(&r);
}

static void test_records_arrive_whole_and_in_order(void **state)
{
	struct rig r;
	struct shm_rec *recs;
	uint64_t next[2] = {0, 0};
	size_t n, drains = 0;

	(void)state;
	rig_up(&r, 2);
	for (uint64_t i = 0; i < 5 * SLOTS; i++) {
		assert_true(put(&r, 0, REC_TIMER, i));
		assert_true(put(&r, 1, REC_GAP, i));
		if (i % 7 == 0)
			drain(&r);
	}
	drain(&r);
	drain(&r); /* nothing new: no REC_DRAIN */
	assert_int_equal(guest_shm_samples(r.g), 10 * SLOTS);
	recs = finish(&r, &n);
	for (size_t i = 0; i < n; i++) {
		assert_true(recs[i].vcpu < 2); /* not the 99 the guest claimed */
		if (recs[i].type == REC_DRAIN) {
			assert_true(recs[i].v[0] != 0);
			drains++;
			continue;
		}
		assert_int_equal(recs[i].type, recs[i].vcpu ? REC_GAP : REC_TIMER);
		assert_int_equal(recs[i].tsc, next[recs[i].vcpu]);
		next[recs[i].vcpu]++;
		assert_int_equal(recs[i].seq, next[recs[i].vcpu]);
	}
	assert_int_equal(next[0], 5 * SLOTS);
	assert_int_equal(next[1], 5 * SLOTS);
	assert_int_equal(drains, 2 * (5 * SLOTS / 7 + 1 + 1));
	free(recs);
	rig_down(&r);
}

static void test_a_full_ring_drops_and_counts(void **state)
{
	struct guest_shm_status st;
	struct shm_rec *recs;
	struct rig r;
	size_t n;

	(void)state;
	rig_up(&r, 1);
	for (uint64_t i = 0; i < SLOTS + 10; i++)
		assert_int_equal(put(&r, 0, REC_TIMER, i), i < SLOTS);
	drain(&r);
	assert_true(put(&r, 0, REC_TIMER, 1000));
	drain(&r);
	guest_shm_status(r.g, &st);
	assert_int_equal(st.dropped, 10);
	assert_int_equal(st.lost, 10);
	assert_int_equal(st.torn + st.jumps, 0);
	assert_int_equal(st.samples, SLOTS + 1);
	recs = finish(&r, &n);
	assert_int_equal(n, SLOTS + 1 + 2);
	assert_int_equal(recs[SLOTS].type, REC_DRAIN);
	assert_int_equal(recs[SLOTS].v[1], 10);
	assert_int_equal(recs[SLOTS + 2].v[1], 10);
	free(recs);
	rig_down(&r);
}

static void test_head_jumps_are_bounded(void **state)
{
	static const uint64_t heads[] = {UINT64_C(1) << 63, UINT64_MAX, SLOTS + 1, 0, 5,
		UINT64_C(1) << 32, UINT64_MAX - SLOTS, 1};
	struct guest_shm_status st;
	struct shm_rec *recs;
	struct rig r;
	size_t n;

	(void)state;
	rig_up(&r, 1);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		r.rings[0].shm->head = heads[i];
		drain(&r);
		assert_int_equal(r.rings[0].shm->tail, heads[i]);
	}
	guest_shm_status(r.g, &st);
	assert_true(st.jumps > 0);
	assert_int_equal(
		st.lost, st.dropped + st.torn + st.jumps * SLOTS); /* a ring at most each */
	assert_int_equal(st.samples, 0); /* slots with wrong numbers are no records */
	recs = finish(&r, &n);
	assert_true(n <= 2 * ARRAY_SIZE(heads));
	for (size_t i = 0; i < n; i++)
		assert_true(recs[i].type == REC_LOST || recs[i].type == REC_DRAIN);
	free(recs);
	rig_down(&r);
}

/* What each vCPU did stands in the guest's sum. */
static void test_jumps_of_all_vcpus(void **state)
{
	struct guest_shm_status st;
	struct rig r;
	size_t n;

	(void)state;
	rig_up(&r, 2);
	for (unsigned v = 0; v < 2; v++)
		r.rings[v].shm->head = UINT64_C(1) << 40;
	drain(&r);
	guest_shm_status(r.g, &st);
	assert_int_equal(st.jumps, 2);
	free(finish(&r, &n));
	rig_down(&r);
}

static void test_torn_slots_are_counted_not_taken(void **state)
{
	struct guest_shm_status st;
	struct shm_rec *recs;
	struct rig r;
	size_t n;

	(void)state;
	rig_up(&r, 1);
	for (uint64_t i = 0; i < 10; i++)
		put(&r, 0, REC_TIMER, i);
	r.rings[0].slots[3].seq = 77;
	r.rings[0].slots[4].type = REC_SYNC; /* the host's own: a guest must not forge it */
	r.rings[0].slots[5].type = REC_NONE;
	r.rings[0].slots[6].type = 0x7f;
	r.rings[0].slots[7].probe = 200;
	drain(&r);
	guest_shm_status(r.g, &st);
	assert_int_equal(st.torn, 5);
	assert_int_equal(st.samples, 5);
	recs = finish(&r, &n);
	assert_int_equal(n, 5 + 2);
	assert_int_equal(recs[5].type, REC_LOST);
	assert_int_equal(recs[5].v[1], LOST_TORN);
	assert_int_equal(recs[6].type, REC_DRAIN);
	free(recs);
	rig_down(&r);
}

/* A guest fills its share: what comes after is counted and told; the host's own records go on. */
static void test_a_share_of_the_record(void **state)
{
	struct guest_shm_status st;
	struct shm_rec *recs;
	struct rig r;
	size_t n;

	(void)state;
	rig_up(&r, 2);
	guest_shm_limit(r.g, 10 * sizeof(struct shm_rec) + 1);
	for (uint64_t i = 0; i < 8; i++) {
		put(&r, 0, REC_TIMER, i);
		put(&r, 1, REC_TIMER, i);
	}
	drain(&r);
	put(&r, 0, REC_TIMER, 8);
	drain(&r);
	guest_shm_status(r.g, &st);
	assert_int_equal(st.over, 7);
	assert_int_equal(st.lost, 7);
	assert_int_equal(st.torn + st.jumps + st.dropped, 0);
	assert_int_equal(st.samples, 17);
	recs = finish(&r, &n);
	assert_int_equal(n, 10 + 2 + 2 + 1);
	for (size_t i = 0, told = 0; i < n; i++) {
		told += recs[i].type == REC_LOST && recs[i].v[1] == LOST_OVER ? recs[i].v[0] : 0;
		if (i + 1 == n)
			assert_int_equal(told, 7);
	}
	free(recs);
	rig_down(&r);
}

static void test_kvm_offset_by_thread(void **state)
{
	pid_t tids[] = {5001, 5002};
	struct shm_rec *recs;
	struct rig r;
	char path[256];
	size_t n;
	/* In order of creation, which is not the guest's order. */
	const char *const files[][2] = {{"77-9/vcpu0/pid", "5002\n"},
		{"77-9/vcpu0/tsc-offset", "-1000\n"}, {"77-9/vcpu1/pid", "5001\n"},
		{"77-9/vcpu1/tsc-offset", "-2000\n"}, {"78-9/vcpu0/pid", "5001\n"},
		{"78-9/vcpu0/tsc-offset", "1\n"}};

	(void)state;
	rig_up(&r, 2);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", r.dir, files[i][0]);
		*strrchr(path, '/') = '\0';
		assert_int_equal(make_dirs(path, NULL), 0);
		path[strlen(path)] = '/';
		assert_int_equal(write_file(path, files[i][1], strlen(files[i][1]), NULL), 0);
	}
	assert_int_equal(guest_shm_attach_kvm(r.g, "/nonexistent", 77, tids, 2), 0);
	guest_shm_note_host_tsc(r.g); /* nothing known: nothing written */
	assert_int_equal(guest_shm_attach_kvm(r.g, r.dir, 77, tids, 2), 2);
	guest_shm_note_host_tsc(r.g);
	recs = finish(&r, &n);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(recs[i].type, REC_OFFSET);
		assert_int_equal(recs[i].vcpu, i);
		assert_int_equal((int64_t)recs[i].v[2], i == 0 ? -2000 : -1000);
		assert_true(recs[i].tsc != 0 && recs[i].v[0] != 0);
	}
	free(recs);
	remove_tree(r.dir, NULL);
	rig_down(&r);
}

/* Of 200 vCPUs each speaks for itself, whatever it says its number is (99). */
static void test_many_vcpus(void **state)
{
	static const unsigned speak[] = {1, 17, 65, 129, 199};
	size_t n, samples = 0;
	struct shm_rec *all;
	struct rig r;

	(void)state;
	rig_up(&r, 200);
	for (unsigned i = 0; i < 5; i++)
		assert_true(put(&r, speak[i], REC_TIMER, 1000 + speak[i]));
	drain(&r);
	all = finish(&r, &n);
	for (size_t i = 0; i < n; i++)
		if (all[i].type == REC_TIMER) {
			assert_int_equal(all[i].vcpu, speak[samples]);
			assert_int_equal(all[i].tsc, 1000 + speak[samples]);
			samples++;
		}
	assert_int_equal(samples, 5);
	free(all);
	rig_down(&r);
}

static void test_bad_requests(void **state)
{
	struct err e = ERR_INIT;
	struct guest_shm *g = NULL;
	struct rig r;

	(void)state;
	rig_up(&r, 1);
	assert_int_equal(guest_shm_create("a/b", "x", 1, 64, NULL, 0, "/tmp/x", &g, &e), -EINVAL);
	assert_int_equal(guest_shm_create("", "x", 1, 64, NULL, 0, "/tmp/x", &g, &e), -EINVAL);
	assert_int_equal(
		guest_shm_create("x", "x", SHM_MAX_VCPUS + 1, 64, NULL, 0, "/tmp/x", &g, &e),
		-EINVAL);
	assert_int_equal(guest_shm_create("x", "x", 1, 65, NULL, 0, "/tmp/x", &g, &e), -EINVAL);
	assert_int_equal(guest_shm_create(r.name, "x", 1, 64, NULL, 0, "/tmp/x", &g, &e), -EEXIST);
	assert_null(g);
	/* The name that exists is still there, and its file is not begun again. */
	assert_int_equal(
		guest_shm_create("ss-test-x", "x", 1, 64, NULL, 0, r.file, &g, &e), -EEXIST);
	assert_int_equal(access("/dev/shm/ss-test-x", F_OK), -1);
	rig_down(&r);
}

/* A file that cannot grow is said by drain, again and again. RLIMIT_FSIZE stands in for a full
 * disk. */
static void test_write_errors_are_said(void **state)
{
	struct rlimit old, small;
	struct err e = ERR_INIT;
	struct rig r;
	int rc = 0;

	(void)state;
	rig_up(&r, 1);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){4096, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 0; i < 4000 && rc == 0; i++) {
		put(&r, 0, REC_TIMER, i);
		rc = guest_shm_drain(r.g, &e);
	}
	assert_int_equal(rc, -EFBIG);
	assert_non_null(strstr(e.msg, r.file));
	assert_int_equal(guest_shm_drain(r.g, &e), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	rig_down(&r);
}

/* The guest has the page elsewhere: what the harness wrote before is there, and all goes on there. */
static void moved(void **state)
{
	const struct shm_host *host;
	struct rig r;
	struct shm_rec *recs;
	uint64_t beacon;
	uint8_t *map;
	size_t n;

	(void)state;
	rig_up(&r, 2);
	map = mmap(NULL, r.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	guest_shm_move(r.g, map);
	host = (const struct shm_host *)map;
	assert_int_equal(host->magic, SHM_MAGIC);
	assert_int_equal(host->probes[0].id, PROBE_TIMER);
	beacon = host->beacon_ns;
	sleep_ns(1);
	guest_shm_beacon(r.g);
	assert_true(host->beacon_ns > beacon);
	guest_shm_command(r.g, SHM_CMD_RUN);
	assert_int_equal(host->command, SHM_CMD_RUN);
	ring_init(&r.rings[1], (struct shm_vcpu *)(map + SHM_VCPU_OFFSET) + 1,
		map + host->ring_offset + host->ring_stride, host->ring_slots);
	assert_true(put(&r, 1, REC_TIMER, 7));
	drain(&r);
	recs = finish(&r, &n);
	assert_true(n >= 1 && recs[0].type == REC_TIMER && recs[0].vcpu == 1 && recs[0].tsc == 7);
	free(recs);
	rig_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_is_what_the_guest_needs),
		cmocka_unit_test(test_records_arrive_whole_and_in_order),
		cmocka_unit_test(test_a_full_ring_drops_and_counts),
		cmocka_unit_test(test_head_jumps_are_bounded),
		cmocka_unit_test(test_jumps_of_all_vcpus),
		cmocka_unit_test(test_torn_slots_are_counted_not_taken),
		cmocka_unit_test(test_a_share_of_the_record),
		cmocka_unit_test(test_kvm_offset_by_thread),
		cmocka_unit_test(test_many_vcpus),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(moved),
		cmocka_unit_test(test_write_errors_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
