// SPDX-License-Identifier: GPL-3.0-or-later
/* A copy of somebody's domain that leaves the original untouched: its definition with a new
 * identity, its disks on overlays that are thrown away. */
#include <errno.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "domain/live.h"
#include "domain/priv.h"
#include "domain/tuning_priv.h"
#include "domain/xml.h"
#include "image/disk.h"

#define BOOT_FILE_MAX (512u << 20) /* of a kernel, an initial RAM disk, UEFI's variables */

struct copy {
	xmlDocPtr doc;
	xmlNodePtr root;
	xmlXPathContextPtr ctx;
	const struct plan_guest *g;
	const char *folder;
	bool label_files; /* lab_gives_files() */
};

/* ---- the tree */

typedef int (*node_fn)(struct copy *c, xmlNodePtr node, struct err *e);

/* Call `fn` for all nodes that are there now: it may remove them. */
static int for_each(struct copy *c, const char *path, node_fn fn, struct err *e)
{
	auto_ptr(xmlXPathFreeObject) xmlXPathObjectPtr found =
		xmlXPathEvalExpression(BAD_CAST path, c->ctx);
	int n = found && found->nodesetval ? found->nodesetval->nodeNr : 0, rc = 0;

	for (int i = 0; !rc && i < n; i++)
		rc = fn(c, found->nodesetval->nodeTab[i], e);
	return rc;
}

static xmlNodePtr child(xmlNodePtr node, const char *name)
{
	for (node = node->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

static xmlNodePtr child_made(xmlNodePtr node, const char *name)
{
	xmlNodePtr found = child(node, name);

	return found ? found : xmlNewChild(node, NULL, BAD_CAST name, NULL);
}

static void drop(xmlNodePtr node)
{
	if (!node)
		return;
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

static int drop_node(struct copy *c, xmlNodePtr node, struct err *e)
{
	(void)c;
	(void)e;
	drop(node);
	return 0;
}

static char *attribute(xmlNodePtr node, const char *name)
{
	auto_ptr(xmlFree) xmlChar *text = node ? xmlGetProp(node, BAD_CAST name) : NULL;

	return text ? xstrdup((const char *)text) : NULL;
}

static void set(xmlNodePtr node, const char *name, const char *value)
{
	xmlSetProp(node, BAD_CAST name, BAD_CAST value);
}

static void set_text(xmlNodePtr parent, const char *name, const char *text)
{
	drop(child(parent, name));
	xmlNewTextChild(parent, NULL, BAD_CAST name, BAD_CAST text);
}

/* ---- disks */

/* Of the same formats, and refused with the same words, as an image that is named by its file. */
static int make_overlay(const struct copy *c, xmlNodePtr disk, char *base, const char *format,
	const char *overlay, struct err *e)
{
	const struct plan_disk image = {.image = base,
		.format = !strcmp(format, "qcow2") ? DISK_QCOW2
			  : !strcmp(format, "raw") ? DISK_RAW
						   : DISK_AUTO,
		.backing = BACKING_ANYWHERE};
	struct disk_chain chain = {0};
	int rc = disk_look(&image, "/", &chain, e);

	if (!rc)
		rc = disk_overlay(&chain, overlay, e);
	drop(child(disk, "backingStore"));
	/* As libvirt labels them, it would give them to QEMU's user, and never back. */
	disk_xml_backing(disk, &chain, c->label_files);
	disk_chain_release(&chain);
	return rc;
}

static int overlay_disk(struct copy *c, xmlNodePtr disk, struct err *e)
{
	xmlNodePtr source = child(disk, "source"), driver = child_made(disk, "driver");
	auto_free char *file = attribute(source, "file"), *dev = attribute(source, "dev");
	auto_free char *format = attribute(driver, "type"), *type = attribute(disk, "type");
	auto_free char *name = attribute(child(disk, "target"), "dev");
	auto_free char *kind = attribute(disk, "device");
	auto_free char *overlay = NULL;
	char *base = file ? file : dev;
	int rc;

	if (source && (child(disk, "readonly") || (kind && strcmp(kind, "disk") != 0))) {
		drop(child(source, "seclabel"));
		if (c->label_files && base)
			disk_xml_leave_alone(source);
		return 0;
	}
	if (!source)
		return 0;
	if (!base)
		return err_set_exit(e, EXIT_USAGE, ENOTSUP,
			"its disk %s is of type \"%s\", of which no overlay can be made; use=\"live\", or take the disk out",
			name, type ? type : "?");
	overlay = xasprintf("%s/%s-%s.qcow2", c->folder, c->g->name, name ? name : "disk");
	rc = make_overlay(c, disk, base, format ? format : "raw", overlay, e);
	if (rc)
		return rc;
	set(disk, "type", "file");
	set(driver, "name", "qemu");
	set(driver, "type", "qcow2");
	drop(source);
	set(xmlNewChild(disk, NULL, BAD_CAST "source", NULL), "file", overlay);
	return 0;
}

/* A file that QEMU's user must own, below `folder`, in place of the original's. */
static int own_file(struct copy *c, xmlNodePtr node, struct err *e)
{
	auto_ptr(xmlFree) xmlChar *from = xmlNodeGetContent(node);
	auto_free char *to = xasprintf("%s/%s-%s", c->folder, c->g->name, (const char *)node->name);
	size_t len = 0;
	auto_free char *data = read_file((const char *)from, BOOT_FILE_MAX, &len, e);
	int rc = data ? write_file(to, data, len, e) : -e->code;

	if (!rc)
		xmlNodeSetContent(node, BAD_CAST to);
	return rc;
}

/* UEFI variables: a copy of the original's, or made anew from the template. */
static int own_nvram(struct copy *c, xmlNodePtr os, struct err *e)
{
	auto_free char *to = xasprintf("%s/%s-nvram", c->folder, c->g->name);
	auto_free char *type = attribute(child(os, "loader"), "type");
	xmlNodePtr nvram = child(os, "nvram");
	auto_ptr(xmlFree) xmlChar *from = nvram ? xmlNodeGetContent(nvram) : NULL;

	if (!nvram && (!type || strcmp(type, "pflash") != 0))
		return 0;
	if (from && access((const char *)from, F_OK) == 0)
		return own_file(c, nvram, e);
	if (nvram)
		xmlNodeSetContent(nvram, BAD_CAST to);
	else
		xmlNewTextChild(os, NULL, BAD_CAST "nvram", BAD_CAST to);
	return 0;
}

/* ---- what must not be the original's */

/* A second one of the same address would take the first off the network. */
static int new_interface(struct copy *c, xmlNodePtr nic, struct err *e)
{
	(void)c;
	(void)e;
	drop(child(nic, "mac"));
	drop(child(nic, "target"));
	set(child_made(nic, "link"), "state", "down");
	return 0;
}

static int free_port(struct copy *c, xmlNodePtr graphics, struct err *e)
{
	(void)c;
	(void)e;
	xmlUnsetProp(graphics, BAD_CAST "port");
	xmlUnsetProp(graphics, BAD_CAST "tlsPort");
	set(graphics, "autoport", "yes");
	return 0;
}

static int to_pty(struct copy *c, xmlNodePtr chardev, struct err *e)
{
	(void)c;
	(void)e;
	set(chardev, "type", "pty");
	drop(child(chardev, "source"));
	drop(child(chardev, "protocol"));
	drop(child(chardev, "log"));
	return 0;
}

static void new_identity(struct copy *c, const char *run, const char *owner)
{
	auto_free char *name = xasprintf("%s%s-%s", DOMAIN_NAME_PREFIX, run, c->g->name);
	xmlNodePtr meta = child_made(c->root, "metadata"), node;
	xmlNsPtr ns;

	set_text(c->root, "name", name);
	drop(child(c->root, "uuid"));
	drop(child(c->root, "genid"));
	node = xmlNewChild(meta, NULL, BAD_CAST "owner", BAD_CAST owner);
	ns = xmlNewNs(node, BAD_CAST DOMAIN_META_URI, BAD_CAST "stealscope");
	xmlSetNs(node, ns);
}

/* ---- placement, as the plan has it */

static void pin(xmlNodePtr tune, const struct plan_guest *g)
{
	xmlNodePtr node;

	while ((node = child(tune, "vcpupin")))
		drop(node);
	for (unsigned v = 0; v < g->vcpus; v++) {
		auto_free char *index = xasprintf("%u", v);

		node = xmlNewChild(tune, NULL, BAD_CAST "vcpupin", NULL);
		set(node, "vcpu", index);
		xml_attr_cpus(node, "cpuset", &g->vcpu_cpus[v]);
	}
}

static void set_number(xmlNodePtr tune, const char *name, uint64_t value)
{
	auto_free char *text = xasprintf("%llu", (unsigned long long)value);

	if (value)
		set_text(tune, name, text);
}

static void tune(struct copy *c)
{
	xmlNodePtr tune = child_made(c->root, "cputune"), vcpu = child(c->root, "vcpu");
	const struct plan_guest *g = c->g;

	set_number(tune, "shares", g->vcpu_limits.shares);
	set_number(tune, "period", g->vcpu_limits.period_us);
	set_number(tune, "quota", g->vcpu_limits.quota_us);
	if (!g->as_placed) {
		pin(tune, g);
		if (vcpu)
			xmlUnsetProp(vcpu, BAD_CAST "cpuset");
	}
	if (!cpuset_empty(&g->emulator_cpus)) {
		drop(child(tune, "emulatorpin"));
		xml_attr_cpus(xmlNewChild(tune, NULL, BAD_CAST "emulatorpin", NULL), "cpuset",
			&g->emulator_cpus);
	}
	if (!cpuset_empty(&g->memory_nodes)) {
		xmlNodePtr memory;

		drop(child(c->root, "numatune"));
		memory = xmlNewChild(xmlNewChild(c->root, NULL, BAD_CAST "numatune", NULL), NULL,
			BAD_CAST "memory", NULL);
		set(memory, "mode", "strict");
		xml_attr_cpus(memory, "nodeset", &g->memory_nodes);
	}
	if (!tune->children)
		drop(tune);
}

static int change(struct copy *c, const char *run, const char *owner, struct err *e)
{
	static const struct {
		const char *path;
		node_fn fn;
	} steps[] = {
		{"/domain/devices/disk", overlay_disk},
		{"/domain/os", own_nvram},
		{"/domain/os/kernel|/domain/os/initrd|/domain/os/dtb", own_file},
		{"/domain/devices/interface", new_interface},
		{"/domain/devices/graphics", free_port},
		{"/domain/devices/serial[@type!='pty']|/domain/devices/console[@type!='pty']",
			to_pty},
		{"/domain/devices/channel/source", drop_node},
		{"/domain/seclabel", drop_node},
		{"/domain/resource", drop_node},
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < ARRAY_SIZE(steps); i++)
		rc = for_each(c, steps[i].path, steps[i].fn, e);
	new_identity(c, run, owner);
	tune(c);
	return rc;
}

static char *inactive_xml(struct lab_conn *c, const char *name, struct err *e)
{
	auto_ptr(virDomainFree) virDomainPtr dom = tuning_domain(c, NULL, name, e);
	char *xml = dom ? virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE) : NULL;

	if (dom && !xml)
		lab_error(e, name);
	return xml;
}

char *live_copy_xml(struct lab_conn *c, const struct plan_guest *g, const char *run,
	const char *owner, const char *folder, struct err *e)
{
	struct copy copy = {.g = g, .folder = folder, .label_files = lab_gives_files(c)};
	auto_free char *xml = inactive_xml(c, g->domain, e);
	char *out = NULL;

	if (!xml)
		return NULL;
	copy.doc = xml_read(xml);
	copy.root = copy.doc ? xmlDocGetRootElement(copy.doc) : NULL;
	copy.ctx = copy.doc ? xmlXPathNewContext(copy.doc) : NULL;
	if (!copy.root || !copy.ctx)
		err_set(e, EINVAL, "domain '%s': its XML cannot be read", g->domain);
	else if (make_dirs(folder, e) == 0 && change(&copy, run, owner, e) == 0)
		out = xml_text(copy.doc);
	else
		err_wrap(e, "no copy of domain '%s'", g->domain);
	xmlXPathFreeContext(copy.ctx);
	xmlFreeDoc(copy.doc);
	return out;
}
