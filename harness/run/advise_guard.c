// SPDX-License-Identifier: GPL-3.0-or-later
/* What stands around the runs of a trial: one at a time, its owner's changes respected. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/guest_shm.h"
#include "domain/live.h"
#include "run/advise.h"
#include "run/run.h"

#define NEIGHBOURS_MAX 30

struct advise_guard {
	struct run_lab *labs;
	char *connect, *domain;
	struct tuning *first; /* as it was before the trial */
	int lock;
};

/* A name in the abstract namespace: the same for all users, and gone with its process. */
static int lock_host(int *fd, struct err *e)
{
	static const char name[] = "stealscope-advise";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));

	memcpy(to.sun_path + 1, name, sizeof(name) - 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_sys(e, "cannot make a lock");
	if (!bind(*fd, (struct sockaddr *)&to, len))
		return 0;
	if (errno != EADDRINUSE)
		return err_sys(e, "cannot take the lock of advisors");
	return err_set_exit(e, EXIT_HOST, EBUSY,
		"another `stealscope advise --prove` is at work on this host: two would try their changes on each other");
}

int advise_look(struct run_lab **labs, const char *connect, const char *domain,
	struct live_facts *f, struct err *e)
{
	struct lab_conn *conn;
	int rc = run_lab_of(labs, connect, domain, &conn, e);

	if (!rc)
		rc = live_look(conn, domain, f, e);
	if (!rc && !f->running)
		rc = err_set_exit(e, EXIT_USAGE, ESRCH,
			"domain '%s' is %s: only a running one can be advised", domain, f->state);
	if (!rc && !f->kvm)
		rc = err_set_exit(e, EXIT_HOST, ENOTSUP,
			"domain '%s' is emulated by QEMU (TCG): its speed is not the CPU's it waits for, and nothing is advised",
			domain);
	return rc;
}

int advise_guard(const char *connect, const char *domain, bool persistent,
	struct advise_guard **out, struct err *e)
{
	struct advise_guard *g = xcalloc(1, sizeof(*g));
	struct live_facts f = {0};
	struct lab_conn *conn;
	int rc;

	g->lock = -1;
	g->connect = xstrdup(connect);
	g->domain = xstrdup(domain);
	rc = advise_look(&g->labs, connect, domain, &f, e);
	if (!rc && persistent && !f.persistent)
		rc = err_set_exit(e, EXIT_USAGE, ENOENT,
			"domain '%s' is transient: it has no configuration in which --persistent could save a change",
			domain);
	live_facts_release(&f);
	if (!rc)
		rc = lock_host(&g->lock, e);
	if (!rc)
		rc = run_lab_of(&g->labs, connect, domain, &conn, e);
	if (!rc)
		rc = tuning_read(conn, domain, &g->first, e);
	if (rc)
		advise_unguard(g);
	else
		*out = g;
	return rc;
}

void advise_unguard(struct advise_guard *g)
{
	if (!g)
		return;
	tuning_free(g->first);
	run_lab_close(&g->labs);
	cleanup_close(&g->lock);
	free(g->connect);
	free(g->domain);
	free(g);
}

char *advise_touched(void *guard)
{
	struct advise_guard *g = guard;
	struct tuning *now = NULL;
	struct lab_conn *conn;
	struct err why = ERR_INIT;
	char *text = NULL;

	/* A libvirtd that is away just now is no change. */
	if (run_lab_of(&g->labs, g->connect, g->domain, &conn, &why) ||
		tuning_read(conn, g->domain, &now, &why))
		return NULL;
	for (size_t i = 0; i < g->first->n_rows && !text; i++) {
		const struct tuning_row *was = &g->first->rows[i];
		const struct tuning_row *is = tuning_row(now, was->key);

		/* By whichever way: its owner may go past libvirt. */
		if (is && strcmp(is->had, was->had) != 0)
			text = xasprintf(
				"ended early: somebody else changed %s from %s to %s meanwhile; that stays",
				was->key, *was->had ? was->had : "none",
				*is->had ? is->had : "none");
	}
	tuning_free(now);
	return text;
}

void advise_neighbours(
	struct advise_guard *g, const struct strv *running, struct strv *seen, struct strv *unseen)
{
	struct lab_conn *conn;
	struct err why = ERR_INIT;

	if (run_lab_of(&g->labs, g->connect, g->domain, &conn, &why))
		return;
	for (size_t i = 0; i < running->n; i++) {
		const char *name = running->items[i];
		struct live_facts f = {0};
		bool known;

		if (!strcmp(name, g->domain))
			continue;
		known = !live_look(conn, name, &f, &why) && f.running && f.kvm &&
			f.vcpus <= SHM_MAX_VCPUS && seen->n < NEIGHBOURS_MAX;
		strv_add(known ? seen : unseen, "%s", name);
		live_facts_release(&f);
	}
}

int advise_keep(struct advise_guard *g, const struct advice *a, struct strv *config, struct err *e)
{
	auto_free struct tuning_kept *rows = xcalloc(a->n_changes + 1, sizeof(*rows));
	struct lab_conn *conn;
	int rc = run_lab_of(&g->labs, g->connect, g->domain, &conn, e);

	for (size_t i = 0; i < a->n_changes; i++)
		rows[i] = (struct tuning_kept){.key = a->changes[i].key,
			.had = a->changes[i].had,
			.want = a->changes[i].want};
	if (!rc)
		rc = tuning_keep(conn, g->domain, rows, a->n_changes, config, e);
	for (size_t i = 0; i < a->n_changes; i++) {
		if (!rc && config)
			strv_add(config, "%s", rows[i].config);
		free(rows[i].config);
	}
	return rc;
}
