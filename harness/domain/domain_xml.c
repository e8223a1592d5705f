// SPDX-License-Identifier: GPL-3.0-or-later
/* A guest of the plan as libvirt domain XML: pure, built as a libxml2 tree so that no name or path
 * can break out of its place. What every domain has; the rest is its kind's. */
#include "domain/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/priv.h"
#include "domain/xml.h"

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

	xml_add(root, "name", name);
	if (owner)
		xml_add(root, "uuid", domain_uuid(name, owner, uuid));
	xml_add(root, "title", title);
	if (!owner)
		return;
	meta = xmlNewChild(xml_add(root, "metadata", NULL), NULL, BAD_CAST "owner", BAD_CAST owner);
	ns = xmlNewNs(meta, BAD_CAST DOMAIN_META_URI, BAD_CAST "stealscope");
	xmlSetNs(meta, ns);
}

static void add_memory(xmlNodePtr root, const struct plan_guest *g, uint64_t behind)
{
	xmlNodePtr node = xml_add_u64(root, "memory", (g->memory_bytes + behind) / 1024), page;

	xml_attr(node, "unit", "KiB");
	if (g->hugepage_bytes) {
		page = xml_add(xml_add(xml_add(root, "memoryBacking", NULL), "hugepages", NULL),
			"page", NULL);
		xml_attrf(page, "size", "%llu", (unsigned long long)g->hugepage_bytes / 1024);
		xml_attr(page, "unit", "KiB");
	}
	if (!cpuset_empty(&g->memory_nodes)) {
		node = xml_add(xml_add(root, "numatune", NULL), "memory", NULL);
		xml_attr(node, "mode", "strict");
		xml_attr_cpus(node, "nodeset", &g->memory_nodes);
	}
}

static void add_vcpus(xmlNodePtr root, const struct plan_guest *g, bool placed)
{
	struct cpuset all = g->emulator_cpus;
	xmlNodePtr node = xml_add_u64(root, "vcpu", g->vcpus);

	for (unsigned v = 0; v < g->vcpus; v++)
		all = cpuset_or(&all, &g->vcpu_cpus[v]);
	xml_attr(node, "placement", "static");
	if (!cpuset_empty(&all) && placed)
		xml_attr_cpus(node, "cpuset", &all);
}

static int check(const struct plan_guest *g, const char *run, const struct domain_files *f,
	bool qemu, struct err *e)
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
	if ((!f->kernel && !f->n_disks) || (!f->emulator && qemu))
		return err_set(e, EINVAL, "guest %s: no %s given", g->name,
			!f->kernel && !f->n_disks ? "kernel" : "emulator");
	return 0;
}

/* QEMU's domains are placed by their XML, and their page is a device; Xen's are placed by calls, and the
 * page of one that has no kernel to grant it lies behind its memory. */
static const struct xml_kind {
	const char *type;
	bool qemu;
	void (*rest)(xmlNodePtr root, const struct plan_guest *g, const struct domain_files *f);
} kinds[] = {{"qemu", true, qemu_xml}, {"kvm", true, qemu_xml}, {"xen", false, xen_xml}};

char *domain_xml(
	const struct plan_guest *g, const char *run, const struct domain_files *f, struct err *e)
{
	const struct xml_kind *k = &kinds[f->xen ? 2 : f->kvm];
	xmlNodePtr root;
	auto_ptr(xmlFreeDoc) xmlDocPtr doc = NULL;
	char *out;

	if (check(g, run, f, k->qemu, e))
		return NULL;
	doc = xmlNewDoc(BAD_CAST "1.0");
	root = xmlNewNode(NULL, BAD_CAST "domain");
	xmlDocSetRootElement(doc, root);
	xml_attr(root, "type", k->type);
	add_head(root, g, run, f->owner);
	add_memory(root, g, k->qemu || f->initrd ? 0 : f->shm_size);
	add_vcpus(root, g, k->qemu);
	k->rest(root, g, f);
	out = xml_text(doc);
	if (!out)
		err_set(e, ENOMEM, "guest %s: the domain XML could not be written", g->name);
	return out;
}
