/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Record folders, and the readers on whole, cut and hostile files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "record/folder.h"
#include "record/reader.h"
#include "record/scenario_copy.h"

static char dir[] = "/tmp/test_record.XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	return remove_tree(dir, NULL);
}

static void add_run_json(const struct record_folder *f)
{
	auto_free char *path = xasprintf("%s/run.json", f->path);

	assert_int_equal(write_file(path, "{}", 2, NULL), 0);
}

static void test_folder_life(void **state)
{
	auto_free char *results = xasprintf("%s/a/results", dir);
	struct record_folder f = {0}, g = {0};
	struct record_entry *list;
	struct err e = ERR_INIT;
	char *found;
	size_t n;

	(void)state;
	assert_int_equal(record_list(results, &list, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(record_begin(results, "over/commit ../x", "4x", &f, &e), 0);
	assert_non_null(strstr(f.path, ".partial"));
	assert_null(strchr(f.name, '/'));
	assert_null(strstr(f.name, ".partial"));
	add_run_json(&f);
	assert_int_equal(record_begin(results, "over/commit ../x", "4x", &g, &e), 0);
	assert_string_not_equal(f.name, g.name);
	assert_int_equal(record_finish(&f, &e), 0);
	assert_null(strstr(f.path, ".partial"));
	assert_int_equal(record_list(results, &list, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].partial + list[1].partial, 1);
	record_list_free(list, n);
	found = record_resolve(results, f.name, &e);
	assert_string_equal(found, f.path);
	free(found);
	found = record_resolve(results, f.path, &e);
	assert_string_equal(found, f.path);
	free(found);
	found = record_resolve(results, "last", &e);
	assert_string_equal(found, f.path);
	free(found);
	assert_null(record_resolve(results, "2", &e)); /* fits two */
	assert_null(record_resolve(results, "nothing", &e));
	assert_int_equal(e.exit, EXIT_USAGE);
	record_folder_release(&f);
	record_folder_release(&g);
}

/* A name that is taken is that and nothing else, whatever call failed before. */
static void test_taken_name(void **state)
{
	auto_free char *taken = xasprintf("%s/taken", dir), *partial = NULL;
	struct record_folder f = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(make_dirs(taken, &e), 0);
	errno = EACCES;
	assert_int_equal(record_begin_as(dir, "taken", &f, &e), -EEXIST);
	assert_null(f.path);
	partial = xasprintf("%s/taken%s", dir, RECORD_PARTIAL);
	assert_int_equal(access(partial, F_OK), -1);
	assert_int_equal(rmdir(taken), 0);
}

static void test_no_room_to_begin(void **state)
{
	struct record_folder f = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_true(record_begin("/proc/nowhere", "s", "v", &f, &e) < 0);
	assert_true(strlen(e.msg) > 5);
	assert_null(f.path);
}

/* ---- files */

static char *put(const char *name, const void *data, size_t len)
{
	char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(write_file(path, data, len, NULL), 0);
	return path;
}

static size_t guest_file(struct strbuf *b, unsigned n)
{
	struct guest_file_header h = {GUEST_FILE_MAGIC, GUEST_FILE_VERSION, sizeof(h),
		sizeof(struct shm_rec), 2, 1, 1, "v", {0}};

	strbuf_addn(b, (const char *)&h, sizeof(h));
	for (unsigned i = 0; i < n; i++) {
		struct shm_rec r = {.type = REC_STEAL, .vcpu = (uint16_t)(i % 2), .tsc = i};

		if (i % 10 == 3)
			r.vcpu = 2; /* there is no third */
		if (i % 10 == 4)
			r.type = 0x77;
		strbuf_addn(b, (const char *)&r, sizeof(r));
	}
	return b->len;
}

static void test_guest_reader(void **state)
{
	struct strbuf b = {0};
	size_t len = guest_file(&b, 50000);
	auto_free char *path = put("g.bin", b.text, len - 7);
	struct guest_reader *r;
	struct err e = ERR_INIT;
	unsigned n = 0;

	(void)state;
	assert_int_equal(guest_reader_open(path, &r, &e), 0);
	for (int round = 0; round < 2; round++) {
		n = 0;
		while (guest_reader_next(r))
			n++;
		assert_int_equal(n, 39999);
		assert_int_equal(guest_reader_status(r).records, n);
		assert_int_equal(guest_reader_status(r).bad, 10000);
		assert_true(guest_reader_status(r).cut);
		guest_reader_rewind(r);
	}
	guest_reader_close(r);
	strbuf_release(&b);
}

static void test_guest_header_refused(void **state)
{
	struct guest_file_header h = {GUEST_FILE_MAGIC, GUEST_FILE_VERSION, sizeof(h),
		sizeof(struct shm_rec), 2, 1, 1, "v", {0}};
	struct guest_file_header bad[7];
	struct err e = ERR_INIT;
	struct guest_reader *r = NULL;

	(void)state;
	for (int i = 0; i < 7; i++)
		bad[i] = h;
	bad[0].magic++;
	bad[1].version++;
	bad[2].header_size = 4;
	bad[3].rec_size = 0;
	bad[4].nr_vcpus = 257;
	bad[5].nr_vcpus = 0;
	bad[6].version = 1; /* which had 16 at most */
	bad[6].nr_vcpus = 17;
	for (int i = 0; i < 7; i++) {
		auto_free char *path = put("bad.bin", &bad[i], sizeof(h));

		assert_true(guest_reader_open(path, &r, &e) < 0);
		assert_null(r);
	}
	assert_true(guest_reader_open("/dev/zero", &r, &e) < 0);
	assert_true(guest_reader_open("/nowhere", &r, &e) < 0);
}

/* Files of both versions have the same records; 256 vCPUs are of the second. */
static void test_guest_file_versions(void **state)
{
	static const struct {
		uint32_t version, vcpus;
	} rows[] = {{1, 16}, {2, 1}, {2, 256}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct guest_file_header h = {GUEST_FILE_MAGIC, rows[i].version, sizeof(h),
			sizeof(struct shm_rec), rows[i].vcpus, 1, 1, "v", {0}};
		struct shm_rec last = {
			.type = REC_STEAL, .vcpu = (uint16_t)(rows[i].vcpus - 1), .tsc = 5};
		struct strbuf b = {0};
		auto_free char *path = NULL;
		struct guest_reader *r;
		const struct shm_rec *got;
		struct err e = ERR_INIT;

		strbuf_addn(&b, (const char *)&h, sizeof(h));
		strbuf_addn(&b, (const char *)&last, sizeof(last));
		path = put("v.bin", b.text, b.len);
		assert_int_equal(guest_reader_open(path, &r, &e), 0);
		got = guest_reader_next(r);
		assert_non_null(got);
		assert_int_equal(got->vcpu, rows[i].vcpus - 1);
		guest_reader_close(r);
		strbuf_release(&b);
	}
}

static void add_trace(struct strbuf *b, uint64_t ts, uint8_t type, size_t len)
{
	char record[2040] = {0};
	struct trace_hdr h = {ts, 1, 0, type, (uint8_t)(len / 8)};

	memcpy(record, &h, sizeof(h));
	strbuf_addn(b, record, len ? len : sizeof(h));
}

static void trace_head(struct strbuf *b)
{
	struct trace_file_header h = {TRACE_FILE_MAGIC, TRACE_VERSION, sizeof(h), TRACE_MODE_EVENTS,
		2, 1000 * NS_PER_S, 1, "k", {0}};

	strbuf_addn(b, (const char *)&h, sizeof(h));
}

static struct read_status read_all(const struct strbuf *b)
{
	auto_free char *path = put("t.bin", b->text, b->len);
	struct trace_reader *r;
	struct read_status s;
	struct err e = ERR_INIT;

	assert_int_equal(trace_reader_open(path, &r, &e), 0);
	while (trace_reader_next(r))
		;
	s = trace_reader_status(r);
	trace_reader_close(r);
	return s;
}

static void test_trace_reader(void **state)
{
	struct strbuf b = {0};
	struct read_status s;

	(void)state;
	trace_head(&b);
	for (int i = 0; i < 100000; i++)
		add_trace(&b, 1001 * NS_PER_S, TRACE_STATE, sizeof(struct trace_state));
	add_trace(&b, 1001 * NS_PER_S, 200, 2040);	 /* unknown: stepped over */
	add_trace(&b, 1001 * NS_PER_S, TRACE_STATE, 16); /* too short */
	add_trace(&b, UINT64_MAX, TRACE_STATE, sizeof(struct trace_state)); /* time out of range */
	add_trace(&b, 0, TRACE_STATE, sizeof(struct trace_state));
	add_trace(&b, 1001 * NS_PER_S, TRACE_STATE, 64); /* longer than known: a later version's */
	s = read_all(&b);
	assert_int_equal(s.records, 100001);
	assert_int_equal(s.bad, 4);
	assert_true(s.cut); /* no TRACE_END */
	add_trace(&b, 1002 * NS_PER_S, TRACE_END, sizeof(struct trace_counter));
	assert_false(read_all(&b).cut);
	b.len -= 3;
	s = read_all(&b);
	assert_true(s.cut);
	assert_int_equal(s.records, 100001);
	strbuf_release(&b);
}

static void test_trace_zero_length_ends(void **state)
{
	struct strbuf b = {0};
	struct read_status s;

	(void)state;
	trace_head(&b);
	add_trace(&b, 1001 * NS_PER_S, TRACE_STATE, sizeof(struct trace_state));
	add_trace(&b, 1001 * NS_PER_S, TRACE_STATE, 0);
	s = read_all(&b);
	assert_int_equal(s.records, 1);
	assert_int_equal(s.bad, 1);
	assert_true(s.cut);
	strbuf_release(&b);
}

static void test_random_bytes(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 200; round++) {
		struct strbuf b = {0};

		trace_head(&b);
		for (int i = 0; i < 5000; i++) {
			char c = (char)rand();

			strbuf_addn(&b, &c, 1);
		}
		read_all(&b);
		strbuf_release(&b);
	}
}

/* The trace that is played lies in the record byte for byte, however it is cut into pieces; a link that somebody
 * planted there is not followed. */
static void test_trace_is_kept(void **state)
{
	auto_free char *from = xasprintf("%s/far.stalls", dir),
		       *kept = trace_copy_path(dir, "cloud");
	auto_free char *link = trace_copy_path(dir, "other"), *text = NULL;
	size_t n = 300001, len;
	auto_free char *big = xmalloc(n);
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < n; i++)
		big[i] = (char)('a' + i % 23);
	assert_int_equal(write_file(from, big, n, NULL), 0);
	assert_int_equal(trace_copy_in(dir, "cloud", from, &e), 0);
	text = read_file(kept, 1 << 20, &len, NULL);
	assert_true(text && len == n && !memcmp(text, big, n));
	assert_int_equal(symlink("/tmp/test-record-planted", link), 0);
	assert_true(trace_copy_in(dir, "other", from, &e) < 0);
	assert_int_equal(access("/tmp/test-record-planted", F_OK), -1);
	assert_int_equal(trace_copy_in(dir, "none", "/nowhere/x.stalls", &e), -ENOENT);
	assert_int_equal(truncate(from, (INT64_C(256) << 20) + 1), 0);
	assert_int_equal(unlink(kept), 0);
	assert_int_equal(trace_copy_in(dir, "cloud", from, &e), -EFBIG);
	assert_int_equal(access(kept, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace_is_kept),
		cmocka_unit_test(test_folder_life),
		cmocka_unit_test(test_taken_name),
		cmocka_unit_test(test_no_room_to_begin),
		cmocka_unit_test(test_guest_reader),
		cmocka_unit_test(test_guest_header_refused),
		cmocka_unit_test(test_guest_file_versions),
		cmocka_unit_test(test_trace_reader),
		cmocka_unit_test(test_trace_zero_length_ends),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
