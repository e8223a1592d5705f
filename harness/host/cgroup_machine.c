// SPDX-License-Identifier: GPL-3.0-or-later
/* The control groups that libvirt makes for the domains of a run, below "machine" in each
 * hierarchy: nobody removes them when libvirt's process dies with the run. systemd, where it runs,
 * looks after its own. */
#include <dirent.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "host/cgroup.h"

static int remove_matching(const char *machine, const char *part)
{
	DIR *d = opendir(machine);
	struct dirent *ent;
	int count = 0;

	while (d && (ent = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", machine, ent->d_name);

		if (strstr(ent->d_name, part))
			count += cgroup_remove_tree(path);
	}
	if (d)
		closedir(d);
	rmdir(machine); /* fails, and should, while anyone's domain is in it */
	return count;
}

int cgroup_reap_machine(const char *run)
{
	auto_free char *part = xasprintf("-stealscope-%s-", run);
	FILE *f = access("/run/systemd/system", F_OK) ? setmntent("/proc/self/mounts", "re") : NULL;
	struct mntent *m;
	int count = 0;

	while (f && (m = getmntent(f))) {
		auto_free char *machine = xasprintf("%s/machine", m->mnt_dir);

		if (!strncmp(m->mnt_type, "cgroup", 6))
			count = MAX(count, remove_matching(machine, part));
	}
	if (f)
		endmntent(f);
	return count;
}
