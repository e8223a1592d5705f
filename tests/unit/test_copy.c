// SPDX-License-Identifier: GPL-3.0-or-later
/* domain/copy: what a copy of somebody's domain is, by libvirt's own test driver and the real qemu-img. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "domain/live.h"
#include "domain/priv.h"
#include "domain/xml.h"

static char *dir;
static struct lab_conn conn;

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void define(const char *devices)
{
	auto_free char *xml = xasprintf(
		"<domain type='test'><name>own</name><uuid>5ea15c0e-1ab0-4000-8000-0000000000aa</uuid>"
		"<memory unit='MiB'>32</memory><vcpu>1</vcpu>"
		"<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>"
		"<os><type>hvm</type><kernel>%s/kernel</kernel></os><devices>%s</devices></domain>",
		dir, devices);
	virDomainPtr dom = virDomainDefineXML(conn.conn, xml);

	assert_non_null(dom);
	virDomainFree(dom);
}

/* The copy's XML, to ask by XPath. */
static xmlDocPtr copied(struct err *e)
{
	static char own[] = "own", guest[] = "vm";
	auto_free char *folder = in_dir("run");
	struct cpuset cpus = {{0}};
	const struct plan_guest g = {
		.name = guest, .domain = own, .vcpus = 1, .use = USE_COPY, .vcpu_cpus = &cpus};
	auto_free char *xml = NULL;

	cpuset_add(&cpus, 3);
	xml = live_copy_xml(&conn, &g, "RUN", "1-2", folder, e);
	if (!xml && !e->code)
		print_error("no XML, and no reason\n");
	return xml_read(xml);
}

static void is(xmlXPathContextPtr ctx, const char *path, const char *want)
{
	auto_free char *text = xml_first(ctx, path);

	if (!text || strcmp(text, want) != 0)
		print_error("%s: %s, not %s\n", path, text ? text : "nothing", want);
	assert_non_null(text);
	assert_string_equal(text, want);
}

#define BASE "/domain/devices/disk[1]/backingStore"

/* Another name, UUID, MAC and placement; its disk an overlay upon the original's; and no file of the
 * original's that libvirt would give to QEMU's user. */
static void a_copy(void **state)
{
	auto_free char *overlay = in_dir("run/vm-vda.qcow2"), *base = in_dir("own.raw");
	auto_free char *kernel = in_dir("run/vm-kernel"), *data = NULL;
	auto_free char *devices = xasprintf(
		"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>"
		"<disk type='file' device='cdrom'><source file='%s'/><target dev='hda' bus='ide'/><readonly/></disk>"
		"<interface type='user'><mac address='52:54:00:0d:0e:0f'/></interface>",
		base, base);
	struct err e = ERR_INIT;
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = NULL;
	auto_ptr(xmlXPathFreeContext) xmlXPathContextPtr ctx = NULL;

	(void)state;
	define(devices);
	doc = copied(&e);
	assert_string_equal(e.msg, "");
	assert_non_null(doc);
	ctx = xmlXPathNewContext(doc);
	is(ctx, "/domain/name", "stealscope-RUN-vm");
	is(ctx, "/domain/cputune/vcpupin/@cpuset", "3");
	is(ctx, "/domain/devices/interface/link/@state", "down");
	assert_false(xml_has(ctx, "/domain/uuid"));
	assert_false(xml_has(ctx, "/domain/devices/interface/mac"));
	is(ctx, "/domain/devices/disk[1]/source/@file", overlay);
	is(ctx, "/domain/devices/disk[1]/driver/@type", "qcow2");
	is(ctx, BASE "/format/@type", "raw");
	is(ctx, BASE "/source/@file", base);
	is(ctx, BASE "/source/seclabel[@model='dac']/@relabel", "no");
	is(ctx, "/domain/devices/disk[2]/source/seclabel[@model='dac']/@relabel", "no");
	is(ctx, "/domain/os/kernel", kernel);
	data = read_file(kernel, 64, NULL, NULL);
	assert_string_equal(data, "a kernel");
	assert_int_equal(access(overlay, F_OK), 0);
}

static void what_is_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	define("<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='x'><host name='localhost'/></source><target dev='vda' bus='virtio'/></disk>");
	assert_null(copied(&e));
	assert_non_null(strstr(e.msg, "its disk vda is of type \"network\""));
	e = (struct err)ERR_INIT;
	define("<disk type='file' device='disk'><source file='/nonexistent/x.raw'/><target dev='vda' bus='virtio'/></disk>");
	assert_null(copied(&e));
	assert_non_null(strstr(e.msg, "/nonexistent/x.raw: there is no such file"));
}

static int set_up(void **state)
{
	char name[] = "/tmp/stealscope-copy.XXXXXX";
	auto_free char *raw = NULL, *kernel = NULL;
	static const char zeros[1 << 16];
	static char uri[] = "test:///default";

	(void)state;
	dir = xstrdup(mkdtemp(name));
	raw = in_dir("own.raw");
	kernel = in_dir("kernel");
	conn = (struct lab_conn){.conn = virConnectOpen(uri), .uri = uri};
	return conn.conn ? write_file(raw, zeros, sizeof(zeros), NULL) ||
				   write_file(kernel, "a kernel", 8, NULL)
			 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	virConnectClose(conn.conn);
	remove_tree(dir, NULL);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy),
		cmocka_unit_test(what_is_refused),
	};

	if (access("/usr/bin/qemu-img", X_OK)) {
		puts("SKIP: qemu-img is not installed");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
