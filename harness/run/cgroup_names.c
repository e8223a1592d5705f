// SPDX-License-Identifier: GPL-3.0-or-later
/* Names for the cgroup numbers in a trace: every group of the cpu hierarchy while the run is on. */
#include "run/cgroup_names.h"

#include <fts.h>
#include <sys/stat.h>
#include <string.h>

#include "host/cgroup.h"

/* A box with more keeps the first; the others stay numbers in the report. A run of 512 guests makes 2,000. */
#define MAX_GROUPS 8000

void cgroup_names_read(struct run_info *to)
{
	char root[4096], *roots[] = {root, NULL};
	FTS *tree;
	FTSENT *ent;

	if (!cgroup_mount("cpu", root, sizeof(root)))
		return;
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (tree && to->n_cgroups < MAX_GROUPS && (ent = fts_read(tree))) {
		const char *name = ent->fts_path + strlen(root);

		if (ent->fts_info != FTS_D)
			continue;
		ARRAY_GROW(to->cgroups, to->n_cgroups);
		to->cgroups[to->n_cgroups++] = (struct run_cgroup){
			(uint64_t)ent->fts_statp->st_ino, xstrdup(*name ? name + 1 : "/")};
	}
	if (tree)
		fts_close(tree);
}
