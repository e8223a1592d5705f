// SPDX-License-Identifier: GPL-3.0-or-later
/* Initramfs and kernels: what goes in, what is refused, and files that lie. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/image.h"

static char *dir;

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static char *save(const char *name, const void *data, size_t len, unsigned mode)
{
	char *path = in_dir(name);

	assert_int_equal(write_file(path, data, len, NULL), 0);
	chmod(path, mode);
	return path;
}

/* The names in a newc archive, each on a line; fails the test when it is not well formed. */
static char *list(const char *path)
{
	size_t len;
	auto_free char *data = read_file(path, 64 << 20, &len, NULL);
	struct strbuf out = {0};
	size_t at = 0;

	assert_non_null(data);
	for (;;) {
		unsigned size, name;
		char field[9] = "";

		assert_true(at + 110 <= len);
		assert_memory_equal(data + at, "070701", 6);
		memcpy(field, data + at + 6 + 6 * 8, 8);
		size = (unsigned)strtoul(field, NULL, 16);
		memcpy(field, data + at + 6 + 11 * 8, 8);
		name = (unsigned)strtoul(field, NULL, 16);
		assert_true(at + 110 + name <= len);
		if (!strcmp(data + at + 110, "TRAILER!!!"))
			break;
		strbuf_add(&out, "%s\n", data + at + 110);
		at = (at + 110 + name + 3) & ~3ul;
		at = (at + size + 3) & ~3ul;
	}
	return out.text;
}

static int build(struct plan_guest *g, const char *name, struct initramfs_size *size, struct err *e)
{
	auto_free char *out = in_dir(name);
	struct initramfs what = {.agent = "/bin/true", .guest = g, .base = dir};

	return initramfs_write(&what, out, size, e);
}

static void test_programs_bring_their_libraries(void **state)
{
	struct plan_probe probe = {.vcpus = {{3}}, .command = (char *)"sh -c 'true'"};
	struct plan_guest g = {.name = (char *)"tux", .probes = &probe, .n_probes = 1};
	auto_free char *path = in_dir("a.cpio"), *names = NULL;
	char *data = save("data", "x", 1, 0644);
	struct initramfs_size size;
	struct err e = ERR_INIT;

	(void)state;
	free(data); /* its path */
	strv_add(&g.files, "./data=>/some/where/data");
	assert_int_equal(build(&g, "a.cpio", &size, &e), 0);
	names = list(path);
	assert_non_null(strstr(names, "init\n"));
	assert_non_null(strstr(names, "stealscope.conf\n"));
	assert_non_null(strstr(names, "some\nsome/where\nsome/where/data\n"));
	assert_non_null(strstr(names, "/sh\n"));
	assert_non_null(strstr(names, "libc.so.6\n"));
	assert_non_null(strstr(names, "lib64/ld-linux-x86-64.so.2\n"));
	assert_true(size.bytes > 1 << 20);
	strv_release(&g.files);
}

static void refuse(const char *file, const char *part)
{
	struct plan_guest g = {.name = (char *)"tux"};
	auto_free char *out = in_dir("refused.cpio");
	struct initramfs_size size;
	struct err e = ERR_INIT;

	strv_add(&g.files, "%s", file);
	assert_true(build(&g, "refused.cpio", &size, &e) < 0);
	if (!strstr(e.msg, part))
		fail_msg("\"%s\" lacks \"%s\"", e.msg, part);
	assert_int_not_equal(access(out, F_OK), 0); /* nothing half made stays */
	strv_release(&g.files);
}

/* A minimal ELF program that needs one library. */
static size_t make_elf(uint8_t *out, const char *library)
{
	Elf64_Ehdr eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2};
	uint64_t dyn_at = sizeof(eh) + 2 * sizeof(Elf64_Phdr), strings = dyn_at + 3 * 16;
	Elf64_Dyn dyn[3] = {{.d_tag = DT_STRTAB, .d_un.d_ptr = strings},
		{.d_tag = DT_NEEDED, .d_un.d_val = 1}, {.d_tag = DT_NULL}};
	uint64_t size = strings + 1 + strlen(library) + 1;
	Elf64_Phdr ph[2] = {{.p_type = PT_LOAD, .p_filesz = size},
		{.p_type = PT_DYNAMIC, .p_offset = dyn_at, .p_filesz = sizeof(dyn)}};

	memcpy(out, &eh, sizeof(eh));
	memcpy(out + sizeof(eh), ph, sizeof(ph));
	memcpy(out + dyn_at, dyn, sizeof(dyn));
	out[strings] = 0;
	memcpy(out + strings + 1, library, strlen(library) + 1);
	return size;
}

static void test_refusals(void **state)
{
	uint8_t elf[1024];
	size_t len = make_elf(elf, "libnowhere.so.7");
	auto_free __attribute__((unused)) char *needs = save("needs", elf, len, 0755);
	auto_free __attribute__((unused)) char *data = save("elf-data", elf, len - 9, 0644);
	auto_free __attribute__((unused)) char *broken = save("broken", elf, len - 9, 0755);

	(void)state;
	refuse("./needs", "libnowhere.so.7");
	refuse("./broken", "broken ELF");
	refuse("./none", "not on this host");
	refuse("no-such-program-anywhere", "neither in $PATH");
	refuse("./needs=>/a/../b", "cannot be a path in a guest");
	refuse("/tmp=>/x", "is not a file");
}

/* Any byte wrong, any length: an answer, no crash. */
static void test_hostile_elf(void **state)
{
	uint8_t elf[1024];
	size_t len = make_elf(elf, "libnowhere.so.7");

	(void)state;
	for (size_t i = 0; i < len * 2; i++) {
		auto_free char *path = NULL;
		struct elf_needs n;
		struct err e = ERR_INIT;

		if (i < len)
			elf[i] ^= 0xff;
		path = save("hostile", elf, i < len ? len : i - len, 0755);
		if (elf_read(path, &n, &e) == 0)
			elf_needs_release(&n);
		if (i < len)
			elf[i] ^= 0xff;
	}
}

static void test_search(void **state)
{
	auto_free char *libc = library_find("libc.so.6", "/bin/sh", NULL);
	auto_free char *sh = program_find("sh");
	auto_free __attribute__((unused)) char *own = save("libown.so", "x", 1, 0644);
	auto_free char *user = in_dir("bin/program"), *found = NULL, *none = NULL;

	auto_free char *folder = in_dir("bin");

	(void)state;
	make_dirs(folder, NULL);
	assert_non_null(libc);
	assert_non_null(sh);
	found = library_find("libown.so", user, "/nowhere:$ORIGIN/..");
	assert_non_null(found);
	none = library_find("libown.so", user, NULL);
	assert_null(none);
}

static void test_kernels(void **state)
{
	auto_free char *text = save("kernel", "not a kernel", 12, 0644);
	auto_free char *missing = in_dir("no-kernel");
	static const char magic[4] = {'H', 'd', 'r', 'S'};
	uint8_t head[0x210] = {0};
	auto_free char *good = NULL, *path = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(kernel_check(text, &e) < 0);
	assert_non_null(strstr(e.msg, "not a Linux kernel image"));
	memcpy(head + 0x202, magic, sizeof(magic));
	head[0x207] = 2;
	head[0x206] = 15;
	good = save("bzImage", head, sizeof(head), 0644);
	assert_int_equal(kernel_check(good, &e), 0);
	path = kernel_find(missing, &e);
	assert_null(path);
	assert_int_equal(e.exit, EXIT_HOST);
	setenv("STEALSCOPE_CACHE", dir, 1);
	setenv("HOME", "/nonexistent", 1);
	assert_true(initramfs_memory(10 << 20, 8 << 20) > 20 << 20);
}

/* The module with which a guest of Xen shares memory lies beside its kernel, and goes in. */
static void test_xen_module(void **state)
{
	auto_free char *kernel = save("vmlinuz", "k", 1, 0644);
	auto_free char *other = in_dir("elsewhere/vmlinuz-0.0-none");
	auto_free char *module = save("xen-gntalloc.ko.xz", "m", 1, 0644);
	auto_free char *found = kernel_xen_module(kernel);
	auto_free char *missing = kernel_xen_module(other);
	auto_free char *out = in_dir("xen.cpio"), *names = NULL;
	struct plan_guest g = {.name = (char *)"tux"};
	struct initramfs what = {
		.agent = "/bin/true", .guest = &g, .base = dir, .xen_module = found};
	struct initramfs_size size;
	struct err e = ERR_INIT;

	(void)state;
	assert_string_equal(found, module);
	assert_null(missing);
	assert_int_equal(initramfs_write(&what, out, &size, &e), 0);
	names = list(out);
	assert_non_null(strstr(names, "xen-gntalloc.ko\n"));
}

static int setup(void **state)
{
	char name[] = "/tmp/stealscope-test-image.XXXXXX";

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
		cmocka_unit_test(test_programs_bring_their_libraries),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_hostile_elf),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_xen_module),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
