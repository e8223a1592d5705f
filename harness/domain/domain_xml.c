// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest of the plan as libvirt domain XML: pure, built as a libxml2 tree so that no name or path
 * can break out of its place. Only what a guest needs: every device costs boot time and exits. */
#include "domain/domain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "domain/priv.h"
#include "domain/xml.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

static xmlNodePtr add(xmlNodePtr parent, const char *name)
{
	return xmlNewChild(parent, NULL, BAD_CAST name, NULL);
}

static xmlNodePtr add_text(xmlNodePtr parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, BAD_CAST name, BAD_CAST text);
}

static void attr(xmlNodePtr node, const char *name, const char *value)
{
	xmlNewProp(node, BAD_CAST name, BAD_CAST value);
}

static __attribute__((format(printf, 3, 4))) void attrf(
	xmlNodePtr node, const char *name, const char *fmt, ...)
{
	char text[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	attr(node, name, text);
}

static xmlNodePtr add_u64(xmlNodePtr parent, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return add_text(parent, name, text);
}

static void add_cpuset_attr(xmlNodePtr node, const char *name, const struct cpuset *set)
{
	char text[CPUSET_TEXT];

	attr(node, name, cpuset_format(set, text, sizeof(text)));
}

/* Two FNV-1a sums, in the form of a UUID made by whoever makes it (version 8). */
char *domain_uuid(const char *name, const char *owner, char buf[DOMAIN_UUID_SIZE])
{
	auto_free char *text = xasprintf("stealscope %s %s", owner, name);
	uint64_t h[2] = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cbf29ce4)};

	for (const char *p = text; *p; p++)
		for (int i = 0; i < 2; i++)
			h[i] = (h[i] ^ ((unsigned char)*p + (unsigned)i)) * UINT64_C(0x100000001b3);
	snprintf(buf, DOMAIN_UUID_SIZE, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(h[0] >> 32),
		(unsigned)(h[0] >> 16) & 0xffff, (unsigned)h[0] & 0xfff,
		0x8000 | ((unsigned)(h[1] >> 48) & 0x3fff),
		(unsigned long long)(h[1] & UINT64_C(0xffffffffffff)));
	return buf;
}

static void add_head(
	xmlNodePtr root, const struct plan_guest *g, const char *run, const char *owner)
{
	auto_free char *name = xasprintf("stealscope-%s-%s", run, g->name);
	auto_free char *title = xasprintf("stealscope %s, guest %s", run, g->name);
	char uuid[DOMAIN_UUID_SIZE];
	xmlNodePtr meta;
	xmlNsPtr ns;

	add_text(root, "name", name);
	if (owner)
		add_text(root, "uuid", domain_uuid(name, owner, uuid));
	add_text(root, "title", title);
	if (!owner)
		return;
	meta = xmlNewChild(add(root, "metadata"), NULL, BAD_CAST "owner", BAD_CAST owner);
	ns = xmlNewNs(meta, BAD_CAST DOMAIN_META_URI, BAD_CAST "stealscope");
	xmlSetNs(meta, ns);
}

static void add_memory(xmlNodePtr root, const struct plan_guest *g, uint64_t behind)
{
	xmlNodePtr node = add_u64(root, "memory", (g->memory_bytes + behind) / 1024), page;

	attr(node, "unit", "KiB");
	if (g->hugepage_bytes) {
		page = add(add(add(root, "memoryBacking"), "hugepages"), "page");
		attrf(page, "size", "%llu", (unsigned long long)g->hugepage_bytes / 1024);
		attr(page, "unit", "KiB");
	}
	if (!cpuset_empty(&g->memory_nodes)) {
		node = add(add(root, "numatune"), "memory");
		attr(node, "mode", "strict");
		add_cpuset_attr(node, "nodeset", &g->memory_nodes);
	}
}

static void add_vcpus(xmlNodePtr root, const struct plan_guest *g, bool xen)
{
	struct cpuset all = g->emulator_cpus;
	xmlNodePtr node = add_u64(root, "vcpu", g->vcpus);

	for (unsigned v = 0; v < g->vcpus; v++)
		all = cpuset_or(&all, &g->vcpu_cpus[v]);
	attr(node, "placement", "static");
	if (!cpuset_empty(&all) && !xen)
		add_cpuset_attr(node, "cpuset", &all);
}

static void add_cputune(xmlNodePtr root, const struct plan_guest *g, bool policy_by_hand)
{
	const struct plan_cpu_limits *l = &g->vcpu_limits;
	xmlNodePtr tune = xmlNewNode(NULL, BAD_CAST "cputune"), node;

	if (l->shares)
		add_u64(tune, "shares", l->shares);
	if (l->period_us)
		add_u64(tune, "period", l->period_us);
	if (l->quota_us)
		add_u64(tune, "quota", l->quota_us);
	for (unsigned v = 0; v < g->vcpus; v++) {
		if (cpuset_empty(&g->vcpu_cpus[v]))
			continue;
		node = add(tune, "vcpupin");
		attrf(node, "vcpu", "%u", v);
		add_cpuset_attr(node, "cpuset", &g->vcpu_cpus[v]);
	}
	if (!cpuset_empty(&g->emulator_cpus))
		add_cpuset_attr(add(tune, "emulatorpin"), "cpuset", &g->emulator_cpus);
	if (g->policy != SCHED_AS_IS && !policy_by_hand) {
		node = add(tune, "vcpusched");
		attrf(node, "vcpus", g->vcpus > 1 ? "0-%u" : "%u", g->vcpus - 1);
		attr(node, "scheduler", word_of(&words_vcpu_policy, g->policy));
		attrf(node, "priority", "%u", g->priority);
	}
	if (tune->children)
		xmlAddChild(root, tune);
	else
		xmlFreeNode(tune);
}

static void add_os(xmlNodePtr root, const struct domain_files *f)
{
	xmlNodePtr os = add(root, "os"), node = add_text(os, "type", "hvm");

	attr(node, "arch", "x86_64");
	/* pc boots a little faster than q35 with every firmware tried. */
	attr(node, "machine", "pc");
	if (f->firmware)
		attr(add_text(os, "loader", f->firmware), "type", "rom");
	if (f->n_disks) {
		disk_xml_os(os, f);
		return;
	}
	add_text(os, "kernel", f->kernel);
	if (f->initrd)
		add_text(os, "initrd", f->initrd);
	if (f->cmdline)
		add_text(os, "cmdline", f->cmdline);
}

/* KVM: the host's CPU, not migratable so that an invariant TSC is shown; QEMU 7.2 dies setting MSR
 * 0x10a on some hosts unless arch-capabilities is off. TCG: everything QEMU can emulate. */
static void add_cpu(xmlNodePtr root, bool kvm)
{
	xmlNodePtr features = add(root, "features"), cpu, node;

	add(features, "acpi");
	add(features, "apic");
	cpu = add(root, "cpu");
	attr(cpu, "mode", kvm ? "host-passthrough" : "maximum");
	attr(cpu, "check", "none");
	attr(cpu, "migratable", "off");
	if (kvm) {
		node = add(cpu, "feature");
		attr(node, "policy", "disable");
		attr(node, "name", "arch-capabilities");
	}
	cpu = add(root, "clock");
	attr(cpu, "offset", "utc");
	node = add(cpu, "timer");
	attr(node, "name", "hpet");
	attr(node, "present", "no");
}

static void add_devices(xmlNodePtr root, const struct domain_files *f)
{
	xmlNodePtr devices = add(root, "devices"), node, child;

	add_text(devices, "emulator", f->emulator);
	node = add(devices, "controller");
	attr(node, "type", "usb");
	attr(node, "model", "none");
	attr(add(devices, "memballoon"), "model", "none");
	disk_xml_devices(devices, f);
	if (f->console_log) {
		node = add(devices, "serial");
		attr(node, "type", "file");
		child = add(node, "source");
		attr(child, "path", f->console_log);
		attr(child, "append", "on");
		attr(add(node, "target"), "port", "0");
	}
	if (f->shm_name) {
		node = add(devices, "shmem");
		attr(node, "name", f->shm_name);
		attr(add(node, "model"), "type", "ivshmem-plain");
		attr(add_u64(node, "size", f->shm_size >> 20), "unit", "M");
	}
}

/* libvirt starts QEMU with -no-shutdown and ends it itself when the guest powers off. A guest whose
 * harness was killed has nobody to do that, so QEMU is told (last option wins) to end by itself. */
static void add_actions(xmlNodePtr root, const struct domain_files *f)
{
	static const char *const args[] = {"-action", "reboot=shutdown,shutdown=poweroff"};
	xmlNsPtr ns = xmlNewNs(root, BAD_CAST QEMU_NS, BAD_CAST "qemu");
	xmlNodePtr line, arg;
	char *more[4];
	unsigned n;

	add_text(root, "on_poweroff", "destroy");
	add_text(root, "on_reboot", "destroy");
	add_text(root, "on_crash", "destroy");
	line = xmlNewChild(root, ns, BAD_CAST "commandline", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		arg = xmlNewChild(line, ns, BAD_CAST "arg", NULL);
		attr(arg, "value", args[i]);
	}
	n = disk_xml_args(f, more);
	for (unsigned i = 0; i < n; i++) {
		arg = xmlNewChild(line, ns, BAD_CAST "arg", NULL);
		attr(arg, "value", more[i]);
		free(more[i]);
	}
	/* Without this libvirt asks QEMU for some 400 CPU properties one by one, which QEMU reads
	 * byte by byte: 16 guests then take 5.6 s to start, and 1.1 s with it (libvirt 9.0,
	 * QEMU 7.2). */
	line = xmlNewChild(root, ns, BAD_CAST "capabilities", NULL);
	attr(xmlNewChild(line, ns, BAD_CAST "del", NULL), "capability", "cpu-unavailable-features");
}

static int check(
	const struct plan_guest *g, const char *run, const struct domain_files *f, struct err *e)
{
	if (!name_is_safe(g->name) || !name_is_safe(run))
		return err_set(
			e, EINVAL, "\"%s\" of run \"%s\" cannot be a domain's name", g->name, run);
	if (g->vcpus < 1 || g->vcpus > SHM_MAX_VCPUS)
		return err_set(e, EINVAL, "guest %s: %u vCPUs; 1 to %d are possible", g->name,
			g->vcpus, SHM_MAX_VCPUS);
	if (f->shm_name && (f->shm_size < (1u << 20) || (f->shm_size & (f->shm_size - 1))))
		return err_set(e, EINVAL,
			"guest %s: a shared page of %llu bytes; it must be a power of two, 1 MiB or more",
			g->name, (unsigned long long)f->shm_size);
	if ((!f->kernel && !f->n_disks) || (!f->emulator && !f->xen))
		return err_set(e, EINVAL, "guest %s: no %s given", g->name,
			!f->kernel && !f->n_disks ? "kernel" : "emulator");
	return 0;
}

static char *doc_text(xmlDocPtr doc, struct err *e)
{
	char *text = xml_text(doc);

	if (!text)
		err_set(e, ENOMEM, "the domain XML could not be written");
	return text;
}

char *domain_xml_plain(const char *xml, struct err *e)
{
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = xml_read(xml);
	xmlNodePtr node = doc ? xmlDocGetRootElement(doc) : NULL;

	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->ns && strcmp((const char *)node->name, "capabilities") == 0)
			break;
	if (node) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
	return doc ? doc_text(doc, e) : NULL;
}

char *domain_xml(
	const struct plan_guest *g, const char *run, const struct domain_files *f, struct err *e)
{
	xmlNodePtr root;
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = NULL;
	char *out;

	if (check(g, run, f, e))
		return NULL;
	doc = xmlNewDoc(BAD_CAST "1.0");
	root = xmlNewNode(NULL, BAD_CAST "domain");
	xmlDocSetRootElement(doc, root);
	attr(root, "type", f->xen ? "xen" : f->kvm ? "kvm" : "qemu");
	add_head(root, g, run, f->owner);
	add_memory(root, g, f->xen && !f->initrd ? f->shm_size : 0);
	add_vcpus(root, g, f->xen);
	if (f->xen) {
		xen_xml(root, f);
	} else {
		add_cputune(root, g, f->policy_by_hand);
		add_os(root, f);
		add_cpu(root, f->kvm);
		add_devices(root, f);
		add_actions(root, f);
	}
	out = doc_text(doc, e);
	if (!out && e)
		err_wrap(e, "guest %s", g->name);
	return out;
}
