// SPDX-License-Identifier: GPL-3.0-or-later
/* host/vm_args: names and vCPU numbers out of command lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "host/vm_args.h"

/* "a|b|c" as /proc/PID/cmdline has it. */
static size_t block(const char *text, char *out, size_t size)
{
	size_t len = strlen(text) + 1;

	assert_true(len <= size);
	memcpy(out, text, len);
	for (size_t i = 0; i < len; i++)
		if (out[i] == '|')
			out[i] = '\0';
	return len;
}

static void names(void **state)
{
	static const struct {
		const char *argv, *name;
	} rows[] = {
		{"qemu-system-x86_64|-name|vm1|-smp|2", "vm1"},
		{"/usr/bin/qemu-system-x86_64|-name|guest=web,debug-threads=on|-S", "web"},
		{"/usr/bin/qemu-system-x86_64|-name|debug-threads=on,guest=foo", "foo"},
		{"qemu-kvm|-name|guest=a,process=qemu:a", "a"},
		{"kvm|-name|process=x,debug-threads=off,guest=b", "b"},
		{"qemu-system-x86_64|--name|vm2", "vm2"},
		{"qemu-system-x86_64|-name|a,,b", "a,b"},
		{"qemu-system-x86_64|-name|guest=a,,b,,,debug-threads=on", "a,b,"},
		{"qemu-system-x86_64|-name|vm,debug-threads=on", "vm"},
		{"qemu-system-x86_64|-name|one|-name|guest=two", "two"},
		{"qemu-system-x86_64|-name|one|-name|debug-threads=on", "one"},
		{"qemu-system-x86_64|-name|guest=a=b", "a=b"},
		{"qemu-system-x86_64|-name|\x01\xff\n", "\x01\xff\n"},
		{"qemu-system-x86_64|-name|debug-threads=on", NULL},
		{"qemu-system-x86_64|-name|", NULL},
		{"qemu-system-x86_64|-name", NULL},
		{"qemu-system-x86_64|-m|512", NULL},
		{".qemu-system-x86_64-wrapped|-name|nix", "nix"},
		{"/usr/bin/firecracker|--id|f1|--api-sock|/x", "f1"},
		{"firecracker|--id=f2", "f2"},
		{"lkvm|run|-n|k|-k|bzImage", "k"},
		{"crosvm|run|--name|c", "c"},
		{"cloud-hypervisor|--cpus|boot=2", NULL},
		{"bash|-name|x", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char argv[256];
		size_t len = block(rows[i].argv, argv, sizeof(argv));
		auto_free char *name = vm_args_name(argv, len);

		if (!name != !rows[i].name || (name && strcmp(name, rows[i].name)))
			fail_msg("%s: '%s', not '%s'", rows[i].argv, name, rows[i].name);
	}
}

/* QEMU 7.2 gave these APIC ids (query-hotpluggable-cpus, KVM's file names) for cpu-index 0, 1 ... */
static void numbers(void **state)
{
	static const struct {
		const char *smp;
		unsigned n, apic[12];
	} rows[] = {
		{"", 1, {0}},
		{"4", 4, {0, 1, 2, 3}},
		{"6", 6, {0, 1, 2, 3, 4, 5}},
		{"cpus=6", 6, {0, 1, 2, 3, 4, 5}},
		{"6,sockets=6", 6, {0, 1, 2, 3, 4, 5}},
		{"6,sockets=2,cores=3,threads=1", 6, {0, 1, 2, 4, 5, 6}},
		{"6,sockets=2,dies=1,cores=3", 6, {0, 1, 2, 4, 5, 6}},
		{"6,cores=3", 6, {0, 1, 2, 4, 5, 6}},
		{"12,sockets=2,cores=3", 12, {0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13}},
		{"6,sockets=1,cores=2,threads=3", 6, {0, 1, 2, 4, 5, 6}},
		{"6,threads=3", 6, {0, 1, 2, 4, 5, 6}},
		{"2,maxcpus=6,sockets=2,cores=3,threads=1", 6, {0, 1, 2, 4, 5, 6}},
		{"12,sockets=2,dies=3,cores=2,threads=1", 12,
			{0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13}},
		{"8,sockets=2,cores=4,threads=1", 8, {0, 1, 2, 3, 4, 5, 6, 7}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned v = 0; v < rows[i].n; v++) {
			auto_free char *text = xasprintf("qemu-system-x86_64%s%s",
				*rows[i].smp ? "|-smp|" : "", rows[i].smp);
			char argv[256];
			size_t len = block(text, argv, sizeof(argv));
			unsigned got = vm_args_cpu_index(argv, len, rows[i].apic[v]);

			if (got != v)
				fail_msg("-smp %s: APIC id %u is vCPU %u, not %u", rows[i].smp,
					rows[i].apic[v], v, got);
		}
}

static void kinds(void **state)
{
	char argv[256];
	size_t len;

	(void)state;
	assert_true(vm_args_qemu("/usr/libexec/qemu-kvm"));
	assert_false(vm_args_qemu("/usr/bin/qemu-img"));
	assert_false(vm_args_qemu("qemu-nbd"));
	len = block(
		"qemu-system-x86_64|-S|-machine|none,accel=kvm:tcg|-daemonize", argv, sizeof(argv));
	assert_true(vm_args_probe(argv, len));
	assert_false(vm_args_kvm_only(argv, len));
	len = block("qemu-system-x86_64|-machine|q35,accel=kvm", argv, sizeof(argv));
	assert_false(vm_args_probe(argv, len));
	assert_true(vm_args_kvm_only(argv, len));
	len = block("qemu-system-x86_64|-accel|tcg,thread=single", argv, sizeof(argv));
	assert_false(vm_args_kvm_only(argv, len));
	len = block("qemu-system-x86_64|-enable-kvm", argv, sizeof(argv));
	assert_true(vm_args_kvm_only(argv, len));
}

static void shown_names(void **state)
{
	static const char *const rows[][2] = {
		{"web-1", "web-1"},
		{"gr\xc3\xb6\xc3\x9f"
		 "er",
			"gr\xc3\xb6\xc3\x9f"
			"er"},
		{"a\033[31m", "a\\x1b[31m"},
		{"\xff", "\\xff"},
		{"\xc3", "\\xc3"},
		{"\xc0\xaf", "\\xc0\\xaf"},	     /* overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* surrogate */
		{"\xc2\x9b", "\\xc2\\x9b"},	     /* C1 control */
		{"\xe2\x80\xae", "\\xe2\\x80\\xae"}, /* turns the line round */
		{"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
		{"\x7f\n", "\\x7f\\x0a"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *shown = vm_shown_name(rows[i][0]);

		assert_string_equal(shown, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(numbers),
		cmocka_unit_test(kinds),
		cmocka_unit_test(shown_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
