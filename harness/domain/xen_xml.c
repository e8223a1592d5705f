// SPDX-License-Identifier: GPL-3.0-or-later
/* What a domain of Xen has in its XML: a PVH kernel of ours or a PV one with its initramfs, and a console. Its CPUs' places, weight and
 * cap are no part of it: libvirt's driver takes them from nobody but a call (xen_domain.c). */
#include "domain/priv.h"
#include "domain/xml.h"

void xen_xml(xmlNodePtr root, const struct plan_guest *g, const struct domain_files *f)
{
	xmlNodePtr node, child;

	(void)g;

	node = xml_add(root, "os", NULL);
	child = xml_add(node, "type", f->initrd ? "linux" : "xenpvh");
	xml_attr(child, "arch", "x86_64");
	xml_attr(child, "machine", f->initrd ? "xenpv" : "xenpvh");
	xml_add(node, "kernel", f->kernel);
	if (f->initrd)
		xml_add(node, "initrd", f->initrd);
	xml_add(node, "cmdline", f->cmdline);
	/* The processor's own TSC, with an offset: else Xen may emulate each reading. */
	node = xml_add(root, "clock", NULL);
	xml_attr(node, "offset", "utc");
	child = xml_add(node, "timer", NULL);
	xml_attr(child, "name", "tsc");
	xml_attr(child, "mode", "native");
	xml_add(root, "on_poweroff", "destroy");
	xml_add(root, "on_reboot", "destroy");
	xml_add(root, "on_crash", "destroy");
	node = xml_add(xml_add(root, "devices", NULL), "console", NULL);
	xml_attr(node, "type", "pty");
	child = xml_add(node, "target", NULL);
	xml_attr(child, "type", "xen");
	xml_attr(child, "port", "0");
}
