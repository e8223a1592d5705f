/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders of control groups, walked without libcgroup. For harness/host only. */
#ifndef SS_HOST_CGROUP_TREE_H
#define SS_HOST_CGROUP_TREE_H

#include <mntent.h>
#include <stdbool.h>

#define CGROUP_ROOT "stealscope"

/* Look at each mounted hierarchy. 0, or -errno when some may have been missed. */
int cgroup_each_mount(void (*look)(const struct mntent *m, void *arg), void *arg);

/* Send `sig` to each process in the group and in those below it, again until no new one turns up
 * (bounded). Returns how many processes got it. */
unsigned cgroup_tree_signal(const char *path, int sig);

/* Remove a group and those below it, as far as they are empty. True when it is gone. */
bool cgroup_tree_rmdir(const char *path);

#endif
