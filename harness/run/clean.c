// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What interrupted runs left. A name is no proof: what is taken away belongs to a run whose folder
 * and dead owner prove it (base/owner.h), or carries such an owner itself. All else that is named
 * like it is left and told.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"
#include "domain/domain.h"
#include "domain/tuning.h"
#include "host/cgroup.h"
#include "run/run.h"

#define SHM_FOLDER "/dev/shm"
#define SHM_PREFIX "stealscope-"

struct cleaning {
	struct strv runs; /* below the runtime root, proven to be left by a dead harness */
	struct strv *removed, *left;
};

static int find_runs(struct cleaning *c, struct err *e)
{
	auto_struct(folder) f = folder_open(runtime_root());

	while (folder_next(&f))
		if (run_state(f.name) == RUN_LEFT)
			strv_add(&c->runs, "%s", f.name);
	return folder_read_all(&f, runtime_root(), e);
}

/* Whether a line of maps ends with that name: not one that only begins so. */
static bool has_mapping(const char *maps, const char *path)
{
	size_t len = strlen(path);

	for (const char *at = maps; (at = strstr(at, path)); at += len)
		if (at[len] == '\n' || at[len] == '\0')
			return true;
	return false;
}

/* Maps that cannot be read: not of one that has ended, nor of another user's process. */
static bool may_be_mapped(int error)
{
	return error != ENOENT && error != ESRCH && error != EACCES && error != EPERM;
}

/* Mapped by a process, as far as this user may see: QEMU or the harness that made it. */
static bool shm_in_use(const char *name)
{
	auto_free char *needle = xasprintf(SHM_FOLDER "/%s", name);
	auto_struct(folder) f = folder_open("/proc");
	bool used = access("/proc/self", F_OK) != 0; /* nobody to ask */

	while (!used && folder_next(&f)) {
		char path[64];
		struct err why = ERR_INIT;
		auto_free char *maps = NULL;

		if (f.name[0] < '0' || f.name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/maps", f.name);
		maps = read_file(path, 64 << 20, NULL, &why);
		used = maps ? has_mapping(maps, needle) : may_be_mapped(why.code);
	}
	return used || f.error;
}

/* "stealscope-RUN-GUEST" of a run in the list. */
static bool is_of_a_run(const char *name, const struct strv *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		auto_free char *prefix = xasprintf(SHM_PREFIX "%s-", runs->items[i]);

		if (!strncmp(name, prefix, strlen(prefix)))
			return true;
	}
	return false;
}

static void clean_shm(struct cleaning *c)
{
	auto_struct(folder) f = folder_open(SHM_FOLDER);
	struct err why = ERR_INIT;

	while (folder_next(&f)) {
		auto_free char *path = xasprintf(SHM_FOLDER "/%s", f.name);
		struct stat st;

		if (strncmp(f.name, SHM_PREFIX, strlen(SHM_PREFIX)) || lstat(path, &st) ||
			(geteuid() != 0 && st.st_uid != geteuid()) || shm_in_use(f.name))
			continue;
		if (!S_ISREG(st.st_mode) || !is_of_a_run(f.name, &c->runs))
			strv_add(c->left,
				"shared memory %s: it belongs to no run that a dead harness left",
				path);
		else if (unlink(path))
			strv_add(c->left, "shared memory %s: %s", path, strerror(errno));
		else
			strv_add(c->removed, "shared memory %s", path);
	}
	if (folder_read_all(&f, SHM_FOLDER, &why))
		strv_add(c->left, "%s", why.msg);
}

static void clean_groups(struct cleaning *c)
{
	auto_struct(strv) strays = {0};

	for (size_t i = 0; i < c->runs.n; i++) {
		struct err why = ERR_INIT;
		int n = cgroup_reap(c->runs.items[i], &why);

		if (n > 0)
			strv_add(c->removed, "%d control group%s of %s", n, n == 1 ? "" : "s",
				c->runs.items[i]);
		else if (n < 0)
			strv_add(c->left, "control groups of %s: %s", c->runs.items[i], why.msg);
		if (cgroup_machine_reap(c->runs.items[i]))
			strv_add(c->removed, "control groups of the domains of %s",
				c->runs.items[i]);
	}
	cgroup_strays(&strays);
	for (size_t i = 0; i < strays.n && geteuid() == 0; i++)
		strv_add(c->left, "control group stealscope/%s: it belongs to no run known here",
			strays.items[i]);
}

/* A control group or a page of that run, or perhaps so. */
static bool is_left(const char *run)
{
	auto_free char *prefix = xasprintf(SHM_PREFIX "%s-", run);
	auto_struct(folder) f = folder_open(SHM_FOLDER);
	bool left = cgroup_is_left(run);

	while (folder_next(&f))
		left = !strncmp(f.name, prefix, strlen(prefix)) || left;
	return left || f.error;
}

static void remove_folder(struct cleaning *c, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", runtime_root(), name);
	struct err why = ERR_INIT;
	char owner[OWNER_MAX];
	uint64_t start;
	pid_t pid;

	if (name[0] != '.' && (!owner_of_run(name, owner) || !owner_parse(owner, &pid, &start)))
		strv_add(c->left, "folder %s: its owner cannot be read", path);
	else if (is_left(name))
		strv_add(c->left, "folder %s: it proves whose the rest is that is left", path);
	else if (name[0] == '.' ? remove_tree(path, &why) : owner_release(path, owner, &why))
		strv_add(c->left, "folder %s: %s", path, why.msg);
	else
		strv_add(c->removed, "folder %s", path);
}

/* Folders of runs come last: they prove what the rest is. Where some of it is left, perhaps of a harness that died
 * meanwhile, they stay. */
static void clean_folders(struct cleaning *c)
{
	auto_struct(folder) f = folder_open(runtime_root());
	struct err why = ERR_INIT;

	while (folder_next(&f)) {
		const char *name = f.name;
		enum run_state state;

		/* Saved tunings say themselves whose they are (domain/tuning.h). */
		if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "tuning"))
			continue;
		state = name[0] == '.' ? owned_folder_state(name) : run_state(name);
		if (state == RUN_LEFT)
			remove_folder(c, name);
		else if (state == RUN_UNKNOWN && owned_folder_state(name) == RUN_UNKNOWN)
			strv_add(c->left, "%s/%s: it has no owner that proves whose it is",
				runtime_root(), name);
	}
	if (folder_read_all(&f, runtime_root(), &why))
		strv_add(c->left, "%s", why.msg);
	rmdir(runtime_root()); /* when no run uses it */
}

int run_clean(const char *connect, struct strv *removed, struct strv *left, struct err *e)
{
	struct cleaning c = {.removed = removed, .left = left};
	struct lab_conn *conn = NULL;
	struct err first = ERR_INIT;
	int rc = runtime_root_check(e);

	/* Somebody's domains before all: they run on. */
	if (!rc)
		tuning_recover_all(removed, &first);
	if (!rc)
		rc = lab_open(connect, NULL, &conn, e);
	if (rc)
		return rc;
	find_runs(&c, first.code ? NULL : &first);
	/* Domains first: they hold the shared pages and sit in the cgroups. */
	rc = lab_reap(conn, removed, left, e);
	lab_close(conn);
	clean_groups(&c);
	clean_shm(&c);
	clean_folders(&c);
	strv_release(&c.runs);
	if (rc >= 0 && first.code) {
		*e = first;
		rc = -first.code;
	}
	return MIN(rc, 0);
}

int run_clean_tuning(const char *path, struct strv *removed, struct err *e)
{
	int rc = tuning_recover(path, removed, e);

	return rc < 0 ? rc : 0;
}
