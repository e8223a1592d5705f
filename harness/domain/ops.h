/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a domain is: a QEMU of this box, which is a process and lives on where libvirt does not (qemu_domain.c), or a domain of
 * Xen, which is none, and of which libvirt and the hypervisor tell (xen_domain.c). A connection knows which: all
 * others ask its table and not for the name of the hypervisor. */
#ifndef SS_DOMAIN_OPS_H
#define SS_DOMAIN_OPS_H

#include "domain/priv.h"

struct domain_ops {
	const char *word; /* what of it ends: "QEMU" */
	/* Create it. What failed the caller frees; -errno. */
	int (*start)(struct domain *d, const char *xml, struct err *e);
	bool (*alive)(struct domain *d);
	/* As domain_vcpu_tids(). */
	int (*tids)(struct domain *d, pid_t *tids, unsigned max, unsigned *n, struct err *e);
	/* As domain_limit(), of a guest that has a quota. */
	int (*limit)(struct domain *d, const struct plan_guest *g, bool on, struct err *e);
	/* Its end begins, of many at once, before each is waited for. NULL: it begins as it is waited for. */
	void (*kill)(struct domain *d);
	int (*await_end)(struct domain *d, struct err *e);
	/* As domain_kill_named(). */
	void (*kill_named)(struct lab_conn *c, const char *name);
	/* Its process, found without libvirt; 0: there is none. */
	pid_t (*process)(const struct lab_conn *c, const char *name);
	bool files_are_ours; /* what it reads and writes nobody but this process opens */
};

extern const struct domain_ops qemu_domains, xen_domains;

#endif
