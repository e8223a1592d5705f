// SPDX-License-Identifier: GPL-3.0-or-later
/* The parts of a domain's XML that only a guest with disks of the user's has. */
#include <sys/stat.h>

#include "domain/priv.h"
#include "domain/xml.h"

void disk_xml_os(xmlNodePtr os, const struct domain_files *f)
{
	xmlNodePtr node;

	if (f->uefi_code) {
		node = xml_add(os, "loader", f->uefi_code);
		xml_attr(node, "readonly", "yes");
		xml_attr(node, "type", "pflash");
		xml_add(os, "nvram", f->uefi_vars);
	}
	xml_attr(xml_add(os, "boot", NULL), "dev", "hd");
}

static bool is_block(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

void disk_xml_leave_alone(xmlNodePtr source)
{
	xmlNodePtr label = xml_add(source, "seclabel", NULL);

	xml_attr(label, "model", "dac");
	xml_attr(label, "relabel", "no");
}

/* The files are the user's, or made for QEMU's user. */
static void add_source(xmlNodePtr parent, const char *path, bool label_it)
{
	xmlNodePtr source = xml_add(parent, "source", NULL);

	xml_attr(source, is_block(path) ? "dev" : "file", path);
	if (label_it)
		disk_xml_leave_alone(source);
}

void disk_xml_backing(xmlNodePtr disk, const struct disk_chain *upon, bool label_it)
{
	xmlNodePtr at = disk;

	for (unsigned i = 0; upon && i < upon->n; i++) {
		const struct disk_layer *l = &upon->layers[i];

		at = xml_add(at, "backingStore", NULL);
		xml_attr(at, "type", is_block(l->path) ? "block" : "file");
		xml_attr(xml_add(at, "format", NULL), "type", l->format);
		add_source(at, l->path, label_it);
	}
	xml_add(at, "backingStore", NULL); /* the chain ends here: nothing is to be looked for */
}

static void add_disk(xmlNodePtr devices, const struct domain_disk *d, unsigned index, bool label_it)
{
	char name[4] = {'v', 'd', (char)('a' + index), '\0'};
	xmlNodePtr disk = xml_add(devices, "disk", NULL), node;

	xml_attr(disk, "type", "file");
	xml_attr(disk, "device", "disk");
	node = xml_add(disk, "driver", NULL);
	xml_attr(node, "name", "qemu");
	xml_attr(node, "type", d->format);
	add_source(disk, d->path, label_it);
	disk_xml_backing(disk, d->upon, label_it);
	node = xml_add(disk, "target", NULL);
	xml_attr(node, "dev", name);
	xml_attr(node, "bus", "virtio");
	if (d->readonly)
		xml_add(disk, "readonly", NULL);
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
