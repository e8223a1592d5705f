// SPDX-License-Identifier: GPL-3.0-or-later
/* The harness's end of the reaper: start it, tell it, end it. What it does is in reaper_child.c. */
#include "host/reaper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/owner.h"
#include "base/process.h"
#include "base/util.h"
#include "host/reaper_msg.h"

struct reaper {
	int fd;
	pid_t child;
	int lock; /* on the owner file of the run; -1 = none */
};

static void tell(struct reaper *r, enum reaper_type type, pid_t pid, const char *text)
{
	struct reaper_msg m = {.type = type, .pid = pid};

	if (!r)
		return;
	if (pid)
		m.start_ticks = process_start_ticks(pid);
	if (text && (size_t)snprintf(m.text, sizeof(m.text), "%s", text) >= sizeof(m.text))
		return; /* no such path can exist */
	while (send(r->fd, &m, offsetof(struct reaper_msg, text) + strlen(m.text) + 1,
		       MSG_NOSIGNAL) < 0 &&
		errno == EINTR)
		;
}

void reaper_add_domains(struct reaper *r, const char *uri)
{
	tell(r, REAPER_CLEAN, 0, uri);
}

int reaper_start(const char *run, const char *runtime_dir, struct reaper **out, struct err *e)
{
	struct reaper *r;
	struct child_setup setup = {.files = {CHILD_NULL, CHILD_NULL, CHILD_NULL}};
	char self[OWNER_MAX];
	pid_t child;
	int fds[2], rc;

	if (!name_is_safe(run))
		return err_set(e, EINVAL, "\"%s\" cannot be a run's name", run);
	owner_self(self);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return err_sys(e, "cannot start the reaper");
	setup.keep = fds[0];
	child = child_fork(&setup, e);
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return child;
	}
	if (child == 0)
		reaper_child(CHILD_KEPT_FD, run, runtime_dir, self);
	close(fds[0]);
	r = xcalloc(1, sizeof(*r));
	r->fd = fds[1];
	r->child = child;
	r->lock = -1;
	/* Only now: a folder that nobody would remove is never there. */
	rc = runtime_dir ? owner_claim(runtime_dir, &r->lock, e) : 0;
	if (rc) {
		auto_free char *hidden = owner_hidden_name(runtime_dir, self);

		if (access(hidden, F_OK))
			reaper_done(r);
		else
			reaper_take_over(r);
		return rc;
	}
	reaper_add_path(r, runtime_dir);
	*out = r;
	return 0;
}

void reaper_add_pid(struct reaper *r, pid_t pid)
{
	if (pid > 1)
		tell(r, REAPER_PID, pid, NULL);
}

void reaper_add_shm(struct reaper *r, const char *name)
{
	auto_free char *path = xasprintf("/dev/shm/%s", name[0] == '/' ? name + 1 : name);

	tell(r, REAPER_PATH, 0, path);
}

void reaper_add_path(struct reaper *r, const char *path)
{
	if (path && path[0] == '/')
		tell(r, REAPER_PATH, 0, path);
}

void reaper_add_tuning(struct reaper *r, const char *path)
{
	tell(r, REAPER_TUNING, 0, path);
}

void reaper_done(struct reaper *r)
{
	if (!r)
		return;
	tell(r, REAPER_DONE, 0, NULL);
	reaper_take_over(r);
}

void reaper_take_over(struct reaper *r)
{
	if (!r)
		return;
	close(r->fd);
	cleanup_close(&r->lock);
	while (waitpid(r->child, NULL, 0) < 0 && errno == EINTR)
		;
	free(r);
}
