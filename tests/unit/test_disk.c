// SPDX-License-Identifier: GPL-3.0-or-later
/* image/disk: what a disk image is, its chain, what is refused, overlays; by the real qemu-img. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/tool.h"
#include "image/disk.h"

static char *dir;

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

/* qemu-img WORDS... in the test's folder. */
static void img(const char *words)
{
	auto_free char *text = xasprintf("cd %s && qemu-img %s", dir, words);
	const char *const argv[] = {"sh", "-c", text, NULL};
	struct tool_result r;

	assert_int_equal(tool_run(argv, 20000, &r, NULL), 0);
	if (r.status)
		print_error("%s: %s", text, r.err);
	assert_int_equal(r.status, 0);
	tool_result_release(&r);
}

static void save(const char *name, const void *data, size_t len)
{
	auto_free char *path = in_dir(name);

	assert_int_equal(write_file(path, data, len, NULL), 0);
}

/* The look at an image; the chain is empty when it is refused. */
static int look(const char *name, enum disk_format format, enum disk_backing backing,
	struct disk_chain *c, struct err *e)
{
	auto_free char *image = xstrdup(name);
	const struct plan_disk d = {.image = image, .format = format, .backing = backing};

	*c = (struct disk_chain){0};
	*e = (struct err)ERR_INIT;
	return disk_look(&d, dir, c, e);
}

static void refused(const char *name, enum disk_format format, int code, const char *words)
{
	struct disk_chain c;
	struct err e;
	int rc = look(name, format, BACKING_FOLDER, &c, &e);

	if (rc != -code || !strstr(e.msg, words))
		print_error("%s: %d, %s\n", name, rc, e.msg);
	assert_int_equal(rc, -code);
	assert_non_null(strstr(e.msg, words));
	assert_int_equal(c.n, 0);
	disk_chain_release(&c);
}

static void a_chain(void **state)
{
	auto_free char *top = in_dir("top.qcow2"), *raw = in_dir("plain.raw");
	struct disk_chain c;
	struct err e;

	(void)state;
	assert_int_equal(look("top.qcow2", DISK_AUTO, BACKING_FOLDER, &c, &e), 0);
	assert_int_equal(c.n, 3);
	assert_string_equal(c.layers[0].path, top);
	assert_string_equal(c.layers[0].format, "qcow2");
	assert_string_equal(c.layers[1].format, "qcow2");
	assert_string_equal(c.layers[2].path, raw);
	assert_string_equal(c.layers[2].format, "raw");
	assert_int_equal(c.virtual_bytes, 2 << 20);
	disk_chain_release(&c);
	assert_int_equal(c.n, 0);
}

/* By a link, by an absolute path, by the format one says. */
static void names(void **state)
{
	auto_free char *link = in_dir("link.raw"), *raw = in_dir("plain.raw");
	struct disk_chain c;
	struct err e;

	(void)state;
	assert_int_equal(symlink("plain.raw", link), 0);
	assert_int_equal(look(link, DISK_RAW, BACKING_FOLDER, &c, &e), 0);
	assert_string_equal(c.layers[0].path, raw);
	disk_chain_release(&c);
	/* What is inside a raw disk is its guest's business: a qcow2 header there is not followed. */
	assert_int_equal(look("top.qcow2", DISK_RAW, BACKING_FOLDER, &c, &e), 0);
	assert_int_equal(c.n, 1);
	assert_string_equal(c.layers[0].format, "raw");
	disk_chain_release(&c);
	/* No protocol. */
	img("create -q -f raw ./nbd:0:1.raw 1M");
	assert_int_equal(look("nbd:0:1.raw", DISK_AUTO, BACKING_FOLDER, &c, &e), 0);
	assert_string_equal(c.layers[0].format, "raw");
	disk_chain_release(&c);
}

static void what_is_refused(void **state)
{
	static const char zeros[1024];

	(void)state;
	refused("gone.qcow2", DISK_AUTO, ENOENT, "gone.qcow2: there is no such file");
	refused(".", DISK_AUTO, EINVAL, "is no file; name a qcow2 or raw image");
	save("empty", "", 0);
	refused("empty", DISK_AUTO, EINVAL, "is empty or shorter than one sector");
	save("short", zeros, 511);
	refused("short", DISK_RAW, EINVAL, "is empty or shorter than one sector");
	save("packed.xz",
		"\xfd"
		"7zXZ\0 and so on, and so forth",
		30);
	refused("packed.xz", DISK_AUTO, EINVAL, "shorter than one sector");
	img("create -q -f vmdk other.vmdk 1M");
	refused("other.vmdk", DISK_AUTO, EINVAL, "has the format vmdk; qcow2 and raw can be run");
	refused("plain.raw", DISK_QCOW2, EINVAL, "plain.raw");
	img("create -q -f qcow2 -o data_file=outside.dat external.qcow2 1M");
	refused("external.qcow2", DISK_AUTO, EINVAL, "keeps its data in another file");
	img("create -q -f qcow2 -u -b nbd://localhost/x -F raw net.qcow2 1M");
	refused("net.qcow2", DISK_AUTO, EINVAL, "which is no local file");
	img("create -q -f qcow2 -u -b gone.raw -F raw lost.qcow2 1M");
	refused("lost.qcow2", DISK_AUTO, ENOENT, "builds upon");
	img("create -q -f qcow2 loop.qcow2 1M");
	img("rebase -u -b loop.qcow2 -F qcow2 loop.qcow2");
	refused("loop.qcow2", DISK_AUTO, ELOOP, "images build upon each other");
}

static void leaves_its_folder(void **state)
{
	struct disk_chain c;
	struct err e;

	(void)state;
	img("create -q -f qcow2 -u -b ../plain.raw -F raw below/leaves.qcow2 1M");
	refused("below/leaves.qcow2", DISK_AUTO, EPERM,
		"lies outside its folder; backing=\"anywhere\" allows it");
	assert_int_equal(look("below/leaves.qcow2", DISK_AUTO, BACKING_ANYWHERE, &c, &e), 0);
	assert_int_equal(c.n, 2);
	disk_chain_release(&c);
}

/* An overlay names its base and the format of it, has its size, and leaves it as it was. */
static void overlay(void **state)
{
	auto_free char *path = in_dir("overlay.qcow2"), *image = in_dir("top.qcow2");
	struct disk_chain c, over;
	struct stat before, after;
	struct err e;

	(void)state;
	assert_int_equal(look("top.qcow2", DISK_AUTO, BACKING_FOLDER, &c, &e), 0);
	assert_int_equal(stat(image, &before), 0);
	assert_int_equal(disk_overlay(&c, path, &e), 0);
	assert_int_equal(stat(image, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	disk_chain_release(&c);
	assert_int_equal(look("overlay.qcow2", DISK_AUTO, BACKING_FOLDER, &over, &e), 0);
	assert_int_equal(over.n, 4);
	assert_string_equal(over.layers[1].path, image);
	assert_int_equal(over.virtual_bytes, 2 << 20);
	disk_chain_release(&over);
}

static int set_up(void **state)
{
	char name[] = "/tmp/stealscope-disk.XXXXXX";
	auto_free char *below = NULL;
	char *made;

	(void)state;
	made = mkdtemp(name);
	assert_non_null(made);
	dir = realpath(made, NULL);
	below = in_dir("below");
	assert_int_equal(mkdir(below, 0755), 0);
	img("create -q -f raw plain.raw 2M");
	img("create -q -f qcow2 -b plain.raw -F raw middle.qcow2");
	img("create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(dir, NULL);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain),
		cmocka_unit_test(names),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(leaves_its_folder),
		cmocka_unit_test(overlay),
	};

	if (access("/usr/bin/qemu-img", X_OK)) {
		puts("SKIP: qemu-img is not installed");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
