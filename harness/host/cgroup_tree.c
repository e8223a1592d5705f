// SPDX-License-Identifier: GPL-3.0-or-later
/* Where control groups are mounted; killing and removing them, ours and those a dead run left. */
#include "host/cgroup_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <mntent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/owner.h"
#include "host/cgroup.h"
#include "host/reaper.h"

int cgroup_each_mount(void (*look)(const struct mntent *m, void *arg), void *arg)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	char text[4096];
	struct mntent m;
	int rc;

	if (!f)
		return -errno;
	while (getmntent_r(f, &m, text, sizeof(text)))
		if (!strncmp(m.mnt_type, "cgroup", 6))
			look(&m, arg);
	rc = ferror(f) ? -EIO : 0;
	endmntent(f);
	return rc;
}

static struct mounts {
	int error; /* -errno: not all could be looked at */
	struct mount_row {
		const char *controller;
		enum host_cgroup_version version;
		char path[256];
	} rows[4];
} all_mounts = {.rows = {{.controller = "cpu"}, {.controller = "cpuset"}, {.controller = "cpuacct"},
			{.controller = NULL}}};

static bool v2_has_cpu(const char *mount)
{
	auto_free char *path = xasprintf("%s/cgroup.controllers", mount);
	struct err e = ERR_INIT;
	auto_free char *text = read_file(path, 4096, NULL, &e);

	if (!text && e.code != ENOENT && e.code != EACCES)
		all_mounts.error = -e.code;
	for (char *p = text; p; p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL)
		if (strncmp(p, "cpu", 3) == 0 && strchr(" \n", p[3]))
			return true;
	return false;
}

/* The first v1 mount with a row's controller, else the first v2 mount if it has the cpu controller. */
static void look_at_mount(const struct mntent *m, void *arg)
{
	bool v1 = strcmp(m->mnt_type, "cgroup") == 0;
	/* Where there is v1, v2 is of no use to us. */
	bool v2 = strcmp(m->mnt_type, "cgroup2") == 0 &&
		  all_mounts.rows->version == HOST_CGROUP_NONE && v2_has_cpu(m->mnt_dir);

	(void)arg;
	for (struct mount_row *r = all_mounts.rows; r->controller; r++) {
		if (v1 && r->version != HOST_CGROUP_V1 && hasmntopt(m, r->controller))
			r->version = HOST_CGROUP_V1;
		else if (v2 && r->version == HOST_CGROUP_NONE)
			r->version = HOST_CGROUP_V2;
		else
			continue;
		snprintf(r->path, sizeof(r->path), "%s", m->mnt_dir);
	}
}

/* Mounts do not change while we run: looked up once, and again where that failed. What was found stays. */
static const struct mount_row *mounts(int *error)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	static bool whole;
	int rc;

	pthread_mutex_lock(&one);
	if (!whole) {
		all_mounts.error = 0;
		rc = cgroup_each_mount(look_at_mount, NULL);
		all_mounts.error = rc ? rc : all_mounts.error;
		whole = !all_mounts.error;
	}
	*error = all_mounts.error;
	pthread_mutex_unlock(&one);
	return all_mounts.rows;
}

enum host_cgroup_version host_cgroup_version(void)
{
	int error;

	return mounts(&error)->version;
}

bool cgroup_mount(const char *controller, char *path, size_t size)
{
	int error;
	const struct mount_row *cpu = mounts(&error);

	for (const struct mount_row *r = cpu; r->controller; r++) {
		if (strcmp(r->controller, controller) != 0 || r->version != cpu->version ||
			r->version == HOST_CGROUP_NONE)
			continue;
		snprintf(path, size, "%s", r->path);
		return true;
	}
	return false;
}

/* The groups of a tree, `path` among them; parents before (FTS_D) and after (FTS_DP) what is in
 * them. NULL when it is not there. */
static FTS *open_tree(const char *path)
{
	char *roots[] = {(char *)(uintptr_t)path, NULL};

	return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
}

struct pid_set {
	pid_t *pids;
	size_t n;
};

static bool seen_before(struct pid_set *seen, pid_t pid)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->pids[i] == pid)
			return true;
	ARRAY_GROW(seen->pids, seen->n);
	seen->pids[seen->n++] = pid;
	return false;
}

static unsigned signal_group(const char *path, int sig, struct pid_set *seen)
{
	auto_free char *procs = xasprintf("%s/cgroup.procs", path);
	auto_free char *text = read_file(procs, 1 << 20, NULL, NULL);
	unsigned signalled = 0;
	char *end;

	for (char *p = text; p && *p; p = end) {
		long pid = strtol(p, &end, 10);

		if (end == p)
			break;
		if (pid > 1 && !seen_before(seen, (pid_t)pid) && kill((pid_t)pid, sig) == 0)
			signalled++;
		end += *end == '\n';
	}
	return signalled;
}

unsigned cgroup_tree_signal(const char *path, int sig)
{
	struct pid_set seen = {0};
	unsigned all = 0, before;

	do {
		FTS *tree = open_tree(path);
		FTSENT *ent;

		before = all;
		while (tree && (ent = fts_read(tree)))
			if (ent->fts_info == FTS_D)
				all += signal_group(ent->fts_path, sig, &seen);
		if (tree)
			fts_close(tree);
	} while (all > before && all < 100000);
	free(seen.pids);
	return all;
}

/* How many groups were removed. */
static unsigned remove_groups(const char *path)
{
	FTS *tree = open_tree(path);
	unsigned removed = 0;
	FTSENT *ent;

	while (tree && (ent = fts_read(tree)))
		removed += ent->fts_info == FTS_DP && rmdir(ent->fts_path) == 0;
	if (tree)
		fts_close(tree);
	return removed;
}

static bool is_gone(const char *path)
{
	return access(path, F_OK) && errno == ENOENT;
}

bool cgroup_tree_rmdir(const char *path)
{
	remove_groups(path);
	return is_gone(path);
}

/* Kill all in it and remove it; *removed groups. False when it does not become empty. */
static bool remove_tree_of(const char *path, unsigned *removed)
{
	uint64_t deadline = now_ns() + 2 * NS_PER_S;

	for (*removed = 0; !is_gone(path); sleep_ns(5 * NS_PER_MS)) {
		cgroup_tree_signal(path, SIGKILL);
		*removed += remove_groups(path);
		if (is_gone(path))
			break;
		if (now_ns() > deadline)
			return false;
	}
	return true;
}

bool cgroup_remove_tree(const char *path)
{
	unsigned removed;

	return remove_tree_of(path, &removed);
}

static int reap_one(const char *root, const char *run, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", root, run);
	unsigned removed;

	return remove_tree_of(path, &removed)
		       ? (int)removed
		       : err_set(e, EBUSY, "control group %s does not become empty", path);
}

int cgroup_reap(const char *run, struct err *e)
{
	int count = 0, rc;
	const struct mount_row *rows = mounts(&rc);

	if (rc)
		err_set(e, -rc, "cannot look where control groups are mounted: %s", strerror(-rc));
	for (const struct mount_row *r = rows; r->controller; r++) {
		if (r->version == HOST_CGROUP_NONE || r->version != rows->version)
			continue;
		auto_free char *root = xasprintf("%s/" CGROUP_ROOT, r->path);
		int n = reap_one(root, run, rc ? NULL : e);

		rmdir(root);
		/* The same group stands in every hierarchy: count it once. */
		count = MAX(count, n);
		rc = rc ? rc : MIN(n, 0);
	}
	return rc ? rc : count;
}

bool cgroup_is_left(const char *run)
{
	int error;
	const struct mount_row *rows = mounts(&error);

	if (error)
		return true;
	for (const struct mount_row *r = rows; r->controller; r++) {
		auto_free char *path = xasprintf("%s/" CGROUP_ROOT "/%s", r->path, run);

		if (r->version != HOST_CGROUP_NONE && r->version == rows->version && !is_gone(path))
			return true;
	}
	return cgroup_machine_is_left(run);
}

void cgroup_strays(struct strv *names)
{
	int error;
	const struct mount_row *rows = mounts(&error);
	auto_free char *root = NULL;

	if (rows->version == HOST_CGROUP_NONE)
		return;
	root = xasprintf("%s/" CGROUP_ROOT, rows->path);
	for (auto_struct(folder) f = {.dir = opendir(root)}; folder_next(&f);) {
		auto_free char *events = xasprintf("%s/%s/cgroup.procs", root, f.name);

		if (access(events, F_OK) == 0 && run_state(f.name) == RUN_UNKNOWN)
			strv_add(names, "%s", f.name);
	}
}
