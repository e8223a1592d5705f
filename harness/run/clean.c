// SPDX-License-Identifier: GPL-3.0-or-later
/* What interrupted runs left: found by name, removed unless a living harness owns it. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "domain/domain.h"
#include "host/cgroup.h"
#include "run/run.h"

#define SHM_PREFIX "stealscope-"

/* A shared page is in use while any process maps it: QEMU or the harness that made it. */
static bool shm_in_use(const char *name)
{
	auto_free char *needle = xasprintf("/dev/shm/%s", name);
	DIR *proc = opendir("/proc");
	bool used = false;

	if (!proc)
		return true;
	for (struct dirent *d; !used && (d = readdir(proc));) {
		char path[64];
		auto_free char *maps = NULL;

		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/maps", d->d_name);
		maps = read_file(path, 64 << 20, NULL, NULL);
		used = maps && strstr(maps, needle);
	}
	closedir(proc);
	return used;
}

static void clean_shm(struct strv *removed)
{
	DIR *d = opendir("/dev/shm");

	if (!d)
		return;
	for (struct dirent *entry; (entry = readdir(d));) {
		auto_free char *path = xasprintf("/dev/shm/%s", entry->d_name);

		if (strncmp(entry->d_name, SHM_PREFIX, strlen(SHM_PREFIX)) ||
			shm_in_use(entry->d_name))
			continue;
		if (unlink(path) == 0)
			strv_add(removed, "shared memory %s", path);
	}
	closedir(d);
}

/* The folders of runs whose harness is dead, and the control groups of their domains. */
static int clean_runs(struct strv *removed, struct err *e)
{
	DIR *d = opendir(runtime_root());
	int rc = 0;

	for (struct dirent *entry; d && !rc && (entry = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", runtime_root(), entry->d_name);
		char owner[OWNER_MAX];

		if (!owner_of_run(entry->d_name, owner) || owner_alive(owner))
			continue;
		if (cgroup_machine_reap(entry->d_name))
			strv_add(removed, "control groups of the domains of %s", entry->d_name);
		rc = remove_tree(path, e);
		if (!rc)
			strv_add(removed, "folder %s", path);
	}
	if (d)
		closedir(d);
	rmdir(runtime_root()); /* when no run uses it */
	return rc;
}

int run_clean(const char *connect, struct strv *removed, struct err *e)
{
	struct lab_conn *conn = NULL;
	int rc = lab_open(connect, NULL, &conn, e);

	if (rc)
		return rc;
	/* Domains first: they hold the shared pages and sit in the cgroups. */
	rc = lab_reap(conn, removed, e);
	lab_close(conn);
	if (rc >= 0)
		rc = cgroup_reap(NULL, e);
	if (rc > 0)
		strv_add(removed, "%d control group%s", rc, rc == 1 ? "" : "s");
	clean_shm(removed);
	return rc < 0 ? rc : clean_runs(removed, e);
}
