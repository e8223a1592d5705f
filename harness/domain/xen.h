/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libvirt's driver for Xen knows of the domains that run. Those made by `xl` it does not list. */
#ifndef SS_DOMAIN_XEN_H
#define SS_DOMAIN_XEN_H

#include "domain/domain.h"
#include "host/vms.h"

/* Whether a URI names this box's Xen ("xen:///system"); one with a host in it is another box's. */
bool xen_uri_is_local(const char *uri);
bool xen_uri_is(const char *uri); /* any Xen */

/* The whole box, of which dom0 itself sees its own vCPUs only: its CPUs from libvirt's capabilities, and
 * where dom0 may run. dom0's CPUs are no guest's where others are left. */
int lab_xen_topology(struct lab_conn *c, struct topology *out, struct err *e);

/* "credit2"; "not known". Caller frees. */
char *lab_xen_scheduler(struct lab_conn *c);

/* All domains that run, dom0 included, in the order of their numbers: pid is the domain's number, a
 * vCPU's tid xen_tid() of xen/states.h. */
int lab_xen_vms(struct lab_conn *c, struct vm_list *out, struct err *e);

#endif
