// SPDX-License-Identifier: GPL-3.0-or-later
/* Recordings: whole, cut at every byte, damaged, hostile; and as a record. Computes only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "record/recording.h"
#include "report/export/export.h"
#include "stalls/stalls.h"

#define PERIOD	(10 * NS_PER_MS)
#define START	(77 * NS_PER_S)
#define CPUS	2
#define BLOCKS	3
#define SAMPLES 1000 /* a block: 10 s */

static char *dir;

static size_t put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

/* Each sample 0.1 ms late; the last of a block 30.5 ms, three periods after the one before. CPU 0
 * is robbed of 20 ms/s, CPU 1 of nothing. */
static size_t make_block(uint8_t *out, uint32_t seq)
{
	struct recording_block b = {.magic = RECORDING_BLOCK_MAGIC,
		.seq = seq,
		.start_ns = START + seq * 10 * NS_PER_S,
		.n_samples = SAMPLES - 3,
		.n_rows = 10};
	uint8_t *p = out + sizeof(b);

	b.end_ns = b.start_ns + 10 * NS_PER_S;
	b.first_deadline_ns = b.start_ns + PERIOD;
	for (int i = 0; i < SAMPLES - 4; i++)
		p += put(p, 1000 << 2);
	p += put(p, 5000 << 2 | 1);
	p += put(p, 3);
	for (unsigned i = 0; i < 10; i++) {
		p += put(p, (i + 1) * 999000);
		for (int k = 0; k < 4; k++)
			p += put(p, 0);
		p += put(p, 1 + recording_from_growth(2));
		p += put(p, 1 + recording_from_growth(0));
	}
	b.bytes = (uint32_t)(p - out - (ptrdiff_t)sizeof(b));
	memcpy(out, &b, sizeof(b));
	b.crc = recording_crc(
		0, out + RECORDING_CRC_FROM, (uint64_t)(p - out) - RECORDING_CRC_FROM);
	memcpy(out, &b, sizeof(b));
	return (size_t)(p - out);
}

static struct recording_header make_header(void)
{
	return (struct recording_header){.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.header_size = sizeof(struct recording_header),
		.start_ns = START,
		.start_unix_ns = UINT64_C(1700000000) * NS_PER_S,
		.period_ns = PERIOD,
		.steal_step_ns = PERIOD,
		.n_cpus = CPUS,
		.flags = RECORDING_STEAL,
		.accel = 1,
		.host = "cloud",
		.kernel = "6.1",
		.hypervisor = "KVMKVMKVM"};
}

static uint8_t *make_recording(size_t *len, size_t *block)
{
	struct recording_header h = make_header();
	uint8_t *p = xcalloc(1, 65536);

	memcpy(p, &h, sizeof(h));
	*len = sizeof(h);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		*block = make_block(p + *len, i);
		*len += *block;
	}
	return p;
}

static char *save(const char *name, const uint8_t *data, size_t len)
{
	char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(write_file(path, (const char *)data, len, NULL), 0);
	return path;
}

static struct recording_status read_all(const char *path, bool *opened)
{
	struct recording_status s = {0};
	struct recording_event ev;
	struct recording *r;
	struct err e = ERR_INIT;
	uint64_t last = 0;

	*opened = recording_open(path, &r, &e) == 0;
	if (!*opened)
		return s;
	while (recording_next(r, &ev)) {
		assert_true(ev.ns >= last);
		last = ev.ns;
	}
	s = recording_status(r);
	recording_close(r);
	return s;
}

static void test_whole(void **state)
{
	size_t len, block;
	auto_free uint8_t *data = make_recording(&len, &block);
	auto_free char *path = save("whole.recording", data, len);
	bool opened;
	struct recording_status s = read_all(path, &opened);

	(void)state;
	assert_true(opened);
	assert_int_equal(s.blocks, BLOCKS);
	assert_int_equal(s.samples, BLOCKS * (SAMPLES - 3));
	assert_int_equal(s.rows, BLOCKS * 10);
	assert_int_equal(s.bad_blocks + s.lost_blocks, 0);
	assert_false(s.cut);
}

/* A machine that lost power in mid-write: all whole blocks and no more. */
static void test_cut_anywhere(void **state)
{
	size_t len, block;
	auto_free uint8_t *data = make_recording(&len, &block);
	auto_free char *path = save("cut.recording", data, len);
	size_t head = sizeof(struct recording_header);

	(void)state;
	for (size_t cut = len; cut-- > 0;) {
		struct recording_status s;
		bool opened;

		assert_int_equal(truncate(path, (off_t)cut), 0);
		s = read_all(path, &opened);
		assert_int_equal(opened, cut >= head);
		if (!opened)
			continue;
		assert_int_equal(s.blocks, (cut - head) / block);
		assert_int_equal(s.cut, (cut - head) % block != 0);
	}
}

static void test_damage(void **state)
{
	size_t len, block;
	auto_free uint8_t *data = make_recording(&len, &block);
	size_t second = sizeof(struct recording_header) + block;
	auto_free char *path = NULL;
	bool opened;
	struct recording_status s;

	(void)state;
	data[second + sizeof(struct recording_block) + 5] ^= 0x40;
	path = save("damaged.recording", data, len);
	s = read_all(path, &opened);
	assert_true(opened);
	assert_int_equal(s.blocks, BLOCKS - 1);
	assert_int_equal(s.bad_blocks, 1);
	assert_int_equal(s.lost_blocks, 0); /* it is there, if damaged */
}

/* Counted once each: a block that is missing before a damaged one, and one after. */
static void test_missing_blocks(void **state)
{
	size_t len, block;
	auto_free uint8_t *data = make_recording(&len, &block);
	auto_free char *path = NULL;
	uint8_t *at = data + sizeof(struct recording_header);
	bool opened;
	struct recording_status s;

	(void)state;
	len = sizeof(struct recording_header);
	for (uint32_t seq = 1; seq < 6; seq += 2) {
		block = make_block(at, seq);
		if (seq == 3)
			at[block - 1] ^= 0x40;
		at += block;
		len += block;
	}
	path = save("missing.recording", data, len);
	s = read_all(path, &opened);
	assert_true(opened);
	assert_int_equal(s.blocks, 2);
	assert_int_equal(s.bad_blocks, 1);
	assert_int_equal(s.lost_blocks, 3); /* 0, 2 and 4 */
}

#ifdef SANITIZED /* by clang: slow */
#define STRIDE 977
#else
#define STRIDE 61
#endif

/* Any single wrong byte: no crash, no event out of order, at most one block lost. */
static void test_hostile_bytes(void **state)
{
	size_t len, block;
	auto_free uint8_t *data = make_recording(&len, &block);

	(void)state;
	for (size_t i = 0; i < len; i += i < 400 ? 1 : STRIDE) {
		auto_free char *path = NULL;
		bool opened;

		data[i] ^= 0xff;
		path = save("hostile.recording", data, len);
		read_all(path, &opened);
		data[i] ^= 0xff;
	}
}

static double metric(const struct analysis *a, size_t guest, unsigned vcpu, enum metric_id id)
{
	assert_true(a->guests[guest].vcpus[vcpu].metrics[id].have);
	return a->guests[guest].vcpus[vcpu].metrics[id].value;
}

static void test_import(void **state)
{
	size_t len, block;
	auto_free uint8_t *data = make_recording(&len, &block);
	auto_free char *one = save("one.recording", data, len);
	auto_free char *two = save("two.recording", data, len - 5);
	auto_free char *results = xasprintf("%s/results", dir);
	auto_free char *record = NULL;
	const char *files[] = {one, two};
	struct analysis *a;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(recording_import(files, 2, results, &record, &e), 0);
	assert_int_equal(analysis_make(record, &a, &e), 0);
	assert_int_equal(a->n_guests, 2);
	assert_string_equal(a->guests[0].name, "one");
	assert_string_equal(a->guests[1].name, "two");
	assert_string_equal(a->guests[0].accel, "kvm");
	assert_int_equal(a->bad_records, 0);
	/* 20 ms/s on CPU 0; on CPU 1 less than a step could show, which is not 0. */
	assert_float_equal((float)metric(a, 0, 0, METRIC_STEAL_RATE), 20.0f, 0.1f);
	assert_false(a->guests[0].vcpus[1].metrics[METRIC_STEAL_RATE].have);
	assert_true(a->guests[0].vcpus[1].metrics[METRIC_STEAL_RATE].below > 0.3);
	/* The figures of the blog of docs/sources.md; three missed deadlines are filled in behind each late one. */
	assert_float_equal((float)metric(a, 0, 0, METRIC_TIMER_LATE_P50), 100.0f, 0.3f);
	assert_float_equal((float)metric(a, 0, 0, METRIC_TIMER_LATE_MAX), 30500.0f, 100.0f);
	assert_float_equal((float)metric(a, 0, 0, METRIC_SLEEP_ELAPSED_MAX), 40500.0f, 100.0f);
	assert_int_equal(a->guests[0].vcpus[0].backfilled, 3 * BLOCKS);
	assert_int_equal(a->guests[1].vcpus[0].backfilled, 3 * (BLOCKS - 1));
	analysis_free(a);
}

/* Each stall of a file, of two CPUs, comes out as it went in: none is lost, moved or merged. */
static void test_stalls_there_and_back(void **state)
{
	auto_free char *file = xasprintf("%s/there.stalls", dir);
	auto_free char *results = xasprintf("%s/stalls-results", dir), *record = NULL;
	auto_free char *back = xasprintf("%s/back.stalls", dir);
	struct stalls_head h = {.cpus = {{0}}};
	struct stalls_reader *in, *again;
	struct stall s, t;
	struct analysis *a;
	struct err e = ERR_INIT;
	const char *files[] = {file};
	FILE *f = fopen(file, "w");
	uint64_t at = 0;

	(void)state;
	cpuset_add(&h.cpus, 2);
	cpuset_add(&h.cpus, 5);
	stalls_write_head(f, &h);
	for (unsigned i = 0; i < 1000; i++) {
		at += 4 * NS_PER_MS + i * 1000;
		stalls_write(f, &h,
			&(struct stall){at, (100 + i * 37 % 3500) * 1000,
				(100 + i * 37 % 3500) * 1000, i % 3 ? 2 : 5});
	}
	fclose(f);
	assert_int_equal(recording_import(files, 1, results, &record, &e), 0);
	assert_int_equal(analysis_make(record, &a, &e), 0);
	f = fopen(back, "w");
	assert_int_equal(export_stalls(a, NULL, f, &e), 0);
	fclose(f);
	analysis_free(a);
	assert_int_equal(stalls_open(file, &in, &e), 0);
	assert_int_equal(stalls_open(back, &again, &e), 0);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(stalls_next(in, &s, &e), 1);
		assert_int_equal(stalls_next(again, &t, &e), 1);
		assert_true(s.start_ns < t.start_ns + 2000 && t.start_ns < s.start_ns + 2000);
		assert_true(s.length_ns < t.length_ns + 2000 && t.length_ns < s.length_ns + 2000);
		assert_int_equal(t.cpu, s.cpu == 5); /* vCPUs of the record, in their order */
	}
	assert_int_equal(stalls_next(again, &t, &e), 0);
	stalls_close(in);
	stalls_close(again);
}

static void test_refused(void **state)
{
	auto_free char *path = save("text.recording", (const uint8_t *)"no recording", 12);
	auto_free char *results = xasprintf("%s/refused", dir);
	const char *files[] = {path};
	char *record = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(recording_import(files, 1, results, &record, &e) < 0);
	assert_non_null(strstr(e.msg, "too short"));
	assert_null(record);
}

static int setup(void **state)
{
	char name[] = "/tmp/stealscope-test-import.XXXXXX";

	(void)state;
	dir = xstrdup(mkdtemp(name));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_tree(dir, NULL);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_missing_blocks),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_stalls_there_and_back),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
