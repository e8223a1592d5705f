// SPDX-License-Identifier: GPL-3.0-or-later
/* The libvirt connections of a process, each with a reaper of its own: it is there before the
 * embedded driver's folder is made and its QEMUs are asked what they can do, and after the last
 * run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/domain.h"
#include "domain/live.h"
#include "host/reaper.h"
#include "run/priv.h"

/* A list: runs on somebody's domains need that somebody's libvirt, others the embedded one. */
struct run_lab {
	struct run_lab *next;
	char *uri; /* as asked for */
	struct lab_conn *conn;
	struct reaper *reaper; /* NULL: nothing of it is on this host's disk */
	char *root;	       /* the embedded driver's folder */
};

static void close_one(struct run_lab *lab)
{
	lab_close(lab->conn);
	if (lab->root && access(lab->root, F_OK) == 0)
		reaper_take_over(lab->reaper);
	else
		reaper_done(lab->reaper);
	free(lab->root);
	free(lab->uri);
	free(lab);
}

static int open_lab(const char *uri, struct run_lab **labs, struct err *e)
{
	struct run_lab *lab = xcalloc(1, sizeof(*lab));
	char *root = lab->root = lab_planned_root(uri);
	char owner[OWNER_MAX];
	int rc = root ? reaper_start(owner_self(owner), NULL, &lab->reaper, e) : 0;

	lab->uri = xstrdup(uri);
	if (!rc) {
		reaper_add_path(lab->reaper, root);
		rc = lab_open(uri, NULL, &lab->conn, e);
	}
	if (rc) {
		close_one(lab);
	} else {
		lab->next = *labs;
		*labs = lab;
	}
	return rc;
}

void run_lab_close(struct run_lab **labs)
{
	while (*labs) {
		struct run_lab *lab = *labs;

		*labs = lab->next;
		close_one(lab);
	}
}

/* A connection whose daemon has gone is of no use to the next run. */
static struct run_lab *find(struct run_lab **labs, const char *uri)
{
	for (struct run_lab **p = labs; *p; p = &(*p)->next) {
		struct run_lab *lab = *p;

		if (strcmp(lab->uri, uri) != 0)
			continue;
		if (lab_answers(lab->conn))
			return lab;
		*p = lab->next;
		close_one(lab);
		return NULL;
	}
	return NULL;
}

/* ---- where somebody's domains are */

static const char *const usual[] = {"qemu:///system", "qemu:///session"};

/* The first usual libvirt that knows the domain. */
static int find_domain(struct run_lab **labs, const char *domain, const char **uri, struct err *e)
{
	struct err first = ERR_INIT;

	/* root's own session is nobody's home, and asking for it would start a daemon. */
	for (size_t i = 0; i < (geteuid() ? ARRAY_SIZE(usual) : 1); i++) {
		struct run_lab *lab = find(labs, usual[i]);
		auto_struct(live_facts) f = {0};
		struct err why = ERR_INIT;
		int rc = lab ? 0 : open_lab(usual[i], labs, &why);

		lab = lab ? lab : *labs;
		if (!rc)
			rc = live_look(lab->conn, domain, &f, &why);
		if (!rc) {
			*uri = usual[i];
			return 0;
		}
		if (!first.code || (rc == -ENOENT && first.code != ENOENT))
			first = why;
	}
	*e = first;
	return -e->code;
}

static int choose_uri(struct run_lab **labs, const char *asked, const char *domain,
	const char **uri, struct err *e)
{
	*uri = asked;
	return strcmp(asked, "auto") ? 0 : find_domain(labs, domain, uri, e);
}

static const char *first_domain(const struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].plan->domain)
			return s->guests[i].plan->domain;
	return NULL;
}

/* Whether a guest needs a page that QEMU can open. */
static bool any_page(const struct session *s)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].shm)
			return true;
	return false;
}

int step_connect(struct session *s, struct err *e)
{
	struct run_lab **labs = s->o->lab ? s->o->lab : &s->own_lab, *lab;
	const char *domain = first_domain(s), *uri = s->o->connect;
	uid_t uid;
	gid_t gid;
	int rc = domain ? choose_uri(labs, uri, domain, &uri, e) : 0;

	if (rc)
		return rc;
	lab = find(labs, uri);
	rc = lab ? 0 : open_lab(uri, labs, e);
	if (rc)
		return rc;
	s->conn = (lab ? lab : *labs)->conn;
	free(s->info.connect);
	s->info.connect = xstrdup(lab_uri(s->conn));
	if (lab_is_xen(s->conn))
		reaper_add_domains(s->reaper, lab_uri(s->conn));
	if (any_page(s)) {
		rc = lab_qemu_ids(s->conn, &uid, &gid, e);
		for (size_t i = 0; !rc && i < s->n_guests; i++)
			if (s->guests[i].shm)
				rc = guest_shm_chown(s->guests[i].shm, uid, gid, e);
	}
	return rc;
}

void undo_connect(struct session *s)
{
	run_lab_close(&s->own_lab);
	s->conn = NULL;
}

/* ---- before planning: what only libvirt knows of a domain */

int run_lab_of(struct run_lab **labs, const char *connect, const char *domain,
	struct lab_conn **out, struct err *e)
{
	const char *uri;
	struct run_lab *lab;
	int rc = choose_uri(labs, connect, domain, &uri, e);

	lab = rc ? NULL : find(labs, uri);
	if (!rc && !lab && !(rc = open_lab(uri, labs, e)))
		lab = *labs;
	if (!rc)
		*out = lab->conn;
	return rc;
}

static int resolve_guest(
	struct run_lab **labs, const char *connect, struct exp_guest *g, struct err *e)
{
	auto_struct(live_facts) f = {0};
	struct lab_conn *conn;
	int rc = run_lab_of(labs, connect, g->domain, &conn, e);

	if (!rc)
		rc = live_look(conn, g->domain, &f, e);
	if (!rc && f.vcpus > SHM_MAX_VCPUS)
		rc = err_set_exit(e, EXIT_HOST, E2BIG,
			"domain '%s' has %u vCPUs; a record holds %d of a guest", g->domain,
			f.vcpus, (int)SHM_MAX_VCPUS);
	if (!rc)
		rc = live_judge(g->domain, g->use, &f, e);
	if (!rc) {
		g->vcpus = f.vcpus;
		free(g->pins);
		g->pins = xcalloc(f.vcpus + 1, sizeof(*g->pins));
		memcpy(g->pins, f.pins, f.vcpus * sizeof(*g->pins));
		g->memory_bytes = f.running && g->use != USE_COPY ? 0 : f.memory_bytes;
	}
	return rc;
}

int run_resolve_domains(
	struct experiment *x, const char *connect, struct scenario_pos *where, struct err *e)
{
	struct run_lab *labs = NULL;
	int rc = 0;

	for (size_t i = 0; !rc && i < x->n_configs; i++)
		for (size_t k = 0; !rc && k < x->configs[i].n_guests; k++) {
			struct exp_guest *g = &x->configs[i].guests[k];

			*where = g->pos;
			if (g->domain && *g->domain)
				rc = resolve_guest(&labs, connect, g, e);
		}
	run_lab_close(&labs);
	return rc;
}
