// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xen/foreign.h"

#define GRANTED	     " pages by grant " /* guest-agent/linux/page_xen.c */
#define CONSOLE_LOOK 4096

void xen_guest_describe(struct guest_run *g, struct domain_files *f)
{
	free(g->cmdline);
	g->cmdline =
		g->plan->kind == GUEST_METAL
			? xasprintf("page=0x%llx", (unsigned long long)g->plan->memory_bytes)
			: xasprintf(
				  "console=hvc0 quiet panic=-1 rdinit=/init stealscope.pages=%llu",
				  (unsigned long long)guest_shm_size(g->shm) / XEN_PAGE);
	f->xen = true;
	f->cmdline = g->cmdline;
}

int xen_guest_go(struct session *s, struct guest_run *g, struct err *e)
{
	void *map;
	int rc;

	if (!lab_is_xen(s->conn))
		return 0;
	if (g->plan->kind == GUEST_METAL) {
		rc = domain_xen_page(
			g->domain, g->plan->memory_bytes, guest_shm_size(g->shm), &map, e);
		if (rc)
			return rc;
		guest_shm_move(g->shm, map);
	}
	return domain_xen_let_go(g->domain, g->plan, e);
}

/* "256 pages by grant 8", among what the guest says. */
static bool granted(const char *text, unsigned *pages, unsigned *list)
{
	const char *at = strstr(text, GRANTED);
	char end; /* of a whole line */

	if (!at || sscanf(at + strlen(GRANTED), "%u%c", list, &end) != 2)
		return false;
	while (at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return sscanf(at, "%u", pages) == 1;
}

int xen_guest_look(struct session *s, struct guest_run *g, struct err *e)
{
	char text[CONSOLE_LOOK + 1];
	unsigned pages, list;
	void *map;
	int rc;

	if (!lab_is_xen(s->conn) || g->plan->kind == GUEST_METAL || g->page_moved)
		return 0;
	text[console_end(g, text, CONSOLE_LOOK)] = '\0';
	if (!granted(text, &pages, &list))
		return 0;
	if (pages != guest_shm_size(g->shm) / XEN_PAGE)
		return err_set(e, EPROTO, "guest %s grants %u pages, not the %llu asked for",
			g->plan->name, pages,
			(unsigned long long)guest_shm_size(g->shm) / XEN_PAGE);
	rc = domain_xen_grants(g->domain, list, pages, &map, e);
	if (rc)
		return err_wrap(e, "guest %s", g->plan->name);
	guest_shm_move(g->shm, map);
	g->page_moved = true;
	return 0;
}

void xen_guest_console(struct guest_run *g)
{
	if (g->domain && domain_xen_id(g->domain))
		domain_xen_console(g->domain, g->console);
}
