// SPDX-License-Identifier: GPL-3.0-or-later
/* The libvirt connection of a process, with a reaper of its own: it is there before the embedded
 * driver's folder is made and its QEMUs are asked what they can do, and after the last run. */
#include <stdlib.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/domain.h"
#include "host/reaper.h"
#include "run/priv.h"

struct run_lab {
	struct lab_conn *conn;
	struct reaper *reaper; /* NULL: nothing of it is on this host's disk */
	char *root;	       /* the embedded driver's folder */
};

static int open_lab(const char *uri, struct run_lab **out, struct err *e)
{
	struct run_lab *lab = xcalloc(1, sizeof(*lab));
	char *root = lab->root = lab_planned_root(uri);
	char owner[OWNER_MAX];
	int rc = root ? reaper_start(owner_self(owner), NULL, &lab->reaper, e) : 0;

	if (!rc) {
		reaper_add_path(lab->reaper, root);
		rc = lab_open(uri, NULL, &lab->conn, e);
	}
	if (rc)
		run_lab_close(&lab);
	else
		*out = lab;
	return rc;
}

void run_lab_close(struct run_lab **lab)
{
	if (!*lab)
		return;
	lab_close((*lab)->conn);
	if ((*lab)->root && access((*lab)->root, F_OK) == 0)
		reaper_take_over((*lab)->reaper);
	else
		reaper_done((*lab)->reaper);
	free((*lab)->root);
	free(*lab);
	*lab = NULL;
}

int step_connect(struct session *s, struct err *e)
{
	struct run_lab **lab = s->o->lab ? s->o->lab : &s->own_lab;
	uid_t uid;
	gid_t gid;
	int rc = *lab ? 0 : open_lab(s->o->connect, lab, e);

	if (rc)
		return rc;
	s->conn = (*lab)->conn;
	free(s->info.connect);
	s->info.connect = xstrdup(lab_uri(s->conn));
	rc = lab_qemu_ids(s->conn, &uid, &gid, e);
	for (size_t i = 0; !rc && i < s->n_guests; i++)
		if (s->guests[i].shm)
			rc = guest_shm_chown(s->guests[i].shm, uid, gid, e);
	return rc;
}

void undo_connect(struct session *s)
{
	run_lab_close(&s->own_lab);
	s->conn = NULL;
}
