// SPDX-License-Identifier: GPL-3.0-or-later
/* What a domain of Xen has in its XML: a PVH kernel of ours or a PV one with its initramfs, and a console. Its CPUs' places, weight and
 * cap are no part of it: libvirt's driver takes them from nobody but a call (xen_domain.c). */
#include "domain/priv.h"
#include "domain/xml.h"

static xmlNodePtr add(xmlNodePtr parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, BAD_CAST name, BAD_CAST text);
}

static void attr(xmlNodePtr node, const char *name, const char *value)
{
	xmlNewProp(node, BAD_CAST name, BAD_CAST value);
}

void xen_xml(struct _xmlNode *root, const struct domain_files *f)
{
	xmlNodePtr node, child;

	node = add(root, "os", NULL);
	child = add(node, "type", f->initrd ? "linux" : "xenpvh");
	attr(child, "arch", "x86_64");
	attr(child, "machine", f->initrd ? "xenpv" : "xenpvh");
	add(node, "kernel", f->kernel);
	if (f->initrd)
		add(node, "initrd", f->initrd);
	add(node, "cmdline", f->cmdline);
	/* The processor's own TSC, with an offset: else Xen may emulate each reading. */
	node = add(root, "clock", NULL);
	attr(node, "offset", "utc");
	child = add(node, "timer", NULL);
	attr(child, "name", "tsc");
	attr(child, "mode", "native");
	add(root, "on_poweroff", "destroy");
	add(root, "on_reboot", "destroy");
	add(root, "on_crash", "destroy");
	node = add(add(root, "devices", NULL), "console", NULL);
	attr(node, "type", "pty");
	child = add(node, "target", NULL);
	attr(child, "type", "xen");
	attr(child, "port", "0");
}
