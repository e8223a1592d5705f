// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/xen.h"

#include <stdlib.h>

void xen_guest_describe(struct guest_run *g, struct domain_files *f)
{
	free(g->cmdline);
	g->cmdline = xasprintf("page=0x%llx", (unsigned long long)g->plan->memory_bytes);
	f->xen = true;
	f->cmdline = g->cmdline;
}

int xen_guest_go(struct session *s, struct guest_run *g, struct err *e)
{
	void *map;
	int rc;

	if (!lab_is_xen(s->conn))
		return 0;
	rc = domain_xen_page(g->domain, g->plan->memory_bytes, guest_shm_size(g->shm), &map, e);
	if (rc)
		return rc;
	guest_shm_move(g->shm, map);
	return domain_xen_let_go(g->domain, g->plan, e);
}

void xen_guest_console(struct guest_run *g)
{
	if (g->domain && domain_xen_id(g->domain))
		domain_xen_console(g->domain, g->console);
}
