// SPDX-License-Identifier: GPL-3.0-or-later
/* Names for the cgroup numbers in a trace: every group of the cpu hierarchy while the run is on. */
#include "run/cgroup_names.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cgroup.h"

#define MAX_GROUPS                                                                                 \
	2000 /* a box with more keeps the first; the others stay numbers in the report             \
	      */

/* nftw() has no argument for its callback; one run at a time walks. */
static struct run_info *info;
static size_t root_len;

static int add_group(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_D)
		return 0;
	if (info->n_cgroups >= MAX_GROUPS)
		return 1;
	ARRAY_GROW(info->cgroups, info->n_cgroups);
	info->cgroups[info->n_cgroups++] = (struct run_cgroup){
		(uint64_t)st->st_ino, xstrdup(path[root_len] ? path + root_len + 1 : "/")};
	return 0;
}

void cgroup_names_read(struct run_info *to)
{
	char root[4096];

	if (!cgroup_mount("cpu", root, sizeof(root)))
		return;
	info = to;
	root_len = strlen(root);
	nftw(root, add_group, 16, FTW_PHYS | FTW_MOUNT);
	info = NULL;
}
