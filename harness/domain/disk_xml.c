// SPDX-License-Identifier: GPL-3.0-or-later
/* The parts of a domain's XML that only a guest with disks of the user's has. */
#include <libxml/tree.h>
#include <sys/stat.h>

#include "domain/priv.h"

static xmlNodePtr add(xmlNodePtr parent, const char *name)
{
	return xmlNewChild(parent, NULL, BAD_CAST name, NULL);
}

static void attr(xmlNodePtr node, const char *name, const char *value)
{
	xmlNewProp(node, BAD_CAST name, BAD_CAST value);
}

void disk_xml_os(xmlNodePtr os, const struct domain_files *f)
{
	xmlNodePtr node;

	if (f->uefi_code) {
		node = xmlNewTextChild(os, NULL, BAD_CAST "loader", BAD_CAST f->uefi_code);
		attr(node, "readonly", "yes");
		attr(node, "type", "pflash");
		xmlNewTextChild(os, NULL, BAD_CAST "nvram", BAD_CAST f->uefi_vars);
	}
	attr(add(os, "boot"), "dev", "hd");
}

static bool is_block(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

void disk_xml_leave_alone(xmlNodePtr source)
{
	xmlNodePtr label = add(source, "seclabel");

	attr(label, "model", "dac");
	attr(label, "relabel", "no");
}

/* The files are the user's, or made for QEMU's user. */
static void add_source(xmlNodePtr parent, const char *path, bool label_it)
{
	xmlNodePtr source = add(parent, "source");

	attr(source, is_block(path) ? "dev" : "file", path);
	if (label_it)
		disk_xml_leave_alone(source);
}

void disk_xml_backing(xmlNodePtr disk, const struct disk_chain *upon, bool label_it)
{
	xmlNodePtr at = disk;

	for (unsigned i = 0; upon && i < upon->n; i++) {
		const struct disk_layer *l = &upon->layers[i];

		at = add(at, "backingStore");
		attr(at, "type", is_block(l->path) ? "block" : "file");
		attr(add(at, "format"), "type", l->format);
		add_source(at, l->path, label_it);
	}
	add(at, "backingStore"); /* the chain ends here: nothing is to be looked for */
}

static void add_disk(xmlNodePtr devices, const struct domain_disk *d, unsigned index, bool label_it)
{
	char name[4] = {'v', 'd', (char)('a' + index), '\0'};
	xmlNodePtr disk = add(devices, "disk"), node;

	attr(disk, "type", "file");
	attr(disk, "device", "disk");
	node = add(disk, "driver");
	attr(node, "name", "qemu");
	attr(node, "type", d->format);
	add_source(disk, d->path, label_it);
	disk_xml_backing(disk, d->upon, label_it);
	node = add(disk, "target");
	attr(node, "dev", name);
	attr(node, "bus", "virtio");
	if (d->readonly)
		add(disk, "readonly");
}

void disk_xml_devices(xmlNodePtr devices, const struct domain_files *f)
{
	for (unsigned i = 0; i < f->n_disks; i++)
		add_disk(devices, &f->disks[i], i, f->label_files);
}

/* libvirt 9 cannot forward a port by QEMU's own network. It does not know of the card either: the
 * slot is one that it gives to nothing of its own, which it counts up from 2. */
#define NETWORK_SLOT "0x1e"

unsigned disk_xml_args(const struct domain_files *f, char *args[4])
{
	if (!f->network)
		return 0;
	args[0] = xstrdup("-netdev");
	args[1] = f->port ? xasprintf("user,id=stealscope,hostfwd=tcp:127.0.0.1:%u-:%u",
				    f->host_port, f->port)
			  : xstrdup("user,id=stealscope");
	args[2] = xstrdup("-device");
	args[3] = xstrdup("virtio-net-pci,netdev=stealscope,romfile=,bus=pci.0,addr=" NETWORK_SLOT);
	return 4;
}
