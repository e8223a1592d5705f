// SPDX-License-Identifier: GPL-3.0-or-later
/* What a guest as QEMU has in its XML. Only what it needs: every device costs boot time and exits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/priv.h"
#include "domain/xml.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

static void add_cputune(xmlNodePtr root, const struct plan_guest *g, bool policy_by_hand)
{
	const struct plan_cpu_limits *l = &g->vcpu_limits;
	xmlNodePtr tune = xmlNewNode(NULL, BAD_CAST "cputune"), node;

	if (l->shares)
		xml_add_u64(tune, "shares", l->shares);
	if (l->period_us)
		xml_add_u64(tune, "period", l->period_us);
	if (l->quota_us)
		xml_add_u64(tune, "quota", l->quota_us);
	for (unsigned v = 0; v < g->vcpus; v++) {
		if (cpuset_empty(&g->vcpu_cpus[v]))
			continue;
		node = xml_add(tune, "vcpupin", NULL);
		xml_attrf(node, "vcpu", "%u", v);
		xml_attr_cpus(node, "cpuset", &g->vcpu_cpus[v]);
	}
	if (!cpuset_empty(&g->emulator_cpus))
		xml_attr_cpus(xml_add(tune, "emulatorpin", NULL), "cpuset", &g->emulator_cpus);
	if (g->policy != SCHED_AS_IS && !policy_by_hand) {
		node = xml_add(tune, "vcpusched", NULL);
		xml_attrf(node, "vcpus", g->vcpus > 1 ? "0-%u" : "%u", g->vcpus - 1);
		xml_attr(node, "scheduler", word_of(&words_vcpu_policy, g->policy));
		xml_attrf(node, "priority", "%u", g->priority);
	}
	if (tune->children)
		xmlAddChild(root, tune);
	else
		xmlFreeNode(tune);
}

static void add_os(xmlNodePtr root, const struct domain_files *f, bool many)
{
	xmlNodePtr os = xml_add(root, "os", NULL), node = xml_add(os, "type", "hvm");

	xml_attr(node, "arch", "x86_64");
	/* pc boots a little faster than q35 with every firmware tried. */
	xml_attr(node, "machine", many ? "q35" : "pc");
	if (f->firmware)
		xml_attr(xml_add(os, "loader", f->firmware), "type", "rom");
	if (f->n_disks) {
		disk_xml_os(os, f);
		return;
	}
	xml_add(os, "kernel", f->kernel);
	if (f->initrd)
		xml_add(os, "initrd", f->initrd);
	if (f->cmdline)
		xml_add(os, "cmdline", f->cmdline);
}

/* A number of a vCPU that is no byte takes what interrupts can have a longer destination with: x2APIC, an IOMMU that remaps them, and
 * an I/O APIC that tells it, which is QEMU's own. */
static void add_iommu(xmlNodePtr devices)
{
	xmlNodePtr iommu = xml_add(devices, "iommu", NULL), driver;

	xml_attr(iommu, "model", "intel");
	driver = xml_add(iommu, "driver", NULL);
	xml_attr(driver, "intremap", "on");
	xml_attr(driver, "eim", "on");
}

/* KVM: the host's CPU, not migratable so that an invariant TSC is shown; QEMU 7.2 dies setting MSR
 * 0x10a on some hosts unless arch-capabilities is off. TCG: everything QEMU can emulate. */
static void add_cpu(xmlNodePtr root, bool kvm, bool acpi, bool many)
{
	xmlNodePtr features = xml_add(root, "features", NULL), cpu, node;

	if (acpi)
		xml_add(features, "acpi", NULL);
	xml_add(features, "apic", NULL);
	if (many)
		xml_attr(xml_add(features, "ioapic", NULL), "driver", "qemu");
	cpu = xml_add(root, "cpu", NULL);
	xml_attr(cpu, "mode", kvm ? "host-passthrough" : "maximum");
	xml_attr(cpu, "check", "none");
	xml_attr(cpu, "migratable", "off");
	if (kvm) {
		node = xml_add(cpu, "feature", NULL);
		xml_attr(node, "policy", "disable");
		xml_attr(node, "name", "arch-capabilities");
	}
	cpu = xml_add(root, "clock", NULL);
	xml_attr(cpu, "offset", "utc");
	node = xml_add(cpu, "timer", NULL);
	xml_attr(node, "name", "hpet");
	xml_attr(node, "present", "no");
}

static void add_devices(xmlNodePtr root, const struct domain_files *f, bool many)
{
	xmlNodePtr devices = xml_add(root, "devices", NULL), node, child;

	xml_add(devices, "emulator", f->emulator);
	node = xml_add(devices, "controller", NULL);
	xml_attr(node, "type", "usb");
	xml_attr(node, "model", "none");
	xml_attr(xml_add(devices, "memballoon", NULL), "model", "none");
	disk_xml_devices(devices, f);
	if (f->console_log) {
		node = xml_add(devices, "serial", NULL);
		xml_attr(node, "type", "file");
		child = xml_add(node, "source", NULL);
		xml_attr(child, "path", f->console_log);
		xml_attr(child, "append", "on");
		xml_attr(xml_add(node, "target", NULL), "port", "0");
	}
	if (f->shm_name) {
		node = xml_add(devices, "shmem", NULL);
		xml_attr(node, "name", f->shm_name);
		xml_attr(xml_add(node, "model", NULL), "type", "ivshmem-plain");
		xml_attr(xml_add_u64(node, "size", f->shm_size >> 20), "unit", "M");
		if (many) { /* on the root bus: behind a port the guest would not look for it */
			child = xml_add(node, "address", NULL);
			xml_attr(child, "type", "pci");
			xml_attr(child, "bus", "0x00");
			xml_attr(child, "slot", "0x10");
		}
	}
	if (many)
		add_iommu(devices);
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

	xml_add(root, "on_poweroff", "destroy");
	xml_add(root, "on_reboot", "destroy");
	xml_add(root, "on_crash", "destroy");
	line = xmlNewChild(root, ns, BAD_CAST "commandline", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		arg = xmlNewChild(line, ns, BAD_CAST "arg", NULL);
		xml_attr(arg, "value", args[i]);
	}
	n = disk_xml_args(f, more);
	for (unsigned i = 0; i < n; i++) {
		arg = xmlNewChild(line, ns, BAD_CAST "arg", NULL);
		xml_attr(arg, "value", more[i]);
		free(more[i]);
	}
	/* Without this libvirt asks QEMU for some 400 CPU properties one by one, which QEMU reads
	 * byte by byte: 16 guests then take 5.6 s to start, and 1.1 s with it (libvirt 9.0,
	 * QEMU 7.2). */
	line = xmlNewChild(root, ns, BAD_CAST "capabilities", NULL);
	xml_attr(xmlNewChild(line, ns, BAD_CAST "del", NULL), "capability",
		"cpu-unavailable-features");
}

void qemu_xml(xmlNodePtr root, const struct plan_guest *g, const struct domain_files *f)
{
	bool many = g->vcpus > QEMU_PC_VCPUS;

	add_cputune(root, g, f->policy_by_hand);
	add_os(root, f, many);
	/* The metal guest reads no ACPI tables. Firmware sums each of them up byte by byte, which is
	 * two thirds of a boot where KVM emulates it (PVM: 36,000 of 55,000 instructions). */
	add_cpu(root, f->kvm, g->kind != GUEST_METAL, many);
	add_devices(root, f, many);
	add_actions(root, f);
}

char *domain_xml_plain(const char *xml, struct err *e)
{
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = xml_read(xml);
	xmlNodePtr node = doc ? xmlDocGetRootElement(doc) : NULL;
	char *plain;

	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->ns && strcmp((const char *)node->name, "capabilities") == 0)
			break;
	if (node) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
	plain = doc ? xml_text(doc) : NULL;
	if (doc && !plain)
		err_set(e, ENOMEM, "the domain XML could not be written");
	return plain;
}
