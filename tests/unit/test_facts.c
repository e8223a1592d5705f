// SPDX-License-Identifier: GPL-3.0-or-later
/* Facts from made-up trees, their comparison, and this box. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/facts.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/ss-facts-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int drop_root(void **state)
{
	(void)state;
	return remove_tree(root, NULL);
}

static void put(const char *path, const char *text)
{
	char *full = xasprintf("%s%s", root, path), *dir = xstrdup(full);

	*strrchr(dir, '/') = '\0';
	assert_int_equal(make_dirs(dir, NULL), 0);
	assert_int_equal(write_file(full, text, strlen(text), NULL), 0);
	free(full);
	free(dir);
}

static void expect(const struct facts *f, const char *key, const char *value, enum fact_verdict v)
{
	for (size_t i = 0; i < facts_count(f); i++) {
		if (strcmp(facts_key(f, i), key) != 0)
			continue;
		assert_string_equal(facts_value(f, i), value);
		assert_int_equal(facts_verdict(f, i), v);
		assert_true(*facts_doc(f, i));
		return;
	}
	fail_msg("no fact %s", key);
}

static void a_server(void **state)
{
	struct facts *f;

	(void)state;
	put("/dev/kvm", "");
	put("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmicrocode\t: 0x42\n"
			     "flags\t\t: fpu vmx sse\n\nprocessor\t: 1\n");
	put("/sys/devices/system/cpu/online", "0-1\n");
	put("/sys/devices/system/cpu/isolated", "1\n");
	put("/sys/devices/system/cpu/smt/active", "1\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", "acpi-cpufreq\n");
	put("/sys/devices/system/cpu/cpufreq/boost", "1\n");
	put("/sys/devices/system/node/online", "0-1\n");
	put("/sys/module/kvm/parameters/halt_poll_ns", "200000\n");
	put("/sys/class/dmi/id/sys_vendor", "Vendor\n");
	put("/proc/sys/kernel/osrelease", "6.1.0-30-amd64\n");
	put("/proc/sys/kernel/version", "#1 SMP PREEMPT_RT Debian\n");
	put("/proc/stat", "cpu  50 0 25 20 0 0 0 5 0 0\n");
	f = facts_read(root);
	expect(f, "kvm.kind", "hardware (vmx)", FACT_GOOD);
	expect(f, "kvm.halt_poll", "200 us", FACT_INFO);
	expect(f, "box.path", "intel-ept", FACT_INFO);
	expect(f, "box.vm", "no, Vendor", FACT_GOOD);
	expect(f, "box.steal", "5.00 % of its CPU time", FACT_LIMITS);
	expect(f, "cpu.model", "Some CPU @ 2 GHz", FACT_INFO);
	expect(f, "cpu.microcode", "0x42", FACT_INFO);
	expect(f, "cpu.online", "2 (0-1)", FACT_GOOD);
	expect(f, "cpu.isolated", "1", FACT_GOOD);
	expect(f, "cpu.smt", "on", FACT_INFO);
	expect(f, "cpu.numa", "2 nodes (0-1)", FACT_GOOD);
	expect(f, "cpu.governor", "performance, acpi-cpufreq", FACT_GOOD);
	expect(f, "cpu.turbo", "on", FACT_LIMITS);
	expect(f, "kernel.release", "6.1.0-30-amd64, PREEMPT_RT", FACT_INFO);
	expect(f, "trace.btf", "missing", FACT_MISSING);
	facts_free(f);
}

static void an_empty_box_is_described_too(void **state)
{
	struct facts *f = facts_read(root);

	(void)state;
	expect(f, "kvm.kind", "none", FACT_MISSING);
	expect(f, "box.path", "no-kvm", FACT_INFO);
	expect(f, "cpu.model", "not known", FACT_INFO);
	expect(f, "cpu.numa", "1 node", FACT_INFO);
	assert_null(facts_get(f, "no.such"));
	assert_string_equal(facts_get(f, "cpu.microcode"), "not known");
	facts_free(f);
	facts_free(NULL);
}

static void flags_are_whole_words(void **state)
{
	struct facts *f;

	(void)state;
	put("/dev/kvm", "");
	put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu avmx vmx2 hypervisor\n");
	f = facts_read(root);
	expect(f, "kvm.kind", "software (no vmx or svm)", FACT_LIMITS);
	expect(f, "box.vm", "yes", FACT_LIMITS);
	expect(f, "box.path", "kvm-software", FACT_INFO);
	facts_free(f);
}

static void changes_are_named(void **state)
{
	struct facts *before, *after;
	struct strv changes = {0};

	(void)state;
	put("/proc/stat", "cpu  50 0 25 20 0 0 0 5 0 0\n");
	put("/sys/devices/system/cpu/online", "0-1\n");
	before = facts_read(root);
	put("/proc/stat", "cpu  50 0 25 20 0 0 0 50 0 0\n"); /* moves by itself: no change */
	put("/sys/devices/system/cpu/online", "0\n");
	after = facts_read(root);
	facts_compare(before, after, &changes);
	assert_int_equal(changes.n, 1);
	assert_string_equal(changes.items[0], "cpu.online was \"2 (0-1)\", is \"1 (0)\"");
	strv_release(&changes);
	facts_compare(after, after, &changes);
	assert_int_equal(changes.n, 0);
	facts_free(before);
	facts_free(after);
}

static void defects_by_version(void **state)
{
	struct kernel_defect d = {KERNEL_VERSION_OF(6, 12), KERNEL_VERSION_OF(7, 1), "", ""};

	(void)state;
	assert_int_equal(kernel_version_parse("6.18.44-fc-v669"), 6018);
	assert_int_equal(kernel_version_parse("6.1.0-30-amd64"), 6001);
	assert_int_equal(kernel_version_parse("six"), 0);
	assert_true(kernel_defect_applies(&d, 6012));
	assert_true(kernel_defect_applies(&d, 7000));
	assert_false(kernel_defect_applies(&d, 7001));
	assert_false(kernel_defect_applies(&d, 6011));
	assert_true(kernel_defect_applies(&kernel_defects[DEFECT_GROUP_LEAD], 6018));
	assert_false(kernel_defect_applies(&kernel_defects[DEFECT_GROUP_LEAD], 6001));
	d.until = 0;
	assert_true(kernel_defect_applies(&d, 9000));
	for (size_t i = 0; i < n_kernel_defects; i++)
		assert_true(*kernel_defects[i].what && *kernel_defects[i].effect);
}

static void this_box(void **state)
{
	struct facts *f = facts_read(""), *again = facts_read("");
	struct strv changes = {0};

	(void)state;
	for (size_t i = 0; i < facts_count(f); i++) {
		assert_true(*facts_value(f, i));
		assert_true(*fact_verdict_text(facts_verdict(f, i)));
		if (facts_verdict(f, i) >= FACT_LIMITS)
			assert_true(*facts_note(f, i)); /* a limit says what follows */
	}
	facts_compare(f, again, &changes);
	assert_int_equal(changes.n, 0);
	strv_release(&changes);
	facts_free(f);
	facts_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_server, make_root, drop_root),
		cmocka_unit_test_setup_teardown(
			an_empty_box_is_described_too, make_root, drop_root),
		cmocka_unit_test_setup_teardown(flags_are_whole_words, make_root, drop_root),
		cmocka_unit_test_setup_teardown(changes_are_named, make_root, drop_root),
		cmocka_unit_test(defects_by_version),
		cmocka_unit_test(this_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
