// SPDX-License-Identifier: GPL-3.0-or-later
/* Domain XML against libvirt's own RELAX NG schema, and what must not get into it. */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "domain/domain.h"
#include "domain/priv.h"

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

static xmlRelaxNGPtr schema;

static int load_schema(void **state)
{
	xmlRelaxNGParserCtxtPtr ctx;

	(void)state;
	if (access(SCHEMA, R_OK))
		return 0;
	ctx = xmlRelaxNGNewParserCtxt(SCHEMA);
	schema = xmlRelaxNGParse(ctx);
	xmlRelaxNGFreeParserCtxt(ctx);
	return schema ? 0 : -1;
}

static int free_schema(void **state)
{
	(void)state;
	xmlRelaxNGFree(schema);
	xmlCleanupParser();
	return 0;
}

static struct plan_guest guest(void)
{
	static char name[] = "victim";
	static struct cpuset cpus[SHM_MAX_VCPUS];
	struct plan_guest g = {.name = name,
		.kind = GUEST_METAL,
		.vcpus = 2,
		.vcpu_cpus = cpus,
		.memory_bytes = 32 << 20};

	memset(cpus, 0, sizeof(cpus));
	return g;
}

static struct domain_files files(void)
{
	struct domain_files f = {
		.kernel = "/opt/stealscope/metal.elf",
		.console_log = "/tmp/console.log",
		.shm_name = "stealscope-run-victim",
		.shm_size = 1 << 20,
		.emulator = "/usr/bin/qemu-system-x86_64",
		.kvm = true,
		.firmware = "/usr/share/qemu/qboot.rom",
		.owner = "123-456789",
	};

	return f;
}

static char *make_valid(const struct plan_guest *g, const struct domain_files *f)
{
	struct err e = ERR_INIT;
	char *xml = domain_xml(g, "20261120T161500Z-first-light-3f9c", f, &e);
	xmlRelaxNGValidCtxtPtr ctx;
	xmlDocPtr doc;

	if (!xml)
		fail_msg("%s", e.msg);
	doc = xmlReadMemory(xml, (int)strlen(xml), "domain.xml", NULL, XML_PARSE_NONET);
	assert_non_null(doc);
	if (!schema) {
		print_message("SKIP schema: %s is not installed\n", SCHEMA);
	} else {
		ctx = xmlRelaxNGNewValidCtxt(schema);
		if (xmlRelaxNGValidateDoc(ctx, doc) != 0)
			fail_msg("not valid:\n%s", xml);
		xmlRelaxNGFreeValidCtxt(ctx);
	}
	xmlFreeDoc(doc);
	return xml;
}

static void expect(
	const struct plan_guest *g, const struct domain_files *f, const char *const *texts)
{
	char *xml = make_valid(g, f);

	for (; *texts; texts++)
		if (!strstr(xml, *texts))
			fail_msg("\"%s\" is missing in\n%s", *texts, xml);
	free(xml);
}

static void metal(void **state)
{
	static const char *const want[] = {"<domain xmlns:qemu=", "type=\"kvm\"",
		"<name>stealscope-20261120T161500Z-first-light-3f9c-victim</name>", ">123-456789</",
		"<loader type=\"rom\">/usr/share/qemu/qboot.rom</loader>",
		"<kernel>/opt/stealscope/metal.elf</kernel>", "ivshmem-plain",
		"<size unit=\"M\">1</size>", "<memballoon model=\"none\"/>",
		"policy=\"disable\" name=\"arch-capabilities\"",
		"<on_poweroff>destroy</on_poweroff>", "value=\"reboot=shutdown,shutdown=poweroff\"",
		"<apic/>", "<on_reboot>destroy</on_reboot>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();
	char *xml;

	(void)state;
	expect(&g, &f, want);
	xml = make_valid(&g, &f);
	assert_null(strstr(xml, "<acpi/>")); /* it reads none of its tables */
	free(xml);
}

/* A 256th vCPU has no number on the machine that all others have. */
static void metal_of_many(void **state)
{
	static const char *const want[] = {"machine=\"q35\"", "<ioapic driver=\"qemu\"/>",
		"<iommu model=\"intel\">", "<driver intremap=\"on\" eim=\"on\"/>",
		"<address type=\"pci\" bus=\"0x00\" slot=\"0x10\"/>", NULL};
	static const char *const few[] = {"machine=\"pc\"", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();
	char *xml;

	(void)state;
	g.vcpus = 255;
	expect(&g, &f, few);
	xml = make_valid(&g, &f);
	assert_null(strstr(xml, "iommu"));
	assert_null(strstr(xml, "ioapic"));
	free(xml);
	g.vcpus = 256;
	expect(&g, &f, want);
}

/* Of Xen: PVH, the page behind its memory, and nothing that libvirt's driver for Xen does not take. */
static void metal_on_xen(void **state)
{
	static const char *const want[] = {"<domain type=\"xen\">",
		"machine=\"xenpvh\">xenpvh</type>", "<cmdline>page=0x4000000</cmdline>",
		"<memory unit=\"KiB\">66560</memory>", "name=\"tsc\" mode=\"native\"",
		"<target type=\"xen\" port=\"0\"/>", "<on_poweroff>destroy</on_poweroff>",
		">123-456789</", "<vcpu placement=\"static\">", NULL};
	static const char *const not_there[] = {"cputune", "shmem", "qemu:", "cpuset", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();
	char *xml;

	(void)state;
	g.memory_bytes = 64 << 20;
	f.xen = true;
	f.emulator = NULL;
	f.cmdline = "page=0x4000000";
	expect(&g, &f, want);
	xml = make_valid(&g, &f);
	for (size_t i = 0; not_there[i]; i++)
		assert_null(strstr(xml, not_there[i]));
	free(xml);
}

static void linux_guest(void **state)
{
	static const char *const want[] = {"type=\"qemu\"", "<initrd>/boot/initrd</initrd>",
		"<cmdline>console=ttyS0 a&lt;b &amp; \"c\"</cmdline>", "mode=\"maximum\"",
		"<acpi/>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	g.kind = GUEST_LINUX;
	f.kernel = "/boot/vmlinuz";
	f.initrd = "/boot/initrd";
	f.cmdline = "console=ttyS0 a<b & \"c\"";
	f.firmware = NULL;
	f.kvm = false;
	expect(&g, &f, want);
}

static void pinned(void **state)
{
	static const char *const want[] = {"<vcpupin vcpu=\"0\" cpuset=\"2\"/>",
		"<vcpupin vcpu=\"1\" cpuset=\"4-5,7\"/>", "<emulatorpin cpuset=\"0\"/>",
		"cpuset=\"0,2,4-5,7\">2</vcpu>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	g.vcpu_cpus[0] = cpuset_of(2);
	cpuset_parse("4-5,7", &g.vcpu_cpus[1], NULL);
	g.emulator_cpus = cpuset_of(0);
	expect(&g, &f, want);
}

static void numa(void **state)
{
	static const char *const want[] = {"<memory mode=\"strict\" nodeset=\"1,3\"/>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	cpuset_parse("1,3", &g.memory_nodes, NULL);
	expect(&g, &f, want);
}

static void real_time(void **state)
{
	static const char *const fifo[] = {
		"<vcpusched vcpus=\"0-1\" scheduler=\"fifo\" priority=\"10\"/>", NULL};
	static const char *const rr[] = {
		"<vcpusched vcpus=\"0\" scheduler=\"rr\" priority=\"1\"/>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();
	char *xml;

	(void)state;
	g.policy = SCHED_RT_FIFO;
	g.priority = 10;
	expect(&g, &f, fifo);
	g.policy = SCHED_RT_RR;
	g.priority = 1;
	g.vcpus = 1;
	expect(&g, &f, rr);
	f.policy_by_hand = true;
	xml = make_valid(&g, &f);
	assert_null(strstr(xml, "vcpusched"));
	free(xml);
}

static void hugepages(void **state)
{
	static const char *const want[] = {"<page size=\"2048\" unit=\"KiB\"/>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	g.hugepage_bytes = 2 << 20;
	expect(&g, &f, want);
}

static void quota(void **state)
{
	static const char *const want[] = {
		"<shares>512</shares>", "<period>100000</period>", "<quota>30000</quota>", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	g.vcpu_limits = (struct plan_cpu_limits){512, 100000, 30000};
	expect(&g, &f, want);
}

static void paths_are_escaped(void **state)
{
	static const char *const want[] = {"&lt;evil&gt;&amp;", NULL};
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	f.kernel = "/tmp/<evil>&\"";
	expect(&g, &f, want);
}

static void refused(struct plan_guest *g, const char *run, struct domain_files *f, const char *why)
{
	struct err e = ERR_INIT;

	assert_null(domain_xml(g, run, f, &e));
	if (!strstr(e.msg, why))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, why);
}

static void bad_input_is_refused(void **state)
{
	static char evil[] = "../x";
	struct plan_guest g = guest();
	struct domain_files f = files();

	(void)state;
	refused(&g, "a/b", &f, "cannot be a domain's name");
	g.name = evil;
	refused(&g, "run", &f, "cannot be a domain's name");
	g = guest();
	g.vcpus = 257;
	refused(&g, "run", &f, "257 vCPUs");
	g = guest();
	f.shm_size = 3 << 20;
	refused(&g, "run", &f, "power of two");
	f = files();
	f.kernel = NULL;
	refused(&g, "run", &f, "no kernel");
}

static void long_errors_keep_their_reason(void **state)
{
	char text[] =
		"internal error: Child process (LC_ALL=C HOME=/x /usr/bin/qemu-system-x86_64 -name guest=a,(b) -S) unexpected exit status 1: cannot set up guest memory";
	char other[] = "internal error: process exited (1)";

	(void)state;
	lab_drop_command_line(text);
	assert_string_equal(text,
		"internal error: Child process unexpected exit status 1: cannot set up guest memory");
	lab_drop_command_line(other);
	assert_string_equal(other, "internal error: process exited (1)");
}

/* GLib gives up in a thread that has signals blocked, as its own are; see harness/domain/glib.c. */
static void what_ends_glib_is_told(void **state)
{
	typedef void log_function(const char *, int, const char *, ...);
	char said[400] = "";
	int out[2], status;
	pid_t pid;

	(void)state;
	/* Where the linker finds that this test needs no libvirt, it has no GLib either. */
	assert_non_null(dlopen("libglib-2.0.so.0", RTLD_NOW | RTLD_GLOBAL));
	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		log_function *g_log = (log_function *)dlsym(RTLD_DEFAULT, "g_log");
		sigset_t all;

		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		dup2(out[1], STDERR_FILENO);
		glib_tell_its_end();
		if (g_log)
			g_log("GLib", 1 << 2, "creating thread '%s': no more", "gmain");
		_exit(77);
	}
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(read(out[0], said, sizeof(said) - 1) > 0);
	close(out[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILED);
	assert_string_equal(said,
		"stealscope: a library of libvirt's gave up: creating thread 'gmain': no more: raise this user's limits (ulimit -u, -v)\n");
}

/* Only where the threads have no names to be found by. */
static void threads_from_qmp(void **state)
{
	pid_t tids[3] = {0};

	(void)state;
	assert_int_equal(
		qmp_cpu_threads(
			"{\"return\": [{\"thread-id\": 71, \"qom-path\": \"/a{\", \"cpu-index\": 1},"
			" {\"cpu-index\": 0, \"props\": {\"thread-id\": 5}, \"thread-id\": 70}],"
			" \"id\": \"libvirt-9\"}",
			tids, 3),
		2);
	assert_int_equal(tids[0], 70);
	assert_int_equal(tids[1], 71);
	assert_int_equal(tids[2], 0);
	/* More CPUs than are asked for are counted and not written; nonsense is none. */
	assert_int_equal(
		qmp_cpu_threads("{\"return\":[{\"thread-id\":9,\"cpu-index\":7}]}", tids, 3), 1);
	assert_int_equal(qmp_cpu_threads("{\"return\":[{\"thread-id\":1},{}]}", tids, 3), 0);
	assert_int_equal(qmp_cpu_threads("{\"error\":{}}", tids, 3), 0);
	assert_int_equal(qmp_cpu_threads("not JSON", tids, 3), 0);
}

/* What `clean` tells a domain of a harness by: of this name and this owner, and of no other. */
static void uuid_follows_from_name_and_owner(void **state)
{
	char a[DOMAIN_UUID_SIZE], b[DOMAIN_UUID_SIZE];

	(void)state;
	domain_uuid("stealscope-run-victim", "123-456789", a);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '8');
	assert_non_null(strchr("89ab", a[19]));
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
	assert_string_equal(domain_uuid("stealscope-run-victim", "123-456789", b), a);
	assert_string_not_equal(domain_uuid("stealscope-run-victin", "123-456789", b), a);
	assert_string_not_equal(domain_uuid("stealscope-run-victim", "123-456780", b), a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuid_follows_from_name_and_owner),
		cmocka_unit_test(metal),
		cmocka_unit_test(metal_of_many),
		cmocka_unit_test(threads_from_qmp),
		cmocka_unit_test(metal_on_xen),
		cmocka_unit_test(linux_guest),
		cmocka_unit_test(pinned),
		cmocka_unit_test(numa),
		cmocka_unit_test(real_time),
		cmocka_unit_test(hugepages),
		cmocka_unit_test(quota),
		cmocka_unit_test(paths_are_escaped),
		cmocka_unit_test(bad_input_is_refused),
		cmocka_unit_test(long_errors_keep_their_reason),
		cmocka_unit_test(what_ends_glib_is_told),
	};

	return cmocka_run_group_tests(tests, load_schema, free_schema);
}
