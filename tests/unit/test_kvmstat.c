// SPDX-License-Identifier: GPL-3.0-or-later
/* Which of KVM's files becomes which counter of the trace. hostd is a program of its own, so its
 * source is compiled in here, over a folder that looks like KVM's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host-agent/kvmstat.c"

static struct told {
	enum counter_scope scope;
	enum counter_key key;
	uint32_t tid;
	uint64_t value;
} told[16];
static unsigned n_told;

void sink_counter(struct sink *s, uint64_t ts, uint32_t tid, uint16_t cpu, enum counter_scope scope,
	enum counter_key key, uint32_t owner, uint64_t value)
{
	(void)s;
	(void)ts;
	(void)cpu;
	(void)owner;
	told[n_told++] = (struct told){scope, key, tid, value};
}

void sink_note(struct sink *s, const char *fmt, ...)
{
	(void)s;
	(void)fmt;
}

static char dir[] = "/tmp/test_kvmstat.XXXXXX";

static void put(const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(write_file(path, text, strlen(text), NULL), 0);
}

static uint64_t value_of(enum counter_key key, uint32_t tid)
{
	for (unsigned i = 0; i < n_told; i++)
		if (told[i].key == key && told[i].tid == tid)
			return told[i].value;
	fail_msg("nothing told of counter %d of %u", (int)key, tid);
	return 0;
}

static void test_each_file_is_its_counter(void **state)
{
	struct kvmstat k = {.tgid = 7, .dir = dir};
	struct sink s = {0};
	auto_free char *sub = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	sub = xasprintf("%s/vcpu1", dir);
	assert_int_equal(make_dirs(sub, NULL), 0);
	put("exits", "101\n");
	put("halt_exits", "102\n");
	put("halt_poll_success_ns", "103\n");
	put("halt_poll_fail_ns", "104\n");
	put("halt_wait_ns", "105\n");
	put("vcpu1/pid", "4242\n");
	put("vcpu1/tsc-offset", "-5\n");
	try_rows(&k, &s);
	add_vcpu(&k, "vcpu1");
	kvmstat_sample(&k, &s);
	assert_int_equal(n_told, 5);
	kvmstat_offsets(&k, &s);
	assert_int_equal(n_told, 6);
	assert_int_equal(value_of(CTR_KVM_EXITS, 7), 101);
	assert_int_equal(value_of(CTR_KVM_HALT_EXITS, 7), 102);
	assert_int_equal(value_of(CTR_KVM_HALT_POLL_SUCCESS_NS, 7), 103);
	assert_int_equal(value_of(CTR_KVM_HALT_POLL_FAIL_NS, 7), 104);
	assert_int_equal(value_of(CTR_KVM_HALT_WAIT_NS, 7), 105);
	assert_int_equal((int64_t)value_of(CTR_KVM_TSC_OFFSET, 4242), -5);
	free(k.vcpus[0].tsc_offset);
	free(k.vcpus);
	remove_tree(dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_file_is_its_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
